//! Whether an indicator stands in a text as a whole word: `192.0.2.25` is not `192.0.2.253`.

use super::IndicatorKind;

/// `Some(true)`: as the end of a longer name (`www.evil.example`); `None`: not as a whole.
pub(super) fn fits(kind: IndicatorKind, text: &[u8], start: usize, end: usize) -> Option<bool> {
    let before = start.checked_sub(1).and_then(|at| text.get(at)).copied();
    let after = text.get(end).copied();
    let next = text.get(end + 1).copied();
    let word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b >= 0x80);
    let one_of = |byte: Option<u8>, set: &[u8]| byte.is_some_and(|b| set.contains(&b));
    // A full stop ends a sentence; within a name another letter or digit follows.
    let goes_on = |byte: Option<u8>| byte == Some(b'.') && word(next);
    if word(after) || (word(before) && kind != IndicatorKind::Url) || goes_on(after) {
        return None;
    }
    let good = match kind {
        IndicatorKind::Address => {
            let six = text.get(start..end).is_some_and(|own| own.contains(&b':'));
            let colon = six && (before == Some(b':') || after == Some(b':'));
            !one_of(before, b"._") && !one_of(after, b"_") && !colon
        }
        IndicatorKind::Domain => {
            if one_of(before, b"-_") || one_of(after, b"-_") {
                return None;
            }
            return Some(before == Some(b'.'));
        }
        IndicatorKind::Url => !word(before) && !one_of(after, b"/_~%?=&#+:@-"),
        IndicatorKind::Email => !one_of(before, b"._-+%") && !one_of(after, b"-_"),
        IndicatorKind::Hash => true,
    };
    good.then_some(false)
}
