//! Spellings of accounts: `DOM\user`, `user@dom.example` and `user` are one account where the domains agree, never on a guess.

use std::collections::{BTreeMap, BTreeSet};

/// Names that every machine has of its own: without a domain they are the account of some machine, not of a domain.
const LOCAL: &[&str] = &["root", "administrator", "admin", "guest"];
/// Spellings that are learned; what comes after stands for itself.
const MOST: usize = 100_000;

/// Name and domain as keys: lower case, the domain empty where none is written.
///
/// `vpxuser:DOM\name` (an act on behalf of someone) is its inner account.
fn parts(spelling: &str) -> (String, String) {
    let inner = spelling.split_once(':').map(|(_, inner)| inner).filter(|inner| !inner.is_empty()).unwrap_or(spelling);
    let (name, domain) = match (inner.rsplit_once('\\'), inner.split_once('@')) {
        (Some((domain, name)), _) => (name, domain),
        (None, Some((name, domain))) => (name, domain),
        (None, None) => (inner, ""),
    };
    (name.trim().to_lowercase(), domain.trim().trim_end_matches('.').to_lowercase())
}

fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// The domains that a case knows for each name.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    domains: BTreeMap<String, BTreeSet<String>>,
    count: usize,
}

impl Accounts {
    /// Learns from all spellings of a case.
    pub fn new<'s>(spellings: impl IntoIterator<Item = &'s str>) -> Self {
        let mut known = Self::default();
        for spelling in spellings {
            let (name, domain) = parts(spelling);
            if !name.is_empty() && !domain.is_empty() && known.count < MOST && known.domains.entry(name).or_default().insert(domain) {
                known.count += 1;
            }
        }
        known
    }

    /// The same for all spellings of one account: `name@domain`, `name` where no domain is known for sure.
    pub fn key(&self, spelling: &str) -> String {
        let (name, domain) = parts(spelling);
        let empty = BTreeSet::new();
        let known = self.domains.get(&name).unwrap_or(&empty);
        let domain = match domain.is_empty() {
            false => whole(&domain, known),
            true if LOCAL.contains(&name.as_str()) => String::new(),
            true => {
                let different: BTreeSet<String> = known.iter().map(|domain| whole(domain, known)).collect();
                if different.len() == 1 { different.into_iter().next().unwrap_or_default() } else { String::new() }
            }
        };
        if domain.is_empty() { name } else { format!("{name}@{domain}") }
    }

    /// Accounts in the order in which they are named, each with its spellings: those with a domain first.
    pub fn group<'s>(&self, spellings: impl IntoIterator<Item = &'s str>) -> Vec<Vec<String>> {
        let mut order: Vec<String> = Vec::new();
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for spelling in spellings.into_iter().filter(|spelling| !spelling.trim().is_empty()) {
            let key = self.key(spelling);
            let group = groups.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            if !group.iter().any(|known| known.eq_ignore_ascii_case(spelling)) {
                group.push(spelling.to_owned());
            }
        }
        let sorted = |mut group: Vec<String>| {
            group.sort_by_key(|spelling| parts(spelling).1.is_empty());
            group
        };
        order.iter().filter_map(|key| groups.remove(key)).map(sorted).collect()
    }
}

/// A short name of a domain is the long name that begins with it, where there is only one such.
fn whole(domain: &str, known: &BTreeSet<String>) -> String {
    if domain.contains('.') {
        return domain.to_owned();
    }
    let mut long = known.iter().filter(|known| known.contains('.') && label(known) == domain);
    match (long.next(), long.next()) {
        (Some(only), None) => only.clone(),
        _ => domain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(spellings: &[&str]) -> bool {
        let known = Accounts::new(spellings.iter().copied());
        known.group(spellings.iter().copied()).len() == 1
    }

    #[test]
    fn three_spellings_are_one_account() {
        let spellings = ["hanako", "CORP\\Hanako", "hanako@corp.example", "HANAKO"];
        let known = Accounts::new(spellings);
        assert_eq!(known.group(spellings), [["CORP\\Hanako", "hanako@corp.example", "hanako"]]);
        assert!(one(&["CORP\\hanako", "hanako@CORP.example."]));
        assert!(one(&["vpxuser:VSPHERE.LOCAL\\Hanako", "hanako@vsphere.local"]));
    }

    #[test]
    fn nothing_is_merged_on_a_guess() {
        // Other domains, also below the same first label.
        assert!(!one(&["CORP\\hanako", "hanako@lab.example"]));
        assert!(!one(&["hanako@corp.a.example", "hanako@corp.b.example"]));
        // A name without domain, of which two domains are known: three accounts, as far as anyone can tell.
        let spellings = ["hanako", "CORP\\hanako", "LAB\\hanako"];
        assert_eq!(Accounts::new(spellings).group(spellings).len(), 3);
        // A short domain that two long ones begin with.
        let spellings = ["CORP\\hanako", "hanako@corp.a.example", "hanako@corp.b.example"];
        assert_eq!(Accounts::new(spellings).group(spellings).len(), 3);
        // Every machine has one of these of its own.
        assert!(!one(&["Administrator", "CORP\\Administrator"]));
        assert!(!one(&["hanako", "taro"]));
    }

    #[test]
    fn what_the_case_knows_counts_not_only_what_is_shown() {
        let known = Accounts::new(["CORP\\hanako", "LAB\\hanako"]);
        assert_eq!(known.group(["hanako", "CORP\\hanako"]).len(), 2);
        assert_eq!(known.group(["", " "]), Vec::<Vec<String>>::new());
        assert_eq!(Accounts::default().key("a@b@c"), "a@b@c");
    }
}
