//! Zones of times that say none, by what is known beside the piece: the story moves such times, reading never depends on it.

use konseki_formats::time::Local;
use konseki_model::Basis;
use konseki_model::evidence::Zone;
use konseki_model::time::Offset;
use konseki_store::{Correction, Corrections};

use crate::journal::{Outcome, Place};
use crate::settings::Settings;

const SECOND: i64 = 1_000_000;

/// Takes what the analyst set for a piece; gives its zone where that was set and any of its times takes one.
pub(crate) fn set(id: &str, place: &Place, outcome: &Outcome, settings: &Settings, corrections: &mut Corrections) -> Option<Zone> {
    let hosts: Vec<&str> = place.host.as_deref().into_iter().chain([outcome.host.as_str()]).filter(|host| !host.is_empty()).collect();
    let late = settings.offset_of(&place.path, &hosts);
    let zone = settings.zone_of(&place.path, &hosts).filter(|_| outcome.takes_a_zone());
    if let Some(local) = zone.and_then(Local::new) {
        let (from, to) = written(outcome);
        corrections.extend(parts(id, &local.parts(from, to), late, Basis::Analyst));
    }
    if late != 0 {
        corrections.push(Correction { evidence: id.to_owned(), micros: late, from: None, zone: None });
    }
    zone.map(|name| Zone { name: name.to_owned(), basis: Basis::Analyst.as_str().to_owned() })
}

/// First and last time as written of those that say no zone (microseconds, as if UTC).
fn written(outcome: &Outcome) -> (i64, i64) {
    let taken = outcome.spans.iter().filter_map(|span| match span.offset? {
        Offset::Taken(seconds) => Some((span.first.0 + i64::from(seconds) * SECOND, span.last.0 + i64::from(seconds) * SECOND)),
        Offset::Said(_) => None,
    });
    taken.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or_default()
}

/// Offsets over times as written, as corrections: later ones first.
fn parts(id: &str, parts: &[(i64, i32)], late: i64, who: Basis) -> impl Iterator<Item = Correction> {
    parts.iter().rev().map(move |(from, seconds)| Correction {
        evidence: id.to_owned(),
        micros: late - i64::from(*seconds) * SECOND,
        from: (*from > i64::MIN).then_some(*from),
        zone: Some(who),
    })
}
