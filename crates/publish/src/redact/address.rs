//! Which addresses are internal, and where addresses and mailboxes stand in a text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The address of `10.0.0.1`, `10.0.0.1:443`, `[fd00::1]:443`, `fd00::1%eth0`.
pub fn parse(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    let inner = text.strip_prefix('[').and_then(|text| text.split(']').next()).unwrap_or(text);
    inner.split('%').next()?.parse().ok()
}

/// Addresses that are used inside of an organisation: RFC 1918, shared (RFC 6598), link-local, unique local.
pub fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => internal4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| internal6(v6), internal4),
    }
}

fn internal4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    v4.is_private() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
}

fn internal6(v6: Ipv6Addr) -> bool {
    let [first, ..] = v6.segments();
    first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
}

/// Runs of characters that an address, host or mailbox is made of, with their place.
pub fn runs(text: &str, keep: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (keep(c), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                out.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        out.push(from..text.len());
    }
    out
}

/// Places of addresses in a text.
pub fn find(text: &str) -> Vec<(Range<usize>, IpAddr)> {
    let mut out = Vec::new();
    for run in runs(text, |c| c.is_ascii_hexdigit() || c == '.' || c == ':') {
        let Some(word) = text.get(run.clone()) else { continue };
        let trimmed = word.trim_matches(|c| c == '.').trim_end_matches(':');
        let start = run.start + word.find(trimmed).unwrap_or(0);
        // `10.0.0.1:443`: the port is not part of it.
        let head = trimmed.split(':').next().unwrap_or(trimmed);
        for candidate in [trimmed, head] {
            if let Ok(address) = candidate.parse::<IpAddr>() {
                out.push((start..start + candidate.len(), address));
                break;
            }
        }
    }
    out
}

/// Places of mailboxes (`name@host.tld`) in a text.
pub fn mailboxes(text: &str) -> Vec<Range<usize>> {
    runs(text, |c| c.is_alphanumeric() || "@._-+=%".contains(c))
        .into_iter()
        .filter_map(|run| {
            let word = text.get(run.clone())?;
            let trimmed = word.trim_matches(|c: char| "._-+=%".contains(c));
            let (local, host) = trimmed.split_once('@')?;
            let start = run.start + word.find(trimmed)?;
            (!local.is_empty() && host.contains('.') && !host.contains('@')).then_some(start..start + trimmed.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_known() {
        for text in ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.9", "fd00::1", "fe80::1%eth0", "::ffff:10.0.0.1", "10.0.0.1:443"] {
            assert!(is_internal(parse(text).unwrap()), "{text}");
        }
        for text in ["203.0.113.9", "172.32.0.1", "100.128.0.1", "2001:db8::1", "[2001:db8::1]:443"] {
            assert!(!is_internal(parse(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_and_mailboxes_are_found_in_text() {
        let found: Vec<String> = find("from 10.0.0.1:443 to fd00::1, at 12:30:11.").into_iter().map(|(_, ip)| ip.to_string()).collect();
        assert_eq!(found, ["10.0.0.1", "fd00::1"]);
        let text = "mail <a.b@c.example>, not @this";
        let found: Vec<&str> = mailboxes(text).into_iter().filter_map(|range| text.get(range)).collect();
        assert_eq!(found, ["a.b@c.example"]);
    }
}
