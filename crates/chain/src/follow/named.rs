//! An account in his hands, met again from an address that no log ties to a machine: likely his, never sure.

use konseki_model::{By, Entity, EntityKind, Kind, Record};

use super::Follow;
use super::presence::{Carrier, Presence};
use crate::compare::because;
use crate::names::{account, bare, host_key, is_local, is_public, is_service, same_account};

/// How long a desktop that nobody is seen to leave counts as his.
const OPEN: i64 = 12 * 3_600_000_000;

impl Follow<'_> {
    /// A desktop that he opened: its account may ask other systems, from an address that we may not know.
    pub(super) fn hold_name(&mut self, record: &Record, presence: &Presence, time: i64) {
        if record.host.is_empty() || is_service(&record.user) {
            return;
        }
        self.add(Presence {
            carrier: Carrier::Name(account(&record.user), host_key(&record.host)),
            from: time,
            to: time + OPEN,
            origin: because(record),
            entity: Entity::new(EntityKind::User, record.user.clone(), "actor"),
            by: By::Interval,
            alternatives: presence.alternatives,
            own: false,
            user: None,
            weak: true,
        });
    }

    /// Whether it was his act.
    pub(super) fn by_name(&mut self, record: &Record, time: i64) -> bool {
        let src = bare(&record.src);
        let login = match record.kind() {
            Kind::AuthSuccess => record.source == "vmware/vcenter_sso" || record.source.starts_with("windows/") && record.object == "10",
            Kind::RdpLogon | Kind::SshSession => true,
            _ => false,
        };
        if !login || record.host.is_empty() || is_local(src) || is_public(src) {
            return false;
        }
        // What an address of his tells is told there, and more firmly.
        let by_address = self.addresses.get(src).is_some_and(|held| held.iter().any(|at| self.all.get(*at).is_some_and(|p| p.holds(time))));
        if by_address || self.joins.ways.days(&record.user, src, &record.host) > 1 {
            return false;
        }
        let Some(at) = self.name_held(record, src, time) else { return false };
        let Some(presence) = self.all.get(at).cloned() else { return false };
        match record.kind() {
            Kind::SshSession => self.ssh(at, &presence, record, (time, 0)),
            Kind::AuthSuccess if record.source == "vmware/vcenter_sso" => self.platform_login(at, &presence, record, (time, 0)),
            _ => self.desktop(at, &presence, record, time),
        }
        // Where he seems to sit: what comes from there now and never did before.
        self.add(Presence {
            carrier: Carrier::Address(src.to_owned()),
            from: time,
            to: presence.to.max(time),
            origin: because(record),
            entity: Entity::new(EntityKind::Address, src, "from"),
            own: true,
            ..presence
        });
        true
    }

    /// The account's latest desktop of his, on another host; none where the address is known to be of a third machine.
    fn name_held(&self, record: &Record, src: &str, time: i64) -> Option<usize> {
        let name = account(&record.user);
        let known = self.joins.book.host_of(src).map(host_key);
        let fits = |at: &usize| {
            self.all.get(*at).is_some_and(|presence| match &presence.carrier {
                Carrier::Name(who, sits) => {
                    *who == name
                        && *sits != host_key(&record.host)
                        && known.as_ref().is_none_or(|known| known == sits)
                        && presence.holds(time)
                        && same_account(&presence.entity.value, &record.user)
                }
                _ => false,
            })
        };
        self.names.get(&name)?.iter().copied().rfind(fits)
    }
}
