//! Web shells from requests: a path that one client alone uses, first seen late, a script where no script belongs.
//!
//! Each kind of evidence counts once: requests of one log, of a second log, integrity results, file lists.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Entity, EntityKind, Kind, Level, Record, Stamp};

use super::{Compared, Places, because, host};
use crate::names::{host_key, is_local, is_public};
use crate::small::{Cite, Names};

const DAY: i64 = 86_400_000_000;
/// A check that runs once a day tells of a new page on one of the days after.
const CHECKED: i64 = 3 * DAY;
/// Checks that find something on more days than these find the product's own.
const HABIT: usize = 3;
/// Paths kept per case, and paths counted per client.
const PATHS: usize = 100_000;
const BREADTH: usize = 64;
/// Clients from elsewhere that a web shell has at most.
const CLIENTS: usize = 2;

/// Endings of programs that a web server runs.
const SCRIPTS: &[&str] = &[".jsp", ".jspx", ".php", ".cgi", ".aspx", ".ashx", ".asp", ".ttc", ".pl", ".py"];
/// Folders of pictures, styles and help: no program belongs there.
const STATIC: &[&str] = &["/css/", "/images/", "/image/", "/img/", "/fonts/", "/help/", "/js/", "/static/", "/icons/", "/styles/"];

/// Kinds of evidence that agree, each with the record that stands for it.
type Kinds<'s> = Vec<(&'static str, Option<&'s Record>)>;

#[derive(Default)]
struct Path {
    clients: BTreeSet<String>,
    count: u64,
    posts: u64,
    answered: u64,
    /// A status was written at all.
    status: bool,
    first: Option<Stamp>,
    last: Option<Stamp>,
    places: Vec<Cite>,
    sources: BTreeSet<String>,
    /// Requests without a login that tell the client's own address, where a proxy hides it from other logs.
    bare: Vec<Record>,
}

impl Path {
    /// Clients from elsewhere.
    fn outside(&self) -> impl Iterator<Item = &String> {
        self.clients.iter().filter(|client| !is_local(client))
    }
}

#[derive(Default)]
pub struct Web {
    /// (host, path) over all logs of the host.
    paths: BTreeMap<(String, String), Path>,
    /// First time of each (source, host).
    begun: BTreeMap<(String, String), i64>,
    /// How many paths a client asked for.
    breadth: BTreeMap<String, BTreeSet<String>>,
    /// Names of files that another kind of evidence reports as new or changed, per host.
    files: BTreeMap<String, Vec<(String, Record)>>,
    names: Names,
    pub beyond: u64,
}

fn is_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    SCRIPTS.iter().any(|ending| name.ends_with(ending))
}

/// `GET` of `GET /path`.
fn method(record: &Record) -> &str {
    record.command.split(' ').next().filter(|word| word.bytes().all(|b| b.is_ascii_uppercase())).unwrap_or("")
}

impl Web {
    pub fn observe(&mut self, record: &Record) {
        match record.kind() {
            Kind::WebRequest | Kind::AuthMissing => self.request(record),
            Kind::IntegrityNew | Kind::IntegrityChanged => {
                let files = self.files.entry(record.host.clone()).or_default();
                if files.len() < 1000 {
                    files.push((record.object.to_lowercase(), super::lean(record)));
                }
            }
            Kind::FileSeen | Kind::FileCreate if is_script(&record.object.to_lowercase()) => {
                let files = self.files.entry(record.host.clone()).or_default();
                if files.len() < 20_000 {
                    files.push((record.object.to_lowercase(), super::lean(record)));
                }
            }
            _ => {}
        }
    }

    fn request(&mut self, record: &Record) {
        let path = record.object.split('?').next().unwrap_or_default().to_lowercase();
        let Some(stamp) = record.time else { return };
        let begun = self.begun.entry((record.source.clone(), record.host.clone())).or_insert(stamp.micros);
        *begun = (*begun).min(stamp.micros);
        if path.len() < 2 || path.len() > 512 {
            return;
        }
        if !is_local(&record.src) {
            let breadth = self.breadth.entry(record.src.clone()).or_default();
            if breadth.len() < BREADTH {
                breadth.insert(path.clone());
            }
        }
        let key = (record.host.clone(), path);
        if self.paths.len() >= PATHS && !self.paths.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let entry = self.paths.entry(key).or_default();
        if entry.clients.len() < 8 {
            entry.clients.insert(record.src.clone());
        }
        entry.count += 1;
        entry.posts += u64::from(method(record) == "POST");
        entry.status |= !record.outcome.is_empty();
        entry.answered += u64::from(record.outcome.starts_with('2'));
        entry.first = Some(entry.first.map_or(stamp, |first| first.min(stamp)));
        entry.last = Some(entry.last.map_or(stamp, |last| last.max(stamp)));
        if record.kind() == Kind::AuthMissing && is_public(&record.src) && entry.bare.len() < 3 {
            entry.bare.push(super::lean(record));
        }
        // A path of many is no web shell, whatever comes: nothing of it is cited.
        if entry.outside().count() > CLIENTS {
            entry.places = Vec::new();
        } else if entry.places.len() < 12 {
            entry.places.push(self.names.cite(record));
        }
        if entry.sources.len() < 8 {
            entry.sources.insert(record.source.clone());
        }
    }

    /// (host, path) -> requests from outside without a login, of paths that few asked for.
    pub fn requests(&self) -> BTreeMap<(String, String), Vec<Record>> {
        let few = self.paths.iter().filter(|(_, seen)| !seen.bare.is_empty() && seen.clients.len() <= 3 && seen.count <= 100);
        few.map(|((host, path), seen)| ((host_key(host), path.clone()), seen.bare.clone())).collect()
    }

    pub fn finish(&self, out: &mut Compared) {
        for ((place, path), seen) in &self.paths {
            let Some((weight, kinds)) = self.weigh(place, path, seen) else { continue };
            let script = is_script(path);
            let odd = script && STATIC.iter().any(|folder| path.contains(folder));
            let (level, confidence) = match (weight, kinds.len()) {
                (5.., 1..) if odd => (Level::High, 0.85),
                (4.., 2..) => (Level::High, 0.8),
                (4.., _) => (Level::Medium, 0.55),
                (3, 2..) => (Level::Medium, 0.45),
                _ => continue,
            };
            let names = kinds.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let mut places: Vec<Because> = seen.places.iter().map(Cite::because).collect();
            places.extend(kinds.iter().filter_map(|(_, record)| record.as_ref()).map(|record| because(record)));
            let mut entities = vec![host(place), Entity::new(EntityKind::Url, path.clone(), "object")];
            entities.extend(seen.outside().map(|client| Entity::new(EntityKind::Address, client.clone(), "from")));
            let src = seen.clients.iter().next().cloned().unwrap_or_default();
            let count = seen.count.to_string();
            let args = [("uri", path.as_str()), ("host", place), ("evidence", &names), ("src", &src), ("count", &count)];
            let techniques: &[&str] = &["T1505.003"];
            let (start, end) = (seen.first, seen.last);
            out.findings.push(
                Places {
                    rule: "web-shell-suspected",
                    level,
                    confidence,
                    techniques,
                    tactics: &["persistence"],
                    start,
                    end,
                    places,
                    count: seen.count,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }

    /// Weight of the signs, and the kinds of evidence that agree.
    fn weigh<'s>(&'s self, place: &str, path: &str, seen: &'s Path) -> Option<(i32, Kinds<'s>)> {
        let clients = seen.outside().count();
        let answered = !seen.status || seen.answered * 2 >= seen.count;
        if seen.count < 3 || clients > CLIENTS || !answered || path.contains("..") {
            return None;
        }
        let first = seen.first?.micros;
        // Each log of its own must have been watching before: a path that was there from the start may be a product's.
        let begun = seen.sources.iter().filter_map(|source| self.begun.get(&(source.clone(), place.to_owned()))).max().copied()?;
        let mostly_posts = seen.posts >= 3 && seen.posts * 2 >= seen.count;
        let script = is_script(path);
        if !script && !mostly_posts {
            return None;
        }
        let wide = seen.clients.iter().filter_map(|client| self.breadth.get(client)).map(BTreeSet::len).max().unwrap_or(0);
        let mut weight = i32::from(clients == 1) + i32::from(script) + i32::from(mostly_posts) + i32::from(first - begun >= 3 * DAY);
        weight += i32::from(script && STATIC.iter().any(|folder| path.contains(folder)));
        weight += if wide >= 40 { -2 } else { i32::from(wide <= 12) };
        let mut kinds: Kinds<'_> = vec![("requests", None)];
        if seen.sources.len() >= 2 {
            kinds.push(("requests in a second log", None));
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        let file = self.files.get(place).into_iter().flatten().find(|(file, record)| {
            let near = record.micros().is_none_or(|at| at - first >= -30 * DAY);
            let list = matches!(record.kind(), Kind::FileSeen | Kind::FileCreate);
            near && stem.len() >= 4 && file.contains(stem) && (list || record.kind() != Kind::FileSeen)
        });
        if let Some((_, record)) = file {
            let list = matches!(record.kind(), Kind::FileSeen | Kind::FileCreate);
            kinds.push((if list { "file list" } else { "integrity check" }, Some(record)));
        } else if let Some(record) = self.checked(place, first).filter(|_| script) {
            kinds.push(("integrity check", Some(record)));
        }
        Some((weight, kinds))
    }

    /// A check that names no file, but found new or changed ones soon after the page was first asked for.
    fn checked(&self, place: &str, first: i64) -> Option<&Record> {
        let nameless = |record: &&Record| matches!(record.kind(), Kind::IntegrityNew | Kind::IntegrityChanged) && record.object.is_empty();
        let results = || self.files.get(place).into_iter().flatten().map(|(_, record)| record).filter(nameless);
        let days: BTreeSet<i64> = results().filter_map(Record::micros).map(|at| at.div_euclid(DAY)).collect();
        let mut after = results().filter(|record| record.micros().is_some_and(|at| (0..CHECKED).contains(&(at - first))));
        after.next().filter(|_| days.len() <= HABIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Basis, Fidelity};

    fn request(path: &str, src: &str, method: &str, hour: i64) -> Record {
        Record {
            source: "web/access".into(),
            kind: Some(Kind::WebRequest),
            host: "web".into(),
            src: src.into(),
            object: path.into(),
            command: format!("{method} {path}"),
            outcome: "200".into(),
            time: Some(Stamp::new(hour * DAY / 24, Fidelity::Second, Basis::Written)),
            at: Some(At::Line(hour.unsigned_abs())),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> Vec<konseki_model::Finding> {
        let mut web = Web::default();
        records.iter().for_each(|record| web.observe(record));
        let mut out = Compared::default();
        web.finish(&mut out);
        out.findings
    }

    #[test]
    fn a_script_among_styles_that_one_client_posts_to() {
        let mut records = vec![request("/index.html", "198.51.100.1", "GET", 0)];
        records.extend((0..4).map(|n| request("/resources/css/x.jsp", "203.0.113.9", "POST", 200 + n)));
        let found = run(&records);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rule.as_str(), found[0].level), ("web-shell-suspected", Level::High));
    }

    #[test]
    fn a_check_without_names_counts_after_the_first_request_and_where_it_is_rare() {
        let asked: Vec<Record> = (0..4).map(|n| request("/dana-na/jam/info.cgi", "203.0.113.9", "", 200 + n)).collect();
        let check = |hour: i64| Record { kind: Some(Kind::IntegrityNew), command: String::new(), ..request("", "", "", hour) };
        let level = |checks: &[i64]| {
            let all: Vec<Record> = asked.iter().cloned().chain(checks.iter().map(|hour| check(*hour))).collect();
            run(&all).first().map(|finding| finding.level)
        };
        // The log watched for days before.
        assert_eq!(level(&[]), None);
        let mut web = vec![request("/index.html", "198.51.100.1", "GET", 0)];
        web.extend(asked.clone());
        let with = |checks: &[i64]| {
            let all: Vec<Record> = web.iter().cloned().chain(checks.iter().map(|hour| check(*hour))).collect();
            run(&all).first().map(|finding| finding.level)
        };
        assert_eq!(with(&[]), Some(Level::Medium));
        assert_eq!(with(&[210]), Some(Level::High));
        assert_eq!(with(&[150]), Some(Level::Medium));
        assert_eq!(with(&[24, 48, 72, 96, 210]), Some(Level::Medium));
    }

    #[test]
    fn a_page_that_many_use_and_one_that_was_always_there() {
        let mut records: Vec<Record> = (0..9).map(|n| request("/login.jsp", &format!("198.51.100.{n}"), "POST", 200 + n)).collect();
        records.extend((0..4).map(|n| request("/admin/report.php", "198.51.100.7", "GET", n)));
        assert!(run(&records).is_empty());
    }
}
