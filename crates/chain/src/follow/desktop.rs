//! Logons to desktops and networks from what is his, and the hosts, sessions and services that come with them.

use konseki_model::{By, Entity, EntityKind, Kind, Record};

use super::Follow;
use super::acts::owned;
use super::presence::{Carrier, Presence};
use crate::compare::because;
use crate::names::{account, bare, host_key, is_public, is_service};

const HOUR: i64 = 3_600_000_000;

impl Follow<'_> {
    /// An account that was never seen at a host before someone else's code ran there, and then logs on elsewhere from it.
    pub(super) fn new_account(&self, presence: &Presence, record: &Record) -> bool {
        let src = bare(&record.src);
        presence.own
            && presence.user.is_none()
            && record.source.starts_with("windows/")
            && !is_service(&record.user)
            && presence.from > i64::MIN / 4
            && self.joins.ways.since(&record.user, src).is_some_and(|day| day >= presence.from.div_euclid(24 * HOUR))
    }

    /// A service comes to a host within a minute of his logon there: what tools that run commands elsewhere leave.
    pub(super) fn by_arrival(&mut self, record: &Record, time: i64) {
        if record.kind() != Kind::ServiceInstall {
            return;
        }
        let held = self.came.get(&host_key(&record.host)).filter(|(at, _)| (time - at).abs() <= 60_000_000).map(|(_, at)| *at);
        if let Some(at) = held {
            self.lift(at, record, 0);
        }
    }

    pub(super) fn desktop(&mut self, at: usize, presence: &Presence, record: &Record, time: i64) {
        let fresh = self.new_account(presence, record);
        let presence = &Presence { weak: presence.weak || fresh, ..presence.clone() };
        if presence.own && !fresh && (presence.user.is_none() || self.usual(record))
            || is_public(bare(&record.src)) && record.source.starts_with("network/")
        {
            return;
        }
        if !self.lift(at, record, 0) {
            let how = if record.kind() == Kind::AuthSuccess && record.object == "3" { "T1021" } else { "T1021.001" };
            self.act(at, "followed-logon", (&owned(&[how, "T1078"]), "lateral-movement"), record, 0);
        }
        let place = if record.host.is_empty() { record.dst.clone() } else { record.host.clone() };
        if record.session.starts_with("0x") {
            let held = self.add(Presence {
                carrier: Carrier::Logon(host_key(&place), record.session.clone()),
                from: time,
                to: time + 24 * HOUR,
                origin: because(record),
                entity: Entity::new(EntityKind::Session, record.session.clone(), "via"),
                by: By::Exact,
                alternatives: presence.alternatives,
                own: false,
                user: None,
                weak: presence.weak,
            });
            self.came.insert(host_key(&place), (time, held));
        }
        if record.kind() != Kind::RdpConnect && (record.object == "10" || record.kind() != Kind::AuthSuccess) {
            self.hold_name(record, presence, time);
        }
        let name = account(&record.user);
        if !record.host.is_empty() && !name.is_empty() && record.kind() != Kind::RdpConnect {
            for address in self.joins.book.addresses_of(&place) {
                self.held_host(&address, record, Some(name.clone()), presence, time);
            }
        } else if record.host.is_empty() && !is_public(&record.dst) && self.joins.book.host_of(&record.dst).is_none() {
            // A system that no log of its own shows: what it asks for that it never asked before.
            self.held_host(&record.dst.clone(), record, None, presence, time);
        }
    }
}
