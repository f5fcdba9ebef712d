//! Following an intruder: from what findings prove to be in his hands, forward through time, from system to system.
//!
//! A [`Presence`] is something an intruder holds for a time: an address, a logon session, an account on a platform, a
//! shell. Events in order of time that show one of these are his acts, and may give him the next presence. Without a
//! finding that proves something nothing is followed.

mod acts;
mod desktop;
mod files;
mod hold;
mod live;
mod named;
mod presence;
mod seeds;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{At, Entity, EntityKind, Finding, Kind, Level, Record};

use crate::compare::{Edge, Joins, Places, because, host, lean};
use crate::data::Data;
use crate::names::account;
use presence::{Carrier, Presence};

const KEPT: usize = 20;
const LOGIN: &str = "followed-vpn-login";

/// Which kinds of events following needs.
pub fn wants(kind: Kind) -> bool {
    use Kind as K;
    matches!(
        kind,
        K::AuthSuccess
            | K::AuthExplicit
            | K::AuthLogout
            | K::AuthMissing
            | K::SessionStart
            | K::SessionEnd
            | K::SessionChange
            | K::TunnelStart
            | K::RdpConnect
            | K::RdpLogon
            | K::RdpReconnect
            | K::RdpDisconnect
            | K::RdpLogoff
            | K::ShareAccess
            | K::SshSession
            | K::ApiSession
            | K::WebRequest
            | K::VmListExport
            | K::Flow
            | K::ProcessStart
            | K::ShellCommand
            | K::FileCreate
            | K::FileSeen
            | K::MailAccessed
            | K::MailRule
            | K::MailPermission
            | K::FileTransfer
            | K::GroupAdd
            | K::AccountCreate
            | K::AccountChange
            | K::PermissionChange
            | K::ServiceInstall
            | K::TaskCreate
            | K::LogCleared
            | K::VmClone
            | K::VmCreate
            | K::VmRegister
            | K::VmDelete
            | K::VmUnregister
            | K::VmReconfigure
            | K::VmSnapshot
            | K::SshEnabled
            | K::LockdownChange
            | K::GuestOperation
            | K::DatastoreFile
            | K::Http
    )
}

/// Acts of one sort under one presence.
struct Group {
    records: Vec<Record>,
    count: u64,
    alternatives: u64,
    techniques: Vec<String>,
    tactic: String,
}

/// What is followed, and what was found.
pub struct Follow<'j> {
    joins: &'j Joins,
    data: Data,
    all: Vec<Presence>,
    addresses: BTreeMap<String, Vec<usize>>,
    logons: BTreeMap<(String, String), usize>,
    accounts: BTreeMap<(String, String), Vec<usize>>,
    shells: BTreeMap<(String, String), Vec<usize>>,
    names: BTreeMap<String, Vec<usize>>,
    /// (presence, rule, first technique, host, account of a login).
    groups: BTreeMap<(usize, &'static str, String, String, String), Group>,
    edges: Vec<Edge>,
    /// Findings at a place, by index, with their level; and those that following lifts.
    cited: BTreeMap<(String, At), Vec<(usize, Level)>>,
    lifted: BTreeMap<usize, (usize, u64)>,
    live: live::Live,
    opened: live::Opened,
    flows: live::Reach,
    /// Host -> its presence; what came there, by hour.
    boxes: BTreeMap<String, usize>,
    files: BTreeMap<(usize, i64), files::Hour>,
    /// Files that came together: days apart are another run.
    run: u32,
    known: BTreeSet<(usize, String)>,
    /// Host -> when a shell of his ran there; commands that the host itself runs.
    ran: BTreeMap<String, Vec<i64>>,
    routine: BTreeSet<(String, String)>,
    /// Host -> when he came there over the network, and in which presence.
    came: BTreeMap<String, (i64, usize)>,
}

impl<'j> Follow<'j> {
    /// `findings` are all that rules and comparisons gave, in the order in which `finish` gets them again.
    pub fn new(findings: &[Finding], joins: &'j Joins) -> Self {
        let mut follow = Self {
            joins,
            data: Data::embedded(),
            all: Vec::new(),
            addresses: BTreeMap::new(),
            logons: BTreeMap::new(),
            accounts: BTreeMap::new(),
            shells: BTreeMap::new(),
            names: BTreeMap::new(),
            groups: BTreeMap::new(),
            edges: Vec::new(),
            cited: BTreeMap::new(),
            lifted: BTreeMap::new(),
            live: live::Live::default(),
            opened: live::Opened::default(),
            flows: live::Reach::default(),
            boxes: BTreeMap::new(),
            files: BTreeMap::new(),
            run: 0,
            known: BTreeSet::new(),
            ran: BTreeMap::new(),
            routine: BTreeSet::new(),
            came: BTreeMap::new(),
        };
        for (index, finding) in findings.iter().enumerate() {
            for place in &finding.because {
                follow.cited.entry((place.evidence.clone(), place.at)).or_default().push((index, finding.level));
            }
        }
        follow.seed(findings);
        follow
    }

    /// Nothing is proven: no event needs to be looked at.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Events in order of time.
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros() else { return };
        self.live.observe(record, time);
        self.close(record, time);
        if !self.by_name(record, time) {
            self.by_address(record, time);
        }
        self.by_logon(record);
        self.by_account(record, time);
        self.by_shell(record, time);
        self.by_box(record, time);
        self.by_command_on_box(record, time);
        self.by_arrival(record, time);
        self.opened.note(record, time);
    }

    /// Takes a presence into the books; the same again only widens it.
    fn add(&mut self, presence: Presence) -> usize {
        let same = self.all.iter().position(|known| {
            // What is proven less firmly does not stand for what is proven.
            known.carrier == presence.carrier
                && known.user == presence.user
                && (known.from..=known.to).contains(&presence.from)
                && known.weak <= presence.weak
        });
        if let Some(index) = same {
            return index;
        }
        let index = self.all.len();
        match &presence.carrier {
            Carrier::Address(address) => self.addresses.entry(address.clone()).or_default().push(index),
            Carrier::Logon(host, session) => {
                self.logons.insert((host.clone(), session.clone()), index);
            }
            Carrier::Account(host, name) => self.accounts.entry((host.clone(), name.clone())).or_default().push(index),
            Carrier::Files(host) => {
                self.boxes.entry(host.clone()).or_insert(index);
            }
            Carrier::Name(name, _) => self.names.entry(name.clone()).or_default().push(index),
            Carrier::Shell(host, name) => self.shells.entry((host.clone(), name.clone())).or_default().push(index),
        }
        self.all.push(presence);
        index
    }

    /// Counts an act of a presence, and joins it to what gave the presence.
    fn act(&mut self, at: usize, rule: &'static str, meaning: (&[String], &str), record: &Record, alternatives: u64) {
        let Some(presence) = self.all.get(at) else { return };
        let (techniques, tactic) = meaning;
        // Sessions of several accounts from one address are as many sessions.
        let who = match rule {
            LOGIN => account(&record.user),
            files::RULE => self.run.to_string(),
            _ => String::new(),
        };
        // A sensor names itself: the host is the one that sent.
        let place = if record.source.starts_with("network/") && record.kind() == Kind::Flow { String::new() } else { record.host.clone() };
        let key = (at, rule, techniques.first().cloned().unwrap_or_default(), place, who);
        if !self.groups.contains_key(&key) {
            if self.groups.len() >= 5000 {
                return;
            }
            // All that gave him the same thing before stand behind the act.
            let time = record.micros().unwrap_or(presence.from);
            // Files that came later than others of their sort: what joins the first joins them.
            let again = rule == files::RULE && self.groups.keys().any(|(a, r, t, h, _)| (*a, *r, t, h) == (key.0, key.1, &key.2, &key.3));
            let same = self
                .all
                .iter()
                .filter(|other| !again && other.carrier == presence.carrier && other.user == presence.user && other.holds(time));
            let made: Vec<Edge> = same
                .map(|other| Edge {
                    from: other.origin.clone(),
                    to: because(record),
                    by: other.by,
                    entity: other.entity.clone(),
                    alternatives: other.alternatives + alternatives,
                })
                .collect();
            self.edges.extend(made);
        }
        let group = self.groups.entry(key).or_insert_with(|| Group {
            records: Vec::new(),
            count: 0,
            alternatives,
            techniques: techniques.to_vec(),
            tactic: tactic.to_owned(),
        });
        group.count += 1;
        group.alternatives = group.alternatives.max(alternatives);
        if group.records.len() < KEPT {
            group.records.push(lean(record));
        }
    }

    /// A finding that cites this event is lifted, and joined to the presence; whether there was one.
    fn lift(&mut self, at: usize, record: &Record, alternatives: u64) -> bool {
        let place = because(record);
        let Some(findings) = self.cited.get(&(place.evidence.clone(), place.at)) else { return false };
        let Some(presence) = self.all.get(at) else { return false };
        // What is the very ground of it says nothing more.
        if presence.origin == place {
            return findings.iter().any(|(_, level)| *level >= Level::Medium);
        }
        let mut any = false;
        for (index, level) in findings.iter().filter(|(_, level)| *level >= Level::Low) {
            any |= *level >= Level::Medium;
            if let std::collections::btree_map::Entry::Vacant(slot) = self.lifted.entry(*index) {
                slot.insert((at, presence.alternatives + alternatives));
                self.edges.push(Edge {
                    from: presence.origin.clone(),
                    to: place.clone(),
                    by: presence.by,
                    entity: presence.entity.clone(),
                    alternatives: presence.alternatives + alternatives,
                });
            }
        }
        any
    }

    /// Lifts the findings that cite acts of the intruder; gives the findings of his other acts, and all joins.
    pub fn finish(mut self, findings: &mut [Finding]) -> (Vec<Finding>, Vec<Edge>) {
        for (index, (at, alternatives)) in &self.lifted {
            let firm = *alternatives == 0 && self.all.get(*at).is_some_and(|presence| !presence.weak);
            if let Some(finding) = findings.get_mut(*index).filter(|_| firm) {
                let lift = match finding.level {
                    Level::Low if finding.engine == "chain" => Level::Medium,
                    Level::Medium => Level::High,
                    same => same,
                };
                if lift != finding.level {
                    finding.level = lift;
                    finding.confidence = finding.confidence.max(0.7);
                }
            }
        }
        self.scans();
        self.new_files();
        let mut groups = std::mem::take(&mut self.groups);
        // The address that a login came from and the one that it gave both lead to it: told once.
        let mut told = BTreeSet::new();
        groups.retain(|(_, rule, ..), group| {
            let mut new = || group.records.iter().filter(|record| told.insert((record.evidence.clone(), record.at))).count();
            !matches!(*rule, LOGIN | "followed-logon") || new() > 0 || group.count > group.records.len() as u64
        });
        let new = groups.into_iter().filter_map(|((at, rule, _, place, _), group)| self.finding(at, rule, &place, &group)).collect();
        (new, self.edges)
    }

    fn finding(&self, at: usize, rule: &'static str, place: &str, group: &Group) -> Option<Finding> {
        let presence = self.all.get(at)?;
        let first = group.records.first()?;
        let doubt = presence.alternatives + group.alternatives;
        let (level, confidence) = match (doubt, presence.weak) {
            (0, false) => (Level::High, 0.8),
            (0, true) => (Level::Medium, 0.6),
            _ => (Level::Medium, 0.45),
        };
        // A sensor names no host: the address may.
        let side = if rule == "followed-logon" || rule == "followed-ssh" { &first.dst } else { &first.src };
        let known = self.joins.book.host_of(crate::names::bare(side)).unwrap_or(side);
        // A gateway that does not name itself is not the place that was called from.
        let place = if place.is_empty() && rule != LOGIN { known } else { place };
        let mut entities = vec![host(place), presence.entity.clone()];
        let user = if first.user.is_empty() { presence.user.clone().unwrap_or_default() } else { first.user.clone() };
        entities.push(Entity::new(EntityKind::User, user.clone(), "actor"));
        entities.push(Entity::new(EntityKind::Address, crate::names::bare(&first.src), "from"));
        let reached =
            group.records.iter().filter(|record| rule == "followed-scan" && !is_refused(record)).map(|record| record.dst.as_str());
        let to: BTreeSet<&str> = if rule == "followed-scan" { reached.collect() } else { BTreeSet::from([first.dst.as_str()]) };
        entities.extend(to.into_iter().map(|dst| Entity::new(EntityKind::Address, crate::names::bare(dst), "to")));
        for record in &group.records {
            if record.session.len() >= 4 && !record.source.starts_with("network/") {
                entities.push(Entity::new(EntityKind::Session, record.session.clone(), "via"));
            }
            if record.kind().as_str().starts_with("vm.") && !record.object.is_empty() && record.kind() != Kind::VmListExport {
                entities.push(Entity::new(EntityKind::Vm, record.object.clone(), "object"));
            }
        }
        let objects: BTreeSet<&str> = group.records.iter().map(|record| record.object.as_str()).filter(|text| !text.is_empty()).collect();
        let object = objects.into_iter().take(6).collect::<Vec<_>>().join(", ");
        let bytes = bytes_of(&group.records);
        let (count, bytes) = (group.count.to_string(), bytes.to_string());
        let args = [
            ("host", place),
            ("user", user.as_str()),
            ("src", if first.src.is_empty() { presence.entity.value.as_str() } else { &first.src }),
            ("dst", &first.dst),
            ("held", &presence.entity.value),
            ("command", if first.command.is_empty() { "" } else { &first.command }),
            ("object", &object),
            ("vm", &object),
            ("session", &first.session),
            ("count", &count),
            ("bytes", &bytes),
        ];
        let techniques: Vec<&str> = group.techniques.iter().map(String::as_str).collect();
        let times = || group.records.iter().filter_map(|record| record.time);
        Some(
            Places {
                rule,
                level,
                confidence,
                techniques: &techniques,
                tactics: &[&group.tactic],
                start: times().min(),
                end: times().max(),
                places: group.records.iter().map(because).collect(),
                count: group.count,
                entities,
                args: &args,
            }
            .finding(),
        )
    }
}

/// Nobody answered, or a firewall forbade it.
fn is_refused(record: &Record) -> bool {
    matches!(
        record.outcome.to_lowercase().as_str(),
        "s0" | "rej" | "deny" | "denied" | "drop" | "dropped" | "block" | "blocked" | "reset-both"
    )
}

/// A firewall counts a connection that it tells of again from its beginning.
fn bytes_of(records: &[Record]) -> u64 {
    let mut most: BTreeMap<(usize, &str, &str), u64> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        let again = record.source == "network/firewall" && !record.session.is_empty();
        let key = (if again { 0 } else { at + 1 }, record.session.as_str(), record.dst.as_str());
        let known = most.entry(key).or_default();
        *known = (*known).max(record.bytes_out.unwrap_or(0));
    }
    most.values().sum()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod windows_tests;
