//! Files within a file (`.docx`): packed so that the same parts give the same bytes, and opened again for the last look.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::{Error, File};

/// No document of ours unpacks to more than that.
const MOST: u64 = 1 << 28;

fn fault(error: &dyn std::fmt::Display) -> Error {
    Error::Internal(format!("a packed file: {error}"))
}

/// Parts in their order, without times or owners.
///
/// # Errors
/// A fault of this program.
pub fn pack(parts: &[File]) -> Result<Vec<u8>, Error> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for part in parts {
        archive.start_file(part.path.as_str(), options).map_err(|error| fault(&error))?;
        archive.write_all(&part.bytes).map_err(|error| fault(&error))?;
    }
    Ok(archive.finish().map_err(|error| fault(&error))?.into_inner())
}

/// A file as a search has to see it: itself, or, where it is packed, each part of it, and the text of each part without its
/// markup, a line for a paragraph.
///
/// # Errors
/// It is packed and cannot be opened: nobody could say what it holds.
pub fn opened(file: &File) -> Result<Vec<File>, Error> {
    if !file.path.ends_with(".docx") {
        return Ok(vec![file.clone()]);
    }
    let mut archive = ZipArchive::new(Cursor::new(file.bytes.as_slice())).map_err(|error| fault(&error))?;
    // The name of the file itself, and what no part owns.
    let mut parts = vec![File { path: file.path.clone(), bytes: archive.comment().to_vec() }];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| fault(&error))?;
        let mut bytes = Vec::new();
        part.by_ref().take(MOST + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
        if bytes.len() as u64 > MOST {
            return Err(fault(&"a part is too large"));
        }
        let name = part.name().map_err(|error| fault(&error))?.into_owned();
        let path = format!("{}!/{name}", file.path);
        if path.ends_with(".xml") {
            parts.push(File::new(format!("{path}#text"), unmarked(&String::from_utf8_lossy(&bytes))));
        }
        parts.push(File { path, bytes });
    }
    Ok(parts)
}

/// The text between tags; the end of a paragraph and a break are ends of lines.
fn unmarked(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() / 2);
    for (index, piece) in xml.split('<').enumerate() {
        if index == 0 {
            out.push_str(piece);
            continue;
        }
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        if matches!(tag, "/w:p" | "w:br/") {
            out.push('\n');
        }
        out.push_str(text);
    }
    out
}
