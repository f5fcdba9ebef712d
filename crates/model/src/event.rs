//! One event: borrowed on the hot path (`Event`), owned where it has to be kept (`Record`).

use serde::{Deserialize, Serialize};

use crate::evidence::EvidenceId;
use crate::kind::Kind;
use crate::time::Stamp;

/// A place in a piece of evidence. Lines are 1-based and end at LF; records are the format's own record number;
/// offsets are 0-based bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    Line(u64),
    Record(u64),
    Offset(u64),
}

impl At {
    pub fn unit(self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Record(_) => "record",
            Self::Offset(_) => "offset",
        }
    }

    pub fn number(self) -> u64 {
        match self {
            Self::Line(n) | Self::Record(n) | Self::Offset(n) => n,
        }
    }

    pub fn parse(unit: &str, number: u64) -> Option<Self> {
        match unit {
            "line" => Some(Self::Line(number)),
            "record" => Some(Self::Record(number)),
            "offset" => Some(Self::Offset(number)),
            _ => None,
        }
    }
}

/// Where something stands: a hashed piece of evidence and a place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    pub evidence: EvidenceId,
    pub at: At,
}

/// A native field, named as the product names it. An empty value is a field that is present and empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: &'a str,
    pub value: &'a str,
}

impl<'a> Field<'a> {
    pub fn new(name: &'a str, value: &'a str) -> Self {
        Self { name, value }
    }
}

/// The typed core, the same for every source. An empty string means: not said by this event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Core<'a> {
    /// The machine or appliance that this event is about and happened on.
    pub host: &'a str,
    /// Who acted, as written (`DOM\user`, `user@dom`, `user`).
    pub user: &'a str,
    /// Where the action came from (address as written, without port or brackets).
    pub src: &'a str,
    pub src_port: Option<u16>,
    /// Where it went.
    pub dst: &'a str,
    pub dst_port: Option<u16>,
    /// The key that joins events of one session: session id, LogonId, opID, uid.
    pub session: &'a str,
    /// What was acted on: machine, file, service, message, account, URL.
    pub object: &'a str,
    /// A second key of the object: path of a machine's `.vmx`, group of an added member, hash of a file.
    pub target: &'a str,
    /// Command line, request, or query.
    pub command: &'a str,
    /// `success`, `failure`, a status code, or empty.
    pub outcome: &'a str,
    /// An address given to the actor (VPN inner address), or the forwarded client address.
    pub assigned: &'a str,
    /// The client's program: user agent, host check, device name.
    pub agent: &'a str,
    /// Bytes from `src` to `dst`.
    pub bytes_out: Option<u64>,
    /// Bytes from `dst` to `src`.
    pub bytes_in: Option<u64>,
    /// Length in microseconds, where the event has one.
    pub duration: Option<i64>,
}

/// An event on the hot path: slices of the bytes just read, nothing owned.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    pub at: At,
    /// `None` where no time could be read; the event is kept all the same.
    pub time: Option<Stamp>,
    pub kind: Kind,
    pub core: Core<'a>,
    /// Native fields in the order of the record. Names may repeat.
    pub fields: &'a [Field<'a>],
    /// The whole record as text where it is text, else empty. Excerpts are cut from here.
    pub raw: &'a [u8],
}

impl<'a> Event<'a> {
    /// The first native field of that name.
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value)
    }
}

/// An event that owns its text, as chain, report and publish see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub evidence: EvidenceId,
    pub source: String,
    pub at: Option<At>,
    pub time: Option<Stamp>,
    pub kind: Option<Kind>,
    pub host: String,
    pub user: String,
    pub src: String,
    pub src_port: Option<u16>,
    pub dst: String,
    pub dst_port: Option<u16>,
    pub session: String,
    pub object: String,
    pub target: String,
    pub command: String,
    pub outcome: String,
    pub assigned: String,
    pub agent: String,
    pub bytes_out: Option<u64>,
    pub bytes_in: Option<u64>,
    /// Microseconds.
    pub duration: Option<i64>,
    pub fields: Vec<(String, String)>,
    /// An excerpt that stands byte for byte at the place; empty where none was kept.
    pub raw: String,
}

impl Record {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Other)
    }

    pub fn micros(&self) -> Option<i64> {
        self.time.map(|time| time.micros)
    }
}
