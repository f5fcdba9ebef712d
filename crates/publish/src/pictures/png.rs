//! SVG to PNG with the bundled font alone: the machine's fonts never change a byte.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::Error;

/// A subset of Noto Sans CJK JP (SIL Open Font License, `data/fonts/OFL.txt`): Latin, kana, and the characters of our own
/// words. What it lacks (names in other characters) is a box in PNG and right in SVG.
const FONT: &[u8] = include_bytes!("../../data/fonts/NotoSansCJKjp-subset.otf");
/// Pixels for each unit of the picture.
const SCALE: f32 = 1.5;

fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        fonts.set_sans_serif_family("Noto Sans CJK JP");
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}

/// # Errors
/// The picture is not one the renderer takes, or too large: a fault of this program.
pub fn render(svg: &str) -> Result<Vec<u8>, Error> {
    let fault = |text: String| Error::Internal(format!("picture: {text}"));
    let options = Options { fontdb: fonts(), font_family: "Noto Sans CJK JP".to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| fault(error.to_string()))?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| fault(format!("{width} × {height} pixels")))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| fault(error.to_string()))
}
