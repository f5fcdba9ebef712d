//! The names of a case: every host, account, address, machine and the like, in the spellings evidence has for it.

use std::collections::BTreeMap;

use konseki_model::{Entity, EntityKind};

use super::policy::{Class, Policy, lists};
use super::{address, attacker};
use crate::Claims;

/// Names by their spelling in lower case.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub by: BTreeMap<String, Name>,
}

#[derive(Clone, Debug)]
pub struct Name {
    pub class: Class,
    /// One pseudonym for all spellings: `DOM\user`, `user` and `user@dom` are one account.
    pub canonical: String,
    pub spelled: String,
}

pub fn class_of(kind: EntityKind) -> Class {
    match kind {
        EntityKind::Host => Class::Host,
        EntityKind::Address => Class::Address,
        EntityKind::Domain => Class::Domain,
        EntityKind::User => Class::User,
        EntityKind::Session => Class::Session,
        EntityKind::File | EntityKind::Url => Class::File,
        EntityKind::Vm => Class::Vm,
        EntityKind::Datastore => Class::Datastore,
        EntityKind::Message => Class::Message,
        EntityKind::Process | EntityKind::Hash | EntityKind::Service => Class::Value,
    }
}

/// `lab-a, lab-b (+12)` as its members.
pub fn members(value: &str) -> impl Iterator<Item = &str> {
    value.split(", ").map(|part| part.split(" (+").next().unwrap_or(part).trim_end_matches('…').trim())
}

pub fn is_path(value: &str) -> bool {
    value.starts_with('/')
        || value.starts_with("\\\\")
        || value.starts_with('%')
        || value.get(1..3).is_some_and(|mark| mark == ":\\" || mark == ":/")
}

impl Names {
    pub fn collect(claims: &Claims, policy: &Policy) -> Self {
        let theirs = attacker::values(claims);
        let mut names = Self::default();
        let mut raw: Vec<(Class, &str)> = Vec::new();
        entities(claims, &mut |entity| raw.push((class_of(entity.kind), &entity.value)));
        places(claims, &mut raw);
        for (class, value) in raw {
            for part in members(value) {
                names.add(class, part, &theirs);
            }
        }
        for text in &claims.withhold {
            names.put(Class::Text, text, &text.to_lowercase());
        }
        for (key, value) in &claims.facts {
            let who = ["organisation", "contact", "employee_contact"].iter().any(|stem| key.starts_with(stem));
            if who && !policy.tells(key) && value.chars().count() > 2 {
                names.put(Class::Text, value, &value.to_lowercase());
            }
        }
        names
    }

    fn add(&mut self, class: Class, value: &str, theirs: &std::collections::BTreeSet<String>) {
        let lower = value.to_lowercase();
        if value.chars().count() < 2 || lists().well_known.contains(&lower) || theirs.contains(&lower) {
            return;
        }
        if let Some(ip) = address::parse(value) {
            let text = ip.to_string();
            if !theirs.contains(&text) && !lists().well_known.contains(&text) {
                self.put(Class::Address, &text, &text);
            }
            return;
        }
        match class {
            _ if is_path(value) => {}
            Class::User => self.account(value),
            Class::Host => self.host(value),
            // Words like `tar` or `SSH` are no names; values of these classes are judged where they stand.
            Class::File | Class::Value | Class::Address => {}
            Class::Domain => self.domain(value),
            Class::Vm if !value.contains(|c: char| c == '/' || c == '.' || c.is_whitespace()) => self.put(Class::Vm, value, &lower),
            Class::Vm => self.put(Class::Vm, value, &lower),
            _ => self.put(class, value, &lower),
        }
    }

    fn account(&mut self, value: &str) {
        let (bare, realm) = match (value.split_once('\\'), value.split_once('@')) {
            (Some((realm, bare)), _) | (None, Some((bare, realm))) => (bare, Some(realm)),
            _ => (value, None),
        };
        if let Some(realm) = realm {
            self.domain(realm);
        }
        let canonical = bare.to_lowercase();
        if lists().well_known.contains(&canonical) {
            return;
        }
        self.put(Class::User, value, &canonical);
        self.put(Class::User, bare, &canonical);
    }

    fn host(&mut self, value: &str) {
        let value = value.trim_end_matches('.');
        let (short, realm) = value.split_once('.').map_or((value, None), |(short, realm)| (short, Some(realm)));
        let canonical = short.to_lowercase();
        self.put(Class::Host, value, &canonical);
        self.put(Class::Host, short, &canonical);
        if let Some(realm) = realm {
            self.domain(realm);
        }
    }

    fn domain(&mut self, value: &str) {
        let lower = value.trim_matches('.').to_lowercase();
        self.put(Class::Domain, value.trim_matches('.'), &lower);
        // `MARRAM` beside `marram.example`: the first label is the name.
        if let Some((first, rest)) = lower.split_once('.').filter(|(first, rest)| !rest.is_empty() && first.len() > 3) {
            let _ = rest;
            self.put(Class::Domain, first, &lower);
        }
    }

    fn put(&mut self, class: Class, spelled: &str, canonical: &str) {
        let lower = spelled.to_lowercase();
        // Words of commands (`tar`, `sftp`) turn up where names stand; they are nobody's.
        let common = lists().well_known.contains(&lower) || lists().command_words.contains(&lower);
        if spelled.chars().count() < 2 || (common && class != Class::Text) {
            return;
        }
        let name = Name { class, canonical: canonical.to_owned(), spelled: spelled.to_owned() };
        // A text that nobody may see stays one, whatever else it is called.
        if class == Class::Text {
            self.by.insert(lower, name);
        } else {
            self.by.entry(lower).or_insert(name);
        }
    }
}

fn entities<'a>(claims: &'a Claims, each: &mut impl FnMut(&'a Entity)) {
    claims.findings.iter().flat_map(|finding| &finding.entities).for_each(&mut *each);
    claims.chain.links.iter().flat_map(|link| &link.entities).for_each(&mut *each);
}

fn places<'a>(claims: &'a Claims, raw: &mut Vec<(Class, &'a str)>) {
    for step in &claims.chain.steps {
        raw.push((Class::Host, &step.host));
        raw.push((Class::User, &step.actor));
    }
    raw.extend(claims.chain.gaps.iter().map(|gap| (Class::Host, gap.host.as_str())));
    raw.extend(claims.intake.iter().map(|piece| (Class::Host, piece.host.as_str())));
    raw.extend(claims.coverage.iter().map(|row| (Class::Host, row.host.as_str())));
    raw.extend(claims.chain.scope.mail.iter().map(|mail| (Class::Host, mail.host.as_str())));
    raw.extend(claims.own.iter().map(|own| (Class::Host, own.as_str())));
    for row in &claims.inventory {
        raw.push((Class::Vm, &row.vm));
        raw.push((Class::Vm, &row.uuid));
        raw.extend(row.lists.values().flatten().map(|host| (Class::Host, host.as_str())));
    }
    let scope = &claims.chain.scope;
    for item in scope.confirmed.iter().chain(&scope.accessed).chain(&scope.cannot_exclude) {
        raw.push((scope_class(&item.kind), &item.value));
    }
    let args = claims.findings.iter().map(|f| &f.args).chain(claims.chain.steps.iter().map(|s| &s.args));
    for (key, value) in args.chain(claims.chain.gaps.iter().map(|gap| &gap.args)).flatten() {
        if let Some(class) = lists().arguments.get(key) {
            raw.push((*class, value));
        }
    }
}

pub fn scope_class(kind: &str) -> Class {
    match kind {
        "host" => Class::Host,
        "user" => Class::User,
        "vm" => Class::Vm,
        "message" => Class::Message,
        "datastore" => Class::Datastore,
        "file" => Class::File,
        "address" => Class::Address,
        _ => Class::Value,
    }
}
