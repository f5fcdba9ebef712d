//! Looks into the first bytes of a piece: its first lines, and how many of them fit a shape.

use memchr::memchr;

/// The first lines that are not blank, at most `limit`; a last line cut by the end of a full head is left out.
pub fn first_lines(head: &[u8], limit: usize) -> impl Iterator<Item = &[u8]> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let mut rest = head;
    let full = head.len() >= 60_000;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (line, tail) = match memchr(b'\n', rest) {
                Some(at) => (rest.get(..at)?, rest.get(at + 1..).unwrap_or_default()),
                None if full => return None,
                None => (rest, rest.get(rest.len()..).unwrap_or_default()),
            };
            rest = tail;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.iter().any(|b| !b.is_ascii_whitespace()) {
                return Some(line);
            }
        }
        None
    })
    .take(limit)
}

/// Of the first `limit` lines: how many fit, and how many there are.
pub fn fitting(head: &[u8], limit: usize, fits: impl Fn(&[u8]) -> bool) -> (usize, usize) {
    let mut counts = (0, 0);
    for line in first_lines(head, limit) {
        counts.0 += usize::from(fits(line));
        counts.1 += 1;
    }
    counts
}

/// Does a text look like an IPv4 or IPv6 address?
pub fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_head() {
        let lines: Vec<_> = first_lines(b"\xEF\xBB\xBFa\r\n\n  \nb\nc", 9).collect();
        assert_eq!(lines, [&b"a"[..], b"b", b"c"]);
        assert_eq!(fitting(b"a\nb\nc", 2, |l| l == b"a"), (1, 2));
        let long = [b"x\n".repeat(31_000), b"cut".to_vec()].concat();
        assert!(first_lines(&long, 1 << 20).all(|l| l == b"x"));
    }
}
