//! What an intruder holds for a time.

use konseki_model::{Because, By, Entity};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carrier {
    /// Events whose source is this address.
    Address(String),
    /// (host, logon id).
    Logon(String, String),
    /// (host of the platform, account).
    Account(String, String),
    /// (host, account).
    Shell(String, String),
    /// (account, host where its desktop is open): the same account elsewhere, from an address of no known machine.
    Name(String, String),
    /// A box that no user works on, by its key: files that come there are his.
    Files(String),
}

#[derive(Clone, Debug)]
pub(super) struct Presence {
    pub carrier: Carrier,
    /// Microseconds UTC, both ends within.
    pub from: i64,
    pub to: i64,
    /// The event that gave it.
    pub origin: Because,
    /// What joins its acts to that event, and how strongly.
    pub entity: Entity,
    pub by: By,
    pub alternatives: u64,
    /// The holder also does work of its own: only what is never its work counts.
    pub own: bool,
    /// Only acts of this account count.
    pub user: Option<String>,
    /// Proven less firmly: its acts are of medium level.
    pub weak: bool,
}

impl Presence {
    pub fn holds(&self, time: i64) -> bool {
        (self.from..=self.to).contains(&time)
    }
}
