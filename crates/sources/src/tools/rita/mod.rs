//! Results of RITA: the CSV of version 5, and beacons, long connections and DNS names of version 4. They have no times.

use konseki_model::{Field, Piece, Sink};

use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::read::Verdict;
use crate::{Input, Reading, Source, tools};

pub struct Rita;
pub static SOURCE: Rita = Rita;

/// Columns by which a result is known, and the command or view it comes from.
const FORMS: &[(&[&str], &str)] = &[
    (&["Severity", "Source IP", "Destination IP", "Beacon Score"], "view"),
    (&["Score", "Source IP", "Destination IP", "Connections", "Top Intvl"], "show-beacons"),
    (&["Score", "Source IP", "FQDN", "Connections"], "show-beacons-fqdn"),
    (&["Source IP", "Destination IP", "Port:Protocol:Service", "Duration"], "show-long-connections"),
    (&["Domain", "Unique Subdomains", "Times Looked Up"], "show-exploded-dns"),
];

fn form(heading: &Heading) -> Option<&'static str> {
    FORMS.iter().find(|(columns, _)| heading.has_all(columns)).map(|(_, about)| *about)
}

impl Source for Rita {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        delimited::heading(piece).is_some_and(|heading| form(&heading).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        let about = delimited::heading(&reading.piece).and_then(|heading| form(&heading)).unwrap_or("view");
        delimited::table(
            input,
            reading,
            sink,
            |heading| form(heading).is_some(),
            |row, cells, sink| {
                // `::` stands for an address that there is none of.
                let mut fields: Vec<Field<'_>> = cells.iter().filter(|cell| cell.value != "::").copied().collect();
                let title = title(about, &fields);
                let level = emit::get(&fields, "Severity");
                tools::finding(&mut fields, "RITA", title, level);
                emit.event(row.at(), None, None, &fields, row.bytes, sink);
                Verdict::Event
            },
        );
    }
}

/// What the row is about, in the tool's words: the column with the best score, or the command that wrote it.
fn title(command: &'static str, fields: &[Field<'_>]) -> &'static str {
    if command != "view" {
        return command;
    }
    let score = |name: &str| emit::get(fields, name).trim_end_matches('%').parse::<f64>().unwrap_or(0.0);
    let scores = ["C2 Over DNS Score", "Long Connection Score", "Beacon Score"].map(|name| (name, score(name)));
    let best = scores.into_iter().filter(|(_, value)| *value > 0.0).max_by(|a, b| a.1.total_cmp(&b.1));
    let flags = ["Strobe", "Threat Intel"].into_iter().find(|name| emit::get(fields, name) == "true");
    best.map(|(name, _)| name).or(flags).unwrap_or(command)
}
