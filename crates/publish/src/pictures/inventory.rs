//! The inventory comparison: machines against the lists they stand in, hidden ones first.

use std::collections::BTreeSet;

use konseki_report::{Both, InventoryVerdict};

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, LINE, QUIET, fit};
use crate::words::book::number;

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 250.0;
const VERDICT: f64 = 150.0;
const TOP: f64 = 34.0;
const ROW: f64 = 24.0;
const ROWS_MAX: usize = 40;
const LISTS: [&str; 5] = ["running", "registered", "on-disk", "boot-script", "log"];

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let mut machines: Vec<&konseki_report::Inventory> = pen.view.claims.inventory.iter().collect();
    if machines.is_empty() {
        return None;
    }
    machines.sort_by(|a, b| (a.verdict, &a.vm, &a.vmx).cmp(&(b.verdict, &b.vm, &b.vmx)));
    let seen: BTreeSet<&str> = machines.iter().flat_map(|machine| machine.lists.keys().map(String::as_str)).collect();
    let lists: Vec<&str> = LISTS.into_iter().filter(|list| seen.contains(list)).collect();
    let mut canvas = pen.canvas("inventory", WIDTH);
    let column = (WIDTH - NAMES - VERDICT) / lists.len().max(1) as f64;
    canvas.text((6.0, 20.0), 12.0, Anchor::Start, QUIET, &pen.plain("pictures.inventory.machine"));
    canvas.text((NAMES, 20.0), 12.0, Anchor::Start, QUIET, &pen.plain("pictures.inventory.verdict"));
    for (index, list) in lists.iter().enumerate() {
        let x = NAMES + VERDICT + (index as f64 + 0.5) * column;
        canvas.text((x, 20.0), 12.0, Anchor::Middle, INK, &fit(&pen.plain(&format!("pictures.inventory.list-{list}")), 12.0, column));
    }
    let mut y = TOP;
    for machine in machines.iter().take(ROWS_MAX) {
        row(pen, &mut canvas, machine, &lists, (y, column));
        y += ROW;
    }
    let left = machines.len().saturating_sub(ROWS_MAX);
    if left > 0 {
        canvas.text((6.0, y + 16.0), 12.0, Anchor::Start, QUIET, &pen.say("pictures.more", &[("n", number(left))]));
        y += ROW;
    }
    canvas.height = y + 8.0;
    let hidden = machines.iter().filter(|machine| machine.verdict == InventoryVerdict::Hidden).count();
    Some((canvas, vec![("n", number(machines.len())), ("hidden", number(hidden))]))
}

fn row(pen: &Pen<'_>, canvas: &mut Canvas, machine: &konseki_report::Inventory, lists: &[&str], (y, column): (f64, f64)) {
    let (key, hidden) = match machine.verdict {
        InventoryVerdict::Hidden => ("hidden", true),
        InventoryVerdict::CannotTell => ("cannot-tell", false),
        InventoryVerdict::Orphaned => ("orphaned", false),
        InventoryVerdict::Known => ("known", false),
    };
    if hidden {
        canvas.rect((0.0, y), (WIDTH, ROW), " fill=\"#f6e3e1\" stroke=\"#1c2630\" stroke-width=\"1.2\"");
    }
    canvas.line((0.0, y + ROW), (WIDTH, y + ROW), &format!(" stroke=\"{LINE}\""));
    let name = if machine.vm.is_empty() { &machine.vmx } else { &machine.vm };
    canvas.group(&machine.vmx, |canvas| canvas.text((6.0, y + 16.5), 12.5, Anchor::Start, INK, &fit(name, 12.5, NAMES - 12.0)));
    canvas.text((NAMES, y + 16.5), 12.0, Anchor::Start, INK, &pen.plain(&format!("pictures.inventory.{key}")));
    for (index, list) in lists.iter().enumerate() {
        let x = NAMES + VERDICT + (index as f64 + 0.5) * column - 7.0;
        let hosts = machine.lists.get(*list);
        let fill = if hosts.is_some() { "#1f4e79" } else { "#fff" };
        let hosts = hosts.map(|hosts| hosts.join(", ")).unwrap_or_default();
        canvas.group(&hosts, |canvas| {
            canvas.rect((x, y + 5.0), (14.0, 14.0), &format!(" fill=\"{fill}\" stroke=\"#1f4e79\" stroke-width=\"1.3\""))
        });
    }
}
