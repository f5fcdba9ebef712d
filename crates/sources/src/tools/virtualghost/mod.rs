//! Output of CrowdStrike's `Detect-VirtualGHOST.ps1`: machines that run and are registered nowhere.

use konseki_model::{At, Field, Piece, Sink};

use crate::emit::Emit;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, delimited, tools};

pub struct VirtualGhost;
pub static SOURCE: VirtualGhost = VirtualGhost;

impl Source for VirtualGhost {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = delimited::beginning(piece);
        // The script itself holds the same words.
        let script = text.contains("Param (") || text.contains("function Get-VirtualGHOSTDetails") || text.contains("Write-Output");
        let output = text.contains("evidence of VirtualGHOST VMs") || text.contains("====Unregistered VM Detected on ");
        output && !script
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log =
            Log { emit: Emit::new(reading), host: String::new(), columns: Vec::new(), names: Vec::new(), last: String::new(), number: 0 };
        read::lines(input, reading, sink, |line, sink| log.line(line, sink));
        log.emit.finish(sink);
    }
}

struct Log<'r> {
    emit: Emit<'r>,
    /// The hypervisor of the last warning.
    host: String,
    /// Where the columns of the table begin and end, by its dashes.
    columns: Vec<(usize, usize)>,
    names: Vec<String>,
    /// The line before, without PowerShell's head.
    last: String,
    number: u64,
}

/// The script's own words for what it found.
const DETECTED: &str = "Unregistered VM Detected";
const NETWORKS: &str = "This VM appears to be connected to the network(s)";
const PORT: &str = "VMNetworkPortInfo";

impl Log<'_> {
    fn line(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let whole = line.text.trim_end();
        let text = whole.strip_prefix("WARNING:").map_or(whole, str::trim_start);
        // A blank line or a message of its own ends a table.
        if line.number > self.number + 1 || whole.starts_with("WARNING:") || whole.starts_with('[') {
            self.columns.clear();
        }
        self.number = line.number;
        let before = std::mem::replace(&mut self.last, text.to_owned());
        if let Some((_, host)) = text.split_once("Unregistered VM Detected on ") {
            host.trim_end_matches('=').clone_into(&mut self.host);
            return self.say(line, DETECTED, &[], sink);
        }
        if is_rule(text) {
            self.columns = spans(text);
            self.names = self.columns.iter().map(|span| cut(&before, *span).to_owned()).collect();
            return Verdict::Continuation;
        }
        if !self.columns.is_empty() {
            return self.row(line, text, sink);
        }
        if let Some((_, networks)) = text.split_once("connected to the network(s): ") {
            return self.say(line, NETWORKS, &[("Networks", networks)], sink);
        }
        // The head of a table; its dashes follow. A warning without text is the line before a table.
        if text.is_empty() || text.starts_with("Hypervisor ") || text.contains("PortID") {
            return Verdict::Continuation;
        }
        let fields = [Field::new("tool", "VirtualGHOST"), Field::new("message", text)];
        self.emit.event(At::Line(line.number), None, None, &fields, line.bytes, sink);
        Verdict::Event
    }

    /// A row of the table that the last dashes opened.
    fn row(&mut self, line: &Text<'_>, text: &str, sink: &mut dyn Sink) -> Verdict {
        let (columns, names) = (std::mem::take(&mut self.columns), std::mem::take(&mut self.names));
        let cells = names.iter().map(String::as_str).zip(columns.iter().map(|span| cut(text, *span)));
        let row: Vec<(&str, &str)> = cells.filter(|(_, value)| !value.is_empty()).collect();
        let title = if names.iter().any(|name| name == "VMName") { DETECTED } else { PORT };
        let verdict = self.say(line, title, &row, sink);
        (self.columns, self.names) = (columns, names);
        verdict
    }

    fn say(&mut self, line: &Text<'_>, title: &str, row: &[(&str, &str)], sink: &mut dyn Sink) -> Verdict {
        let mut fields: Vec<Field<'_>> = row.iter().map(|(name, value)| Field::new(name, value)).collect();
        tools::finding(&mut fields, "VirtualGHOST", title, "");
        if !self.host.is_empty() && !row.iter().any(|(name, _)| *name == "Hypervisor") {
            fields.push(Field::new("Hypervisor", &self.host));
        }
        self.emit.event(At::Line(line.number), None, None, &fields, line.bytes, sink);
        Verdict::Event
    }
}

fn is_rule(text: &str) -> bool {
    text.starts_with("--") && text.bytes().all(|b| b == b'-' || b == b' ')
}

/// Begin of each column and of the one after it; the last has no end.
fn spans(rule: &str) -> Vec<(usize, usize)> {
    let bytes = rule.as_bytes();
    let begins: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes.get(*at) == Some(&b'-') && (*at == 0 || at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' ')))
        .collect();
    let ends = begins.iter().skip(1).copied().chain([usize::MAX]);
    begins.iter().copied().zip(ends).collect()
}

/// Columns are counted in characters: names of machines may be Japanese.
fn cut(text: &str, (from, to): (usize, usize)) -> &str {
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    text.get(at(from)..if to == usize::MAX { text.len() } else { at(to) }).unwrap_or_default().trim()
}
