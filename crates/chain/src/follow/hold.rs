//! What else comes into his hands by what he does: addresses of tunnels and hosts, accounts whose secret he uses.

use konseki_model::{By, Entity, EntityKind, Record};

use super::Follow;
use super::presence::{Carrier, Presence};
use crate::compare::because;
use crate::names::{account, is_service};

const HOUR: i64 = 3_600_000_000;

impl Follow<'_> {
    /// What a tunnel from his place is given is his while it is open.
    pub(super) fn hold_tunnel(&mut self, presence: &Presence, record: &Record, time: i64) {
        let own = self.joins.tunnels.iter().find(|t| t.session == record.session && t.assigned == record.assigned && t.from == time);
        let to = own.and_then(|tunnel| tunnel.to).unwrap_or(time + 24 * HOUR);
        self.add(Presence {
            carrier: Carrier::Address(record.assigned.clone()),
            from: time,
            to,
            origin: because(record),
            entity: Entity::new(EntityKind::Address, record.assigned.clone(), "from"),
            by: By::Interval,
            alternatives: presence.alternatives,
            own: false,
            user: None,
            weak: presence.weak,
        });
    }

    /// In his session another account's secret is used for a system elsewhere: what that account does from there is his.
    pub(super) fn hold_other(&mut self, at: usize, record: &Record) {
        let (Some(presence), Some(time)) = (self.all.get(at).cloned(), record.micros()) else { return };
        let name = account(&record.target);
        if is_service(&record.target) || name == account(&record.user) {
            return;
        }
        for address in self.joins.book.addresses_of(&record.host) {
            self.held_host(&address, record, Some(name.clone()), &presence, time);
        }
        self.hold_name(&Record { user: record.target.clone(), ..record.clone() }, &presence, time);
    }

    pub(super) fn held_host(&mut self, address: &str, record: &Record, user: Option<String>, presence: &Presence, time: i64) {
        let length = if user.is_some() { 24 * HOUR } else { i64::MAX / 4 };
        self.held_until(address, record, user, presence, (time, time.saturating_add(length)));
    }

    pub(super) fn held_until(&mut self, address: &str, record: &Record, user: Option<String>, presence: &Presence, (from, to): (i64, i64)) {
        if self.joins.appliances.contains(address) {
            return;
        }
        self.add(Presence {
            carrier: Carrier::Address(address.to_owned()),
            from,
            to,
            origin: because(record),
            entity: Entity::new(EntityKind::Address, address, "from"),
            by: By::Interval,
            alternatives: presence.alternatives,
            own: true,
            user,
            weak: presence.weak,
        });
    }
}
