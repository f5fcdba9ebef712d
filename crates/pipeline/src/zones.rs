//! Zones of times that say none, by what is known beside the piece: the story moves such times, reading never depends on it.

use std::collections::{BTreeMap, BTreeSet};

use konseki_chain::host_key;
use konseki_formats::time::Local;
use konseki_model::Basis;
use konseki_model::evidence::Zone;
use konseki_model::time::Offset;
use konseki_sources::Description;
use konseki_sources::description::States;
use konseki_store::{Correction, Corrections};

use crate::journal::{Outcome, Place, Span};
use crate::settings::Settings;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
/// Records that must state a zone: one can slip.
const ENOUGH: u64 = 3;
const YEAR: i64 = 365 * 24;

/// Takes what is known of the zone of a piece; gives its zone where it was told by someone and any of its times takes one.
pub(crate) fn set(
    id: &str,
    place: &Place,
    outcome: &Outcome,
    settings: &Settings,
    stated: &Stated,
    corrections: &mut Corrections,
) -> Option<Zone> {
    let hosts: Vec<&str> = place.host.as_deref().into_iter().chain([outcome.host.as_str()]).filter(|host| !host.is_empty()).collect();
    let late = settings.offset_of(&place.path, &hosts);
    let told = outcome.takes_a_zone().then(|| told(place, outcome, settings, stated, &hosts)).flatten();
    if let Some((_, offsets, who)) = &told {
        corrections.extend(parts(id, offsets, late, *who));
    }
    if late != 0 {
        corrections.push(Correction { evidence: id.to_owned(), micros: late, from: None, zone: None });
    }
    told.map(|(name, _, who)| Zone { name, basis: who.as_str().to_owned() })
}

/// Name, offsets over times as written, and who says so.
type Told = (String, Vec<(i64, i32)>, Basis);

fn told(place: &Place, outcome: &Outcome, settings: &Settings, stated: &Stated, hosts: &[&str]) -> Option<Told> {
    let (from, to) = written(outcome);
    if let Some(name) = settings.zone_of(&place.path, hosts) {
        return Some((name.to_owned(), Local::new(name)?.parts(from, to), Basis::Analyst));
    }
    let known = hosts.iter().find_map(|host| stated.by_host.get(&host_key(host))).filter(|_| outcome.zone.basis == "assumed");
    let Some(stretches) = known else {
        // Still a guess, but a better one than UTC: Windows writes local time, and a firm's computers stand in one zone.
        let plain = outcome.zone.basis == "assumed" && outcome.zone.name == "UTC" && outcome.source.starts_with("windows/");
        let name = stated.windows.as_deref().filter(|_| plain)?;
        return Some((name.to_owned(), Local::new(name)?.parts(from, to), Basis::Assumed));
    };
    let assumed = Local::new(&outcome.zone.name)?;
    let agrees = |hour: i64, offset: i32| assumed.offset_at(hour * HOUR) == Some(offset);
    if stretches.iter().all(|one| agrees(one.first, one.offset) && agrees(one.last, one.offset)) {
        return Some((outcome.zone.name.clone(), assumed.parts(from, to), Basis::Neighbours));
    }
    let mut offsets = Vec::new();
    let mut before = None;
    for one in stretches {
        // As a zone changes: a local time that exists twice is the first of both.
        let begins = before.map_or(i64::MIN, |before: i32| one.first * HOUR + i64::from(before.max(one.offset)) * SECOND);
        offsets.push((begins, one.offset));
        before = Some(one.offset);
    }
    let names: BTreeSet<String> = stretches.iter().map(|one| name(one.offset)).collect();
    Some((names.into_iter().collect::<Vec<_>>().join(", "), offsets, Basis::Neighbours))
}

/// An offset (seconds east of UTC) as texts write it: `+09:00`.
pub(crate) fn name(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", offset.abs() / 3600, offset.abs() / 60 % 60)
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
fn parts(id: &str, offsets: &[(i64, i32)], late: i64, who: Basis) -> impl Iterator<Item = Correction> {
    offsets.iter().rev().map(move |(from, seconds)| Correction {
        evidence: id.to_owned(),
        micros: late - i64::from(*seconds) * SECOND,
        from: (*from > i64::MIN).then_some(*from),
        zone: Some(who),
    })
}

/// What logs state of the zones of their hosts.
#[derive(Default)]
pub(crate) struct Stated {
    /// In order of time; hosts whose logs contradict each other are not there.
    by_host: BTreeMap<String, Vec<Stretch>>,
    /// The zone that the language of exported Windows events speaks for, where all speak for one.
    windows: Option<String>,
}

struct Stretch {
    offset: i32,
    /// Hours since 1970.
    first: i64,
    last: i64,
}

impl Stated {
    pub fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let mut sources: BTreeMap<&str, States> = BTreeMap::new();
        // Host, hour -> offsets, and how many records state them.
        let mut hours: BTreeMap<String, BTreeMap<i64, BTreeMap<i32, u64>>> = BTreeMap::new();
        let mut languages: BTreeSet<String> = BTreeSet::new();
        let mut guessed = |outcome: &&Outcome| {
            let zone = &outcome.zone;
            if outcome.source.starts_with("windows/") && zone.basis == "assumed" && zone.name != "UTC" {
                languages.insert(zone.name.clone());
            }
        };
        for outcome in outcomes.inspect(&mut guessed).filter(|outcome| outcome.spans.iter().any(|span| said(span).is_some())) {
            let states = *sources.entry(&outcome.source).or_insert_with(|| states(&outcome.source));
            let hosts: BTreeSet<&String> = outcome.spans.iter().flat_map(|span| span.hours.keys()).collect();
            if states == States::Nothing || (states == States::OneHost && hosts.len() > 1) {
                continue;
            }
            for (offset, span) in outcome.spans.iter().filter_map(|span| Some((said(span)?, span))) {
                for (host, counts) in &span.hours {
                    let own = hours.entry(host_key(if host.is_empty() { &outcome.host } else { host })).or_default();
                    for (hour, count) in counts {
                        *own.entry(*hour).or_default().entry(offset).or_default() += count;
                    }
                }
            }
        }
        hours.remove("");
        let by_host = hours.into_iter().filter_map(|(host, hours)| Some((host, stretches(&hours)?))).collect();
        Self { by_host, windows: (languages.len() == 1).then(|| languages.pop_first()).flatten() }
    }
}

fn said(span: &Span) -> Option<i32> {
    match span.offset? {
        Offset::Said(seconds) => Some(seconds),
        Offset::Taken(_) => None,
    }
}

fn states(source: &str) -> States {
    let entry = konseki_sources::all().iter().find(|entry| entry.id == source);
    entry.and_then(|entry| Description::parse(entry.about).ok()).map_or(States::Nothing, |about| about.clock.states)
}

/// `None` for too few records, or where the offset is now this and now that.
fn stretches(hours: &BTreeMap<i64, BTreeMap<i32, u64>>) -> Option<Vec<Stretch>> {
    let mut out: Vec<Stretch> = Vec::new();
    for (hour, offsets) in hours {
        match (out.last_mut(), offsets.len()) {
            (Some(last), 1) if offsets.contains_key(&last.offset) => last.last = *hour,
            // The hour of a change.
            (Some(last), 2) if offsets.contains_key(&last.offset) => {
                let offset = offsets.keys().copied().find(|offset| *offset != last.offset)?;
                out.push(Stretch { offset, first: *hour, last: *hour });
            }
            (_, 1) => out.push(Stretch { offset: offsets.keys().next().copied()?, first: *hour, last: *hour }),
            _ => return None,
        }
    }
    let records: u64 = hours.values().flat_map(BTreeMap::values).sum();
    let hours = hours.keys().next_back()? - hours.keys().next()?;
    // Daylight saving begins and ends once a year.
    let most = usize::try_from(hours / YEAR * 2 + 3).unwrap_or(0);
    let season = out.windows(2).all(|two| matches!(two, [a, b] if (a.offset - b.offset).abs() <= 3600));
    (records >= ENOUGH && out.len() <= most && season).then_some(out)
}
