//! Theirs against ours: the same machine, the same pair, the same rule or record; and why one is silent, where it is known.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::other::{About, Opinion, Others, Verdict};
use konseki_model::time::{of_rfc3339, rfc3339};
use konseki_model::{At, EntityKind, Finding, Level};

use super::{Heard, Said};
use crate::compare::{MachineRow, MachineVerdict, tail};
use crate::names::host_key;
use crate::tell::Coverage;

const SECOND: i64 = 1_000_000;
/// Findings of ours that an opinion names.
const NAMED: usize = 10;
const PLACES: usize = 20;
const MACHINE_RULES: &[&str] =
    &["vmware-unregistered-vm-running", "vmware-unregistered-vm-on-boot", "vmware-vmx-start-without-power-on", "vmware-vm-cannot-tell"];
const BEACON_RULES: &[&str] = &["beacon", "quiet-box-egress", "long-quiet-connection", "doh-from-quiet-box"];

/// What is known beside the findings.
pub struct Known<'a> {
    pub machines: &'a [MachineRow],
    pub coverage: &'a [Coverage],
    /// Ids and titles of the rules in use, in lower case.
    pub rules: &'a BTreeSet<String>,
}

impl Heard {
    /// Holds what was heard against the findings. Where another tool found the same machine or pair by itself, a finding
    /// becomes more certain, names it, and rests on its words too.
    pub fn judge(self, findings: &mut [Finding], known: &Known<'_>) -> Others {
        let mut out = Others { tools: self.tools.values().cloned().collect(), ..Others::default() };
        let mut agreed: BTreeMap<(String, About), BTreeSet<usize>> = BTreeMap::new();
        // By host, and those on machines and pairs apart: tools say very much.
        let mut near: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, ours) in findings.iter().enumerate() {
            let compared = MACHINE_RULES.contains(&ours.rule.as_str()) || BEACON_RULES.contains(&ours.rule.as_str());
            near.entry(if compared { String::new() } else { host_key(place(ours)) }).or_default().push(at);
        }
        for said in self.said.values() {
            let key = if said.about == About::Rule { host_key(&said.host) } else { String::new() };
            let near = near.get(&key).into_iter().flatten().copied();
            let same: Vec<usize> = near.filter(|at| findings.get(*at).is_some_and(|ours| is_same(said, ours))).collect();
            if said.about != About::Rule {
                for at in &same {
                    witness(findings, *at, said);
                }
            }
            out.opinions.push(opinion(said, &same, findings, known));
            agreed.entry((said.tool.clone(), said.about)).or_default().extend(same);
        }
        for ((tool, about), same) in &agreed {
            out.opinions.extend(self.only_ours(tool, *about, same, findings));
        }
        out.opinions.sort_by(|a, b| {
            (a.verdict, a.about, &a.tool)
                .cmp(&(b.verdict, b.about, &b.tool))
                .then_with(|| (&a.host, &a.name, &a.findings).cmp(&(&b.host, &b.name, &b.findings)))
        });
        out
    }

    /// Findings of ours on what a tool looked at, that it does not have.
    fn only_ours(&self, tool: &str, about: About, same: &BTreeSet<usize>, findings: &[Finding]) -> Vec<Opinion> {
        let none = BTreeSet::new();
        let looked = self.looked.get(tool).unwrap_or(&none);
        let of_tool = || self.said.values().filter(|said| said.tool == tool && said.about == about);
        let times = || of_tool().flat_map(|said| [said.first, said.last]).flatten().map(|time| time.micros);
        let span = times().min().zip(times().max());
        let within = |ours: &Finding| span.zip(ours.micros).is_some_and(|((from, to), at)| (from..=to).contains(&at));
        let mut out = Vec::new();
        for ours in findings.iter().enumerate().filter(|(at, ours)| !same.contains(at) && ours.level >= Level::Medium).map(|(_, ours)| ours)
        {
            let host = place(ours);
            let seen = looked.contains(&host_key(host));
            let why = match about {
                About::Machine if MACHINE_RULES.contains(&ours.rule.as_str()) && ours.rule != "vmware-vm-cannot-tell" => {
                    if seen {
                        "not-in-their-list"
                    } else {
                        "host-not-looked-at"
                    }
                }
                About::Beacon if ours.rule == "beacon" => "pair-not-in-theirs",
                About::Rule if ours.engine == "sigma" && seen && within(ours) && on_windows(ours) => "their-rules-silent",
                _ => continue,
            };
            out.push(Opinion {
                verdict: Verdict::OnlyOurs,
                about,
                tool: tool.to_owned(),
                name: name(about, ours),
                host: host.to_owned(),
                level: ours.level.as_str().to_owned(),
                count: ours.count,
                first: ours.time.start.clone(),
                last: ours.time.end.clone(),
                because: Vec::new(),
                findings: vec![ours.id.clone()],
                why: why.to_owned(),
                args: BTreeMap::new(),
            });
        }
        out
    }
}

fn place(finding: &Finding) -> &str {
    finding.entities.iter().find(|entity| entity.kind == EntityKind::Host).map_or("", |entity| entity.value.as_str())
}

/// What a finding of ours is about, as the tool would name it.
fn name(about: About, ours: &Finding) -> String {
    match about {
        About::Machine => ours.args.get("vm").cloned().unwrap_or_default(),
        About::Rule => ours.title.clone(),
        About::Beacon => {
            let mut ends: Vec<_> = ours.entities.iter().filter(|entity| entity.kind == EntityKind::Address).collect();
            ends.sort_by_key(|entity| entity.role == "to");
            ends.iter().map(|entity| entity.value.as_str()).collect::<Vec<_>>().join(" → ")
        }
    }
}

/// Event logs are what the tools of rules read.
fn on_windows(finding: &Finding) -> bool {
    finding.because.iter().any(|because| matches!(because.at, At::Record(_)))
}

fn is_same(said: &Said, ours: &Finding) -> bool {
    match said.about {
        About::Machine => MACHINE_RULES.contains(&ours.rule.as_str()) && is_machine(said, ours),
        About::Beacon => BEACON_RULES.contains(&ours.rule.as_str()) && is_pair(said, ours),
        About::Rule => is_hit(said, ours),
    }
}

/// By the place of its definition, or where one side does not know that by name and host.
fn is_machine(said: &Said, ours: &Finding) -> bool {
    let arg = |name: &str| ours.args.get(name).map_or("", String::as_str);
    match (tail(&said.id), tail(arg("vmx"))) {
        (Some(theirs), Some(own)) => theirs == own,
        _ => {
            let name = said.names.first().map_or("", String::as_str);
            !name.is_empty()
                && name.eq_ignore_ascii_case(arg("vm"))
                && (said.host.is_empty() || host_key(&said.host) == host_key(arg("host")))
        }
    }
}

fn is_pair(said: &Said, ours: &Finding) -> bool {
    let holds = |value: &str| !value.is_empty() && ours.entities.iter().any(|entity| entity.value.eq_ignore_ascii_case(value));
    let far = holds(&said.dst) || said.names.iter().any(|name| holds(name));
    far && holds(&said.src)
}

/// The same rule on the same host in the same time, or the same record of an event log.
fn is_hit(said: &Said, ours: &Finding) -> bool {
    if host_key(place(ours)) != host_key(&said.host) || said.host.is_empty() {
        return false;
    }
    let rule = (!said.id.is_empty() && said.id.eq_ignore_ascii_case(&ours.rule))
        || said.names.iter().any(|name| name.eq_ignore_ascii_case(&ours.title));
    let numbers = || ours.because.iter().filter_map(|because| if let At::Record(number) = because.at { Some(number) } else { None });
    let record = numbers().any(|number| said.records.contains(&number));
    (rule || record) && overlaps(said, ours) || numbers().next().is_none() && at_once(said, ours)
}

/// Exported events have no place by their record number: something told of the same host in the same second is the same event.
fn at_once(said: &Said, ours: &Finding) -> bool {
    let end = ours.time.end.as_deref().and_then(of_rfc3339);
    let own = || [ours.micros, end].into_iter().flatten();
    let theirs = [said.first, said.last].into_iter().flatten().map(|time| time.micros);
    let lines = ours.because.iter().any(|because| matches!(because.at, At::Line(_)));
    lines && ours.level >= Level::Medium && theirs.into_iter().any(|at| own().any(|own| (own - at).abs() <= SECOND))
}

fn overlaps(said: &Said, ours: &Finding) -> bool {
    let (Some(first), Some(last), Some(start)) = (said.first, said.last, ours.micros) else { return true };
    let end = ours.time.end.as_deref().and_then(of_rfc3339).unwrap_or(start).max(start);
    first.micros <= end + SECOND && start <= last.micros + SECOND
}

/// An independent tool that says the same halves the doubt.
fn witness(findings: &mut [Finding], at: usize, said: &Said) {
    let Some(finding) = findings.get_mut(at) else { return };
    let named = finding.args.entry("witness".to_owned()).or_default();
    if named.split(", ").any(|tool| tool == said.tool) {
        return;
    }
    *named = if named.is_empty() { said.tool.clone() } else { format!("{named}, {}", said.tool) };
    finding.confidence = (f64::midpoint(finding.confidence, 1.0) * 1000.0).round() / 1000.0;
    for place in &said.places {
        if finding.because.len() < PLACES && !finding.because.contains(place) {
            finding.because.push(place.clone());
        }
    }
}

fn opinion(said: &Said, same: &[usize], findings: &[Finding], known: &Known<'_>) -> Opinion {
    let time = |stamp: Option<konseki_model::Stamp>| stamp.map(|time| rfc3339(time.micros, time.fidelity));
    let (why, args) = if same.is_empty() { why(said, known) } else { ("", Vec::new()) };
    let names: Vec<&str> = said.names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let far = if said.dst.is_empty() { names.join(", ") } else { said.dst.clone() };
    let id = if names.is_empty() { said.id.clone() } else { names.join("; ") };
    Opinion {
        verdict: if same.is_empty() { Verdict::OnlyTheirs } else { Verdict::Both },
        about: said.about,
        tool: said.tool.clone(),
        name: if said.about == About::Beacon { format!("{} → {far}", said.src) } else { id },
        host: if said.about == About::Beacon { said.src.clone() } else { said.host.clone() },
        level: said.level.clone(),
        count: said.count,
        first: time(said.first),
        last: time(said.last),
        because: said.places.clone(),
        findings: same.iter().take(NAMED).filter_map(|at| Some(findings.get(*at)?.id.clone())).collect(),
        why: why.to_owned(),
        args: args.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    }
}

/// Why we do not say it.
fn why(said: &Said, known: &Known<'_>) -> (&'static str, Vec<(&'static str, String)>) {
    match said.about {
        About::Machine => machine(said, known),
        About::Beacon if said.flows > 0 => ("below-our-bar", vec![("n", said.flows.to_string())]),
        About::Beacon => ("pair-not-in-evidence", Vec::new()),
        About::Rule => {
            let at = said.first.map(|time| time.micros);
            let of_host = |one: &&Coverage| host_key(&one.host) == host_key(&said.host) && one.source.starts_with("windows/");
            let over =
                |one: &Coverage| at.is_none_or(|at| one.first.zip(one.last).is_some_and(|(first, last)| (first..=last).contains(&at)));
            let held: Vec<&Coverage> = known.coverage.iter().filter(of_host).collect();
            let rule = std::iter::once(&said.id).chain(&said.names).any(|name| known.rules.contains(&name.to_lowercase()));
            match (held.is_empty(), held.into_iter().any(over), rule) {
                (true, ..) => ("log-not-in-evidence", Vec::new()),
                (_, false, _) => ("time-not-in-evidence", Vec::new()),
                (.., true) => ("our-rule-silent", Vec::new()),
                (.., false) => ("rule-not-in-set", Vec::new()),
            }
        }
    }
}

fn machine(said: &Said, known: &Known<'_>) -> (&'static str, Vec<(&'static str, String)>) {
    let place = tail(&said.id);
    let row = known.machines.iter().find(|row| match (&place, tail(&row.vmx)) {
        (Some(theirs), Some(own)) => *theirs == own,
        _ => said.names.iter().any(|name| !name.is_empty() && name.eq_ignore_ascii_case(&row.name)),
    });
    let Some(row) = row else { return ("machine-not-in-evidence", Vec::new()) };
    let hosts = |list: &str| row.lists.get(list).map(|hosts| hosts.iter().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default();
    match row.verdict {
        MachineVerdict::Known => ("registered", vec![("hosts", hosts("registered"))]),
        MachineVerdict::CannotTell => ("list-missing", Vec::new()),
        MachineVerdict::Orphaned => ("not-seen-running", Vec::new()),
        MachineVerdict::Hidden => ("told-otherwise", Vec::new()),
    }
}
