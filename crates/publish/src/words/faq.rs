//! Questions and answers for employees.

use super::book::{plain, say};
use super::doc::{Block, Doc};
use super::facts::Facts;
use super::narrative;
use super::overview::{bytes, organisation};
use super::view::View;

pub fn write(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let org = organisation(view, facts);
    let mut doc = Doc::new("faq", say("faq.title", &[("org", org)]));
    doc.p("faq.intro", &[]);
    doc.blocks.extend(narrative::at(view.claims, "faq"));
    let tier = if view.confirmed() { "confirmed" } else { "suspected" };
    question(&mut doc, "what");
    doc.p(&format!("faq.a.what-{tier}"), &[("span", view.span_words()), ("systems", view.systems_words())]);
    question(&mut doc, "data");
    doc.para(bytes(view));
    doc.p("faq.a.data", &[("items", facts.get("data_items"))]);
    question(&mut doc, "me");
    doc.p("faq.a.me", &[("accounts", super::book::number(view.reached("user")))]);
    question(&mut doc, "todo");
    let todo = ["faq.todo.password", "faq.todo.mail", "faq.todo.report", "faq.todo.keep", "faq.todo.device"];
    doc.blocks.push(Block::List(todo.into_iter().map(plain).collect()));
    question(&mut doc, "outside");
    doc.p("faq.a.outside", &[("contact", facts.get("contact"))]);
    question(&mut doc, "done");
    doc.para(facts.get("response"));
    question(&mut doc, "unknown");
    doc.p("faq.a.unknown", &[]);
    question(&mut doc, "ask");
    doc.p("faq.a.ask", &[("contact", facts.get("employee_contact"))]);
    doc.para(view.clock.note());
    doc
}

fn question(doc: &mut Doc, name: &str) {
    doc.h2(&format!("faq.q.{name}"));
}
