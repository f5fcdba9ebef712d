//! Small pieces of HTML that the templates and pictures are made of, in both languages and both zones.

use konseki_model::{Fidelity, Level};

use crate::attack;
use crate::escape::{defang, escape_markup, html, html_block, shorten};
use crate::holes::{self, Fill};
use crate::time::Zone;
use crate::words::{Lang, Words, format_value};

/// Characters of an excerpt that the page shows; the whole stands in the results.
const EXCERPT_MAX: usize = 600;

/// A value for a hole: text from evidence, or HTML of ours.
#[derive(Clone, Debug)]
pub enum Arg {
    Text(String),
    Html(String),
}

#[derive(Clone, Debug)]
pub struct Markup {
    pub zone: Zone,
}

struct InHtml<'a> {
    lang: Lang,
    args: &'a [(String, Arg)],
}

impl InHtml<'_> {
    fn arg(&self, name: &str) -> Option<&Arg> {
        self.args.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl Fill for InHtml<'_> {
    fn value(&self, name: &str) -> Option<String> {
        self.arg(name).map(|arg| match arg {
            Arg::Text(text) | Arg::Html(text) => text.clone(),
        })
    }

    fn show(&self, value: &str, name: &str, format: &str) -> String {
        match self.arg(name) {
            Some(Arg::Html(markup)) => in_lang(markup, self.lang),
            _ => html(&format_value(self.lang, value, format)),
        }
    }

    fn missing(&self) -> String {
        escape_markup(Words::plain(self.lang, "page.unknown"))
    }

    fn text(&self, text: &str) -> String {
        escape_markup(text)
    }
}

/// Markup of ours that holds both languages needs no change: the page shows one of them.
fn in_lang(markup: &str, _lang: Lang) -> String {
    markup.to_owned()
}

/// Two escaped texts as one element, of which the page shows the chosen language.
pub fn both_markup(en: &str, ja: &str) -> String {
    if ja.is_empty() || en == ja {
        return format!("<span lang=\"en\">{en}</span>");
    }
    format!("<span class=\"en\" lang=\"en\">{en}</span><span class=\"ja\" lang=\"ja\">{ja}</span>")
}

/// Text from findings and the like in both languages.
pub fn both(en: &str, ja: &str) -> String {
    both_markup(&html(en), &html(ja))
}

/// A sentence of the book with its holes filled.
pub fn words(key: &str, args: &[(String, Arg)]) -> String {
    let Some(raw) = Words::raw(key) else { return html(key) };
    let one = |lang| holes::fill(raw.in_lang(lang), &InHtml { lang, args });
    let (en, ja) = (one(Lang::En), one(Lang::Ja));
    if en == ja { en } else { both_markup(&en, &ja) }
}

/// Shorthand for texts.
pub fn words_with(key: &str, args: &[(&str, String)]) -> String {
    let args: Vec<(String, Arg)> = args.iter().map(|(k, v)| ((*k).to_owned(), Arg::Text(v.clone()))).collect();
    words(key, &args)
}

/// Both languages in one attribute, where only one value can stand.
pub fn attribute(key: &str) -> String {
    let (en, ja) = (Words::plain(Lang::En, key), Words::plain(Lang::Ja, key));
    if en == ja { en.to_owned() } else { format!("{en} / {ja}") }
}

pub fn level(level: Level) -> String {
    let name = level.as_str();
    format!("<span class=\"lv lv-{name}\">{}</span>", words(&format!("page.level.{name}"), &[]))
}

/// Id, English name, Japanese gloss after it.
pub fn technique(id: &str) -> String {
    let name = |japanese| attack::full_name(id, japanese).unwrap_or_default();
    let names = both(&name(false), &name(true));
    format!("<span class=\"tech\"><code>{}</code> {names}</span>", html(id))
}

pub fn tactic(short: &str) -> String {
    match attack::tactic(short) {
        Some(tactic) => format!("<span class=\"tac tac-{}\"><b>{}</b> {}</span>", tactic.short, tactic.code, both(tactic.name, tactic.ja)),
        None => html(short),
    }
}

/// A thing of the case with its type; names and addresses defanged.
pub fn entity(kind: &str, value: &str) -> String {
    let shown = match kind {
        "domain" | "url" => defang(value),
        "address" if !crate::page::view::is_internal(value) => defang(value),
        _ => value.to_owned(),
    };
    let shown = html(&shorten(&shown, 160));
    format!("<span class=\"chip\"><i>{}</i> <bdi>{shown}</bdi></span>", words(&format!("page.entity.{kind}"), &[]))
}

/// An anchor that is safe as id and in a fragment.
pub fn anchor(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' }).collect()
}

pub fn reference(id: &str) -> String {
    format!("<a class=\"ref\" href=\"#{}\">{}</a>", anchor(id), html(id))
}

/// Raw lines with their place.
pub fn lines(because: &[konseki_model::Because]) -> String {
    let mut out = String::from("<ul class=\"lines\">");
    for line in because {
        let at = words_with(&format!("page.at.{}", line.at.unit()), &[("n", line.at.number().to_string())]);
        let path = if line.path.is_empty() { &line.evidence } else { &line.path };
        out.push_str("<li><span class=\"at\"><a href=\"#");
        out.push_str(&anchor(&line.evidence));
        out.push_str("\"><bdi>");
        out.push_str(&html(path));
        out.push_str("</bdi></a> ");
        out.push_str(&at);
        out.push_str("</span>");
        if !line.excerpt.is_empty() {
            out.push_str("<code class=\"x\" dir=\"ltr\">");
            out.push_str(&html_block(&shorten(&line.excerpt, EXCERPT_MAX)));
            out.push_str("</code>");
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
    out
}

/// Seconds in both languages.
pub fn duration(seconds: f64) -> String {
    let one = |lang| escape_markup(&crate::words::duration_in(lang, seconds));
    both_markup(&one(Lang::En), &one(Lang::Ja))
}

impl Markup {
    pub fn new(zone: Zone) -> Self {
        Self { zone }
    }

    pub fn two_zones(&self) -> bool {
        !self.zone.is_utc()
    }

    /// An instant in UTC and the second zone, of which the page shows one.
    pub fn time(&self, micros: i64, fidelity: Fidelity) -> String {
        let utc = Zone::utc().show(micros, fidelity);
        let machine = konseki_model::time::rfc3339(micros, Fidelity::Second);
        if !self.two_zones() || fidelity >= Fidelity::Day {
            return format!("<time datetime=\"{machine}\">{utc}</time>");
        }
        let local = self.zone.show(micros, fidelity);
        format!("<time datetime=\"{machine}\"><span class=\"z0\">{utc}</span><span class=\"z1\">{local}</span></time>")
    }
}
