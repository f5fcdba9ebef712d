//! Connections that a log tells of again and again while they last, with bytes counted from their beginning (FortiGate
//! writes one every two minutes, log id 0000000020): each byte is counted once, and such a line is no new call.

use konseki_model::Record;

/// From this length on a connection may have been told before.
const LASTING: i64 = 60_000_000;
/// Connections of one pair that are open side by side.
const OPEN: usize = 4;

/// What a line adds to what earlier lines of its connection said.
pub(super) struct Told {
    pub out: u64,
    pub back: u64,
    /// The connection was told of before.
    pub again: bool,
}

/// The latest connections of a pair that may be told of again.
#[derive(Default)]
pub(super) struct Running(Vec<(Box<str>, u64, u64)>);

impl Running {
    pub fn told(&mut self, record: &Record) -> Told {
        let (out, back) = (record.bytes_out.unwrap_or(0), record.bytes_in.unwrap_or(0));
        let whole = Told { out, back, again: false };
        let lasts = record.duration.is_some_and(|length| length >= LASTING);
        if record.session.is_empty() || !lasts || record.source != "network/firewall" {
            return whole;
        }
        let open = self.0.iter_mut().find(|(session, ..)| session.as_ref() == record.session);
        if let Some((_, before, came)) = open {
            // Fewer than before: the number was given to another connection.
            let again = out >= *before && back >= *came;
            let told = if again { Told { out: out - *before, back: back - *came, again } } else { whole };
            (*before, *came) = (out, back);
            return told;
        }
        if self.0.len() >= OPEN {
            self.0.remove(0);
        }
        self.0.push((record.session.as_str().into(), out, back));
        whole
    }
}
