//! Barracuda Email Security Gateway mail syslog: `inbound/pass1`, `scan`, `outbound/smtp` lines.

use konseki_model::{Field, Piece, Sink};

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
        syslog::read(input, reading, sink, |head, fields| {
            fields.push(Field::new("service", head.process));
            fields.extend(split(head.message).into_iter().flatten().filter(|field| !field.value.is_empty()));
        });
    }
}

/// `CLIENT MESSAGE-ID START END RECV|SCAN|SEND …`; RECV and SCAN then name sender and recipient.
fn split(message: &str) -> Option<[Field<'_>; 7]> {
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
    let client = client.rsplit_once('[').map_or(client, |(_, address)| address.trim_end_matches(']'));
    let pairs = [("client", client), ("message_id", id), ("start", start), ("end", end), ("action", step), ("from", from), ("to", to)];
    Some(pairs.map(|(name, value)| Field::new(name, value)))
}
