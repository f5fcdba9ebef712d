//! What events mean when something of the intruder's stands in them, and which further presence they give.

use std::collections::BTreeSet;

use konseki_model::{By, Entity, EntityKind, Kind, Record};

use super::Follow;
use super::presence::{Carrier, Presence};
use crate::compare::because;
use crate::names::{account, bare, host_key, is_public, is_service, same_account};

const HOUR: i64 = 3_600_000_000;
/// A transfer worth telling when it leaves a host in his hands.
const MUCH: u64 = 20_000_000;
/// How long an account without a logout is taken to stay in his hands.
const HELD: i64 = 96 * HOUR;
/// Different places and ports asked for within an hour.
const WIDE: usize = 12;

/// A login over SSH that names where it came from. Linux writes that with the login, not with the session.
pub(super) fn is_ssh(record: &Record) -> bool {
    record.kind() == Kind::SshSession || record.kind() == Kind::AuthSuccess && record.source.starts_with("linux/") && !record.src.is_empty()
}

pub(super) fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

impl Follow<'_> {
    /// Ends presences that a logout closes.
    pub(super) fn close(&mut self, record: &Record, time: i64) {
        let ended = match record.kind() {
            Kind::AuthLogout | Kind::RdpLogoff => {
                let logon = self.logons.get(&(host_key(&record.host), record.session.clone())).copied();
                let platform = self.accounts.get(&(host_key(&record.host), account(&record.user))).cloned().unwrap_or_default();
                let from_there = |at: &usize| {
                    let src = bare(&record.src);
                    self.all.get(*at).is_some_and(|p| p.to >= time && p.from <= time + 13 * HOUR && p.entity.role == src)
                };
                let place = host_key(&record.host);
                let sits = |at: &usize| {
                    self.all.get(*at).is_some_and(|p| matches!(&p.carrier, Carrier::Name(_, host) if *host == place) && p.holds(time))
                };
                let left = record.kind() == Kind::RdpLogoff || record.source.starts_with("windows/") && logon.is_some();
                let named = self.names.get(&account(&record.user)).filter(|_| left).cloned().unwrap_or_default();
                let named = named.into_iter().filter(sits);
                logon.into_iter().chain(platform.into_iter().filter(from_there)).chain(named).collect::<Vec<_>>()
            }
            _ => return,
        };
        for at in ended {
            if let Some(presence) = self.all.get_mut(at) {
                presence.to = presence.to.min(time);
            }
        }
        // A desktop that closes gives its host's address back.
        if record.kind() == Kind::RdpLogoff {
            let name = account(&record.user);
            for address in self.joins.book.addresses_of(&record.host) {
                for at in self.addresses.get(&address).cloned().unwrap_or_default() {
                    if let Some(presence) = self.all.get_mut(at).filter(|p| p.user.as_deref() == Some(name.as_str()) && p.holds(time)) {
                        presence.to = time + 60_000_000;
                    }
                }
            }
        }
    }

    pub(super) fn by_address(&mut self, record: &Record, time: i64) {
        let src = bare(&record.src);
        if record.kind() == Kind::Flow {
            let back = self.addresses.get(bare(&record.dst)).cloned().unwrap_or_default();
            for at in back {
                if self.all.get(at).is_some_and(|p| p.holds(time) && !p.own && is_public(&record.dst)) {
                    self.lift(at, record, 0);
                }
            }
        }
        let Some(held) = self.addresses.get(src).cloned() else { return };
        let mut current = Vec::new();
        let mut early = false;
        for at in held {
            let Some(presence) = self.all.get(at) else { continue };
            if presence.holds(time) {
                let named = presence.user.as_ref().is_none_or(|name| record.user.is_empty() || *name == account(&record.user));
                if named || self.other_account(presence, record) {
                    current.push(at);
                }
            } else {
                early |= time < presence.from && record.kind() == Kind::Flow;
            }
        }
        if early && current.is_empty() {
            self.flows.before.insert((src.to_owned(), record.dst.clone(), record.dst_port.unwrap_or(0)));
        }
        // The narrowest presence that holds: the latest one.
        if let Some(at) = current.into_iter().max_by_key(|at| self.all.get(*at).map(|p| (!p.own, p.from))) {
            self.at_address(at, record, time);
        }
    }

    /// From a desktop people log in elsewhere under other names: `root` of a host, the platform's administrator. New from there,
    /// and of nobody who has a desktop there himself.
    fn other_account(&self, presence: &Presence, record: &Record) -> bool {
        let login = is_ssh(record) || record.source == "vmware/vcenter_sso" && record.kind() == Kind::AuthSuccess;
        let src = bare(&record.src);
        login
            && !record.host.is_empty()
            && presence.own
            && self.joins.ways.days(&record.user, src, &record.host) <= 1
            && self.joins.book.host_of(src).is_some_and(|place| !self.live.has_desktop(place, &account(&record.user)))
    }

    fn at_address(&mut self, at: usize, record: &Record, time: i64) {
        let Some(mut presence) = self.all.get(at).cloned() else { return };
        let mut others = 0;
        if let Some(name) = presence.user.as_ref().filter(|name| !record.user.is_empty() && **name != account(&record.user)) {
            // Whoever else has a desktop there could have done it.
            others = self.joins.book.host_of(bare(&record.src)).map_or(0, |place| self.live.other_desktops(place, name, time));
            presence.alternatives += others;
        }
        let presence = presence;
        let outside = is_public(bare(&record.src));
        match record.kind() {
            Kind::AuthSuccess if record.source == "vmware/vcenter_sso" => self.platform_login(at, &presence, record, (time, others)),
            Kind::SessionStart | Kind::TunnelStart | Kind::AuthSuccess if crate::compare::vpn::is_vpn(record) => {
                if outside && !self.lift(at, record, 0) {
                    self.act(at, super::LOGIN, (&owned(&["T1133", "T1078"]), "initial-access"), record, 0);
                }
                if outside && record.kind() == Kind::TunnelStart && !record.assigned.is_empty() {
                    self.hold_tunnel(&presence, record, time);
                }
            }
            Kind::RdpConnect | Kind::RdpLogon | Kind::RdpReconnect => self.desktop(at, &presence, record, time),
            Kind::AuthSuccess if record.source.starts_with("windows/") && matches!(record.object.as_str(), "10" | "7" | "3") => {
                // Hosts open network logons all day; from a host that has work of its own they say nothing.
                if !presence.own || record.object == "10" || self.new_account(&presence, record) {
                    self.desktop(at, &presence, record, time);
                }
            }
            Kind::SshSession | Kind::AuthSuccess if is_ssh(record) => self.ssh(at, &presence, record, (time, others)),
            Kind::AuthSuccess | Kind::ApiSession if record.source.starts_with("vmware/esxi") => {
                // Hosts hear vCenter's own account from vCenter all day; from any other host it is never usual.
                let vcenter = || self.joins.book.host_of(bare(&record.src)).and_then(|name| self.joins.roles.get(&host_key(name)));
                let usual =
                    presence.own && if account(&record.user) == "vpxuser" { vcenter() == Some(&"vcenter") } else { self.usual(record) };
                if !usual && !self.lift(at, record, 0) {
                    self.act(at, "followed-platform-login", (&owned(&["T1078", "T1021"]), "lateral-movement"), record, 0);
                }
            }
            Kind::WebRequest | Kind::AuthMissing | Kind::VmListExport | Kind::Http => self.request(at, &presence, record),
            Kind::ShareAccess => self.share(at, &presence, record),
            Kind::MailAccessed | Kind::MailRule | Kind::MailPermission => self.mailbox(at, record),
            Kind::Flow => self.flow(at, &presence, record, time),
            Kind::TunnelStart => {}
            _ => {
                self.lift(at, record, 0);
            }
        }
    }

    /// The account comes from there again and again: its own work.
    pub(super) fn usual(&self, record: &Record) -> bool {
        self.joins.ways.days(&record.user, bare(&record.src), &record.host) > 4
    }

    /// `others`: how many people beside him could have done it.
    pub(super) fn platform_login(&mut self, at: usize, presence: &Presence, record: &Record, (time, others): (i64, u64)) {
        if is_service(&record.user) || presence.own && presence.user.is_none() && self.usual(record) {
            return;
        }
        if !self.lift(at, record, others) {
            self.act(at, "followed-platform-login", (&owned(&["T1078", "T1021"]), "lateral-movement"), record, others);
        }
        let held = |from: i64, to: i64, weak: bool| Presence {
            carrier: Carrier::Account(host_key(&record.host), account(&record.user)),
            from,
            to,
            origin: because(record),
            // The role remembers where the login came from, to know its logout.
            entity: Entity::new(EntityKind::User, record.user.clone(), bare(&record.src)),
            by: By::Interval,
            alternatives: presence.alternatives,
            own: false,
            user: None,
            weak: weak || presence.weak,
        };
        self.add(held(time, time + 12 * HOUR, false));
        // Without a logout the account stays his for some days, with less certainty.
        self.add(held(time + 12 * HOUR + 1, time + HELD, true));
    }

    pub(super) fn ssh(&mut self, at: usize, presence: &Presence, record: &Record, (time, others): (i64, u64)) {
        if record.host.is_empty() || presence.own && self.usual(record) {
            return;
        }
        if !self.lift(at, record, others) {
            self.act(at, "followed-ssh", (&owned(&["T1021.004"]), "lateral-movement"), record, others);
        }
        let to = self.joins.ways.shells(&record.host, &record.user, time).iter().filter_map(|way| way.to).max().unwrap_or(time + 12 * HOUR);
        // From a shell people go on to other systems, under other names.
        if record.source.starts_with("linux/") {
            for address in self.joins.book.addresses_of(&record.host) {
                self.held_until(&address, record, Some(account(&record.user)), presence, (time, to));
            }
        }
        self.add(Presence {
            carrier: Carrier::Shell(host_key(&record.host), account(&record.user)),
            from: time,
            to,
            origin: because(record),
            entity: Entity::new(EntityKind::User, record.user.clone(), "via"),
            by: By::Interval,
            alternatives: presence.alternatives,
            own: false,
            user: None,
            weak: presence.weak,
        });
    }

    fn request(&mut self, at: usize, presence: &Presence, record: &Record) {
        let any = self.lift(at, record, 0);
        let request = format!("{} {}", record.command, record.object);
        let meaning = self.data.web(&request).cloned();
        if presence.own && presence.user.is_none() && record.kind() == Kind::Http {
            return;
        }
        let own_work = presence.own && presence.user.is_none() && self.usual(record);
        if let Some(meaning) = meaning.filter(|_| !any && !own_work) {
            self.act(at, "followed-request", (&meaning.techniques, &meaning.tactic), record, 0);
        }
    }

    fn share(&mut self, at: usize, presence: &Presence, record: &Record) {
        let share = record.object.rsplit('\\').next().unwrap_or_default().to_lowercase();
        if ["sysvol", "netlogon", "ipc$", "print$"].contains(&share.as_str()) && presence.own || is_service(&record.user) {
            return;
        }
        if presence.own && (presence.user.is_none() || self.opened.before(record)) {
            return;
        }
        if !self.lift(at, record, 0) {
            let techniques = if record.target.is_empty() { owned(&["T1135", "T1021.002"]) } else { owned(&["T1039", "T1135"]) };
            let tactic = if record.target.is_empty() { "discovery" } else { "collection" };
            self.act(at, "followed-share", (&techniques, tactic), record, 0);
        }
    }

    /// Messages opened, rules and rights of a mailbox.
    fn mailbox(&mut self, at: usize, record: &Record) {
        let any = self.lift(at, record, 0);
        let (techniques, tactic) = match record.kind() {
            Kind::MailRule => (owned(&["T1137.005", "T1114.003"]), "persistence"),
            Kind::MailPermission => (owned(&["T1098.002"]), "persistence"),
            _ => (owned(&["T1114.002"]), "collection"),
        };
        if !any {
            self.act(at, "followed-mailbox", (&techniques, tactic), record, 0);
        }
    }

    fn flow(&mut self, at: usize, presence: &Presence, record: &Record, time: i64) {
        let (src, port) = (bare(&record.src).to_owned(), record.dst_port.unwrap_or(0));
        let known = self.flows.before.contains(&(src.clone(), record.dst.clone(), port));
        if is_public(&src) {
            return;
        }
        if is_public(&record.dst) {
            // What a host with work of its own called before, it calls now.
            let any = !(presence.own && known) && self.lift(at, record, 0);
            if !any && !known && record.bytes_out.is_some_and(|bytes| bytes >= MUCH) {
                let others = presence
                    .user
                    .as_ref()
                    .map_or(0, |name| self.joins.book.host_of(&src).map_or(0, |place| self.live.other_desktops(place, name, time)));
                self.act(at, "followed-transfer", (&owned(&["T1041", "T1048"]), "exfiltration"), record, others);
            }
        } else if !known {
            // A desktop on a system whose own log is not there.
            let lasting = record.duration.is_some_and(|length| length >= 10_000_000) && record.bytes_in.is_some_and(|bytes| bytes > 0);
            if port == 3389 && lasting && presence.user.is_some() && self.joins.book.host_of(&record.dst).is_none() {
                let opened = Record { kind: Some(Kind::RdpConnect), ..record.clone() };
                self.desktop(at, presence, &opened, time);
            }
            let hour = time.div_euclid(HOUR);
            let (places, records) = self.flows.asked.entry((at, hour)).or_default();
            if places.insert((record.dst.clone(), port)) && records.len() < 20 {
                records.push(record.clone());
            }
        }
    }

    /// Many new places and ports within an hour.
    pub(super) fn scans(&mut self) {
        let asked = std::mem::take(&mut self.flows.asked);
        let mut told = BTreeSet::new();
        for ((at, _), (places, records)) in asked {
            let wide = places.len() >= WIDE || self.all.get(at).is_some_and(|p| !p.own) && places.len() >= WIDE / 2;
            if wide && told.insert(at) {
                for record in &records {
                    self.act(at, "followed-scan", (&owned(&["T1046", "T1018"]), "discovery"), record, 0);
                }
            }
        }
    }

    pub(super) fn by_logon(&mut self, record: &Record) {
        if !record.session.starts_with("0x") || record.kind() == Kind::AuthSuccess {
            return;
        }
        let Some(at) = self.logons.get(&(host_key(&record.host), record.session.clone())).copied() else { return };
        if !self.all.get(at).is_some_and(|p| record.micros().is_some_and(|time| p.holds(time))) {
            return;
        }
        let any = self.lift(at, record, 0);
        match record.kind() {
            Kind::ProcessStart | Kind::ShellCommand => {
                if let Some(meaning) = self.data.command(&record.command).cloned() {
                    self.act(at, "followed-command", (&meaning.techniques, &meaning.tactic), record, 0);
                }
            }
            Kind::AuthExplicit => self.hold_other(at, record),
            Kind::ShareAccess if !any => self.act(at, "followed-share", (&owned(&["T1135", "T1039"]), "discovery"), record, 0),
            _ if any => {}
            Kind::GroupAdd | Kind::AccountChange | Kind::PermissionChange => {
                self.act(at, "followed-change", (&owned(&["T1098"]), "persistence"), record, 0);
            }
            Kind::AccountCreate => self.act(at, "followed-change", (&owned(&["T1136"]), "persistence"), record, 0),
            Kind::ServiceInstall => self.act(at, "followed-change", (&owned(&["T1543.003"]), "persistence"), record, 0),
            Kind::TaskCreate => self.act(at, "followed-change", (&owned(&["T1053.005"]), "persistence"), record, 0),
            Kind::LogCleared => self.act(at, "followed-change", (&owned(&["T1070.001"]), "defense-evasion"), record, 0),
            _ => {}
        }
    }

    pub(super) fn by_account(&mut self, record: &Record, time: i64) {
        if !record.source.starts_with("vmware/") || record.user.is_empty() {
            return;
        }
        let name = account(&record.user);
        // A host carries out what vCenter tells it: the account stands behind the colon, the platform is another host.
        let held: Vec<usize> = if record.source.starts_with("vmware/esxi") {
            self.accounts.iter().filter(|((_, who), _)| *who == name).flat_map(|(_, at)| at.clone()).collect()
        } else {
            self.accounts.get(&(host_key(&record.host), name.clone())).cloned().unwrap_or_default()
        };
        let Some(at) = held.into_iter().rfind(|at| self.all.get(*at).is_some_and(|p| p.holds(time))) else { return };
        // The host's own accounts are not the platform's: a delegated act names the domain.
        if record.source.starts_with("vmware/esxi") && crate::names::delegated(&record.user).is_none() && !record.user.contains(['\\', '@'])
        {
            return;
        }
        if !self.all.get(at).is_some_and(|p| same_account(&p.entity.value, &record.user)) {
            return;
        }
        let Some((src, platform)) = self.all.get(at).and_then(|p| match &p.carrier {
            Carrier::Account(platform, _) => Some((p.entity.role.clone(), platform.clone())),
            _ => None,
        }) else {
            return;
        };
        let others = self.live.others(&platform, &name, &src, time);
        // Days after the login, with the owner logged in himself, nothing says that it was the intruder.
        if others > 0 && self.all.get(at).is_some_and(|p| p.weak && p.to - p.from > 24 * HOUR) {
            return;
        }
        let any = self.lift(at, record, others);
        let meaning: Option<(&'static str, Vec<String>, &str)> = match record.kind() {
            Kind::VmClone => Some(("followed-vm-clone", owned(&["T1578.002", "T1564.006"]), "defense-evasion")),
            Kind::VmCreate | Kind::VmRegister => Some(("followed-vm-create", owned(&["T1578.002", "T1564.006"]), "defense-evasion")),
            Kind::VmDelete | Kind::VmUnregister => Some(("followed-vm-delete", owned(&["T1578.003", "T1070"]), "defense-evasion")),
            Kind::SshEnabled => Some(("followed-ssh-enabled", owned(&["T1021.004"]), "lateral-movement")),
            Kind::LockdownChange => Some(("followed-change", owned(&["T1562"]), "defense-evasion")),
            Kind::PermissionChange | Kind::GroupAdd | Kind::AccountChange => Some(("followed-change", owned(&["T1098"]), "persistence")),
            Kind::AccountCreate => Some(("followed-change", owned(&["T1136"]), "persistence")),
            Kind::GuestOperation => Some(("followed-change", owned(&["T1675"]), "execution")),
            Kind::DatastoreFile => Some(("followed-change", owned(&["T1105"]), "command-and-control")),
            _ => None,
        };
        if let Some((rule, techniques, tactic)) = meaning {
            // A machine made and gone is told by its own comparison as one story; its parts are told here too, as what he did.
            let _ = any;
            self.act(at, rule, (&techniques, tactic), record, others);
        }
    }

    pub(super) fn by_shell(&mut self, record: &Record, time: i64) {
        if !matches!(record.kind(), Kind::ShellCommand | Kind::FileTransfer | Kind::ProcessStart) {
            return;
        }
        let key = (host_key(&record.host), account(&record.user));
        let Some(held) = self.shells.get(&key) else { return };
        let Some(at) = held.iter().copied().rfind(|at| self.all.get(*at).is_some_and(|p| p.holds(time))) else { return };
        let others = (self.joins.ways.shells(&record.host, &record.user, time).len() as u64).saturating_sub(1);
        self.lift(at, record, others);
        if record.kind() == Kind::FileTransfer {
            self.act(at, "followed-file-transfer", (&owned(&["T1105", "T1570"]), "command-and-control"), record, others);
        } else if let Some(meaning) = self.data.command(&record.command).cloned() {
            self.act(at, "followed-command", (&meaning.techniques, &meaning.tactic), record, others);
        }
    }
}
