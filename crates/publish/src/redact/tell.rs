//! The claims of a case, field by field, as one audience may see them.

use std::collections::BTreeMap;

use konseki_model::finding::Words as RuleWords;
use konseki_model::{Because, Entity, Fidelity, Finding, Gap, Hypothesis, Intake, ScopeItem, Step};
use konseki_report::{Args, Lang, Words, attack};

use super::names::{class_of, scope_class};
use super::policy::{Class, lists};
use super::scrub::{Scrubber, keyed};
use crate::{Claims, Error, MALWARE_TYPES, Narrative, Request};

const ROLES: &[&str] = &["actor", "from", "to", "where", "object", "via"];

struct Teller<'a> {
    scrub: &'a Scrubber,
    claims: &'a Claims,
    /// Titles of findings, before and after.
    titles: BTreeMap<String, String>,
}

/// # Errors
/// The names of the case cannot be searched for.
pub fn claims(claims: &Claims, scrub: &Scrubber, request: &Request) -> Result<Claims, Error> {
    let mut teller = Teller { scrub, claims, titles: BTreeMap::new() };
    let findings: Vec<Finding> = claims.findings.iter().map(|finding| teller.finding(finding)).collect();
    teller.titles = claims.findings.iter().map(|f| f.title.clone()).zip(findings.iter().map(|f| f.title.clone())).collect();
    let mut told = claims.clone();
    told.tlp = request.audience.tlp();
    told.chain.steps.iter_mut().for_each(|step| teller.step(step, &findings));
    told.findings = findings;
    teller.chain(&mut told);
    told.intake.iter_mut().for_each(|piece| teller.intake(piece));
    teller.rest(&mut told, request);
    let rules = told.book.values_mut().chain(told.shelf.values_mut());
    scrub.samples(rules.flat_map(|own| [&mut own.matches, &mut own.nomatches]))?;
    Ok(told)
}

/// A zone as our readers write it: words of ours, or listed zones and offsets, with what was found
/// (`UTC -2.00 h`, `+01:00, +02:00`).
fn is_clock(name: &str) -> bool {
    let zone = |word: &str| jiff::tz::TimeZone::get(word).is_ok();
    let offset = |word: &str| word.starts_with(['+', '-']) && word.len() <= 8 && word.replacen(':', "", 1).parse::<f64>().is_ok();
    let word = |word: &str| word == "h" || offset(word) || zone(word);
    let words = || name.split(' ').map(|word| word.trim_end_matches(','));
    matches!(name, "as written" | "offset of the syslog head") || words().all(word)
}

impl Teller<'_> {
    fn retell(&self) -> bool {
        self.scrub.policy.retell
    }

    /// Ids and keys of ours: anything that does not look like one is replaced.
    fn slug(&self, text: &str) -> String {
        self.made_of(text, b"-_./")
    }

    fn made_of(&self, text: &str, marks: &[u8]) -> String {
        let plain = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b));
        let known = plain && self.scrub.text(text) == text;
        if known || !self.retell() { self.scrub.text(text) } else { self.scrub.value(Class::Value, text) }
    }

    /// A rule of ours keeps its name; those of others may be named after a victim.
    fn rule(&self, rule: &str) -> String {
        let ours = self.claims.book.contains_key(rule) || Words::has(&format!("findings.{rule}.title"));
        let uuid = rule.len() == 36 && rule.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if ours || uuid || !self.retell() { self.scrub.text(rule) } else { self.scrub.value(Class::Vm, rule) }
    }

    fn args(&self, args: &Args) -> Args {
        args.iter().map(|(key, value)| (key.clone(), self.arg(key, value))).collect()
    }

    fn arg(&self, key: &str, value: &str) -> String {
        if let Some(title) = self.titles.get(value) {
            return title.clone();
        }
        match key {
            // Chain writes it from the descriptions of sources, never from evidence.
            "collect" | "source" | "shows" => self.scrub.text(value),
            // As the rule of the finding itself is told, or one place would withhold what another says.
            "rule" => self.rule(value),
            "what" | "title" if self.retell() => String::new(),
            _ => self.scrub.value(lists().arguments.get(key).copied().unwrap_or(Class::Value), value),
        }
    }

    fn entity(&self, entity: &Entity) -> Entity {
        let role = ROLES.iter().find(|role| **role == entity.role).copied().unwrap_or("via");
        Entity { kind: entity.kind, value: self.scrub.value(class_of(entity.kind), &entity.value), role: role.to_owned() }
    }

    fn because(&self, because: &Because) -> Because {
        let policy = self.scrub.policy;
        let kept = |allowed: bool, text: &str| if allowed { self.scrub.text(text) } else { String::new() };
        Because {
            evidence: because.evidence.clone(),
            path: kept(policy.places, &because.path),
            at: because.at,
            excerpt: kept(policy.excerpts, &because.excerpt),
            encoding: because.encoding.clone().filter(|_| policy.excerpts),
        }
    }

    fn finding(&self, finding: &Finding) -> Finding {
        let mut told = finding.clone();
        told.id = self.scrub.id(&finding.id);
        told.rule = self.rule(&finding.rule);
        told.engine = self.slug(&finding.engine);
        told.args = self.args(&finding.args);
        told.entities = finding.entities.iter().map(|entity| self.entity(entity)).collect();
        told.because = finding.because.iter().map(|because| self.because(because)).collect();
        told.techniques.retain(|id| attack::technique(id).is_some());
        told.tactics.retain(|name| attack::tactic(name).is_some());
        if Fidelity::parse(&told.time.fidelity).is_none() {
            told.time.fidelity.clear();
        }
        told.time.basis = self.slug(&finding.time.basis);
        if self.retell() {
            self.retell_finding(finding, &mut told);
        } else {
            for text in [&mut told.title, &mut told.why, &mut told.disproof] {
                *text = self.scrub.text(text);
            }
            if let Some(ja) = &mut told.ja {
                *ja =
                    RuleWords { title: self.scrub.text(&ja.title), why: self.scrub.text(&ja.why), disproof: self.scrub.text(&ja.disproof) };
            }
        }
        told
    }

    /// Sentences anew: from the rule itself where it is ours, else from our book and the redacted values.
    fn retell_finding(&self, finding: &Finding, told: &mut Finding) {
        (told.title, told.why, told.disproof, told.ja) = (String::new(), String::new(), String::new(), None);
        if let Some(own) = self.claims.book.get(&finding.rule) {
            told.title.clone_from(&own.title);
            told.why.clone_from(&own.why);
            told.disproof.clone_from(&own.disproof);
            told.ja = Some(RuleWords { title: own.title_ja.clone(), why: own.why_ja.clone(), disproof: String::new() });
        }
        konseki_report::fill(told);
    }

    fn step(&self, step: &mut Step, findings: &[Finding]) {
        step.findings = step.findings.iter().map(|id| self.scrub.id(id)).collect();
        step.host = self.scrub.value(Class::Host, &step.host);
        step.actor = self.scrub.value(Class::User, &step.actor);
        step.args = self.args(&step.args);
        step.techniques.retain(|id| attack::technique(id).is_some());
        step.key = self.slug(&step.key);
        if attack::tactic(&step.tactic).is_none() {
            step.tactic.clear();
        }
        if Fidelity::parse(&step.time.fidelity).is_none() {
            step.time.fidelity.clear();
        }
        step.time.basis = self.slug(&step.time.basis);
        if self.retell() {
            step.args.retain(|_, value| !value.is_empty());
            (step.title, step.title_ja) = (String::new(), String::new());
            konseki_report::fill_step(step, findings);
        } else {
            (step.title, step.title_ja) = (self.scrub.text(&step.title), self.scrub.text(&step.title_ja));
        }
    }

    fn chain(&self, told: &mut Claims) {
        let chain = &mut told.chain;
        for link in &mut chain.links {
            link.entities = link.entities.iter().map(|entity| self.entity(entity)).collect();
            link.because = link.because.iter().map(|because| self.because(because)).collect();
        }
        chain.gaps.iter_mut().for_each(|gap| self.gap(gap));
        for tier in [&mut chain.scope.confirmed, &mut chain.scope.accessed, &mut chain.scope.cannot_exclude] {
            tier.iter_mut().for_each(|item| self.item(item));
        }
        for mail in &mut chain.scope.mail {
            mail.host = self.scrub.value(Class::Host, &mail.host);
            for time in [&mut mail.compromised, &mut mail.last_contact, &mut mail.from, &mut mail.to] {
                time.take_if(|time| konseki_report::time::parse_rfc3339(time).is_none());
            }
        }
        chain.scope.window.why = if self.retell() { String::new() } else { self.scrub.text(&chain.scope.window.why) };
        chain.hypotheses.iter_mut().for_each(|hypothesis| self.hypothesis(hypothesis));
        chain.attack_version.retain(|c| c.is_ascii_digit() || c == '.');
    }

    fn gap(&self, gap: &mut Gap) {
        gap.source = self.slug(&gap.source);
        gap.host = self.scrub.value(Class::Host, &gap.host);
        gap.args = self.args(&gap.args);
        gap.key = self.slug(&gap.key);
        let texts = [&mut gap.what, &mut gap.what_ja, &mut gap.collect, &mut gap.collect_ja];
        if self.retell() {
            texts.into_iter().for_each(String::clear);
            konseki_report::fill_gap(gap);
        } else {
            texts.into_iter().for_each(|text| *text = self.scrub.text(text));
        }
    }

    fn item(&self, item: &mut ScopeItem) {
        item.value = self.scrub.value(scope_class(&item.kind), &item.value);
        item.kind = self.slug(&item.kind);
        item.because = item.because.iter().map(|because| self.because(because)).collect();
        item.args = self.args(&item.args);
        item.key = self.slug(&item.key);
        if self.retell() {
            (item.why, item.why_ja) = (String::new(), String::new());
            konseki_report::fill_scope_item(item);
        } else {
            (item.why, item.why_ja) = (self.scrub.text(&item.why), self.scrub.text(&item.why_ja));
        }
    }

    fn hypothesis(&self, hypothesis: &mut Hypothesis) {
        for ids in [&mut hypothesis.for_, &mut hypothesis.against] {
            *ids = ids.iter().map(|id| self.scrub.id(id)).collect();
        }
        if self.retell() {
            let known = Words::has(&format!("hypotheses.{}.title", hypothesis.id));
            let title = if known { hypothesis.id.clone() } else { self.book_title(&hypothesis.title) };
            *hypothesis = Hypothesis {
                id: if known { hypothesis.id.clone() } else { self.scrub.value(Class::Value, &hypothesis.id) },
                title,
                title_ja: String::new(),
                would_decide: String::new(),
                would_decide_ja: String::new(),
                ..hypothesis.clone()
            };
            konseki_report::fill_hypothesis(hypothesis);
        } else {
            for text in [&mut hypothesis.title, &mut hypothesis.title_ja, &mut hypothesis.would_decide, &mut hypothesis.would_decide_ja] {
                *text = self.scrub.text(text);
            }
        }
    }

    /// A title that stands in our book may be told, any other is replaced.
    fn book_title(&self, title: &str) -> String {
        let ours = Words::all().any(|(key, both)| key.starts_with("hypotheses.") && both.in_lang(Lang::En) == title);
        if ours { title.to_owned() } else { self.scrub.words(title) }
    }

    fn intake(&self, piece: &mut Intake) {
        let policy = self.scrub.policy;
        piece.path = if policy.places { self.scrub.text(&piece.path) } else { String::new() };
        piece.also = piece.also.iter().filter(|_| policy.places).map(|path| self.scrub.text(path)).collect();
        piece.source = self.slug(&piece.source);
        piece.host = self.scrub.value(Class::Host, &piece.host);
        if !is_clock(&piece.zone.name) {
            piece.zone.name = self.slug(&piece.zone.name);
        }
        piece.zone.basis = if self.retell() { String::new() } else { self.scrub.text(&piece.zone.basis) };
        for problem in &mut piece.problems {
            problem.text = if self.retell() { String::new() } else { self.scrub.text(&problem.text) };
        }
    }

    fn rest(&self, told: &mut Claims, request: &Request) {
        let policy = self.scrub.policy;
        if self.retell() {
            told.name = format!("case-{}", keyed(&request.key, "case").get(..8).unwrap_or_default());
        } else {
            told.name = self.scrub.text(&told.name);
        }
        for file in &mut told.unrecognised {
            file.path = if policy.places { self.scrub.text(&file.path) } else { String::new() };
            file.why = if self.retell() { String::new() } else { self.scrub.text(&file.why) };
        }
        for rule in &mut told.rules.fired {
            let own = self.claims.book.get(&rule.rule);
            let book = |lang| Words::raw(&format!("findings.{}.title", rule.rule)).map(|both| both.in_lang(lang).to_owned());
            if self.retell() {
                rule.title = own.map(|own| own.title.clone()).or_else(|| book(Lang::En)).unwrap_or_default();
                rule.title_ja = own.map(|own| own.title_ja.clone()).or_else(|| book(Lang::Ja)).unwrap_or_default();
            } else {
                (rule.title, rule.title_ja) = (self.scrub.text(&rule.title), self.scrub.text(&rule.title_ja));
            }
            rule.rule = self.rule(&rule.rule);
            rule.engine = self.slug(&rule.engine);
        }
        for rule in &mut told.rules.unusable {
            rule.file = if policy.places { self.scrub.text(&rule.file) } else { String::new() };
            rule.reason = if self.retell() { String::new() } else { self.scrub.text(&rule.reason) };
        }
        self.machines(told);
        told.versions.retain(|key, _| !policy.retell || matches!(key.as_str(), "konseki" | "rules" | "attack"));
        told.versions.values_mut().for_each(|version| *version = self.slug(version));
        let texts = told.narrative.texts.iter().map(|((name, lang), text)| ((self.scrub.text(name), lang.clone()), self.scrub.text(text)));
        told.narrative = Narrative { texts: texts.collect() };
        told.facts.retain(|key, _| policy.tells(key));
        told.facts.values_mut().for_each(|fact| *fact = self.fact(fact));
        told.custody = if policy.custody { told.custody.iter().map(|line| self.scrub.text(line)).collect() } else { Vec::new() };
        for one in &mut told.malware {
            one.name = self.scrub.text(&one.name);
            one.types.retain(|kind| MALWARE_TYPES.contains(&kind.as_str()));
            one.findings = one.findings.iter().map(|id| self.scrub.id(id)).collect();
        }
        told.withhold.clear();
        told.own.retain(|_| !policy.withholds(Class::Address));
        let fired: std::collections::BTreeSet<&str> = told.findings.iter().map(|finding| finding.rule.as_str()).collect();
        told.book.retain(|rule, _| fired.contains(rule.as_str()));
    }

    /// What the analyst wrote to be told; mailboxes in it are contacts, so only names of the case are replaced.
    fn fact(&self, fact: &str) -> String {
        if fact.contains('@') && !fact.contains(char::is_whitespace) { fact.to_owned() } else { self.scrub.text(fact) }
    }

    fn machines(&self, told: &mut Claims) {
        for row in &mut told.inventory {
            row.vm = self.scrub.value(Class::Vm, &row.vm);
            row.uuid = self.scrub.value(Class::Vm, &row.uuid);
            row.vmx = self.scrub.value(Class::File, &row.vmx);
            for hosts in row.lists.values_mut() {
                *hosts = hosts.iter().map(|host| self.scrub.value(Class::Host, host)).collect();
            }
        }
        for row in &mut told.coverage {
            row.host = self.scrub.value(Class::Host, &row.host);
            row.source = self.slug(&row.source);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn zones_are_told_and_nothing_else() {
        for name in
            ["as written", "UTC", "America/Los_Angeles", "America/Los_Angeles -9.00 h, -8.00 h", "UTC +7.00 h, +8.00 h", "+01:00, +02:00"]
        {
            assert!(super::is_clock(name), "{name}");
        }
        for name in ["clock of vault-host7", "UTC vault", "vault", "UTC -1.00 h vault", ""] {
            assert!(!super::is_clock(name), "{name}");
        }
    }
}
