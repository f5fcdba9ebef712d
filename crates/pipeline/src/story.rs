//! The story of a case: events of interest go to `chain` in order of time, its findings and steps come back.

use std::collections::{BTreeMap, BTreeSet};

use konseki_chain::{Compare, Follow, MachineVerdict, again_wants, follow_wants, wants};
use konseki_model::other::Others;
use konseki_model::{Chain, Finding, Kind, Problem, ProblemKind};
use konseki_report::{Coverage, Inventory, InventoryVerdict};
use konseki_store::{Filter, Native, Ordered};

use crate::assemble::Listed;
use crate::detect::Detector;
use crate::journal::Journal;
use crate::reading::host_of;
use crate::settings::Settings;
use crate::{Error, fold};

/// What is told.
#[derive(Default)]
pub struct Told {
    pub chain: Chain,
    pub inventory: Vec<Inventory>,
    pub coverage: Vec<Coverage>,
    pub lists: BTreeMap<String, Vec<String>>,
    /// What other tools said.
    pub others: Others,
    /// What comparisons did not look at.
    pub beyond: Vec<Problem>,
}

const HOUR: i64 = 3_600_000_000;

/// Observes the events of interest, adds the findings of comparisons, and tells the chain.
///
/// # Errors
/// The event store cannot be read.
pub fn tell(
    events: &Ordered,
    journal: &Journal,
    listed: &Listed,
    settings: &Settings,
    detector: &Detector,
    findings: &mut Vec<Finding>,
) -> Result<Told, Error> {
    let mut compare = Compare::new(&konseki_chain::Settings { appliances: settings.appliances.clone() });
    for source in konseki_chain::ASIDE {
        let aside = Filter { kinds: vec![Kind::Other], source: Some((*source).to_owned()), ..Filter::default() };
        events.records(&aside, &mut |record| compare.aside(record))?;
    }
    // Sorted once, asked several times.
    let sorted = events.sort(&of_kinds(|kind| wants(kind) || follow_wants(kind)), Native::Of(konseki_chain::NATIVE))?;
    sorted.each(wants, &mut |record| compare.observe(record))?;
    if compare.settle() {
        sorted.each(again_wants, &mut |record| compare.again(record))?;
    }
    let mut compared = compare.finish();
    adopt(findings, std::mem::take(&mut compared.findings));
    let heard = std::mem::take(&mut compared.others);
    let mut follow = Follow::new(findings, &compared.joins);
    if !follow.is_empty() {
        sorted.each(follow_wants, &mut |record| follow.observe(record))?;
    }
    drop(sorted);
    let (followed, edges) = follow.finish(findings);
    compared.joins.edges = edges;
    adopt(findings, followed);
    let coverage = coverage(journal, listed);
    let seen: Vec<konseki_chain::Coverage> = coverage
        .iter()
        .map(|one| konseki_chain::Coverage {
            host: one.host.clone(),
            source: one.source.clone(),
            first: one.first,
            last: one.last,
            buckets: one.buckets.clone(),
            start: one.start,
            width: one.width,
            unreadable: 0,
            unsure: listed.intake.iter().any(|piece| {
                piece.zone.basis == "assumed"
                    && piece.source == one.source
                    && piece.first.is_some()
                    && (piece.host.is_empty() || konseki_chain::host_key(&piece.host) == konseki_chain::host_key(&one.host))
            }),
        })
        .chain(listed.intake.iter().filter(|piece| piece.first.is_none()).map(|piece| konseki_chain::Coverage {
            host: piece.host.clone(),
            source: piece.source.clone(),
            unreadable: piece.records.rejected,
            ..konseki_chain::Coverage::default()
        }))
        .chain(twins(listed.intake.iter().map(|piece| (piece.source.as_str(), piece.host.as_str(), piece.also.as_slice())), &|path| {
            host_of(path, settings)
        }))
        .collect();
    let others = if heard.is_empty() {
        Others::default()
    } else {
        let rules: BTreeSet<String> =
            detector.list().into_iter().flat_map(|rule| [rule.id, rule.title]).map(|name| name.to_lowercase()).collect();
        heard.judge(findings, &konseki_chain::Known { machines: &compared.machines, coverage: &seen, rules: &rules })
    };
    for finding in findings.iter_mut() {
        konseki_report::fill(finding);
    }
    compared.joins.sources = listed.intake.iter().map(|piece| (piece.id.clone(), piece.source.clone())).collect();
    let mut chain = konseki_chain::tell(findings, &compared.joins, &seen);
    mail(events, listed, settings, findings, &mut chain)?;
    let vector = |hosts: BTreeSet<String>| hosts.into_iter().collect::<Vec<String>>();
    let inventory = compared.machines.into_iter().map(|row| Inventory {
        vm: row.name,
        uuid: row.uuid,
        vmx: row.vmx,
        lists: row.lists.into_iter().map(|(list, hosts)| (list, vector(hosts))).collect(),
        verdict: match row.verdict {
            MachineVerdict::Hidden => InventoryVerdict::Hidden,
            MachineVerdict::CannotTell => InventoryVerdict::CannotTell,
            MachineVerdict::Orphaned => InventoryVerdict::Orphaned,
            MachineVerdict::Known => InventoryVerdict::Known,
        },
    });
    let lists = compared.lists.into_iter().map(|(list, hosts)| (list, vector(hosts))).collect();
    let beyond = compared.beyond.into_iter().filter(|(_, count)| *count > 0);
    let beyond = beyond.map(|(what, count)| Problem { count, ..Problem::new(ProblemKind::Bound, None, what) });
    Ok(Told { chain, inventory: inventory.collect(), coverage, lists, others, beyond: beyond.collect() })
}

/// Messages on mail systems that the story names.
fn mail(events: &Ordered, listed: &Listed, settings: &Settings, findings: &[Finding], chain: &mut Chain) -> Result<(), Error> {
    let mut mail = konseki_chain::Mail::new(findings, chain, &listed.paths, settings.mail_keep_days);
    if mail.is_empty() || !listed.intake.iter().any(|piece| piece.source.starts_with("mail/")) {
        return Ok(());
    }
    let mut filter = of_kinds(konseki_chain::mail_wants);
    if konseki_chain::MAIL_ASIDE.iter().any(|source| listed.intake.iter().any(|piece| piece.source == *source)) {
        filter.kinds.push(Kind::Other);
    }
    events.records(&filter, &mut |record| mail.observe(record))?;
    mail.finish(&mut chain.scope);
    Ok(())
}

fn of_kinds(wants: fn(Kind) -> bool) -> Filter {
    Filter { kinds: Kind::all().map(|(kind, _)| kind).filter(|kind| wants(*kind)).collect(), ..Filter::default() }
}

/// Takes findings of comparisons in: an id from what they say and rest on, the same comparison of the same things once.
fn adopt(findings: &mut Vec<Finding>, new: Vec<Finding>) {
    for mut finding in new {
        let place = finding.because.first().map(|b| format!("{}:{}:{}", b.evidence, b.at.unit(), b.at.number())).unwrap_or_default();
        let args: Vec<&str> = finding.args.values().map(String::as_str).collect();
        finding.id = fold::finding_id(&[&finding.engine, &finding.rule, &args.join("|"), &place]);
        findings.push(finding);
    }
    findings.sort_by(|a, b| a.id.cmp(&b.id));
    findings.dedup_by(|a, b| a.id == b.id);
}

/// Records per hour (per day where a source spans more than 60 days) of each host and source.
fn coverage(journal: &Journal, listed: &Listed) -> Vec<Coverage> {
    let mut all: BTreeMap<(String, String), BTreeMap<i64, u64>> = BTreeMap::new();
    for piece in &listed.intake {
        let Some(outcome) = journal.outcomes.get(&piece.sha256) else { continue };
        let hours = outcome.spans.iter().flat_map(|span| span.hours.iter().map(|(host, hours)| (span.offset, host, hours)));
        for (offset, host, hours) in hours {
            let host = if host.is_empty() { &piece.host } else { host };
            let entry = all.entry((host.clone(), piece.source.clone())).or_default();
            for (hour, count) in hours {
                let moved = listed.corrections.shift(&piece.id, hour * HOUR, offset);
                *entry.entry((hour * HOUR + moved).div_euclid(HOUR)).or_default() += count;
            }
        }
    }
    let mut rows = Vec::new();
    for ((host, source), hours) in all {
        let (Some(first), Some(last)) = (hours.keys().next().copied(), hours.keys().last().copied()) else { continue };
        let span = last - first + 1;
        let step = if span <= 24 * 60 { 1 } else { 24 };
        let start = first.div_euclid(step) * step;
        // A single stray time must not make a row of millions of buckets.
        let length = usize::try_from((last - start) / step + 1).unwrap_or(0).min(4000);
        let mut buckets = vec![0; length];
        for (hour, count) in &hours {
            if let Some(bucket) = usize::try_from((hour - start) / step).ok().and_then(|index| buckets.get_mut(index)) {
                *bucket += count;
            }
        }
        rows.push(Coverage {
            host,
            source,
            first: Some(first * HOUR),
            last: Some((last + 1) * HOUR - 1),
            buckets,
            start: start * HOUR,
            width: step * HOUR,
            gaps: Vec::new(),
        });
    }
    rows
}

/// The same bytes from several hosts are one piece (a boot script that nobody changed): it was collected from each of them.
/// `pieces`: source, host, further paths.
fn twins<'a>(
    pieces: impl Iterator<Item = (&'a str, &'a str, &'a [String])>,
    host_at: &dyn Fn(&str) -> Option<String>,
) -> Vec<konseki_chain::Coverage> {
    let mut out = Vec::new();
    for (source, own, also) in pieces.filter(|(source, ..)| *source != "none") {
        let hosts = also.iter().filter_map(|path| host_at(path)).filter(|host| host != own);
        out.extend(hosts.map(|host| konseki_chain::Coverage { host, source: source.to_owned(), ..konseki_chain::Coverage::default() }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_boot_script_on_two_hosts_was_collected_from_both() {
        let also = ["esx02/local.sh".to_owned(), "esx01/copy/local.sh".to_owned()];
        let host = |path: &str| path.split('/').next().map(str::to_owned);
        let hosts: Vec<String> =
            twins([("vmware/esxi_autostart", "esx01", also.as_slice())].into_iter(), &host).into_iter().map(|one| one.host).collect();
        assert_eq!(hosts, ["esx02"]);
    }
}
