//! Desktops within a tunnel are seen while it is open: the whole hours by which a clock without other anchors is off.

use std::collections::BTreeMap;

use super::judge::{FAR, HOUR};
use super::{Group, Offset};

/// Visits from addresses that tunnels gave must lie within the tunnels; whole hours only, and only one may fit.
pub(super) fn by_tunnels(group: &Group, used: &BTreeMap<String, Vec<i64>>) -> Option<Offset> {
    let mut given: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for (address, from, to) in group.tunnels.values() {
        if let Some(to) = to {
            given.entry(address).or_default().push((*from, *to));
        }
    }
    let visits: Vec<(&Vec<(i64, i64)>, i64)> = given
        .iter()
        .filter_map(|(address, held)| Some((held, used.get(*address)?)))
        .flat_map(|(held, times)| times.iter().map(move |time| (held, *time)))
        .filter(|(held, time)| held.iter().any(|(from, to)| (from - FAR..=to + FAR).contains(time)))
        .collect();
    let within = |shift: i64| {
        let inside = |(held, time): &&(&Vec<(i64, i64)>, i64)| held.iter().any(|(from, to)| (from + shift..=to + shift).contains(time));
        visits.iter().filter(inside).count()
    };
    let mut hours: Vec<(usize, i64)> = (-26..=26_i64).map(|hour| (within(hour * HOUR), hour)).collect();
    hours.sort_by_key(|(count, hour)| (std::cmp::Reverse(*count), hour.abs()));
    let ([(best, hour), (second, _), ..], true) = (hours.as_slice(), visits.len() >= 12) else { return None };
    if best * 10 < visits.len() * 9 || (best - second) * 20 < visits.len() {
        return None;
    }
    Some(Offset {
        clock: group.name.clone(),
        parts: vec![(i64::MIN, hour * HOUR)],
        doubt: HOUR / 2,
        anchors: visits.len() as u64,
        agreeing: *best as u64,
        by: "tunnels".to_owned(),
    })
}
