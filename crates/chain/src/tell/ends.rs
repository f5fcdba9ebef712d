//! Steps as links ask for them: what a finding holds is worked out once, not for every pair.

use std::collections::BTreeMap;

use konseki_model::{Entity, EntityKind, Finding, Step};

use super::links::{LOGINS, is_key};
use crate::compare::{Joins, Tunnel};
use crate::names::{account, host_key, is_public};

pub(super) struct Ends<'s> {
    pub index: usize,
    pub step: &'s Step,
    /// The key of its host.
    pub key: String,
    /// Its host as what a link names.
    pub place: Entity,
    pub findings: Vec<Held<'s>>,
}

/// A finding and what it holds.
pub(super) struct Held<'s> {
    pub finding: &'s Finding,
    /// What is a key by itself.
    pub keys: Vec<&'s Entity>,
    pub public: Vec<&'s Entity>,
    /// Addresses that it came from.
    pub from: Vec<&'s Entity>,
    /// Those of them that are not on the Internet, each with the key of its host in the book.
    pub inside: Vec<(&'s Entity, Option<String>)>,
    /// The first address of an appliance among them, with the key of its host in the book.
    pub appliance: Option<(&'s Entity, Option<String>)>,
    /// Actors, each with its account.
    pub actors: Vec<(&'s Entity, String)>,
    /// Tunnels that its first address was given by, while they stood.
    pub tunnels: Vec<&'s Tunnel>,
    /// A logon on a host that is his.
    pub login: bool,
}

impl<'s> Ends<'s> {
    pub fn of(steps: &'s [Step], findings: &'s [Finding], joins: &'s Joins) -> Vec<Self> {
        let by_id: BTreeMap<&str, &Finding> = findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
        let mut tunnels: BTreeMap<&str, Vec<&Tunnel>> = BTreeMap::new();
        for tunnel in &joins.tunnels {
            tunnels.entry(&tunnel.assigned).or_default().push(tunnel);
        }
        let held = |id: &String| by_id.get(id.as_str()).map(|finding| Held::of(finding, joins, &tunnels));
        let end = |(index, step): (usize, &'s Step)| Self {
            index,
            step,
            key: host_key(&step.host),
            place: Entity::new(EntityKind::Host, step.host.clone(), "where"),
            findings: step.findings.iter().filter_map(held).collect(),
        };
        steps.iter().enumerate().map(end).collect()
    }
}

impl<'s> Held<'s> {
    fn of(finding: &'s Finding, joins: &'s Joins, tunnels: &BTreeMap<&str, Vec<&'s Tunnel>>) -> Self {
        let all = || finding.entities.iter();
        let from: Vec<&Entity> = all().filter(|e| e.kind == EntityKind::Address && e.role == "from").collect();
        let sits = |entity: &Entity| joins.book.host_of(&entity.value).map(host_key);
        let first = from.first().zip(finding.micros);
        let stood = first.map(|(src, time)| {
            let given = tunnels.get(src.value.as_str()).into_iter().flatten().copied();
            given.filter(|t| t.from <= time && t.to.is_none_or(|to| time <= to)).collect()
        });
        Self {
            finding,
            keys: all().filter(|entity| is_key(entity)).collect(),
            public: all().filter(|e| e.kind == EntityKind::Address && is_public(&e.value)).collect(),
            inside: from.iter().filter(|e| !is_public(&e.value)).map(|e| (*e, sits(e))).collect(),
            appliance: from.iter().find(|e| joins.appliances.contains(&e.value)).map(|e| (*e, sits(e))),
            from,
            actors: all().filter(|e| e.kind == EntityKind::User && e.role == "actor").map(|e| (e, account(&e.value))).collect(),
            tunnels: stood.unwrap_or_default(),
            login: LOGINS.contains(&finding.rule.as_str()),
        }
    }
}
