//! What is further said of a hidden machine: two networks, a name that imitates; and the shape of findings on machines.

use std::collections::BTreeSet;

use konseki_model::{Entity, EntityKind, Level, Record};

use crate::compare::{Compared, Draft, host};

/// Two networks, and names that imitate, of a hidden machine.
pub(super) fn details(record: &Record, definition: Option<&Record>, registered: &[&Record], out: &mut Compared) {
    let named = definition.filter(|_| record.object.is_empty() || record.object.starts_with('/')).unwrap_or(record);
    if let Some(definition) = definition {
        let networks = definition.agent.split('|').filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
        if networks.len() >= 2 {
            let list = networks.into_iter().collect::<Vec<_>>().join(", ");
            out.findings.push(draft("vmware-vm-two-networks", Level::High, 0.8, named, &[definition], &[("networks", &list)]).finding());
        }
    }
    let name = named.object.to_lowercase();
    let twin = registered.iter().find(|other| {
        let other = other.object.to_lowercase();
        let stem = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').to_owned();
        other != name && !stem(&name).is_empty() && stem(&other) == stem(&name)
    });
    if let Some(twin) = twin {
        out.findings
            .push(draft("vmware-vm-name-imitates", Level::Medium, 0.6, named, &[named, twin], &[("other", &twin.object)]).finding());
    }
}

pub(super) fn draft<'a>(
    rule: &'a str,
    level: Level,
    confidence: f64,
    vm: &Record,
    records: &'a [&'a Record],
    more: &[(&'a str, &'a str)],
) -> Owned<'a> {
    Owned {
        rule,
        level,
        confidence,
        records,
        entities: vec![
            Entity::new(EntityKind::Vm, vm.object.clone(), "object"),
            host(&vm.host),
            Entity::new(EntityKind::File, vm.target.clone(), "object"),
        ],
        args: [("vm", vm.object.as_str()), ("host", &vm.host), ("vmx", &vm.target), ("uuid", &vm.session)]
            .into_iter()
            .chain(more.iter().copied())
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect(),
    }
}

/// A draft that owns its arguments.
pub(super) struct Owned<'a> {
    rule: &'a str,
    level: Level,
    confidence: f64,
    records: &'a [&'a Record],
    entities: Vec<Entity>,
    args: Vec<(String, String)>,
}

impl Owned<'_> {
    pub fn finding(self) -> konseki_model::Finding {
        let args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let boot = self.rule.ends_with("on-boot");
        let techniques: &[&str] = if boot { &["T1037.004", "T1564.006"] } else { &["T1564.006"] };
        let tactics: &[&str] = if boot { &["defense-evasion", "persistence"] } else { &["defense-evasion"] };
        Draft {
            rule: self.rule,
            level: self.level,
            confidence: self.confidence,
            techniques,
            tactics,
            records: self.records,
            entities: self.entities,
            args: &args,
        }
        .finding()
    }
}
