//! Building blocks of pictures. Only presentation attributes: a picture looks the same in a page, as a file and as PNG.

use std::fmt::Write as _;

use konseki_report::{html, visible};

pub const INK: &str = "#1c2630";
pub const QUIET: &str = "#57626d";
pub const LINE: &str = "#c3cbd3";
/// The bundled font first, so that PNG never depends on the machine.
const FAMILY: &str = "'Noto Sans CJK JP','Noto Sans JP','Hiragino Sans','Yu Gothic UI',Meiryo,system-ui,sans-serif";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// A number for a coordinate, one digit after the point.
pub fn num(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// Width of a text in em: wide characters count one, others a little more than half.
pub fn width_of(text: &str) -> f64 {
    let one = |c: char| match c as u32 {
        0x1100.. => 1.0,
        _ if c.is_ascii_uppercase() || c == 'm' || c == 'w' => 0.68,
        _ if "il.,:;'|!".contains(c) => 0.3,
        _ => 0.56,
    };
    text.chars().map(one).sum()
}

/// The text cut to that many pixels at that size, with `…` where something is missing.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    let shown = visible(text);
    if width_of(&shown) * size <= room {
        return shown;
    }
    let mut out = String::new();
    let mut used = 1.0;
    for c in shown.chars() {
        used += width_of(c.encode_utf8(&mut [0; 4]));
        if used * size > room {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// A host's name in that room: without its domain where the whole does not fit.
pub fn fit_host(host: &str, size: f64, room: f64) -> String {
    let whole = fit(host, size, room);
    let name = host.split('.').next().unwrap_or(host);
    if whole.ends_with('…') && host.parse::<std::net::IpAddr>().is_err() { fit(name, size, room) } else { whole }
}

/// A picture that grows; ids of patterns begin with `id`.
pub struct Canvas {
    id: String,
    pub width: f64,
    pub height: f64,
    body: String,
}

impl Canvas {
    pub fn new(id: &str, width: f64) -> Self {
        Self { id: id.to_owned(), width, height: 0.0, body: String::new() }
    }

    pub fn text(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, fill: &str, text: &str) {
        let (x, y, size, anchor) = (num(x), num(y), num(size), anchor.as_str());
        // Writing into a String cannot fail.
        let _ = write!(
            self.body,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{}</text>",
            html(text)
        );
    }

    /// Text with a white rim, to be read over lines.
    pub fn label(&mut self, (x, y): (f64, f64), size: f64, anchor: Anchor, text: &str) {
        let (width, height) = (width_of(text) * size + 6.0, size + 4.0);
        let left = match anchor {
            Anchor::Start => x - 3.0,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width + 3.0,
        };
        self.rect((left, y - size), (width, height), " fill=\"#fff\" fill-opacity=\"0.88\"");
        self.text((x, y), size, anchor, INK, text);
    }

    pub fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), more: &str) {
        let (x, y, width, height) = (num(x), num(y), num(width.max(0.0)), num(height.max(0.0)));
        let _ = write!(self.body, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{more}/>");
    }

    pub fn path(&mut self, d: &str, more: &str) {
        let _ = write!(self.body, "<path d=\"{d}\" fill=\"none\"{more}/>");
    }

    pub fn line(&mut self, (x0, y0): (f64, f64), (x1, y1): (f64, f64), more: &str) {
        self.path(&format!("M{} {}L{} {}", num(x0), num(y0), num(x1), num(y1)), more);
    }

    pub fn arrow_head(&mut self, (x, y): (f64, f64), (dx, dy): (f64, f64)) {
        let length = (dx * dx + dy * dy).sqrt().max(0.001);
        let (ux, uy) = (dx / length, dy / length);
        let (bx, by) = (x - ux * 8.0, y - uy * 8.0);
        let points = [(x, y), (bx - uy * 3.6, by + ux * 3.6), (bx + uy * 3.6, by - ux * 3.6)];
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", num(*x), num(*y))).collect();
        let _ = write!(self.body, "<polygon points=\"{}\" fill=\"{INK}\"/>", points.join(" "));
    }

    /// A hover text over what is drawn inside.
    pub fn group(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g><title>{}</title>", html(title));
        draw(self);
        self.body.push_str("</g>");
    }

    /// Attribute that fills with a hatch: `nolog`, `partial`, `weak`.
    pub fn hatch(&self, name: &str) -> String {
        format!(" fill=\"url(#{}-{name})\"", self.id)
    }

    fn defs(&self) -> String {
        let mut out = String::from("<defs>");
        for (name, colour, back, gap, width) in
            [("nolog", "#b3bbc4", "#eceff2", 7, "2"), ("partial", "#6b7680", "#ffffff", 5, "1.6"), ("weak", "#1f4e79", "#ffffff", 5, "2")]
        {
            let _ = write!(
                out,
                "<pattern id=\"{}-{name}\" width=\"{gap}\" height=\"{gap}\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"{gap}\" height=\"{gap}\" fill=\"{back}\"/><rect width=\"{width}\" height=\"{gap}\" fill=\"{colour}\"/></pattern>",
                self.id
            );
        }
        out + "</defs>"
    }

    /// The whole picture with its text alternative.
    pub fn finish(self, lang: &str, title: &str, desc: &str) -> String {
        let (id, width, height) = (&self.id, num(self.width), num(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" lang=\"{lang}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" font-family=\"{FAMILY}\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{}<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>{}</svg>",
            html(title),
            html(desc),
            self.defs(),
            self.body
        )
    }
}
