//! Pictures of the package: SVG for pages and as files, and PNG beside it.

mod bytes;
mod canvas;
mod coverage;
mod graph;
mod heat;
mod inventory;
mod movement;
mod png;
mod spans;
mod timeline;

use konseki_report::{Both, Lang};

use crate::words::book::{plain, say};
use crate::words::clock::days_only;
use crate::words::view::View;
use crate::{Claims, Error, File, Request};
use canvas::Canvas;
pub(crate) use png::render;

/// A picture in one language. Title and description are its text alternative in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub title: Both,
    pub desc: Both,
    pub svg: String,
}

/// What a picture is drawn with.
pub(crate) struct Pen<'a> {
    pub view: &'a View<'a>,
    pub lang: Lang,
}

impl Pen<'_> {
    pub fn say(&self, key: &str, args: &[(&str, Both)]) -> String {
        say(key, args).in_lang(self.lang).to_owned()
    }

    pub fn plain(&self, key: &str) -> String {
        plain(key).in_lang(self.lang).to_owned()
    }

    pub fn canvas(&self, name: &str, width: f64) -> Canvas {
        Canvas::new(&format!("{name}-{}", self.lang.tag()), width)
    }

    /// Name of a tactic in the language of the picture.
    pub fn tactic(&self, tactic: &konseki_report::attack::Tactic) -> String {
        if self.lang == Lang::Ja && !tactic.ja.is_empty() { tactic.ja } else { tactic.name }.to_owned()
    }
}

type Draw = fn(&Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)>;

const ALL: [(&str, Draw); 7] = [
    ("timeline", timeline::draw),
    ("movement", movement::draw),
    ("attack-graph", graph::draw),
    ("inventory", inventory::draw),
    ("heat", heat::draw),
    ("bytes", bytes::draw),
    ("coverage", coverage::draw),
];

/// The pictures that the case has something to show in, in one language.
pub fn draw(told: &Claims, request: &Request, lang: Lang) -> Vec<Picture> {
    let view = View::new(told, request);
    let pen = Pen { view: &view, lang };
    let one = |(name, draw): &(&str, Draw)| {
        let (canvas, args) = draw(&pen)?;
        let title = say(&format!("pictures.{name}.title"), &args);
        let desc = say(&format!("pictures.{name}.desc"), &args);
        let svg = canvas.finish(lang.tag(), title.in_lang(lang), desc.in_lang(lang));
        let svg = if view.clock.days { days_only(&svg) } else { svg };
        Some(Picture { name: (*name).to_owned(), title, desc, svg })
    };
    ALL.iter().filter_map(one).collect()
}

/// Every picture as SVG and PNG in the languages asked for, under `pictures/`.
///
/// # Errors
/// A picture that the renderer refuses: a fault of this program.
pub fn write(told: &Claims, request: &Request) -> Result<Vec<File>, Error> {
    let mut files = Vec::new();
    for &lang in &request.langs {
        for picture in draw(told, request, lang) {
            let path = format!("pictures/{}.{}", picture.name, lang.tag());
            files.push(File { path: format!("{path}.png"), bytes: png::render(&picture.svg)? });
            files.push(File { path: format!("{path}.svg"), bytes: picture.svg.into_bytes() });
        }
    }
    Ok(files)
}
