//! The press statement: who, what, when known, what was reached, what is not known, what was done, whom to ask.

use konseki_report::{Both, short_bytes};

use super::book::{concat, join, plain, same, say};
use super::doc::{Doc, Kind};
use super::facts::Facts;
use super::narrative;
use super::view::View;

pub fn write(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let organisation = facts.get("organisation");
    let mut doc = Doc::new("press", say("press.title", &[("org", organisation.clone())]));
    doc.boxed(Kind::Notice, "press.draft-title", vec![plain("common.draft")]);
    doc.para(say("press.dateline", &[("date", facts.get("published")), ("org", organisation.clone())]));
    doc.para(lead(view, facts, &organisation));
    doc.blocks.extend(narrative::at(view.claims, "press"));
    if view.confirmed() {
        doc.h2("press.h.happened");
        doc.para(happened(view, facts));
        doc.para(data(view, facts));
        mail(view, &mut doc);
    }
    if let Some(what) = facts.given("unaffected") {
        doc.para(say("press.unaffected", &[("what", what)]));
    }
    if let Some(what) = facts.given("quote") {
        doc.para(say("press.quote", &[("what", what)]));
    }
    doc.h2("press.h.unknown");
    doc.para(unknown(view));
    doc.h2("press.h.done");
    doc.para(done(facts));
    doc.para(say("press.next", &[("when", facts.get("next_update"))]));
    doc.h2("press.h.contact");
    doc.para(say("press.contact", &[("contact", facts.get("contact"))]));
    doc.para(view.clock.note());
    doc
}

fn lead(view: &View<'_>, facts: &Facts<'_>, organisation: &Both) -> Both {
    let aware = match facts.instant("aware") {
        Some(at) => view.clock.date(at),
        None => facts.blank("aware"),
    };
    let key = if view.confirmed() { "press.lead.confirmed" } else { "press.lead.suspected" };
    say(key, &[("org", organisation.clone()), ("aware", aware)])
}

fn happened(view: &View<'_>, facts: &Facts<'_>) -> Both {
    // Several machines of a kind are the kind: a statement to the press holds no counts of systems.
    let kinds: Vec<Both> = view.systems_reached().iter().map(|(kind, _)| plain(&format!("press.system.{kind}"))).collect();
    let systems = if kinds.is_empty() { plain("common.unknown") } else { join(&kinds) };
    let used = say("press.used-for", &[("use", facts.get("affected_systems"))]);
    concat(&[say("press.happened", &[("span", view.span_words()), ("systems", systems)]), used])
}

fn data(view: &View<'_>, facts: &Facts<'_>) -> Both {
    let (least, most) = view.bytes_out();
    let about = |bytes: u64| same(&short_bytes(bytes).unwrap_or_else(|| format!("{bytes} B")));
    let items = say("press.data-items", &[("items", facts.get("data_items"))]);
    if least == 0 {
        let key = if view.supported("exfiltration") { "press.data.some" } else { "press.data.not-shown" };
        return concat(&[plain(key), items]);
    }
    let amount = match most {
        Some(most) if most > least => say("press.data.between", &[("least", about(least)), ("most", about(most))]),
        Some(_) => say("press.data.about", &[("least", about(least))]),
        None => say("press.data.at-least", &[("least", about(least))]),
    };
    concat(&[amount, items])
}

/// How many messages lay within reach, over all mail systems.
fn mail(view: &View<'_>, doc: &mut Doc) {
    let systems = &view.claims.chain.scope.mail;
    let all = |pick: fn(&konseki_model::chain::MailScope) -> u64| same(&konseki_report::count(systems.iter().map(pick).sum()));
    if !systems.is_empty() {
        doc.para(say("press.mail", &[("least", all(|mail| mail.at_least)), ("most", all(|mail| mail.at_most))]));
    }
}

fn unknown(view: &View<'_>) -> Both {
    let gaps = view.claims.chain.gaps.len();
    let other = view.claims.chain.scope.cannot_exclude.len();
    let mut parts = vec![plain("press.unknown.scope")];
    if gaps > 0 {
        parts.push(plain("press.unknown.gaps"));
    }
    if other > 0 {
        parts.push(plain("press.unknown.other"));
    }
    parts.push(plain("press.unknown.who"));
    concat(&parts)
}

fn done(facts: &Facts<'_>) -> Both {
    let authorities = say("press.authorities", &[("who", facts.get("authorities"))]);
    concat(&[say("press.done", &[("what", facts.get("response"))]), authorities])
}
