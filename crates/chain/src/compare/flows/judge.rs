//! What the counters mean: which pair is a channel, which day is a theft, weighed by rarity, newness and the box's role.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Finding, Level, Stamp};

use super::{DAY, Flows, HOUR, Pair};
use crate::book::Book;
use crate::compare::{Compared, Places, host};
use crate::data::Data;

/// One pair with what is known beside its counters.
struct Seen<'a> {
    src: &'a str,
    dst: &'a str,
    port: u16,
    sensor: u8,
    pair: &'a Pair,
    host: String,
    role: Option<&'static str>,
    /// The sensor had watched for days before the first call.
    new: bool,
    /// Few other systems call there.
    rare: bool,
    domains: BTreeSet<String>,
}

/// A day whose bytes out to one place stand out.
struct Outlier {
    day: i64,
    bytes: u64,
    usual: u64,
    /// Bytes of all such days of the pair.
    total: u64,
    /// All such days.
    days: BTreeSet<i64>,
}

impl Flows {
    pub fn finish(&self, book: &Book, data: &Data, out: &mut Compared) {
        let quiet = self.quiet(book);
        let merged = self.merged();
        let mut seen: Vec<Seen<'_>> = Vec::new();
        for ((src, dst, port), (sensor, pair)) in &merged {
            let (name, role) = quiet.get(src).map_or((None, None), |(name, role)| (Some(name.clone()), Some(*role)));
            let begun = self.span.get(sensor).map_or(0, |(first, _)| *first);
            let callers = self.callers.get(dst).map_or(0, BTreeSet::len);
            seen.push(Seen {
                src,
                dst,
                port: *port,
                sensor: *sensor,
                pair,
                host: name.or_else(|| book.host_of(src).map(str::to_owned)).unwrap_or_else(|| src.clone()),
                role,
                new: pair.first - begun >= 3 * DAY,
                rare: callers <= 4,
                domains: self.domains.get(&(src.clone(), dst.clone())).cloned().unwrap_or_default(),
            });
        }
        // A place that boxes call which should not call anywhere is a channel for others that call it too.
        let mut channels: BTreeMap<&str, Level> = BTreeMap::new();
        for one in seen.iter().filter(|one| one.role.is_some() && one.plain_port()) {
            if let Some(level) = self.quiet_box(one, data, out) {
                let known = channels.entry(one.dst).or_insert(level);
                *known = (*known).max(level);
            }
        }
        for one in seen.iter().filter(|one| one.role.is_none()) {
            self.beacon(one, channels.get(one.dst).copied(), out);
        }
        for one in &seen {
            self.theft(one, channels.get(one.dst).copied(), out);
        }
    }

    /// Its shape, or `None` where it is nothing special. The level counts for others that call the same place.
    fn quiet_box(&self, one: &Seen<'_>, data: &Data, out: &mut Compared) -> Option<Level> {
        if one.pair.unanswered * 2 > one.pair.count {
            return None;
        }
        if one.domains.iter().any(|name| data.is_resolver(name)) || (one.port == 443 || one.port == 853) && data.is_resolver(one.dst) {
            let level = if one.pair.count >= 5 { Level::High } else { Level::Medium };
            out.findings.push(self.draft(
                one,
                "doh-from-quiet-box",
                level,
                0.8,
                &["T1071.004", "T1572"],
                "command-and-control",
                one.pair.cited(),
            ));
            return None;
        }
        let beacon = one.pair.is_beacon();
        let lasting = one.pair.last - one.pair.first >= DAY;
        let (rule, level, confidence) = if one.pair.long >= 3 && one.rare {
            ("long-quiet-connection", Level::High, 0.85)
        } else if beacon.is_some() && one.rare && one.new {
            ("beacon", Level::High, 0.85)
        } else if one.rare && one.new && one.pair.count >= 8 && lasting {
            ("quiet-box-egress", Level::Medium, 0.6)
        } else if beacon.is_some() || one.new && one.rare {
            ("quiet-box-egress", Level::Low, 0.3)
        } else {
            return None;
        };
        let places = if rule == "long-quiet-connection" { one.pair.cited_slow() } else { one.pair.cited() };
        out.findings.push(self.draft(one, rule, level, confidence, &["T1071.001", "T1573"], "command-and-control", places));
        (level >= Level::Medium).then_some(level)
    }

    /// Regular calls of systems that may call out: told where few call there and it began while the sensor watched.
    fn beacon(&self, one: &Seen<'_>, channel: Option<Level>, out: &mut Compared) {
        if one.pair.unanswered * 2 > one.pair.count || [53, 123].contains(&one.port) {
            return;
        }
        let regular = one.pair.is_beacon().is_some() || one.pair.long >= 3;
        let called = channel.is_some() && one.pair.count >= 3;
        if !regular && !called {
            return;
        }
        let (level, confidence) = match (channel, one.rare, one.new) {
            (Some(level), ..) => (level, 0.8),
            (None, true, true) if one.pair.is_beacon().is_some() && one.pair.count >= 40 => (Level::Medium, 0.55),
            (None, true, _) => (Level::Low, 0.35),
            _ => return,
        };
        out.findings.push(self.draft(one, "beacon", level, confidence, &["T1071.001"], "command-and-control", one.pair.cited()));
    }

    /// The day of a pair that stands out against the box's own other days and against a floor.
    fn outlier(&self, one: &Seen<'_>) -> Option<Outlier> {
        let floor = if one.role.is_some() { 1_000_000 } else { 200_000_000 };
        let own = self.days.get(&(one.sensor, one.src.to_owned()))?;
        let (first, last) = self.span.get(&one.sensor).map(|(a, b)| (a.div_euclid(DAY), b.div_euclid(DAY)))?;
        let heavy: BTreeSet<i64> = one.pair.days.iter().filter(|(_, bytes)| *bytes >= floor).map(|(day, _)| *day).collect();
        let mut other: Vec<u64> =
            (first..=last.min(first + 3660)).filter(|day| !heavy.contains(day)).map(|day| own.get(&day).copied().unwrap_or(0)).collect();
        other.sort_unstable();
        let usual = other.get(other.len() * 9 / 10).copied().unwrap_or(0);
        // What a box does again and again is its work, whatever the amount.
        let often = heavy.len() as i64 * 4 > (last - first + 1).max(8);
        let (day, bytes) = one.pair.days.iter().max_by_key(|(day, bytes)| (*bytes, std::cmp::Reverse(*day)))?;
        (*bytes >= floor && *bytes >= usual.saturating_mul(10) && !often).then(|| Outlier {
            day: *day,
            bytes: *bytes,
            usual,
            total: one.pair.days.iter().filter(|(day, _)| heavy.contains(day)).map(|(_, bytes)| bytes).sum(),
            days: heavy,
        })
    }

    fn theft(&self, one: &Seen<'_>, channel: Option<Level>, out: &mut Compared) {
        let mail = one.role == Some("mail") && [25, 465, 587].contains(&one.port);
        if mail || !one.rare {
            return;
        }
        let Some(outlier) = self.outlier(one) else { return };
        let (level, confidence) = match (channel, one.role) {
            (Some(_), _) => (Level::High, 0.85),
            (None, Some(_)) if outlier.bytes >= 50_000_000 => (Level::High, 0.75),
            (None, _) if one.new || outlier.bytes >= 1_000_000_000 => (Level::Medium, 0.55),
            _ => (Level::Low, 0.35),
        };
        let places = one.pair.cited_large();
        let mut finding = self.draft(one, "bytes-out-above-baseline", level, confidence, &["T1041", "T1048"], "exfiltration", places);
        let name = |day: i64| {
            let text = konseki_model::time::rfc3339(day * DAY, konseki_model::Fidelity::Day);
            text.get(..10).unwrap_or_default().to_owned()
        };
        finding.args.insert("day".to_owned(), name(outlier.day));
        if outlier.days.len() > 1 {
            let days: Vec<String> = outlier.days.iter().take(12).map(|day| name(*day)).collect();
            finding.args.insert("days".to_owned(), days.join(", "));
            finding.args.insert("all".to_owned(), outlier.total.to_string());
        }
        finding.args.insert("bytes".to_owned(), outlier.bytes.to_string());
        finding.args.insert("total".to_owned(), outlier.total.to_string());
        finding.args.insert("baseline".to_owned(), outlier.usual.to_string());
        set_start(&mut finding, one.pair.start_of(outlier.days.first().copied().unwrap_or(outlier.day)));
        out.findings.push(finding);
    }

    #[allow(clippy::too_many_arguments)]
    fn draft(
        &self,
        one: &Seen<'_>,
        rule: &str,
        level: Level,
        confidence: f64,
        techniques: &[&str],
        tactic: &str,
        mut places: Vec<konseki_model::Because>,
    ) -> Finding {
        places.extend(self.others(one.sensor, one.src, one.dst, one.port));
        let mut entities =
            vec![host(&one.host), Entity::new(EntityKind::Address, one.src, "from"), Entity::new(EntityKind::Address, one.dst, "to")];
        entities.extend(one.domains.iter().map(|name| Entity::new(EntityKind::Domain, name.clone(), "to")));
        let period = one.pair.rhythm().map(|(period, _)| crate::names::seconds(period)).unwrap_or_default();
        let (count, long, bytes) =
            (one.pair.count.to_string(), crate::names::seconds(one.pair.long_micros), one.pair.long_bytes.to_string());
        let args = [
            ("host", one.host.as_str()),
            ("src", one.src),
            ("dst", one.dst),
            ("count", &count),
            ("period", &period),
            ("duration", &long),
            ("bytes", &bytes),
        ];
        Places {
            rule,
            level,
            confidence,
            techniques,
            tactics: &[tactic],
            start: one.pair.stamp,
            end: one.pair.end,
            places,
            count: one.pair.count,
            entities,
            args: &args,
        }
        .finding()
    }
}

impl Seen<'_> {
    /// Names, time and mail between gateways are what quiet boxes do outside.
    fn plain_port(&self) -> bool {
        let mail = self.role == Some("mail") && [25, 465, 587].contains(&self.port);
        ![53, 123].contains(&self.port) && !mail
    }
}

fn set_start(finding: &mut Finding, stamp: Option<Stamp>) {
    if let Some(stamp) = stamp {
        finding.micros = Some(stamp.micros);
        finding.time.start = Some(konseki_model::time::rfc3339(stamp.micros, stamp.fidelity));
    }
}

/// How near a theft must follow the packing of the data.
pub(crate) const SOON: i64 = 24 * HOUR;
