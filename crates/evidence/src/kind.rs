//! What a stream is, by its first bytes and never by its name.

use crate::entry::ContainerKind;
use crate::tar::header;
use crate::unpack;

/// Bytes looked at.
pub(crate) const HEAD: usize = 1 << 16;

/// The container that starts here, if one does. Compressed streams are tried: magic alone is not enough, a log may
/// begin with any two bytes.
pub(crate) fn recognise(head: &[u8]) -> Option<ContainerKind> {
    let kind = by_magic(head)?;
    if kind.streams() && kind != ContainerKind::Tar && !unpack::begins(kind, head) {
        return None;
    }
    Some(kind)
}

fn by_magic(head: &[u8]) -> Option<ContainerKind> {
    match head {
        // Local header; the end record of an empty archive; the mark of a split one.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Some(ContainerKind::Zip),
        // Method 8, reserved flags unset (RFC 1952).
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Some(ContainerKind::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Some(ContainerKind::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(ContainerKind::Xz),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(ContainerKind::Zstd),
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Some(ContainerKind::SevenZip),
        _ => header::begins(head).then_some(ContainerKind::Tar),
    }
}

/// The name promises a container that would have been opened.
pub(crate) fn named_archive(path: &str) -> bool {
    const SUFFIXES: [&str; 12] = [".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".tar", ".zip", ".7z", ".jar", ".egg"];
    let lower = path.to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| lower.ends_with(suffix))
}

/// The name of the stream inside a compressed one: `hostd.0.gz` holds `hostd.0`, `bundle.tgz` holds `bundle.tar`.
pub(crate) fn inner_name(name: &str) -> String {
    const SHORT: [(&str, &str); 6] =
        [(".tgz", ".tar"), (".tbz", ".tar"), (".tbz2", ".tar"), (".txz", ".tar"), (".tzst", ".tar"), (".svgz", ".svg")];
    const PLAIN: [&str; 7] = [".gz", ".bz2", ".xz", ".zst", ".z", ".gzip", ".zstd"];
    let lower = name.to_ascii_lowercase();
    let cut = |suffix: &str| name.get(..name.len() - suffix.len()).filter(|stem| !stem.is_empty());
    for (suffix, new) in SHORT {
        if let Some(stem) = lower.strip_suffix(suffix).and_then(|_| cut(suffix)) {
            return format!("{stem}{new}");
        }
    }
    for suffix in PLAIN {
        if let Some(stem) = lower.strip_suffix(suffix).and_then(|_| cut(suffix)) {
            return stem.to_owned();
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_inner_streams() {
        for (name, inner) in
            [("hostd.0.gz", "hostd.0"), ("vc.TGZ", "vc.tar"), ("a.tar.xz", "a.tar"), ("archive", "archive"), (".gz", ".gz")]
        {
            assert_eq!(inner_name(name), inner);
        }
    }

    #[test]
    fn magic_alone_is_not_enough() {
        assert_eq!(recognise(b"\x1f\x8b\x08\x00 this is a log line that happens to begin so"), None);
        assert_eq!(recognise(b"BZh91AY&SY but nothing behind it that decodes........................."), None);
        assert_eq!(recognise(b""), None);
        assert_eq!(recognise(&[0; 2048]), None);
    }
}
