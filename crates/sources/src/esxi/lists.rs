//! Sources that are lists: which list a piece is, by its keys; its rows as events; and the word that it is complete.

use std::io::{Read, SeekFrom};

use konseki_formats::text::{Utf8Reader, decode};
use konseki_model::{At, Core, Event, Field, Kind, Piece, Problem, ProblemKind, Records, Sink};

use super::machine;
use super::specs::{SPECS, Spec, spec_of};
use super::table::{self, Row, Table, key};
use crate::mapper::Scratch;
use crate::{Input, Reading, Source, host};

/// Longest list that is read; a list of a host is thousands of lines at most.
const LONGEST: u64 = 64 << 20;

/// A list source by the name of its folder.
pub struct Listing(pub &'static str);

impl Source for Listing {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        spec_of(piece).is_some_and(|spec| spec.id == self.0)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(spec) = SPECS.iter().find(|spec| spec.id == self.0) else { return };
        let Some(bytes) = whole(input, reading, sink) else { return };
        let text = as_text(&bytes, sink);
        let mut table = table::parse(&text, spec.heads);
        unfit(spec, &mut table);
        let host = host_of(reading, sink);
        announce(spec, &table, &text, &host, sink);
        let mut scratch = Scratch::default();
        for row in &table.rows {
            push_row(spec, row, &text, &host, reading, &mut scratch, sink);
        }
        close(&table, &text, &host, sink);
    }
}

/// Rows that have next to nothing of what the list is made of (an error message that looks like a pair) are no rows.
fn unfit(spec: &Spec, table: &mut Table) {
    let fits = |row: &Row| {
        spec.keys.iter().any(|group| {
            let has = group.iter().filter(|k| row.fields.iter().any(|(n, _)| key(n) == **k)).count();
            has >= group.len().min(2)
        })
    };
    let (rows, not): (Vec<Row>, Vec<Row>) = std::mem::take(&mut table.rows).into_iter().partition(fits);
    table.rows = rows;
    table.strange.extend(not.iter().map(|row| row.line));
    table.strange.sort_unstable();
}

/// Reads a whole small file as UTF-8 bytes.
pub fn whole(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) -> Option<Vec<u8>> {
    let unreadable = |sink: &mut dyn Sink, why: String| sink.problem(Problem::new(ProblemKind::Unreadable, None, why));
    if let Err(error) = input.seek(SeekFrom::Start(0)) {
        unreadable(sink, format!("the evidence cannot be read from its start: {error}"));
        return None;
    }
    let mut bytes = Vec::new();
    let mut limited = Utf8Reader::new(input, reading.piece.head).take(LONGEST);
    if let Err(error) = limited.read_to_end(&mut bytes) {
        unreadable(sink, format!("reading stopped: {error}"));
    }
    if bytes.len() as u64 == LONGEST {
        let text = "list longer than 64 MiB: what follows was not read";
        let left = reading.piece.size.saturating_sub(LONGEST);
        sink.problem(Problem::new(ProblemKind::Bound, None, text).bytes(left));
    }
    Some(bytes)
}

pub fn as_text<'a>(bytes: &'a [u8], sink: &mut dyn Sink) -> std::borrow::Cow<'a, str> {
    let (text, encoding) = decode(bytes);
    if encoding != "utf-8" {
        let why = format!("text is not UTF-8, read as {encoding}");
        sink.problem(Problem::new(ProblemKind::Encoding, Some(At::Line(1)), why));
    }
    text
}

/// The host of a list: as known, by the name DFIR4vSphere gives its exports (`ESXi_<host>_….csv`), or by its file.
pub fn host_of(reading: &Reading<'_>, sink: &mut dyn Sink) -> String {
    let known = host::or_hint("", reading);
    if !known.is_empty() {
        return known.to_owned();
    }
    let export = reading.piece.name().strip_prefix("ESXi_").and_then(|rest| rest.split('_').next()).map(str::to_owned);
    let named = export.or_else(|| host::of_list(reading.piece.path));
    if let Some(name) = &named {
        sink.host(name);
    }
    named.unwrap_or_default()
}

fn announce(spec: &Spec, table: &Table, text: &str, host: &str, sink: &mut dyn Sink) {
    if spec.list.is_empty() {
        return;
    }
    let last_is_cut = spec.id == "esxi_vm_process_list" && table.rows.iter().any(|row| row.get("configfile").is_empty());
    let complete = table.strange.is_empty() && !last_is_cut;
    if !complete {
        let line = table.strange.first().copied().or_else(|| table.rows.last().map(|row| row.line)).unwrap_or(1);
        let why = "the list is not whole (an error message or a cut end): absence from it means nothing";
        sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Line(line)), why));
    }
    list_event(spec.list, table.rows.len(), complete, (super::first_line(text), host), sink);
}

/// The word that a list was collected; `inventory.list` only where it is whole.
pub fn list_event(list: &str, count: usize, complete: bool, (first, host): (&str, &str), sink: &mut dyn Sink) {
    let count = count.to_string();
    let fields = [Field::new("list", list), Field::new("count", &count), Field::new("complete", if complete { "true" } else { "false" })];
    sink.event(&Event {
        at: At::Line(1),
        time: None,
        kind: if complete { Kind::InventoryList } else { Kind::Other },
        core: Core { host, object: list, ..Core::default() },
        fields: &fields,
        raw: first.trim_end().as_bytes(),
    });
}

fn push_row(spec: &Spec, row: &Row, text: &str, host: &str, reading: &Reading<'_>, scratch: &mut Scratch, sink: &mut dyn Sink) {
    let mut made: Vec<(String, String)> = Vec::new();
    for (name, value) in &row.fields {
        let plain = key(name);
        if plain == "blockname" && spec.id != "esxi_listing" && spec.id != "esxi_firewall" {
            continue;
        }
        let ours = spec.renames.iter().find(|(from, _)| *from == plain);
        made.push((ours.map_or_else(|| name.clone(), |(_, to)| (*to).to_owned()), value.clone()));
    }
    derive(spec, &mut made);
    let mut fields: Vec<Field<'_>> = Vec::new();
    if !spec.list.is_empty() {
        fields.push(Field::new("list", spec.list));
    }
    fields.extend(made.iter().map(|(n, v)| Field::new(n, v)));
    let (kind, mut core) = reading.about.mapper.apply(&fields, scratch);
    core.host = host;
    let raw = text.get(row.from..row.to).unwrap_or_default().trim_end();
    // The excerpt is the line that names the machine's file: it is what other lists are compared with.
    let place = raw.split('\n').enumerate().find(|(_, line)| line.trim_start().starts_with("Config File:"));
    let (further, raw) = place.map_or((0, raw), |(number, line)| (number as u64, line.trim_end()));
    sink.event(&Event { at: At::Line(row.line + further), time: None, kind, core, fields: &fields, raw: raw.as_bytes() });
}

fn value<'a>(made: &'a [(String, String)], name: &str) -> &'a str {
    made.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
}

/// Values in the spelling that other evidence uses.
fn derive(spec: &Spec, made: &mut Vec<(String, String)>) {
    match spec.id {
        "esxi_vm_process_list" => identity(made),
        "esxi_connections" => {
            endpoint(made, "localaddress", "local");
            endpoint(made, "foreignaddress", "foreign");
        }
        "esxi_vm_ports" => port(made),
        "esxi_ps" => process(made),
        _ => {}
    }
}

/// The identifier beside the way it was shown.
fn identity(made: &mut Vec<(String, String)>) {
    let shown = made.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case("uuid"));
    if let Some((name, raw)) = shown {
        let normal = machine::uuid(raw);
        "uuid_display".clone_into(name);
        made.push(("uuid".to_owned(), normal));
    }
}

/// `10.0.0.1:443`, `:::22`, `[fe80::1%vmk0]:22` -> address and port.
fn endpoint(made: &mut Vec<(String, String)>, from: &str, side: &str) {
    let whole = made.iter().find(|(n, _)| key(n) == from).map(|(_, v)| v.clone()).unwrap_or_default();
    let (left, right) = whole.rsplit_once(':').unwrap_or((&whole, ""));
    let left = left.trim_matches(['[', ']']).split('%').next().unwrap_or_default();
    made.push((format!("{side}_ip"), left.to_owned()));
    made.push((format!("{side}_port"), right.to_owned()));
}

/// The machine and card of a port: `db01.eth0`. Cards of the host itself are no machines.
fn port(made: &mut Vec<(String, String)>) {
    made.retain(|(n, v)| n != "ip" || v != "0.0.0.0");
    let client = value(made, "client").to_owned();
    let (vm, nic) = client.rsplit_once([' ', '.']).filter(|(_, nic)| nic.starts_with("eth")).unwrap_or((&client, ""));
    let own = ["vmnic", "vmk", "Management", "Shadow of"].iter().any(|head| vm.starts_with(head));
    if !own && !vm.is_empty() {
        made.push(("name".to_owned(), vm.to_owned()));
        made.push(("nic".to_owned(), nic.to_owned()));
    }
}

/// Program, machine (`vmx-vcpu-0:db01` is a world of it) and file of a machine in a command line.
fn process(made: &mut Vec<(String, String)>) {
    let command = value(made, "CommandLine").to_owned();
    let mut room = String::new();
    let image = machine::image(&command, &mut room).to_owned();
    let world = [value(made, "name"), &command].into_iter().find_map(|text| {
        let (head, vm) = text.split_once(':')?;
        (head.starts_with("vmx-") || head.starts_with("vmm")).then(|| vm.trim().to_owned())
    });
    let file = command.find("/vmfs/volumes/").and_then(|from| {
        let path = command.get(from..)?;
        path.get(..path.find(".vmx")? + 4)
    });
    let file = file.map(str::to_owned);
    made.push(("Image".to_owned(), image));
    made.extend(world.map(|vm| ("vm".to_owned(), vm)));
    made.extend(file.map(|path| ("vmx".to_owned(), path)));
}

fn close(table: &Table, text: &str, host: &str, sink: &mut dyn Sink) {
    for number in &table.strange {
        let line = text.lines().nth(number.saturating_sub(1) as usize).unwrap_or_default();
        let shown: String = line.trim().chars().take(80).collect();
        let why = format!("line is not in a shape known of this source: {shown}");
        sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(*number)), why));
    }
    let _ = host;
    sink.records(Records {
        read: table.read,
        events: table.rows.len() as u64,
        continuation: table.further,
        blank: table.blank,
        rejected: table.strange.len() as u64,
    });
}
