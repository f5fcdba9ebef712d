//! The template engine with our functions; every value that is not marked as ours is escaped on its way out.

use konseki_model::{Because, Level};
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};

use crate::escape::html;
use crate::problems;
use crate::time::fidelity;
use crate::words::{Words, count};

use super::markup::{self, Arg, Markup};

const TEMPLATES: &[(&str, &str)] = &[
    ("index.html", include_str!("../../page/index.html")),
    ("answer.html", include_str!("../../page/answer.html")),
    ("story.html", include_str!("../../page/story.html")),
    ("findings.html", include_str!("../../page/findings.html")),
    ("others.html", include_str!("../../page/others.html")),
    ("scope.html", include_str!("../../page/scope.html")),
    ("evidence.html", include_str!("../../page/evidence.html")),
];

fn safe(markup: String) -> Value {
    Value::from_safe_string(markup)
}

pub fn environment(own: &Markup) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_formatter(|out, _, value| {
        if value.is_none() || value.is_undefined() {
            return Ok(());
        }
        let written = match value.as_str() {
            Some(text) if value.is_safe() => out.write_str(text),
            Some(text) => out.write_str(&html(text)),
            None if value.is_safe() => out.write_str(&value.to_string()),
            None => out.write_str(&html(&value.to_string())),
        };
        written.map_err(Error::from)
    });
    for (name, text) in TEMPLATES {
        // A template that does not parse is caught by the test that renders the page.
        let _ = env.add_template(name, text);
    }
    words(&mut env);
    things(&mut env);
    times(&mut env, own);
    env
}

fn words(env: &mut Environment<'static>) {
    env.add_function("w", |key: String, kwargs: Kwargs| -> Result<Value, Error> {
        let mut args = Vec::new();
        let names: Vec<String> = kwargs.args().map(str::to_owned).collect();
        for name in names {
            let value: Value = kwargs.get(&name)?;
            let text = value.to_string();
            args.push((name, if value.is_safe() { Arg::Html(text) } else { Arg::Text(text) }));
        }
        Ok(safe(markup::words(&key, &args)))
    });
    env.add_function("b", |en: String, ja: String| safe(markup::both(&en, &ja)));
    env.add_function("problem", |text: String| safe(problems::japanese(&text).map_or_else(|| html(&text), |ja| markup::both(&text, &ja))));
    env.add_function("attr", |key: String| markup::attribute(&key));
    env.add_function("basis", |name: String| {
        let key = format!("page.basis.{name}");
        // Sources may describe their clock in their own words.
        safe(if Words::has(&key) { markup::words(&key, &[]) } else { html(&name) })
    });
    env.add_function("listname", |name: String| {
        let key = format!("page.list.{name}");
        safe(if Words::has(&key) { markup::words(&key, &[]) } else { html(&name) })
    });
}

fn things(env: &mut Environment<'static>) {
    env.add_function("level", |name: String| safe(Level::parse(&name).map_or_else(|| html(&name), markup::level)));
    env.add_function("tech", |id: String| safe(markup::technique(&id)));
    env.add_function("tactic", |name: String| safe(markup::tactic(&name)));
    env.add_function("ref", |id: String| safe(markup::reference(&id)));
    env.add_function("n", |number: u64| count(number));
    env.add_function("percent", |share: f64| format!("{:.0} %", share * 100.0));
    env.add_function("ent", |entity: Serde<konseki_model::Entity>| {
        let kind = serde_json::to_value(entity.kind).ok();
        let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other");
        safe(markup::entity(kind, &entity.value))
    });
    env.add_function("lines", |because: Serde<Vec<Because>>| safe(markup::lines(&because)));
}

fn times(env: &mut Environment<'static>, own: &Markup) {
    let own = own.clone();
    env.add_function("t", move |micros: i64, name: String| safe(own.time(micros, fidelity(&name))));
    env.add_function("duration", |micros: i64| safe(markup::duration(micros as f64 / 1e6)));
}
