//! Which messages lay on a mail system while it was in the intruder's hands, and which of them he surely took.
//!
//! What lay there is bounded from above by the system's own log: it had come before the last contact, and had not left
//! before the first sign. What was taken is bounded from below by the archives that were found, which name messages.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::chain::MailScope;
use konseki_model::time::{of_rfc3339, rfc3339};
use konseki_model::{Because, Chain, EntityKind, Fidelity, Finding, Kind, Level, Record, Scope, ScopeItem};

use crate::compare::because;
use crate::names::host_key;

/// Messages that are listed one by one for each system; further ones are counted.
const LISTED: usize = 200_000;
/// Short queue ids are given again after some time.
const REUSED: i64 = 5 * 86_400_000_000;
const DAY: i64 = 86_400_000_000;
/// The first sign of an intruder is found later than he came.
const SLACK: i64 = 60_000_000;

/// Kinds that tell of a message.
pub fn wants(kind: Kind) -> bool {
    matches!(kind, Kind::MailReceived | Kind::MailDelivered | Kind::MailSent | Kind::MailStored)
}

/// Sources whose events without a meaning of their own are needed too: names of messages, and when they left the queue.
pub const ASIDE: &[&str] = &["mail/postfix", "mail/exchange_tracking"];

/// A mail system in the intruder's hands.
struct Gate {
    host: String,
    from: i64,
    to: Option<i64>,
    messages: BTreeMap<String, Message>,
    /// Queue id -> key of its latest message.
    queue: BTreeMap<String, String>,
    beyond: u64,
}

struct Message {
    name: String,
    first: i64,
    last: i64,
    gone: Option<i64>,
    stays: bool,
    because: Because,
    people: (String, String),
}

/// One pass over events of mail, in order of time.
pub struct Mail<'a> {
    gates: BTreeMap<String, Gate>,
    paths: &'a BTreeMap<String, String>,
    /// Files that findings call packed data.
    staged: BTreeSet<String>,
    /// (name of the message, name of the file it lies in, where).
    stored: Vec<(String, String, Because)>,
    keep_days: Option<u32>,
    /// Messages by which he came: his own, and nobody's loss.
    his: BTreeSet<String>,
}

impl<'a> Mail<'a> {
    /// `paths`: id of a piece of evidence -> its path. `keep_days`: how long the systems keep messages, where it is known.
    pub fn new(findings: &[Finding], chain: &Chain, paths: &'a BTreeMap<String, String>, keep_days: Option<u32>) -> Self {
        let told: BTreeSet<&str> = chain.steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
        let mut mail = Self { gates: BTreeMap::new(), paths, staged: BTreeSet::new(), stored: Vec::new(), keep_days, his: BTreeSet::new() };
        let told = || findings.iter().filter(|finding| told.contains(finding.id.as_str()));
        let contacts = contacts(told());
        for finding in told() {
            mail.taken(finding, &contacts);
            if finding.tactics.iter().any(|tactic| tactic == "initial-access") {
                let own = finding.entities.iter().filter(|e| e.kind == EntityKind::Message);
                mail.his.extend(own.map(|e| e.value.clone()).filter(|value| !value.is_empty()));
            }
            let packed = finding.techniques.iter().any(|t| t.starts_with("T1560") || t.starts_with("T1074"));
            let files = finding.entities.iter().filter(|e| packed && e.kind == EntityKind::File).map(|e| e.value.clone());
            mail.staged.extend(files);
            let objects = finding.args.get("object").filter(|_| packed);
            mail.staged.extend(objects.into_iter().flat_map(|text| text.split(", ")).filter(|text| text.len() > 4).map(str::to_owned));
        }
        mail
    }

    /// A host that ran the intruder's code, called him or sent to him.
    fn taken(&mut self, finding: &Finding, contacts: &BTreeMap<&str, i64>) {
        const HIS: &[&str] = &["initial-access", "execution", "persistence", "command-and-control", "exfiltration", "collection"];
        let is = |list: &[&str]| finding.tactics.iter().any(|tactic| list.contains(&tactic.as_str()));
        let (Some(name), Some(time)) = (crate::tell::place(finding), finding.micros) else { return };
        if finding.level < Level::High || !is(HIS) {
            return;
        }
        let gate = self.gates.entry(host_key(name)).or_insert_with(|| Gate {
            host: name.to_owned(),
            from: time,
            to: None,
            messages: BTreeMap::new(),
            queue: BTreeMap::new(),
            beyond: 0,
        });
        gate.from = gate.from.min(time);
        // The host itself may call under a name or address of its own: the place that it calls is the same.
        let called = finding.entities.iter().filter(|entity| entity.kind == EntityKind::Address && entity.role == "to");
        let own = is_contact(finding).then(|| end(finding)).flatten();
        let last = called.filter_map(|entity| contacts.get(entity.value.as_str()).copied()).chain(own).max();
        gate.to = gate.to.max(last);
    }

    /// No host of the story could be a mail system.
    pub fn is_empty(&self) -> bool {
        self.gates.is_empty()
    }

    pub fn observe(&mut self, record: &Record) {
        if record.kind() == Kind::MailStored {
            self.stored(record);
            return;
        }
        let Some(time) = record.micros().filter(|_| record.source.starts_with("mail/")) else { return };
        let Some(gate) = self.gates.get_mut(&host_key(&record.host)) else { return };
        let Some((id, name)) = identity(record) else { return };
        gate.note(&id, &name, record, time);
    }

    /// A message that lies in an archive of those that findings call packed.
    fn stored(&mut self, record: &Record) {
        let Some((outer, _)) = self.paths.get(&record.evidence).and_then(|path| path.split_once("!/")) else { return };
        let outer = outer.replace('\\', "/");
        if self.staged.iter().any(|file| outer.ends_with(file.replace('\\', "/").as_str())) && self.stored.len() < LISTED {
            self.stored.push((record.object.clone(), record.session.clone(), because(record)));
        }
    }

    /// Puts the messages into the scope.
    pub fn finish(mut self, scope: &mut Scope) {
        let mut confirmed: BTreeMap<String, Vec<Because>> = BTreeMap::new();
        for (name, file, place) in &self.stored {
            let known = self.gates.values().find_map(|gate| gate.name_of(file).or_else(|| gate.name_of(name)));
            let value = known.map_or_else(|| if name.is_empty() { file.clone() } else { name.clone() }, |(value, _)| value);
            let places = confirmed.entry(value).or_default();
            if places.len() < 3 {
                places.push(place.clone());
            }
        }
        let keep = self.keep_days.map(|days| i64::from(days) * DAY);
        for gate in self.gates.values_mut() {
            gate.messages.retain(|key, message| !self.his.contains(key) && !self.his.contains(&message.value(key)));
            gate.tell(&confirmed, keep, self.keep_days, scope);
        }
        for (value, because) in confirmed {
            scope.confirmed.push(item(&value, "mail-in-archive", because, BTreeMap::new()));
        }
    }
}

/// Connections to the intruder. A command that only names a place bounds no time.
fn is_contact(finding: &Finding) -> bool {
    finding.engine == "chain" && finding.tactics.iter().any(|tactic| tactic == "command-and-control" || tactic == "exfiltration")
}

fn end(finding: &Finding) -> Option<i64> {
    finding.time.end.as_deref().and_then(of_rfc3339).or(finding.micros)
}

/// Address on the Internet -> when it was last called.
fn contacts<'f>(findings: impl Iterator<Item = &'f Finding>) -> BTreeMap<&'f str, i64> {
    let mut all = BTreeMap::new();
    for finding in findings.filter(|finding| is_contact(finding)) {
        let Some(end) = end(finding) else { continue };
        for entity in finding.entities.iter().filter(|entity| entity.kind == EntityKind::Address && entity.role == "to") {
            let last = all.entry(entity.value.as_str()).or_insert(end);
            *last = end.max(*last);
        }
    }
    all
}

/// A key for the message on its host, and its name as far as this event says it.
fn identity(record: &Record) -> Option<(String, String)> {
    let queue = record.session.clone();
    match record.source.as_str() {
        "mail/postfix" if queue.is_empty() => None,
        "mail/postfix" => Some((queue, if record.kind() == Kind::Other { record.object.clone() } else { String::new() })),
        // Refused before its content came: nothing of it lay there.
        "mail/barracuda" if record.outcome == "RECV" && record.field("verdict") == Some("2") => None,
        "mail/barracuda" => (!queue.is_empty()).then(|| (queue.clone(), queue)),
        // Names of messages stand in the object; without one the internal number has to do.
        _ if !record.object.is_empty() => Some((record.object.clone(), record.object.clone())),
        _ => (!queue.is_empty()).then(|| (queue.clone(), String::new())),
    }
}

impl Gate {
    fn note(&mut self, id: &str, name: &str, record: &Record, time: i64) {
        let short = record.source == "mail/postfix";
        let key = self.queue.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let again = short && self.messages.get(&key).is_some_and(|known| time - known.last > REUSED);
        let key = if again { format!("{id} {time}") } else { key };
        // What came after the last contact lay nowhere that he could reach.
        if !self.messages.contains_key(&key) {
            if self.to.is_some_and(|to| time > to + SLACK) {
                return;
            }
            if self.messages.len() >= LISTED {
                self.beyond += 1;
                return;
            }
        }
        if short {
            self.queue.insert(id.to_owned(), key.clone());
        }
        let message = self.messages.entry(key).or_insert_with(|| Message {
            name: String::new(),
            first: time,
            last: time,
            gone: None,
            stays: !short,
            because: because(record),
            people: (String::new(), String::new()),
        });
        message.last = message.last.max(time);
        if message.name.is_empty() {
            message.name = name.trim_start_matches('<').trim_end_matches('>').to_owned();
        }
        let to = if record.source == "mail/barracuda" || short { &record.object } else { &record.target };
        if message.people.0.is_empty() && record.kind() != Kind::MailDelivered {
            message.people.0.clone_from(&record.user);
        }
        if message.people.1.is_empty() && to.contains('@') {
            message.people.1.clone_from(to);
        }
        // A relay lets go of a message when it is handed on; what is delivered here stays here.
        message.stays |= record.kind() == Kind::MailDelivered;
        if record.field("message").is_some_and(|text| text.ends_with("removed")) {
            message.gone = Some(time);
        }
    }

    fn name_of(&self, text: &str) -> Option<(String, &Message)> {
        let bare = |text: &str| text.split('@').next().unwrap_or(text).to_owned();
        let known = self.messages.get(text).map(|message| (text, message));
        let local = || bare(text);
        known.map(|(key, message)| (message.value(key), message)).or_else(|| {
            let key = local();
            self.messages.get(&key).map(|message| (message.value(&key), message))
        })
    }

    fn tell(&mut self, confirmed: &BTreeMap<String, Vec<Because>>, keep: Option<i64>, keep_days: Option<u32>, scope: &mut Scope) {
        let from = self.from;
        self.messages.retain(|_, message| {
            let left = message.gone.is_some_and(|gone| !message.stays && gone < from - SLACK);
            !left && keep.is_none_or(|keep| message.first + keep >= from)
        });
        if self.messages.is_empty() {
            return;
        }
        let text = |micros: i64| Some(rfc3339(micros, Fidelity::Second));
        let mut taken = 0;
        for (key, message) in &self.messages {
            let value = message.value(key);
            if confirmed.contains_key(&value) {
                taken += 1;
                continue;
            }
            let args = [("from", &message.people.0), ("to", &message.people.1), ("host", &self.host)];
            let args = args.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.clone()));
            // How long the system keeps messages is not known: it may have been gone by then.
            let why = if keep.is_none() && message.first < from { "mail-before" } else { "mail-in-window" };
            scope.cannot_exclude.push(item(&value, why, vec![message.because.clone()], args.collect()));
        }
        scope.mail.push(MailScope {
            host: self.host.clone(),
            compromised: text(from),
            last_contact: self.to.and_then(text),
            from: self.messages.values().map(|message| message.first).min().and_then(text),
            to: self.messages.values().map(|message| message.first).max().and_then(text),
            at_least: taken,
            at_most: self.messages.len() as u64 + self.beyond,
            not_listed: self.beyond,
            keep_days,
        });
    }
}

impl Message {
    fn value(&self, key: &str) -> String {
        if self.name.is_empty() { key.split(' ').next().unwrap_or(key).to_owned() } else { self.name.clone() }
    }
}

fn item(value: &str, key: &str, because: Vec<Because>, mut args: BTreeMap<String, String>) -> ScopeItem {
    args.insert("value".to_owned(), value.to_owned());
    ScopeItem {
        kind: "message".to_owned(),
        value: value.to_owned(),
        because,
        why: String::new(),
        why_ja: String::new(),
        key: key.to_owned(),
        args,
    }
}

#[cfg(test)]
mod tests;
