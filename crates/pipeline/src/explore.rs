//! A case for someone who looks around: pages of the timeline, counts over time, findings, bounded SQL. Never writes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use konseki_formats::time::Local;
use konseki_model::time::rfc3339;
use konseki_model::{At, Fidelity, Finding, Record};
use konseki_report::{EventWords, Lang, csv_field, escape_terminal};
use konseki_store::{Bounds, Escape, Events, Filter};
use serde::Serialize;

use crate::run::Case;
use crate::settings::Settings;
use crate::views::{event_words, list_case, local_time, usable, zone_of};
use crate::{Error, TimelineRequest};

/// Events that can be skipped; further ones are reached by narrower times.
pub const FURTHEST: u64 = 20_000;
/// Events of one page at most.
pub const PAGE: u64 = 500;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest file of a report that is handed out.
const REPORT_FILE: u64 = 256 << 20;
/// Hosts, users and sources to choose from.
const CHOICES: u64 = 300;

/// Which events: a timeline's bounds, and a text, and one finding.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `format` is not looked at.
    pub timeline: TimelineRequest,
    pub text: Option<String>,
    /// Id of a finding: only events it rests on.
    pub finding: Option<String>,
    pub offset: u64,
    pub limit: u64,
}

/// One event as a page shows it. Times are RFC 3339, `local` in the wanted zone.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub time: Option<String>,
    pub local: Option<String>,
    pub fidelity: &'static str,
    pub basis: &'static str,
    pub host: String,
    pub source: String,
    pub kind: &'static str,
    pub user: String,
    /// What happened, in words.
    pub message: String,
    /// What stands at the place; empty where the case kept no excerpt.
    pub raw: String,
    /// Core columns and native fields that are not empty.
    pub fields: Vec<(String, String)>,
    pub evidence: String,
    pub path: String,
    pub unit: &'static str,
    pub at: u64,
    /// Findings that rest on it.
    pub findings: Vec<String>,
}

/// A page of events; `more` says that others follow.
#[derive(Clone, Debug, Serialize)]
pub struct EventPage {
    pub rows: Vec<Row>,
    pub offset: u64,
    pub more: bool,
    /// Whether what follows can be reached by skipping.
    pub reachable: bool,
}

/// Events over time: spans of `width` seconds that hold any, and how many have no time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Histogram {
    pub events: u64,
    pub untimed: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    pub width: i64,
    pub bins: Vec<Bin>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Bin {
    /// Seconds since 1970, UTC.
    pub start: i64,
    pub from: String,
    pub to: String,
    pub events: u64,
}

/// What there is to choose from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct About {
    pub name: String,
    pub zone: String,
    pub version: &'static str,
    pub tables: Vec<String>,
    pub hosts: Vec<String>,
    pub users: Vec<String>,
    pub sources: Vec<String>,
    pub report: bool,
    pub furthest: u64,
}

#[derive(Default)]
struct Behind {
    findings: Vec<String>,
    excerpt: String,
}

/// The case as it stood when it was opened; a later run makes it anew.
struct Opened {
    events: Events,
    /// For SQL, with memory of its own: what it holds must not be missing elsewhere.
    sql: Events,
    paths: BTreeMap<String, String>,
    findings: Vec<Finding>,
    behind: BTreeMap<(String, At), Behind>,
}

type Stamp = Vec<Option<(u64, SystemTime)>>;

/// A case that is looked at; may be asked from several threads.
pub struct Explorer {
    case: Case,
    words: EventWords,
    opened: Mutex<Option<(Stamp, Arc<Opened>)>>,
}

impl Explorer {
    /// # Errors
    /// No case there, or one of a newer version.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let explorer = Self { case: usable(root)?, words: event_words(), opened: Mutex::new(None) };
        explorer.opened()?;
        Ok(explorer)
    }

    fn stamp(&self) -> Stamp {
        ["work/journal.jsonl", "results/findings.jsonl", "case.toml"]
            .iter()
            .map(|name| fs::metadata(self.case.path(name)).ok().and_then(|is| Some((is.len(), is.modified().ok()?))))
            .collect()
    }

    fn opened(&self) -> Result<Arc<Opened>, Error> {
        let stamp = self.stamp();
        let mut held = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, opened)) = &*held
            && *known == stamp
        {
            return Ok(Arc::clone(opened));
        }
        let listed = list_case(&self.case)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let open = || Events::open_reading(&self.case.path("events"), &listed.corrections, threads);
        let (events, sql) = (open()?, open()?);
        let findings = findings(&self.case)?;
        let mut behind: BTreeMap<(String, At), Behind> = BTreeMap::new();
        for finding in &findings {
            for because in &finding.because {
                let one = behind.entry((because.evidence.clone(), because.at)).or_default();
                if !one.findings.contains(&finding.id) {
                    one.findings.push(finding.id.clone());
                }
                if one.excerpt.is_empty() {
                    one.excerpt.clone_from(&because.excerpt);
                }
            }
        }
        let opened = Arc::new(Opened { events, sql, paths: listed.paths, findings, behind });
        *held = Some((stamp, Arc::clone(&opened)));
        Ok(opened)
    }

    /// # Errors
    /// The case cannot be read, or an unknown zone; too far to skip.
    pub fn events(&self, wanted: &Wanted) -> Result<EventPage, Error> {
        let opened = self.opened()?;
        let mut zone = zone_of(wanted.timeline.zone.as_deref())?;
        let limit = wanted.limit.clamp(1, PAGE);
        if wanted.offset > FURTHEST {
            return Err(Error::Usage(format!("only {FURTHEST} events can be skipped: choose a later start")));
        }
        let mut page = EventPage { rows: Vec::new(), offset: wanted.offset, more: false, reachable: wanted.offset + limit <= FURTHEST };
        let Some(filter) = opened.filter(wanted) else { return Ok(page) };
        let language = if wanted.timeline.japanese { Lang::Ja } else { Lang::En };
        // One more than wanted says whether others follow.
        opened.events.page(&filter, (wanted.offset, limit + 1), PATIENCE, &mut |record| {
            let message = self.words.sentence(language, &record);
            page.rows.push(opened.row(record, message, zone.as_mut()));
        })?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        page.more = page.rows.len() > limit;
        page.rows.truncate(limit);
        Ok(page)
    }

    /// At most about `bins` spans between the first and the last event.
    ///
    /// # Errors
    /// The case cannot be read.
    pub fn histogram(&self, wanted: &Wanted, bins: i64) -> Result<Histogram, Error> {
        let opened = self.opened()?;
        let Some(filter) = opened.filter(wanted) else { return Ok(Histogram::default()) };
        let span = opened.events.span(&filter, PATIENCE)?;
        let second = |micros: i64| rfc3339(micros, Fidelity::Second);
        let (first, last) = (span.first.unwrap_or(0), span.last.unwrap_or(0));
        let width = width(last.saturating_sub(first), bins);
        let micros = width.saturating_mul(1_000_000);
        let bin = |(start, events): (i64, u64)| Bin {
            start: start.div_euclid(1_000_000),
            from: second(start),
            to: second(start.saturating_add(micros)),
            events,
        };
        Ok(Histogram {
            events: span.events,
            untimed: span.events - span.timed.min(span.events),
            first: span.first.map(second),
            last: span.last.map(second),
            width,
            bins: opened.events.bins(&filter, micros, PATIENCE)?.into_iter().map(bin).collect(),
        })
    }

    /// Findings as `results/findings.jsonl` holds them.
    ///
    /// # Errors
    /// The case cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        Ok(self.opened()?.findings.clone())
    }

    /// At most `rows` rows of one SELECT as lines of JSON; whether there were more. `held` is let go when its threads have
    /// ended: those of a query that was given up may go on.
    ///
    /// # Errors
    /// What is wrong with the query.
    pub fn select<H: Send + 'static>(&self, sql: &str, rows: u64, held: H, to: &mut dyn Write) -> Result<bool, Error> {
        let opened = self.opened()?;
        let escape = Escape { terminal: escape_terminal, csv: csv_field };
        let bounds = Bounds { rows, patience: PATIENCE };
        let asked = opened.sql.query_some(sql, bounds, escape, held, to).map_err(|error| match error {
            konseki_store::Error::Query(why) => Error::Usage(why),
            other => other.into(),
        })?;
        Ok(asked.1)
    }

    /// # Errors
    /// The case cannot be read.
    pub fn about(&self) -> Result<About, Error> {
        let opened = self.opened()?;
        let settings = Settings::read(&self.case.path("case.toml")).map_err(Error::Case)?;
        let values = |column| opened.events.values(column, CHOICES, PATIENCE);
        Ok(About {
            name: settings.name,
            zone: settings.zone,
            version: crate::VERSION,
            tables: opened.events.tables(),
            hosts: values("host")?,
            users: values("user")?,
            sources: values("source")?,
            report: self.case.path("report/index.html").is_file(),
            furthest: FURTHEST,
        })
    }

    /// A file of the case's report; only files that stand in that folder itself have a name here.
    ///
    /// # Errors
    /// The folder or the file cannot be read.
    pub fn report(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let folder = self.case.path("report");
        let told = |error: std::io::Error| Error::Case(format!("{}: {error}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(told)? {
            let entry = entry.map_err(told)?;
            // The type of the entry itself: links are not followed.
            if entry.file_name() == name && entry.file_type().map_err(told)?.is_file() {
                if entry.metadata().map_err(told)?.len() > REPORT_FILE {
                    return Err(Error::Case(format!("{}: too large to show here", entry.path().display())));
                }
                return fs::read(entry.path()).map(Some).map_err(told);
            }
        }
        Ok(None)
    }
}

impl Opened {
    /// `None` where no event can fit.
    fn filter(&self, wanted: &Wanted) -> Option<Filter> {
        let line = &wanted.timeline;
        let mut filter = Filter {
            from: line.from,
            to: line.to,
            host: line.host.clone(),
            user: line.user.clone(),
            source: line.source.clone(),
            text: wanted.text.clone(),
            ..Filter::default()
        };
        if line.findings_only || wanted.finding.is_some() {
            let fits = |behind: &Behind| wanted.finding.as_ref().is_none_or(|id| behind.findings.contains(id));
            filter.places = self.behind.iter().filter(|(_, behind)| fits(behind)).map(|(place, _)| place.clone()).collect();
            if filter.places.is_empty() {
                return None;
            }
        }
        Some(filter)
    }

    fn row(&self, record: Record, message: String, zone: Option<&mut Local>) -> Row {
        let behind = record.at.and_then(|at| self.behind.get(&(record.evidence.clone(), at)));
        let core = [
            ("src", &record.src),
            ("dst", &record.dst),
            ("session", &record.session),
            ("object", &record.object),
            ("target", &record.target),
            ("command", &record.command),
            ("outcome", &record.outcome),
            ("assigned", &record.assigned),
            ("agent", &record.agent),
        ];
        let mut fields: Vec<(String, String)> = core.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect();
        fields.extend(record.fields.iter().cloned());
        fields.retain(|(_, value)| !value.is_empty());
        let excerpt = behind.map(|behind| behind.excerpt.clone()).unwrap_or_default();
        Row {
            time: record.time.map(|time| rfc3339(time.micros, time.fidelity)),
            local: zone.zip(record.time).map(|(zone, stamp)| local_time(zone, stamp)),
            fidelity: record.time.map_or("", |time| time.fidelity.as_str()),
            basis: record.time.map_or("", |time| time.basis.as_str()),
            kind: record.kind().as_str(),
            message,
            fields,
            path: self.paths.get(&record.evidence).cloned().unwrap_or_default(),
            unit: record.at.map_or("", At::unit),
            at: record.at.map_or(0, At::number),
            findings: behind.map(|behind| behind.findings.clone()).unwrap_or_default(),
            raw: if record.raw.is_empty() { excerpt } else { record.raw },
            host: record.host,
            source: record.source,
            user: record.user,
            evidence: record.evidence,
        }
    }
}

fn findings(case: &Case) -> Result<Vec<Finding>, Error> {
    let path = case.path("results/findings.jsonl");
    let told = |why: String| Error::Case(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| told(error.to_string()))?;
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| told(error.to_string()))).collect()
}

/// Seconds of a span, from those that people count in.
fn width(micros: i64, bins: i64) -> i64 {
    const STEPS: [i64; 16] =
        [1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 259_200, 604_800, 2_592_000, 31_536_000];
    let seconds = micros / 1_000_000;
    let fits = STEPS.into_iter().find(|step| seconds / step < bins.max(1));
    fits.unwrap_or_else(|| (seconds / bins.max(1)).saturating_add(1))
}
