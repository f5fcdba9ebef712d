//! Mail gateways that answer a message with a call: a message arrives from an address outside, and soon after the gateway
//! itself connects to that address on a port that carries no mail. Mail is handed on, never called back.

use std::collections::BTreeMap;

use konseki_model::{Entity, EntityKind, Kind, Level, Record};
use rustc_hash::FxHashMap;

use super::{Compared, Draft, host, lean};
use crate::book::Book;
use crate::names::{bare, host_key, is_public};

/// How soon a call follows the message that made it.
const SOON: i64 = 30 * 60 * 1_000_000;
const CLIENTS: usize = 20_000;
const CALLS: usize = 2_000;
/// Ports on which servers of mail ask each other and look names up.
const USUAL: &[u16] = &[25, 53, 113, 123, 465, 587];

#[derive(Default)]
pub struct Mail {
    /// Client -> its last message.
    recent: FxHashMap<String, Record>,
    /// (caller, called) -> the message and the calls that followed.
    calls: BTreeMap<(String, String), (Record, Vec<Record>)>,
    /// (caller, called) -> calls at any time.
    usual: FxHashMap<(String, String), u32>,
    /// Client -> number of messages.
    senders: FxHashMap<String, u32>,
}

impl Mail {
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros() else { return };
        let src = bare(&record.src);
        match record.kind() {
            Kind::MailReceived if is_public(src) => {
                if self.recent.len() >= CLIENTS {
                    self.recent.retain(|_, known| known.micros().is_some_and(|at| time - at <= SOON));
                }
                if self.recent.len() < CLIENTS {
                    // The first line of a message that is told in several.
                    let known = self.recent.get(src).filter(|known| known.session == record.session && !record.session.is_empty());
                    if known.is_none() {
                        self.recent.insert(src.to_owned(), lean(record));
                        *self.senders.entry(src.to_owned()).or_default() += 1;
                    }
                }
            }
            Kind::Flow if is_public(&record.dst) && !is_public(src) && !USUAL.contains(&record.dst_port.unwrap_or(0)) => {
                let pair = (src.to_owned(), record.dst.clone());
                if self.usual.len() < CLIENTS || self.usual.contains_key(&pair) {
                    *self.usual.entry(pair).or_default() += 1;
                }
                let near = |known: &&Record| known.micros().is_some_and(|at| (0..=SOON).contains(&(time - at)));
                let Some(message) = self.recent.get(record.dst.as_str()).filter(near) else { return };
                let key = (src.to_owned(), record.dst.clone());
                if self.calls.len() < CALLS || self.calls.contains_key(&key) {
                    let (_, calls) = self.calls.entry(key).or_insert_with(|| (message.clone(), Vec::new()));
                    if calls.len() < 6 {
                        calls.push(lean(record));
                    }
                }
            }
            _ => {}
        }
    }

    pub fn finish(&self, book: &Book, out: &mut Compared) {
        for ((src, dst), (message, calls)) in &self.calls {
            // The gateway that took the message made the call.
            if book.host_of(src).map(host_key) != Some(host_key(&message.host)) {
                continue;
            }
            let refused = |call: &&Record| matches!(call.outcome.as_str(), "S0" | "REJ" | "deny" | "drop");
            // A correspondent of long standing may have more than mail; one that wrote once and was called has not.
            let known = self.senders.get(dst).copied().unwrap_or(0) > 20;
            // Called again and again without a message: that one fell into the half hour is chance.
            let habit = self.usual.get(&(src.clone(), dst.clone())).is_some_and(|all| *all as usize > calls.len() * 8);
            if habit {
                continue;
            }
            let (level, confidence) = match (calls.iter().all(|call| refused(&call)), known) {
                (false, false) => (Level::High, 0.8),
                (false, true) => (Level::Medium, 0.5),
                (true, _) => (Level::Low, 0.4),
            };
            let port = calls.first().and_then(|call| call.dst_port).map(|port| port.to_string()).unwrap_or_default();
            let args = [
                ("host", message.host.as_str()),
                ("src", dst),
                ("dst", dst),
                ("port", &port),
                ("session", &message.session),
                ("user", &message.user),
            ];
            let entities = vec![
                host(&message.host),
                Entity::new(EntityKind::Address, src.clone(), "from"),
                Entity::new(EntityKind::Address, dst.clone(), "to"),
                Entity::new(EntityKind::Message, message.session.clone(), "object"),
            ];
            let records: Vec<&Record> = std::iter::once(message).chain(calls).collect();
            out.findings.push(
                Draft {
                    rule: "mail-answered-by-call",
                    level,
                    confidence,
                    techniques: &["T1190", "T1059.004"],
                    tactics: &["initial-access"],
                    records: &records,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Basis, Fidelity, Stamp};

    fn record(kind: Kind, src: &str, dst: &str, port: u16, second: i64) -> Record {
        Record {
            source: if kind == Kind::Flow { "network/zeek".into() } else { "mail/barracuda".into() },
            kind: Some(kind),
            host: if kind == Kind::Flow { String::new() } else { "gw".into() },
            src: src.into(),
            dst: dst.into(),
            dst_port: Some(port),
            session: if kind == Kind::Flow { String::new() } else { format!("m{second}") },
            time: Some(Stamp::new(second * 1_000_000, Fidelity::Second, Basis::Written)),
            at: Some(At::Line(second.unsigned_abs())),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> Vec<Level> {
        let mut mail = Mail::default();
        records.iter().for_each(|record| mail.observe(record));
        let mut book = Book::default();
        book.vote("gw", "10.0.0.25", 9);
        book.settle();
        let mut out = Compared::default();
        mail.finish(&book, &mut out);
        out.findings.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_call_back_on_another_port_and_what_servers_do() {
        let message = record(Kind::MailReceived, "203.0.113.9", "", 0, 100);
        assert_eq!(run(&[message.clone(), record(Kind::Flow, "10.0.0.25", "203.0.113.9", 8080, 120)]), [Level::High]);
        assert!(run(&[message.clone(), record(Kind::Flow, "10.0.0.25", "203.0.113.9", 25, 120)]).is_empty());
        assert!(run(&[message.clone(), record(Kind::Flow, "10.0.0.77", "203.0.113.9", 8080, 120)]).is_empty());
        assert!(run(&[message.clone(), record(Kind::Flow, "10.0.0.25", "203.0.113.9", 8080, 9000)]).is_empty());
        let mut usual: Vec<Record> = (1..20).map(|hour| record(Kind::Flow, "10.0.0.25", "203.0.113.9", 443, hour * 3600)).collect();
        usual.insert(9, record(Kind::MailReceived, "203.0.113.9", "", 0, 10 * 3600 - 60));
        assert!(run(&usual).is_empty(), "a service that is called every hour");
    }
}
