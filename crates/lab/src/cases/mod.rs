//! The cases: how big their world is, what happens in it, how life goes on around it.

pub mod acts;
pub mod brickstorm;
pub mod calm;
pub mod insider;
pub mod mailgate;
pub mod nerve;
pub mod ransom;
pub mod still;

use crate::ctx::{Lab, Options, Pace};
use crate::rng::Rng;
use crate::when::{self, DAY, T};

pub struct Plan {
    pub start: T,
    pub end: T,
    pub esx: usize,
    pub people: usize,
    pub desks: usize,
    /// What happens, and what is collected.
    pub plot: fn(&mut Lab),
    /// One benign day.
    pub life: fn(&mut Lab, T),
}

pub const NAMES: &[&str] = &["nerve", "brickstorm", "mailgate", "ransom", "insider", "calm"];

/// First day of the plot: the public record's own for the first seed, moved by whole days for the others.
pub fn first_day(opt: &Options, year: i16, month: i8, day: i8) -> T {
    let shift = if opt.seed == 1 { 0 } else { Rng::new(opt.seed, "dates").range(-250, 250) };
    when::date(year, month, day) + shift * DAY
}

pub fn plan(opt: &Options) -> Option<Plan> {
    let week = opt.pace == Pace::Week;
    let mut plan = match opt.case.as_str() {
        "nerve" => {
            let zero = first_day(opt, 2023, 12, 31);
            let (before, after) = if week { (1, 7) } else { (6, 100) };
            let (esx, people, desks) = if week { (2, 4, 2) } else { (3, 9, 4) };
            Plan { start: zero - before * DAY, end: zero + after * DAY, esx, people, desks, plot: nerve::plot, life: nerve::life }
        }
        "brickstorm" => {
            let zero = first_day(opt, 2025, 3, 3);
            Plan {
                start: zero - 4 * DAY,
                end: zero + 86 * DAY,
                esx: 3,
                people: 7,
                desks: 3,
                plot: brickstorm::plot,
                life: crate::life::day,
            }
        }
        "mailgate" => {
            let zero = first_day(opt, 2023, 4, 3);
            Plan { start: zero - 30 * DAY, end: zero + 60 * DAY, esx: 1, people: 8, desks: 2, plot: mailgate::plot, life: mailgate::life }
        }
        "ransom" => {
            let zero = first_day(opt, 2025, 6, 10);
            Plan { start: zero - 20 * DAY, end: zero + 3 * DAY, esx: 3, people: 8, desks: 3, plot: ransom::plot, life: crate::life::day }
        }
        "insider" => {
            let zero = first_day(opt, 2024, 9, 2);
            Plan { start: zero - 30 * DAY, end: zero + 20 * DAY, esx: 2, people: 8, desks: 4, plot: insider::plot, life: crate::life::day }
        }
        "calm" => {
            let zero = first_day(opt, 2024, 2, 5);
            Plan { start: zero, end: zero + 90 * DAY, esx: 3, people: 9, desks: 4, plot: calm::plot, life: calm::life }
        }
        _ => return None,
    };
    if let Some(days) = opt.days.map(i64::from) {
        if opt.case == "calm" {
            plan.end = plan.start + days * DAY;
        } else {
            plan.start = plan.start.min(plan.end - days * DAY);
        }
    }
    Some(plan)
}
