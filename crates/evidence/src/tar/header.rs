//! One 512-byte tar header: ustar, pax, GNU and old V7 (POSIX.1-2017 pax, GNU tar manual "Basic Tar Format").

pub(crate) const BLOCK: usize = 512;

pub(crate) type Block = [u8; BLOCK];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub name: Vec<u8>,
    pub link: Vec<u8>,
    /// `None`: the field is no number, or negative.
    pub size: Option<u64>,
    /// Seconds since 1970.
    pub mtime: Option<i64>,
    pub kind: u8,
    /// The checksum agrees.
    pub sound: bool,
    /// Old GNU sparse header (`S`): first segments, more to come, real size.
    pub sparse: Option<OldSparse>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OldSparse {
    pub segments: Vec<(u64, u64)>,
    pub extended: bool,
    pub real: u64,
}

/// A tar begins here, perhaps after zero blocks.
pub(crate) fn begins(head: &[u8]) -> bool {
    let Some(first) = head.chunks_exact(BLOCK).find(|block| block.iter().any(|&b| b != 0)) else {
        return false;
    };
    <&Block>::try_from(first).is_ok_and(|block| parse(block).is_some())
}

/// `None` when it is no header. One with `ustar` and a readable size counts as one even if its checksum is wrong;
/// one without `ustar` (V7) must have a right checksum and a plausible name.
pub(crate) fn parse(block: &Block) -> Option<Header> {
    let ustar = field(block, 257, 5) == b"ustar";
    let sound = checksum(block);
    let size = number(field(block, 124, 12)).and_then(|n| u64::try_from(n).ok());
    let name = text(field(block, 0, 100));
    if !(sound || ustar && size.is_some()) {
        return None;
    }
    // V7 has nothing there; another word is another format (vmtar says "visor" and keeps data elsewhere).
    let bare = field(block, 257, 5).iter().all(|&b| b == 0);
    if !ustar && (!bare || name.is_empty() || size.is_none()) {
        return None;
    }
    let gnu = field(block, 257, 8) == b"ustar  \0";
    let prefix = if ustar && !gnu { text(field(block, 345, 155)) } else { &[] };
    let name = match prefix {
        [] => name.to_vec(),
        prefix => [prefix, b"/", name].concat(),
    };
    let kind = block.get(156).copied().unwrap_or(0);
    Some(Header {
        name,
        link: text(field(block, 157, 100)).to_vec(),
        size,
        mtime: number(field(block, 136, 12)),
        kind,
        sound,
        sparse: (kind == b'S').then(|| OldSparse {
            segments: segments(field(block, 386, 96)),
            extended: block.get(482).is_some_and(|&b| b != 0),
            real: number(field(block, 483, 12)).and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        }),
    })
}

/// Pairs of offset and length, 12 bytes each; ends at the first that is empty.
pub(crate) fn segments(fields: &[u8]) -> Vec<(u64, u64)> {
    let pairs = fields.chunks_exact(24).map_while(|pair| {
        let offset = number(pair.get(..12)?)?;
        let length = number(pair.get(12..)?)?;
        Some((u64::try_from(offset).ok()?, u64::try_from(length).ok()?))
    });
    pairs.take_while(|&pair| pair != (0, 0)).collect()
}

fn field(block: &[u8], at: usize, length: usize) -> &[u8] {
    block.get(at..at + length).unwrap_or_default()
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|&b| b == 0).next().unwrap_or_default()
}

/// Octal text, or base 256 where the first bit is set. An empty field is 0.
fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let start = if first & 0x40 != 0 { -1 } else { 0 };
        let start = (i128::from(start) << 6) | i128::from(first & 0x3f);
        let value = rest.iter().try_fold(start, |value, &b| value.checked_mul(256).map(|value| value | i128::from(b)))?;
        return i64::try_from(value).ok();
    }
    let digits = field.split(|&b| b == 0).next()?.trim_ascii();
    digits.iter().try_fold(0i64, |value, &b| matches!(b, b'0'..=b'7').then(|| value.checked_mul(8)?.checked_add(i64::from(b - b'0')))?)
}

/// Sum of all bytes, the checksum field taken as spaces; some writers summed signed bytes.
fn checksum(block: &Block) -> bool {
    let Some(written) = number(field(block, 148, 8)) else { return false };
    let (mut unsigned, mut signed) = (0i64, 0i64);
    for (index, &byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&index) { b' ' } else { byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte as i8);
    }
    written == unsigned || written == signed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_both_forms() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"  17 \0\0"), Some(15));
        assert_eq!(number(b"\0\0\0"), Some(0));
        assert_eq!(number(b"9\0"), None);
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(&[0xff; 12]), Some(-1));
        assert_eq!(number(&[0x80 | 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn text_is_no_header() {
        let mut block = [b'a'; BLOCK];
        assert!(parse(&block).is_none());
        block.fill(0);
        assert!(!begins(&block));
    }
}
