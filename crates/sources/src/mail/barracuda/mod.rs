//! Barracuda Email Security Gateway mail syslog: `inbound/pass1`, `scan`, `outbound/smtp` lines.

use konseki_formats::time::Written;
use konseki_model::time::{Offset, civil_from_days};
use konseki_model::{Basis, Fidelity, Field, Piece, Sink, Stamp};

use crate::clock::Clock;
use crate::syslog::{self, Head};
use crate::{Input, Reading, Source};

pub struct Barracuda;
pub static SOURCE: Barracuda = Barracuda;

fn ours(head: &Head<'_>) -> bool {
    head.process.starts_with("inbound/")
        || head.process.starts_with("outbound/")
        || (head.process == "scan" && split(head.message).is_some())
}

impl Source for Barracuda {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        syslog::most(piece.head, |line| syslog::head(line).is_some_and(|head| ours(&head)))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut inner = Inner::default();
        syslog::timed(
            input,
            reading,
            sink,
            |head, fields| {
                fields.push(Field::new("service", head.process));
                fields.extend(split(head.message).into_iter().flatten().filter(|field| !field.value.is_empty()));
            },
            |head| inner.stamp(head, &mut clock),
        );
        if inner.head.is_some() {
            sink.zone("UTC", Basis::Format.as_str());
        } else {
            clock.report(sink);
        }
    }
}

/// The head has neither year nor zone, but RECV and SCAN hold the seconds since 1970 at which they began: their own time,
/// and what the heads of the other lines are measured by.
#[derive(Default)]
struct Inner {
    /// Year of the last such line, and how far its head is from UTC, in microseconds.
    head: Option<(i64, i64)>,
}

const SECOND: i64 = 1_000_000;
const QUARTER: i64 = 900 * SECOND;

impl Inner {
    fn stamp(&mut self, head: &Head<'_>, clock: &mut Clock) -> Option<Stamp> {
        let start = head.message.split(' ').nth(2).and_then(|text| text.parse::<i64>().ok()).filter(|start| *start > 0);
        if let Some(start) = start.filter(|_| split(head.message).is_some()) {
            let micros = start.checked_mul(SECOND)?;
            self.learn(head, micros);
            let stamp = Stamp::new(micros, Fidelity::Second, Basis::Format);
            let ahead = self.head.and_then(|(_, ahead)| i32::try_from(ahead / SECOND).ok());
            return Some(ahead.map_or(stamp, |ahead| stamp.by(Offset::Said(ahead))));
        }
        if self.head.is_none() {
            // A message may wait for hours, but not for years.
            let born = born(head.message).and_then(|born| born.checked_mul(SECOND));
            born.into_iter().for_each(|micros| self.learn(head, micros));
        }
        match self.head {
            Some((year, ahead)) => {
                let civil = Written { year, ..head.time }.civil_micros()?;
                Some(Stamp::new(civil - ahead, Fidelity::Second, Basis::YearInferred))
            }
            None => clock.stamp(&head.time),
        }
    }

    fn learn(&mut self, head: &Head<'_>, micros: i64) {
        let year = civil_from_days(micros.div_euclid(86_400 * SECOND)).0;
        // Around New Year the head's local date may be in the neighbouring year.
        let near = (year - 1..=year + 1).filter_map(|year| Some((year, Written { year, ..head.time }.civil_micros()? - micros)));
        let Some((year, ahead)) = near.min_by_key(|(_, ahead)| ahead.abs()) else { return };
        // A line may be written some time after the message began: whole quarters of an hour are the zone.
        self.head = Some((year, (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER));
    }
}

/// Ids of messages begin with the second at which the message came.
fn born(message: &str) -> Option<i64> {
    let id = message.split(' ').nth(1).filter(|_| split(message).is_some())?;
    id.split('-').next()?.parse().ok().filter(|seconds| *seconds > 1_000_000_000)
}

/// `CLIENT MESSAGE-ID START END RECV|SCAN|SEND …`; RECV and SCAN then name sender and recipient.
fn split(message: &str) -> Option<[Field<'_>; 8]> {
    let mut parts = message.splitn(6, ' ');
    let (client, id, start, end, step) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !matches!(step, "RECV" | "SCAN" | "SEND") {
        return None;
    }
    let rest = parts.next().unwrap_or("");
    let mut rest = rest.split(' ');
    // SCAN has whether the message was encrypted before the sender.
    let first = if step == "SCAN" { rest.nth(1) } else { rest.next() };
    let (from, to) = if step == "SEND" { ("", "") } else { (first.unwrap_or(""), rest.next().unwrap_or("")) };
    // SCAN has the score before the verdict, 0 for what was let through, 2 for what was refused.
    let verdict = if step == "SCAN" { rest.nth(1) } else { rest.next() };
    let verdict = verdict.filter(|text| step != "SEND" && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit())).unwrap_or("");
    let client = client.rsplit_once('[').map_or(client, |(_, address)| address.trim_end_matches(']'));
    let pairs = [
        ("client", client),
        ("message_id", id),
        ("start", start),
        ("end", end),
        ("action", step),
        ("from", from),
        ("to", to),
        ("verdict", verdict),
    ];
    Some(pairs.map(|(name, value)| Field::new(name, value)))
}
