//! Many clocks with an error planted: each is recovered within the doubt that is stated, or said to be unknown.

use std::collections::BTreeMap;

use konseki_model::{Basis, Fidelity, Kind, Record, Stamp};

use super::judge::shift_at;
use super::{Clocks, Offset, SECOND};

const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
const START: i64 = 19_000 * DAY;

/// Numbers that are the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64).rem_euclid(end.max(1))
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).max(1) / 1000 + 1) * 1000
    }
}

/// What the clock shows is the true time and this.
type Error = dyn Fn(i64) -> i64;

struct Plan {
    days: i64,
    visits: i64,
    /// Of ten visits, how many only one side wrote down.
    lost: i64,
    /// Clients come about the same hour every day.
    habit: bool,
    clients: i64,
}

fn plan(dice: &mut Dice) -> Plan {
    let days = 5 + dice.below(200);
    Plan { days, visits: 10 + dice.below(200), lost: dice.below(5), habit: dice.below(4) == 0, clients: 1 + dice.below(40) }
}

fn record(evidence: &str, kind: Kind, client: i64, port: u16, time: i64) -> Record {
    Record {
        evidence: evidence.into(),
        kind: Some(kind),
        src: format!("203.0.113.{}", client + 1),
        src_port: Some(port),
        time: Some(Stamp::new(time, Fidelity::Microsecond, Basis::Assumed)),
        ..Record::default()
    }
}

/// The answer, and the true times of what the clock wrote.
fn run(plan: &Plan, error: &Error, dice: &mut Dice) -> (Offset, Vec<i64>) {
    let mut clocks = Clocks::new(&BTreeMap::from([("E1".to_owned(), "vpn".to_owned())]));
    let mut visits: Vec<(i64, i64, u16)> = (0..plan.visits)
        .map(|_| {
            let client = dice.below(plan.clients);
            let hour = if plan.habit { (8 + client % 8) * HOUR + dice.below(600) * SECOND } else { dice.below(DAY / 1000) * 1000 };
            (START + dice.below(plan.days) * DAY + hour, client, 1024 + dice.below(60_000) as u16)
        })
        .collect();
    visits.sort_unstable();
    let mut own = Vec::new();
    let mut seen = Vec::new();
    for (time, client, port) in visits {
        let which = dice.below(10);
        if which >= plan.lost {
            let late = dice.below(3_000) * 1000;
            own.push((time + late + error(time), time, client, port));
        }
        if which >= plan.lost || which % 2 == 0 {
            seen.push(record("E2", Kind::Flow, client, port, time));
        }
    }
    own.sort_unstable();
    for (shown, _, client, port) in &own {
        clocks.own(&record("E1", Kind::AuthSuccess, *client, *port, *shown));
    }
    clocks.turn();
    seen.iter().for_each(|record| clocks.other(record));
    (clocks.finish().remove(0), own.iter().map(|(_, time, ..)| *time).collect())
}

/// Plays a kind of error many times; gives how often it was recovered. Panics where an answer is wrong.
fn play(name: &str, rounds: u64, make: impl Fn(&mut Dice, i64) -> (Box<Error>, Vec<i64>)) -> (u64, u64) {
    let mut found = 0;
    for round in 0..rounds {
        let mut dice = Dice(round * 7919 + 17);
        dice.below(2);
        let plan = plan(&mut dice);
        let (error, steps) = make(&mut dice, plan.days);
        let (offset, times) = run(&plan, &*error, &mut dice);
        if offset.parts.is_empty() {
            continue;
        }
        found += 1;
        // Around a step, times of the clock come twice or not at all: which side a line is of cannot be told from it.
        let size = steps.iter().map(|at| (error(at + 1) - error(at - 1)).abs()).max().unwrap_or(0);
        // A step that fewer than four lines saw is not told: agreeing < anchors says that some are left.
        let side = |time: i64| times.iter().filter(|other| steps.iter().all(|at| (*at < time) == (*at < **other))).count();
        let clear = |time: &i64| steps.iter().all(|at| (time - at).abs() > size + 3 * DAY) && side(*time) >= 4;
        let plain: Vec<i64> = times.iter().copied().filter(clear).collect();
        let wrong = |time: &i64| (time + error(*time) + shift_at(&offset.parts, time + error(*time)) - time).abs();
        let (bad, far): (Vec<i64>, Vec<i64>) =
            plain.iter().map(wrong).filter(|wrong| *wrong > offset.doubt).partition(|w| *w <= offset.doubt * 2 + 30 * SECOND);
        assert!(far.is_empty(), "{name} {round}: off by {} s of {offset:?}", far.iter().max().unwrap_or(&0) / SECOND);
        assert!(bad.len() * 10 <= plain.len().max(10), "{name} {round}: {} of {} outside the doubt of {offset:?}", bad.len(), plain.len());
    }
    println!("{name}: recovered {found} of {rounds}");
    (found, rounds)
}

#[test]
fn offsets_from_half_a_second_to_300_days() {
    for (name, reach) in
        [("half a second", SECOND / 2), ("a minute", 60 * SECOND), ("an hour", HOUR), ("a day", DAY), ("300 days", 300 * DAY)]
    {
        let (found, rounds) = play(name, 40, |dice, _| {
            let planted = dice.between(-reach, reach);
            (Box::new(move |_| planted), Vec::new())
        });
        assert!(found * 10 >= rounds * 6, "{name}: {found}");
    }
}

#[test]
fn zones_of_hours_and_quarters() {
    let (found, rounds) = play("9 h", 30, |dice, _| {
        let rest = dice.between(-SECOND, SECOND);
        (Box::new(move |_| 9 * HOUR + rest), Vec::new())
    });
    assert!(found * 10 >= rounds * 6, "{found}");
    let (found, rounds) = play("quarters", 60, |dice, _| {
        let planted = dice.below(113) * HOUR / 4 - 14 * HOUR;
        (Box::new(move |_| planted), Vec::new())
    });
    assert!(found * 10 >= rounds * 6, "{found}");
}

#[test]
fn a_drift_of_100_ppm() {
    let (found, rounds) = play("100 ppm", 100, |dice, _| {
        let (start, sign) = (dice.between(-HOUR, HOUR), dice.below(2) * 2 - 1);
        (Box::new(move |time| start + sign * (time - START) / 10_000), Vec::new())
    });
    assert!(found * 10 >= rounds * 5, "{found}");
}

#[test]
fn steps_and_daylight_saving() {
    let step = |reach: i64| {
        move |dice: &mut Dice, days: i64| -> (Box<Error>, Vec<i64>) {
            let (before, by) = (dice.between(-HOUR, HOUR), if reach == HOUR { HOUR } else { dice.between(-reach, reach) });
            let at = START + days * DAY / 4 + dice.below(days / 2 + 1) * DAY;
            (Box::new(move |time| before + if time < at { 0 } else { by }), vec![at])
        }
    };
    let (found, rounds) = play("daylight saving", 80, step(HOUR));
    assert!(found * 10 >= rounds * 5, "{found}");
    let (found, rounds) = play("steps", 100, step(20 * HOUR));
    assert!(found * 10 >= rounds * 4, "{found}");
}

#[test]
fn what_jumps_about_or_is_another_box_is_unknown() {
    let (found, _) = play("scatter", 60, |dice, _| {
        let seed = dice.below(1 << 30);
        (Box::new(move |time| (time / SECOND).wrapping_mul(48_271 + seed).rem_euclid(80_000) * SECOND - 40_000 * SECOND), Vec::new())
    });
    assert_eq!(found, 0);
}
