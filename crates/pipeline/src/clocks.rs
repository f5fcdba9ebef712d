//! Clocks of the case: pieces whose zone is only assumed are moved by what other sources saw of the same events.

use std::collections::BTreeMap;

use konseki_chain::{Clocks, Offset, clock_wants};
use konseki_model::time::rfc3339;
use konseki_model::{Fidelity, Kind};
use konseki_store::{Correction, Corrections, Filter, Ordered};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::assemble::Listed;
use crate::run::{Case, write};

const FILE: &str = "work/clocks.json";

/// A clock, and the pieces that it wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// Host, or source where no host is known.
    pub host: String,
    /// The zone that was assumed.
    pub zone: String,
    pub offset: Offset,
    pub evidence: Vec<String>,
}

/// Compares unsure clocks with the others; takes what was found into `listed`.
///
/// # Errors
/// The event store cannot be read, the case cannot be written.
pub(crate) fn settle(case: &Case, listed: &mut Listed, threads: usize) -> Result<Vec<Clock>, Error> {
    let mut names: BTreeMap<String, (String, String)> = BTreeMap::new();
    for piece in listed.intake.iter().filter(|piece| piece.zone.basis == "assumed" && piece.first.is_some()) {
        // What the analyst set is not set again.
        if !listed.corrections.names(&piece.id) {
            let host = if piece.host.is_empty() { &piece.source } else { &piece.host };
            names.insert(piece.id.clone(), (host.clone(), piece.zone.name.clone()));
        }
    }
    let clocks = if names.is_empty() { Vec::new() } else { compare(case, listed, &names, threads)? };
    let text = serde_json::to_string(&clocks).map_err(|error| Error::Internal(error.to_string()))?;
    write(&case.path(FILE), text.as_bytes())?;
    for clock in &clocks {
        listed.corrections.extend(corrections(clock));
    }
    move_intake(listed, &clocks);
    Ok(clocks)
}

fn compare(case: &Case, listed: &Listed, names: &BTreeMap<String, (String, String)>, threads: usize) -> Result<Vec<Clock>, Error> {
    let key = |(host, zone): &(String, String)| format!("{}\u{1f}{zone}", host.split('.').next().unwrap_or(host).to_lowercase());
    let unsure: BTreeMap<String, String> = names.iter().map(|(id, name)| (id.clone(), key(name))).collect();
    let mut found = Clocks::new(&unsure);
    let events = Ordered::new(&case.path("events"), Some(&case.path("work/spill")), &listed.corrections, threads);
    let kinds: Vec<Kind> = Kind::all().map(|(kind, _)| kind).filter(|kind| clock_wants(*kind)).collect();
    // Sorted once, asked twice: each side passes over what is the other's.
    let sorted = events.sort(&Filter { kinds, ..Filter::default() }, konseki_store::Native::Bare)?;
    sorted.each(|_| true, &mut |record| found.own(record))?;
    found.turn();
    sorted.each(|_| true, &mut |record| found.other(record))?;
    let clocks = found.finish().into_iter().map(|offset| {
        let evidence: Vec<String> = unsure.iter().filter(|(_, name)| **name == offset.clock).map(|(id, _)| id.clone()).collect();
        let (host, zone) = evidence.first().and_then(|id| names.get(id)).cloned().unwrap_or_default();
        Clock { offset: Offset { clock: host.clone(), ..offset }, host, zone, evidence }
    });
    Ok(clocks.collect())
}

fn corrections(clock: &Clock) -> Vec<Correction> {
    let mut out = Vec::new();
    for id in clock.evidence.iter().filter(|_| clock.offset.parts.iter().any(|(_, shift)| *shift != 0)) {
        for (from, micros) in clock.offset.parts.iter().rev() {
            out.push(Correction { evidence: id.clone(), micros: *micros, from: (*from > i64::MIN).then_some(*from), zone: None });
        }
    }
    out
}

/// What an earlier run found, for views of the case.
pub(crate) fn stored(case: &Case) -> Vec<Correction> {
    let text = std::fs::read_to_string(case.path(FILE)).unwrap_or_default();
    let clocks: Vec<Clock> = serde_json::from_str(&text).unwrap_or_default();
    clocks.iter().flat_map(corrections).collect()
}

fn moved(corrections: &Corrections, evidence: &str, text: &str, fine: Fidelity) -> Option<String> {
    let (written, _) = konseki_formats::time::iso(text.as_bytes())?;
    let micros = written.utc_micros()?;
    Some(rfc3339(micros + corrections.shift(evidence, micros, None), fine))
}

fn move_intake(listed: &mut Listed, clocks: &[Clock]) {
    let Listed { intake, corrections, .. } = listed;
    for clock in clocks.iter().filter(|clock| !clock.offset.parts.is_empty()) {
        for piece in intake.iter_mut().filter(|piece| clock.evidence.contains(&piece.id)) {
            for time in [&mut piece.first, &mut piece.last].into_iter().flatten() {
                let fine = if time.contains('.') { Fidelity::Microsecond } else { Fidelity::Second };
                if let Some(text) = moved(corrections, &piece.id, time, fine) {
                    *time = text;
                }
            }
            let shifts = clock.offset.parts.iter().map(|(_, micros)| shift(*micros));
            piece.zone.name = format!("{} {}", clock.zone, shifts.collect::<Vec<_>>().join(", "));
            piece.zone.basis = "compared".to_owned();
        }
    }
}

/// `+9.00 h`, or `-365 d -9.00 h` where a year was taken that is not the log's.
fn shift(micros: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let hours = |micros: i64| format!("{:+.2} h", micros as f64 / 3.6e9);
    let days = micros / DAY;
    if days.abs() >= 2 { format!("{days:+} d {}", hours(micros % DAY)) } else { hours(micros) }
}

/// What the page says of a clock.
pub(crate) fn shown(clock: &Clock) -> konseki_report::Clock {
    konseki_report::Clock {
        host: clock.host.clone(),
        assumed: clock.zone.clone(),
        parts: clock.offset.parts.iter().map(|(from, shift)| ((*from > i64::MIN).then_some(*from), *shift)).collect(),
        doubt: clock.offset.doubt,
        anchors: clock.offset.anchors,
        agreeing: clock.offset.agreeing,
        by: clock.offset.by.clone(),
        pieces: clock.evidence.len() as u64,
    }
}

/// What a summary says of a clock.
pub(crate) fn row(clock: &Clock) -> serde_json::Value {
    let seconds = |micros: i64| micros as f64 / 1e6;
    let parts: Vec<serde_json::Value> = clock
        .offset
        .parts
        .iter()
        .map(|(from, shift)| {
            let from = (*from > i64::MIN).then(|| rfc3339(*from, Fidelity::Second));
            serde_json::json!({"from": from, "shift_seconds": seconds(*shift)})
        })
        .collect();
    serde_json::json!({
        "host": clock.host,
        "assumed": clock.zone,
        "state": if clock.offset.parts.is_empty() { "unknown" } else { "found" },
        "parts": parts,
        "doubt_seconds": seconds(clock.offset.doubt),
        "anchors": clock.offset.anchors,
        "agreeing": clock.offset.agreeing,
        "by": clock.offset.by,
        "evidence": clock.evidence,
    })
}

#[cfg(test)]
mod tests {
    use super::shift;

    #[test]
    fn a_year_is_told_in_days() {
        assert_eq!(shift(9 * 3_600_000_000), "+9.00 h");
        assert_eq!(shift(-30 * 3_600_000_000), "-30.00 h");
        assert_eq!(shift(-(365 * 24 + 9) * 3_600_000_000), "-365 d -9.00 h");
    }
}
