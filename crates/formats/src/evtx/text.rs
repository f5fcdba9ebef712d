//! Numbers, UTF-16 and single-byte text written as UTF-8 into a byte buffer.

/// UTF-16LE up to its first NUL, as UTF-8. Lone surrogates become U+FFFD; an odd last byte is left out.
#[inline]
pub(super) fn utf16(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() / 2);
    let (blocks, rest) = bytes.as_chunks::<32>();
    let mut done = 0;
    for block in blocks {
        let mut narrow = [0u8; 16];
        let mut odd = 0u16;
        for (to, unit) in narrow.iter_mut().zip(block.as_chunks::<2>().0) {
            let unit = u16::from_le_bytes(*unit);
            // 1..=0x7f is ASCII without NUL.
            odd |= u16::from(unit.wrapping_sub(1) > 0x7e);
            *to = unit as u8;
        }
        if odd != 0 {
            return utf16_slow(bytes.get(done..).unwrap_or_default(), out);
        }
        out.extend_from_slice(&narrow);
        done += 32;
    }
    let mut narrow = [0u8; 16];
    let units = rest.as_chunks::<2>().0;
    let mut odd = 0u16;
    for (to, unit) in narrow.iter_mut().zip(units) {
        let unit = u16::from_le_bytes(*unit);
        odd |= u16::from(unit.wrapping_sub(1) > 0x7e);
        *to = unit as u8;
    }
    if odd != 0 {
        return utf16_slow(rest, out);
    }
    out.extend_from_slice(narrow.get(..units.len()).unwrap_or_default());
}

/// Mixed text: runs of ASCII stay cheap, the rest goes character by character.
fn utf16_slow(bytes: &[u8], out: &mut Vec<u8>) {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    for unit in char::decode_utf16(units.take_while(|unit| *unit != 0)) {
        let ch = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
        if ch.is_ascii() {
            out.push(ch as u8);
        } else {
            let mut buffer = [0u8; 4];
            out.extend_from_slice(ch.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// Windows-1252 without its NULs, as UTF-8.
pub(super) fn ansi(bytes: &[u8], out: &mut Vec<u8>) {
    for part in bytes.split(|byte| *byte == 0) {
        if part.is_ascii() {
            out.extend_from_slice(part);
        } else {
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(part);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

#[inline]
pub(super) fn decimal(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut value = value;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

pub(super) fn signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    decimal(value.unsigned_abs(), out);
}

/// As many digits as `width`, filled with zeros on the left.
#[inline]
pub(super) fn padded(value: u32, width: usize, out: &mut Vec<u8>) {
    let mut digits = [0u8; 10];
    let mut value = value;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(digits.get(10 - width.min(10)..).unwrap_or_default());
}

#[inline]
fn digit(nibble: u8, letters: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { letters + nibble - 10 }
}

/// `0x` and lower-case digits without leading zeros.
pub(super) fn hex(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0x");
    let nibbles = (64 - value.leading_zeros()).div_ceil(4).max(1);
    for index in (0..nibbles).rev() {
        out.push(digit((value >> (4 * index)) as u8 & 15, b'a'));
    }
}

pub(super) fn hex_bytes(bytes: &[u8], letters: u8, out: &mut Vec<u8>) {
    out.reserve(2 * bytes.len());
    for byte in bytes {
        out.extend_from_slice(&[digit(byte >> 4, letters), digit(byte & 15, letters)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_of(text: &str) -> String {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut out = Vec::new();
        utf16(&bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn utf16_agrees_at_every_length_and_place() {
        for len in 0..80 {
            let plain: String = (0..len).map(|i| char::from(b'a' + (i % 26) as u8)).collect();
            assert_eq!(utf16_of(&plain), plain);
            for at in 0..len {
                for odd in ["é", "\u{754c}", "😀"] {
                    let mut text = plain.clone();
                    text.replace_range(at..=at, odd);
                    assert_eq!(utf16_of(&text), text);
                }
                let mut cut = plain.clone();
                cut.replace_range(at..=at, "\0");
                assert_eq!(utf16_of(&cut), plain[..at]);
            }
        }
    }

    #[test]
    fn numbers() {
        let text = |f: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            f(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(&|o| decimal(u64::MAX, o)), u64::MAX.to_string());
        assert_eq!(text(&|o| decimal(0, o)), "0");
        assert_eq!(text(&|o| signed(i64::MIN, o)), i64::MIN.to_string());
        assert_eq!(text(&|o| hex(0, o)), "0x0");
        assert_eq!(text(&|o| hex(0x8020_0000_0000_0000, o)), "0x8020000000000000");
        assert_eq!(text(&|o| padded(7, 4, o)), "0007");
        assert_eq!(text(&|o| ansi(b"a\0\xe9", o)), "a\u{e9}");
    }
}
