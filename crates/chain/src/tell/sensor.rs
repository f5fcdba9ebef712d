//! Hosts that only recorded what others did: a finding of their traffic log is not about them.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{EntityKind, Finding};

use super::Coverage;
use crate::compare::Joins;
use crate::names::host_key;

/// Families of sources that watch the traffic of others.
pub(super) const WATCHES: &str = "network/";

pub(super) struct Sensors<'a> {
    hosts: BTreeSet<String>,
    /// Piece of evidence -> its source.
    sources: &'a BTreeMap<String, String>,
    joins: &'a Joins,
}

impl<'a> Sensors<'a> {
    pub(super) fn new(coverage: &[Coverage], joins: &'a Joins) -> Self {
        let own = coverage.iter().filter(|one| one.source.starts_with(WATCHES) && !one.host.is_empty());
        Self { hosts: own.map(|one| host_key(&one.host)).collect(), sources: &joins.sources, joins }
    }

    /// All lines of the finding stand in the traffic log of that host, and tell of others: of where something went to.
    pub(super) fn only_recorded(&self, finding: &Finding, host: &str) -> bool {
        let watched = |id: &str| self.sources.get(id).is_some_and(|source| source.starts_with(WATCHES));
        let about_others = finding.entities.iter().any(|e| match e.kind {
            EntityKind::Address => e.role == "to" && self.joins.book.host_of(&e.value).is_none_or(|own| host_key(own) != host_key(host)),
            EntityKind::Domain | EntityKind::Url => true,
            _ => false,
        });
        about_others && self.hosts.contains(&host_key(host)) && finding.because.iter().all(|because| watched(&because.evidence))
    }
}
