//! VPN sessions: who held which address, and a session used from a second place without its owner signing in there.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, Tunnel, because, host, lean};
use crate::book::Book;

/// Sessions and users followed; beyond, new ones are left out (a case has far fewer).
const MOST: usize = 200_000;
const HOUR: i64 = 3_600_000_000;
/// Two forms of one log write the same event within this time.
const COPY: i64 = 3_000_000;
/// From so many people on, sessions that change their address are what this gateway sees every day.
const TRAVELLERS: usize = 5;

#[derive(Default)]
pub struct Vpn {
    pub appliances: BTreeSet<String>,
    sessions: BTreeMap<String, Session>,
    /// User -> address -> time of the last sign-in from there.
    signins: BTreeMap<String, BTreeMap<String, i64>>,
    tunnels: Vec<Tunnel>,
    second: Vec<Second>,
    /// Shares opened in logons from an appliance, by host and logon session.
    shares: BTreeMap<(String, String), Vec<Record>>,
    /// Remote desktop and Windows logons from an appliance, by its address and the place they went to.
    logons: BTreeMap<(String, String), Vec<Record>>,
}

struct Session {
    user: String,
    first: Record,
    /// Address -> first and last record from it.
    used: BTreeMap<String, (Record, i64)>,
}

/// A session seen from another address than the one it began at.
struct Second {
    session: String,
    record: Record,
    /// The user signed in from the new address within half a day before, or within minutes after.
    signed_in: bool,
    /// The user had signed in from there some day before.
    known_address: bool,
}

/// `DOM\user`, `user@dom` and `user` as one key, only for comparing within one appliance.
fn user_key(user: &str) -> String {
    let name = user.rsplit('\\').next().unwrap_or(user);
    name.split('@').next().unwrap_or(name).to_lowercase()
}

/// Written by the gateway about its sessions; a firewall may be one.
pub(crate) fn is_vpn(record: &Record) -> bool {
    use Kind as K;
    record.source.starts_with("ivanti/")
        || record.source == "network/firewall" && matches!(record.kind(), K::SessionStart | K::TunnelStart | K::TunnelEnd)
}

/// IPv4 network of 16 bits, or the first half of an IPv6 address.
fn network(address: &str) -> String {
    let mark = if address.contains(':') { ':' } else { '.' };
    address.split(mark).take(2).collect::<Vec<_>>().join(".")
}

impl Vpn {
    pub fn observe(&mut self, record: &Record) {
        if is_vpn(record) {
            self.appliance(record);
        }
    }

    /// Remote logons from the appliances, known by now, and the shares that were opened in them.
    pub fn again(&mut self, record: &Record) {
        if is_vpn(record) {
            return;
        }
        if record.kind() == Kind::ShareAccess {
            let key = || (record.host.clone(), record.session.clone());
            let known = if self.shares.is_empty() { None } else { self.shares.get_mut(&key()) };
            if let Some(shares) = known.filter(|shares| shares.len() < 20) {
                shares.push(lean(record));
            }
            return;
        }
        if !self.appliances.contains(&record.src) {
            return;
        }
        let remote = match record.kind() {
            Kind::RdpConnect | Kind::RdpLogon | Kind::RdpReconnect => true,
            Kind::AuthSuccess => {
                matches!(record.object.as_str(), "10" | "3" | "7") || record.field("LogonType").is_some_and(|t| t == "10" || t == "3")
            }
            _ => false,
        };
        if remote && self.logons.len() < MOST {
            if record.session.len() >= 4 && self.shares.len() < MOST {
                self.shares.entry((record.host.clone(), record.session.clone())).or_default();
            }
            // A network sensor names no host: the place is where the connection went.
            let place = if record.host.is_empty() { record.dst.clone() } else { record.host.clone() };
            let logons = self.logons.entry((record.src.clone(), place)).or_default();
            // A few of each pair are enough to cite; the number of days tells habit from event.
            if logons.len() < 200 {
                logons.push(lean(record));
            }
        }
    }

    fn appliance(&mut self, record: &Record) {
        if let Some(own) = record.field("fw").filter(|own| !own.is_empty()) {
            self.appliances.insert(own.to_owned());
        }
        let (user, time) = (user_key(&record.user), record.micros().unwrap_or(0));
        match record.kind() {
            // A firewall tells of the password and of the session as one.
            Kind::AuthSuccess | Kind::SessionStart
                if !record.src.is_empty()
                    && record.object != "admin"
                    && (record.kind() == Kind::AuthSuccess || record.source == "network/firewall") =>
            {
                self.signins.entry(user).or_default().insert(record.src.clone(), time);
            }
            Kind::TunnelStart if !record.assigned.is_empty() && self.tunnels.len() < MOST && !self.copy(record, time) => {
                self.tunnels.push(Tunnel {
                    user: record.user.clone(),
                    session: record.session.clone(),
                    src: record.src.clone(),
                    assigned: record.assigned.clone(),
                    from: time,
                    to: None,
                    because: because(record),
                    record: lean(record),
                })
            }
            Kind::TunnelEnd | Kind::SessionEnd => {
                for tunnel in self.tunnels.iter_mut().rev().filter(|t| t.to.is_none()) {
                    if tunnel.session == record.session && !record.session.is_empty() {
                        tunnel.to = Some(time);
                    }
                }
            }
            _ => {}
        }
        // `00000000` stands for no session yet.
        let none = record.session.trim_start_matches("sid").bytes().all(|b| b == b'0');
        if none || record.src.is_empty() || record.user.is_empty() {
            return;
        }
        self.follow(record, time);
    }

    /// The same tunnel, told by a second copy of the log.
    fn copy(&self, record: &Record, time: i64) -> bool {
        let latest = self.tunnels.iter().rev().take(20);
        latest
            .filter(|known| known.session == record.session && known.assigned == record.assigned && known.src == record.src)
            .any(|known| !record.session.is_empty() && (time - known.from).abs() <= COPY)
    }

    fn follow(&mut self, record: &Record, time: i64) {
        let id = format!("{}\u{1f}{}", record.host, record.session);
        let key = user_key(&record.user);
        let Some(session) = self.sessions.get_mut(&id) else {
            if self.sessions.len() < MOST && matches!(record.kind(), Kind::SessionStart | Kind::TunnelStart | Kind::AuthSuccess) {
                let used = BTreeMap::from([(record.src.clone(), (lean(record), time))]);
                self.sessions.insert(id, Session { user: record.user.clone(), first: lean(record), used });
            }
            return;
        };
        if let Some((_, last)) = session.used.get_mut(&record.src) {
            *last = time;
            return;
        }
        if session.used.len() >= 16 || user_key(&session.user) != key {
            return;
        }
        let signins = self.signins.get(&key);
        let there = signins.and_then(|all| all.get(&record.src)).copied();
        let signed_in = there.is_some_and(|at| (time - 12 * HOUR..=time).contains(&at));
        session.used.insert(record.src.clone(), (lean(record), time));
        self.second.push(Second { session: id, record: lean(record), signed_in, known_address: there.is_some() });
    }

    pub fn finish(mut self, book: &Book, out: &mut Compared) {
        let travellers: BTreeSet<String> = self
            .second
            .iter()
            .filter(|one| !one.signed_in)
            .filter_map(|one| Some((one, self.sessions.get(&one.session)?)))
            .filter(|(one, session)| network(&session.first.src) != network(&one.record.src) && self.only_address(one, session))
            .map(|(_, session)| user_key(&session.user))
            .collect();
        let usual = travellers.len() >= TRAVELLERS;
        for one in &self.second {
            if let Some(session) = self.sessions.get(&one.session) {
                self.judge(one, session, usual, out);
            }
        }
        // A sensor names the address that a host's own log names the host of.
        for ((src, place), logons) in std::mem::take(&mut self.logons) {
            let place = book.host_of(&place).map_or(place.clone(), str::to_owned);
            self.logons.entry((src, place)).or_default().extend(logons);
        }
        self.appliance_logons(out);
        out.joins.tunnels = self.tunnels;
        out.joins.appliances = self.appliances;
    }

    /// Whether the computer that the session's tunnel was given to is another one at the second address.
    fn other_device(&self, second: &Second, session: &Session) -> Option<bool> {
        let device = |src: &str| {
            let of = |tunnel: &&Tunnel| tunnel.session == session.first.session && tunnel.src == src && !tunnel.record.object.is_empty();
            self.tunnels.iter().find(of).map(|tunnel| tunnel.record.object.to_lowercase())
        };
        Some(device(&session.first.src)? != device(&second.record.src)?)
    }

    /// Same program, same computer as far as told: a person on the way looks like this.
    fn only_address(&self, second: &Second, session: &Session) -> bool {
        // Not every form of the log names the program.
        let (first, later) = (&session.first.agent, &second.record.agent);
        (first == later || first.is_empty() || later.is_empty()) && self.other_device(second, session) != Some(true)
    }

    /// Roaming, address translation and a change of address family are innocent; each sign adds or takes weight.
    /// `usual`: sessions of many people change their address here.
    fn judge(&self, second: &Second, session: &Session, usual: bool, out: &mut Compared) {
        let (first, record) = (&session.first, &second.record);
        let time = record.micros().unwrap_or(0);
        let later = self.signins.get(&user_key(&session.user)).and_then(|all| all.get(&record.src)).copied();
        let signed_in = second.signed_in || later.is_some_and(|at| (time..time + HOUR / 12).contains(&at));
        let mixed = first.src.contains(':') != record.src.contains(':');
        if signed_in || mixed || first.src == record.src {
            return;
        }
        let agent = |text: &str| text.split(['/', ' ']).next().unwrap_or_default().to_lowercase();
        let mut weight = 0;
        weight += if network(&first.src) == network(&record.src) { -3 } else { 2 };
        if !first.agent.is_empty() && !record.agent.is_empty() {
            weight += if first.agent == record.agent { -1 } else { 1 };
            weight += i32::from(agent(&first.agent) != agent(&record.agent));
        }
        // Its owner goes on from the first address: two places at once.
        let overlap = session.used.get(&first.src).is_some_and(|(_, last)| *last > time);
        weight += if overlap { 2 } else { 0 };
        weight += if second.known_address { -3 } else { 1 };
        // The same new address in sessions of several users is one visitor, not many travellers.
        let users: BTreeSet<String> = self
            .second
            .iter()
            .filter(|other| other.record.src == record.src)
            .map(|other| user_key(&other.record.user))
            .chain(self.sessions.values().filter(|s| s.used.contains_key(&record.src)).map(|s| user_key(&s.user)))
            .collect();
        weight += match self.other_device(second, session) {
            Some(true) => 2,
            Some(false) => -1,
            None => 0,
        };
        // Where many are on the way, carriers give them the same addresses: then the address alone says nothing.
        let on_the_way = usual && self.only_address(second, session);
        weight += if on_the_way { -4 } else { i32::from(users.len() >= 2) * 2 };
        // Whoever signs in from that address or network too, on another day, travels.
        let own = self.signins.get(&user_key(&session.user));
        let near = |src: &&String| **src != first.src && network(src) == network(&record.src);
        let travels = own.filter(|_| !on_the_way && users.len() < 2 && !second.known_address).and_then(|all| {
            let there = all.get_key_value(&record.src).map(|(src, _)| src);
            there.or_else(|| all.keys().find(near))
        });
        weight += travels.map_or(0, |src| if *src == record.src { -3 } else { -2 });
        let (level, confidence) = match weight {
            5.. => (Level::High, 0.85),
            3..=4 => (Level::Medium, 0.6),
            1..=2 => (Level::Low, 0.35),
            _ => return,
        };
        let sid = session.first.session.clone();
        let args = [
            ("user", session.user.as_str()),
            ("session", &sid),
            ("first", &first.src),
            ("second", &record.src),
            ("host", &record.host),
            ("travels", travels.map_or("", String::as_str)),
        ];
        let entities = vec![
            Entity::new(EntityKind::User, session.user.clone(), "actor"),
            Entity::new(EntityKind::Session, sid.clone(), "via"),
            Entity::new(EntityKind::Address, record.src.clone(), "from"),
            Entity::new(EntityKind::Address, record.assigned.clone(), "to"),
            host(&record.host),
        ];
        let draft = Draft {
            rule: "vpn-session-second-address",
            level,
            confidence,
            techniques: &["T1563", "T1078"],
            tactics: &["initial-access", "lateral-movement"],
            records: &[first, record],
            entities,
            args: &args,
        };
        let mut finding = draft.finding();
        // The owner's own sign-in is the ground of comparison; what happened began with the second address.
        finding.micros = record.micros().or(finding.micros);
        if let Some(stamp) = record.time {
            finding.time.start = Some(konseki_model::time::rfc3339(stamp.micros, stamp.fidelity));
        }
        out.findings.push(finding);
    }

    /// Shares opened in logon sessions that came from the appliance.
    fn shares_of(&self, target: &str, sessions: &BTreeSet<&str>, out: &mut Compared) {
        for session in sessions {
            let key = (target.to_owned(), (*session).to_owned());
            let Some(records) = self.shares.get(&key).filter(|records| !records.is_empty()) else { continue };
            let cited: Vec<&Record> = records.iter().collect();
            let user = records.first().map(|record| record.user.clone()).unwrap_or_default();
            let names: BTreeSet<&str> = records.iter().map(|record| record.object.as_str()).filter(|name| !name.is_empty()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            let entities =
                vec![Entity::new(EntityKind::Session, *session, "via"), Entity::new(EntityKind::User, user.clone(), "actor"), host(target)];
            let args = [("host", target), ("user", user.as_str()), ("share", &names)];
            out.findings.push(
                Draft {
                    rule: "shares-in-appliance-session",
                    level: Level::High,
                    confidence: 0.8,
                    techniques: &["T1135", "T1039", "T1005"],
                    tactics: &["discovery", "collection"],
                    records: &cited,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }

    /// Remote logons that come from the appliance's own address: no user of a VPN sits there.
    fn appliance_logons(&self, out: &mut Compared) {
        for ((src, target), logons) in &self.logons {
            if !self.appliances.contains(src) {
                continue;
            }
            let days: BTreeSet<i64> = logons.iter().filter_map(Record::micros).map(|micros| micros.div_euclid(24 * HOUR)).collect();
            // A portal that offers remote desktop does this every day.
            let (level, confidence) = if days.len() > 10 { (Level::Low, 0.3) } else { (Level::High, 0.85) };
            let users: BTreeSet<&str> = logons.iter().map(|record| record.user.as_str()).filter(|user| !user.is_empty()).collect();
            let user = users.iter().copied().collect::<Vec<_>>().join(", ");
            let platform = logons.iter().any(|record| record.source.starts_with("vmware/"));
            let rule = if platform { "platform-login-from-appliance" } else { "rdp-from-appliance" };
            let mut entities = vec![Entity::new(EntityKind::Address, src.clone(), "from"), host(target)];
            entities.extend(users.iter().map(|user| Entity::new(EntityKind::User, *user, "actor")));
            let sessions: BTreeSet<&str> =
                logons.iter().map(|record| record.session.as_str()).filter(|session| session.len() >= 4).collect();
            self.shares_of(target, &sessions, out);
            entities.extend(sessions.iter().take(8).map(|session| Entity::new(EntityKind::Session, *session, "via")));
            let records: Vec<&Record> = logons.iter().take(20).collect();
            let args = [("src", src.as_str()), ("host", target), ("user", &user)];
            out.findings.push(
                Draft {
                    rule,
                    level,
                    confidence,
                    techniques: if platform { &["T1078"] } else { &["T1021.001", "T1078"] },
                    tactics: &["lateral-movement"],
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
mod tests;
