//! Accounts and addresses as keys: one spelling for `DOM\user`, `user@dom` and `user`; networks and families of addresses.

use std::net::IpAddr;

/// Account name without its domain, lower case. `vpxuser:VSPHERE.LOCAL\name` (a delegated act) is its inner account.
pub(crate) fn account(user: &str) -> String {
    let inner = delegated(user).unwrap_or(user);
    let name = inner.rsplit('\\').next().unwrap_or(inner);
    name.split('@').next().unwrap_or(name).trim().to_lowercase()
}

/// The account behind a delegated one: `vpxuser:DOM\name` -> `DOM\name`.
pub(crate) fn delegated(user: &str) -> Option<&str> {
    user.split_once(':').map(|(_, inner)| inner).filter(|inner| !inner.is_empty())
}

/// First label of the domain, lower case; empty where none is written.
fn domain(user: &str) -> String {
    let inner = delegated(user).unwrap_or(user);
    let domain = inner.rsplit_once('\\').map(|(domain, _)| domain).or_else(|| inner.split_once('@').map(|(_, domain)| domain));
    domain.unwrap_or_default().split('.').next().unwrap_or_default().to_lowercase()
}

/// The same account as far as the spellings tell: names equal, domains not contradicting.
pub(crate) fn same_account(a: &str, b: &str) -> bool {
    let (x, y) = (domain(a), domain(b));
    !a.is_empty() && account(a) == account(b) && (x.is_empty() || y.is_empty() || x == y)
}

/// Accounts that no person holds.
pub(crate) fn is_service(user: &str) -> bool {
    let name = account(user);
    name.is_empty()
        || name.ends_with('$')
        || ["system", "local service", "network service", "anonymous logon", "dwm-1", "umfd-0"].contains(&name.as_str())
        || name.starts_with("vpxd-extension")
        || name.starts_with("dwm-")
        || name.starts_with("umfd-")
}

pub(crate) fn ip(address: &str) -> Option<IpAddr> {
    let parsed: IpAddr = address.trim().parse().ok()?;
    Some(match parsed {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(parsed, IpAddr::V4),
        IpAddr::V4(_) => parsed,
    })
}

/// An address without a port behind it: `10.0.0.1:3389` is `10.0.0.1`.
pub(crate) fn bare(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((head, port)) if head.contains('.') && !head.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => head,
        _ => address,
    }
}

/// Microseconds as the seconds that a `duration` hole of a sentence wants.
pub(crate) fn seconds(micros: i64) -> String {
    (micros as f64 / 1e6).to_string()
}

/// Loopback, unspecified, or no address at all.
pub(crate) fn is_local(address: &str) -> bool {
    ip(address).is_none_or(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// An address that is reached over the Internet. Documentation ranges count as such; RFC 1918, 6598, 4193 and
/// link-local, multicast and broadcast do not.
pub fn is_public(address: &str) -> bool {
    match ip(address) {
        Some(IpAddr::V4(four)) => {
            let [a, b, ..] = four.octets();
            !(four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_unspecified()
                || a >= 224
                || (a == 100 && (64..128).contains(&b)))
        }
        Some(IpAddr::V6(six)) => {
            let head = six.segments().first().copied().unwrap_or(0);
            !(six.is_loopback() || six.is_unspecified() || six.is_multicast() || head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80)
        }
        None => false,
    }
}

/// Host names are one where their first labels are: `esx01` and `esx01.corp.example`; addresses stay whole.
pub fn host_key(host: &str) -> String {
    if ip(host).is_some() {
        return host.to_owned();
    }
    host.split('.').next().unwrap_or(host).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_several_spellings() {
        assert_eq!(account("CORP\\Hanako"), "hanako");
        assert_eq!(account("hanako@corp.example"), "hanako");
        assert_eq!(account("vpxuser:VSPHERE.LOCAL\\Administrator"), "administrator");
        assert!(same_account("CORP\\hanako", "hanako@corp.example"));
        assert!(same_account("hanako", "CORP\\hanako"));
        assert!(!same_account("administrator@vsphere.local", "CORP\\administrator"));
    }

    #[test]
    fn public_addresses() {
        assert!(is_public("172.75.64.253"));
        assert!(!is_public("172.20.64.253"));
        assert!(!is_public("::ffff:10.0.0.1"));
        assert!(is_public("2001:db8::7"));
        assert!(!is_public("fe80::1"));
        assert!(!is_public("host"));
        assert_eq!(host_key("Esx01.corp.example"), host_key("esx01"));
    }
}
