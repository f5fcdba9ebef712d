//! Pictures of the package: SVG for pages, and PNG beside it.

use konseki_report::{Both, Lang};

use crate::{Claims, Error, File, Request};

/// A picture in one language. Title and description are its text alternative in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub title: Both,
    pub desc: Both,
    pub svg: String,
}

pub fn draw(_told: &Claims, _request: &Request, _lang: Lang) -> Vec<Picture> {
    Vec::new()
}

/// Files of this part of the package.
///
/// # Errors
/// A value that cannot be written.
pub fn write(_told: &Claims, _request: &Request) -> Result<Vec<File>, Error> {
    Ok(Vec::new())
}
