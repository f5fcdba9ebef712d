//! Archives with fixed times, owners and order: the same members make the same bytes.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::{Compression, GzBuilder};

/// One gzip member without name and time.
pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// A tar of those members, in order of their paths.
///
/// # Errors
/// When a path does not fit a tar header.
pub fn tar(members: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        builder.append_data(&mut header, path, bytes.as_slice())?;
    }
    builder.into_inner()
}

/// `tar` in one gzip member.
///
/// # Errors
/// As `tar`.
pub fn tgz(members: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    Ok(gz(&tar(members)?))
}
