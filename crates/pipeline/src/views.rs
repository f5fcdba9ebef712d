//! Questions to a case or to konseki itself: timeline, SQL, rules, sources.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use konseki_formats::time::Local;
use konseki_model::time::rfc3339;
use konseki_model::{Finding, Record, Stamp};
use konseki_report::{EventWords, Lang, csv_field, escape_terminal};
use konseki_sources::Description;
use konseki_store::{Escape, Events, Filter, Output};
use serde::Serialize;
use serde_json::json;

use crate::detect::Rules;
use crate::journal::Journal;
use crate::run::{Case, guard_version};
use crate::settings::Settings;
use crate::{Error, assemble};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimelineFormat {
    #[default]
    Table,
    Csv,
    Jsonl,
    Timesketch,
}

/// Which events a timeline shows.
#[derive(Clone, Debug, Default)]
pub struct TimelineRequest {
    pub format: TimelineFormat,
    /// Microseconds UTC.
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub host: Option<String>,
    pub user: Option<String>,
    pub source: Option<String>,
    pub findings_only: bool,
    /// IANA zone in which the table shows times.
    pub zone: Option<String>,
    pub japanese: bool,
}

/// The case of a folder that a run has made.
pub(crate) fn usable(case: &Path) -> Result<Case, Error> {
    if !case.join("work/journal.jsonl").is_file() {
        return Err(Error::Case(format!(
            "{} is not a case: run `konseki investigate EVIDENCE --case {}` first",
            case.display(),
            case.display()
        )));
    }
    let case = Case { root: case.to_owned() };
    guard_version(&case)?;
    Ok(case)
}

/// Its pieces, with paths and with all corrections of clocks.
pub(crate) fn list_case(case: &Case) -> Result<assemble::Listed, Error> {
    let settings = Settings::read(&case.path("case.toml")).map_err(Error::Case)?;
    let journal = Journal::read(&case.path("work/journal.jsonl")).map_err(|error| Error::Case(error.to_string()))?;
    let mut listed = assemble::list(&journal, &settings);
    let known: Vec<_> = crate::clocks::stored(case).into_iter().filter(|one| !listed.corrections.names(&one.evidence)).collect();
    listed.corrections.extend(known);
    Ok(listed)
}

fn open(case: &Path) -> Result<(Case, Events), Error> {
    let case = usable(case)?;
    let listed = list_case(&case)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let events = Events::open(&case.path("events"), &case.path("work/spill"), &listed.corrections, threads)?;
    Ok((case, events))
}

/// SQL over the case's events; gives the number of rows.
///
/// # Errors
/// No case there, or what is wrong with the query.
pub fn query(case: &Path, sql: &str, output: Output, to: &mut dyn Write) -> Result<u64, Error> {
    let (_, events) = open(case)?;
    let escape = Escape { terminal: escape_terminal, csv: csv_field };
    events.query(sql, output, escape, to).map_err(|error| match error {
        konseki_store::Error::Query(why) => Error::Usage(format!("{why}\ntables: {}", events.tables().join(", "))),
        other => other.into(),
    })
}

/// Every event in order of time, or those behind findings; gives how many were written.
///
/// # Errors
/// No case there, an unknown zone, or writing failed.
pub fn timeline(case: &Path, request: &TimelineRequest, to: &mut dyn Write) -> Result<u64, Error> {
    let (case, events) = open(case)?;
    let mut zone = zone_of(request.zone.as_deref())?;
    let mut filter = Filter {
        from: request.from,
        to: request.to,
        host: request.host.clone(),
        user: request.user.clone(),
        source: request.source.clone(),
        ..Filter::default()
    };
    let mut wanted = None;
    if request.findings_only {
        let places = finding_places(&case)?;
        filter.evidence = places.iter().map(|(id, _, _)| id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        if filter.evidence.is_empty() {
            return Ok(0);
        }
        wanted = Some(places);
    }
    let words = event_words();
    let mut rows = 0;
    let mut failed = None;
    if request.format == TimelineFormat::Csv {
        let head = "time,fidelity,basis,host,source,kind,user,src,dst,session,object,message,evidence,unit,at\n";
        failed = to.write_all(head.as_bytes()).err();
    }
    events.records(&filter, &mut |record| {
        if failed.is_some() {
            return;
        }
        if let (Some(wanted), Some(at)) = (&wanted, record.at)
            && !wanted.contains(&(record.evidence.clone(), at.unit().to_owned(), at.number()))
        {
            return;
        }
        let line = line(record, request, &words, zone.as_mut());
        if let Some(line) = line {
            rows += 1;
            failed = to.write_all(line.as_bytes()).err();
        }
    })?;
    let io = |error: std::io::Error| Error::Usage(format!("writing the timeline: {error}"));
    match failed {
        Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(io(error)),
        _ => Ok(rows),
    }
}

pub(crate) fn event_words() -> EventWords {
    let sources = konseki_sources::all().iter().chain([konseki_sources::plain()]);
    EventWords::new(&sources.map(|entry| (entry.id, entry.text)).collect::<Vec<_>>())
}

pub(crate) fn zone_of(name: Option<&str>) -> Result<Option<Local>, Error> {
    let unknown = |name| Error::Usage(format!("unknown time zone `{name}`: give an IANA name like Asia/Tokyo"));
    name.map(|name| Local::new(name).ok_or_else(|| unknown(name))).transpose()
}

/// RFC 3339 with the zone's offset at that time.
pub(crate) fn local_time(zone: &mut Local, stamp: Stamp) -> String {
    let offset = zone.offset_at(stamp.micros).unwrap_or(0);
    let local = rfc3339(stamp.micros + i64::from(offset) * 1_000_000, stamp.fidelity);
    format!("{}{}", local.trim_end_matches('Z'), crate::zones::name(offset))
}

fn finding_places(case: &Case) -> Result<BTreeSet<(String, String, u64)>, Error> {
    let path = case.path("results/findings.jsonl");
    let text = fs::read_to_string(&path).map_err(|error| Error::Case(format!("{}: {error}", path.display())))?;
    let mut places = BTreeSet::new();
    for line in text.lines() {
        let finding: Finding = serde_json::from_str(line).map_err(|error| Error::Case(format!("{}: {error}", path.display())))?;
        places.extend(finding.because.into_iter().map(|b| (b.evidence, b.at.unit().to_owned(), b.at.number())));
    }
    Ok(places)
}

fn line(record: &Record, request: &TimelineRequest, words: &EventWords, zone: Option<&mut Local>) -> Option<String> {
    let time = record.time.map(|time| rfc3339(time.micros, time.fidelity));
    let language = if request.japanese { Lang::Ja } else { Lang::En };
    let at = record.at.map(|at| (at.unit(), at.number())).unwrap_or(("line", 0));
    Some(match request.format {
        TimelineFormat::Table => {
            let shown = match (zone, record.time) {
                (Some(zone), Some(stamp)) => local_time(zone, stamp),
                _ => time.unwrap_or_else(|| "-".to_owned()),
            };
            let sentence = escape_terminal(&words.sentence(language, record));
            let short: String = sentence.chars().take(240).collect();
            format!(
                "{shown:<27} {:<16} {:<24} {short}  [{} {} {}]\n",
                escape_terminal(&record.host),
                record.source,
                record.evidence,
                at.0,
                at.1
            )
        }
        TimelineFormat::Csv => {
            let fidelity = record.time.map_or("", |t| t.fidelity.as_str());
            let basis = record.time.map_or("", |t| t.basis.as_str());
            let message = words.sentence(language, record);
            let number = at.1.to_string();
            let cells = [
                time.as_deref().unwrap_or(""),
                fidelity,
                basis,
                &record.host,
                &record.source,
                record.kind().as_str(),
                &record.user,
                &record.src,
                &record.dst,
                &record.session,
                &record.object,
                &message,
                &record.evidence,
                at.0,
                &number,
            ];
            cells.iter().map(|cell| csv_field(cell)).collect::<Vec<_>>().join(",") + "\n"
        }
        TimelineFormat::Jsonl => {
            let fields: serde_json::Map<String, serde_json::Value> =
                record.fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
            let line = json!({
                "time": time, "fidelity": record.time.map(|t| t.fidelity.as_str()), "basis": record.time.map(|t| t.basis.as_str()),
                "host": record.host, "source": record.source, "kind": record.kind().as_str(), "user": record.user, "src": record.src,
                "dst": record.dst, "session": record.session, "object": record.object, "target": record.target, "command": record.command,
                "outcome": record.outcome, "assigned": record.assigned, "fields": fields, "evidence": record.evidence, "at": {at.0: at.1},
            });
            format!("{line}\n")
        }
        TimelineFormat::Timesketch => {
            // Timesketch refuses rows without time; its own importer takes naive times as server-local, so the offset stands.
            let stamp = record.time?;
            let line = json!({
                "message": words.sentence(language, record), "datetime": rfc3339(stamp.micros, konseki_model::Fidelity::Microsecond).replace('Z', "+00:00"),
                "timestamp_desc": record.kind().as_str(), "timestamp": stamp.micros, "host": record.host, "source": record.source,
                "user": record.user, "src_ip": record.src, "dst_ip": record.dst, "session": record.session, "object": record.object,
                "evidence": record.evidence, "at": format!("{} {}", at.0, at.1),
            });
            format!("{line}\n")
        }
    })
}

/// The rules in use.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleList {
    pub rules: Vec<RuleLine>,
    pub unusable: Vec<(String, u64, String)>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuleLine {
    pub id: String,
    pub level: String,
    pub title: String,
    pub title_ja: String,
    pub engine: String,
    pub techniques: Vec<String>,
}

/// Loads rules as a run would and lists them.
///
/// # Errors
/// A rule path that cannot be read.
pub fn rules(paths: &[PathBuf], builtin: bool) -> Result<RuleList, Error> {
    let rules = Rules::read(paths, builtin, 1)?;
    let detector = rules.get();
    Ok(RuleList { rules: detector.list(), unusable: detector.unusable().to_vec() })
}

/// What `sources` says of one source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceInfo {
    pub id: &'static str,
    pub product: String,
    pub versions: Vec<String>,
    pub place: Vec<String>,
    pub title: (String, String),
    pub collect: (String, String),
    pub keep: (String, String),
    pub shows: (String, String),
    pub cannot: (String, String),
    pub clock: (String, String),
}

/// Everything that can be read.
///
/// # Errors
/// A `source.toml` that does not parse (a fault of this program).
pub fn sources() -> Result<Vec<SourceInfo>, Error> {
    let mut all = Vec::new();
    for entry in konseki_sources::all().iter().chain([konseki_sources::plain()]) {
        let about = Description::parse(entry.about).map_err(|why| Error::Internal(format!("{}: {why}", entry.id)))?;
        let both = |both: konseki_sources::description::Both| (both.en, both.ja);
        all.push(SourceInfo {
            id: entry.id,
            product: about.product,
            versions: about.versions,
            place: about.place,
            title: both(about.title),
            collect: both(about.collect),
            keep: both(about.keep),
            shows: both(about.shows),
            cannot: both(about.cannot),
            clock: (about.clock.zone, about.clock.basis),
        });
    }
    Ok(all)
}

/// A time of the command line as microseconds UTC: RFC 3339, or a date (its first instant).
///
/// # Errors
/// Text that is no time.
pub fn parse_time(text: &str) -> Result<i64, Error> {
    let bad = || Error::Usage(format!("`{text}` is no time: write 2024-01-07, 2024-01-07T03:12:09Z or 2024-01-07T12:12:09+09:00"));
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let (mut written, used) = konseki_formats::time::iso(full.as_bytes()).ok_or_else(bad)?;
    if used != full.len() {
        return Err(bad());
    }
    written.offset = written.offset.or(Some(0));
    written.utc_micros().ok_or_else(bad)
}

/// RFC 3339 UTC in seconds.
pub fn format_time(micros: i64) -> String {
    rfc3339(micros, konseki_model::Fidelity::Second)
}

/// Any result as one line of JSON.
pub fn json_of<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Headings of `sources` on a terminal.
pub fn source_headings(japanese: bool) -> Vec<&'static str> {
    let language = if japanese { Lang::Ja } else { Lang::En };
    ["where", "collect", "keep", "shows", "cannot", "clock"]
        .iter()
        .map(|key| konseki_report::Words::plain(language, &format!("sources.{key}")))
        .collect()
}
