//! Benign life, day by day: nothing in here is part of an intrusion.

pub mod network;
pub mod people;
pub mod platform;
pub mod traps;

use crate::ctx::Lab;
use crate::when::{HOUR, MIN, T};

/// A day from its midnight UTC.
pub fn day(lab: &mut Lab, day: T) {
    people::vpn(lab, day);
    people::admins(lab, day);
    people::servers(lab, day);
    platform::vcenter(lab, day);
    platform::esxi(lab, day);
    platform::appliance(lab, day);
    network::day(lab, day);
}

/// A moment of the day in office hours of the organisation, `hour` local.
pub fn local_hour(lab: &mut Lab, day: T, hour: i64) -> T {
    let zone = lab.w.zone.clone();
    let offset = T::from(crate::when::parts(day, &zone).offset_seconds) * crate::when::SEC;
    let minute = lab.rng.range(0, 3599) * crate::when::SEC;
    day + hour * HOUR - offset + minute + lab.rng.range(0, 999) * 1000
}

/// A moment anywhere in the day.
pub fn anytime(lab: &mut Lab, day: T) -> T {
    day + lab.rng.range(0, 24 * 60 - 1) * MIN + lab.rng.range(0, 59_999) * 1000
}
