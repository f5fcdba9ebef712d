//! Message tracking of Exchange servers: comma-separated rows named by `#Fields`, often collected without that head, and
//! what `Get-MessageTrackingLog | Export-Csv` makes of it.

mod export;

use std::borrow::Cow;

use konseki_model::{Field, Piece, Sink};

use crate::emit::{self, Emit};
use crate::read::{Text, Verdict};
use crate::{Input, Reading, Source, delimited};

pub struct Tracking;
pub static SOURCE: Tracking = Tracking;

/// Columns since Exchange 2013, for files that begin after their head. Older versions end before.
const NAMES: &str = "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,\
internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,\
related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id,\
original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,schema-version";

const SOURCES: &[&str] = &[
    "SMTP",
    "STOREDRIVER",
    "ROUTING",
    "AGENT",
    "DSN",
    "GATEWAY",
    "MAILBOXRULE",
    "POISONMESSAGE",
    "PICKUP",
    "REPLAY",
    "RESOLVER",
    "REDUNDANCY",
    "SAFETYNET",
    "DNS",
    "ADMIN",
    "APPROVAL",
    "BOOTLOADER",
    "MEETINGMESSAGEPROCESSOR",
    "ORAR",
    "PUBLICFOLDER",
    "QUEUE",
    "SECUREMAIL",
];

impl Source for Tracking {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if export::is_export(piece) {
            return true;
        }
        let text = delimited::beginning(piece);
        let Some(first) = text.lines().find(|line| !line.trim().is_empty()) else { return false };
        if first.starts_with('#') {
            let heads = || text.lines().take(12);
            return heads().any(|line| line.starts_with("#Log-type: Message Tracking Log"))
                || heads()
                    .any(|line| line.starts_with("#Fields: date-time,") && line.contains(",event-id,") && line.contains(",message-id,"));
        }
        let cells = delimited::Heading::of(first, b',').names;
        is_row(cells.iter().map(String::as_str)) && cells.len() > 16
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        if export::is_export(&reading.piece) {
            return export::read(input, reading, sink);
        }
        let mut log = Log { emit: Emit::new(reading), names: split(NAMES) };
        log.emit.one_host = true;
        delimited::rows(input, reading, sink, b',', |row, cells, sink| log.row(row, cells, sink));
        log.emit.finish(sink);
    }
}

fn split(names: &str) -> Vec<String> {
    names.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Time, source and event stand where every version has them.
fn is_row<'a>(mut cells: impl Iterator<Item = &'a str>) -> bool {
    let timed = cells.next().is_some_and(|time| time.contains('T') && emit::parse(time).is_some());
    let source = cells.nth(6).unwrap_or_default();
    let event = cells.next().unwrap_or_default();
    timed && SOURCES.contains(&source) && !event.is_empty() && event.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

struct Log<'r> {
    emit: Emit<'r>,
    names: Vec<String>,
}

impl Log<'_> {
    fn row(&mut self, row: &Text<'_>, cells: &[Cow<'_, str>], sink: &mut dyn Sink) -> Verdict {
        if row.text.starts_with('#') {
            if let Some(names) = row.text.strip_prefix("#Fields:") {
                self.names = split(names);
            }
            return Verdict::Continuation;
        }
        let event = self.names.iter().position(|name| name == "event-id");
        let known = event.and_then(|at| cells.get(at)).is_some_and(|event| !event.is_empty());
        if !known {
            return Verdict::Rejected;
        }
        let fields: Vec<_> =
            self.names.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| Field::new(name, cell)).collect();
        let time = self.emit.stamp(emit::get(&fields, "date-time"), row.at(), sink);
        self.emit.event(row.at(), time, None, &fields, row.bytes, sink);
        // More cells than names: a comma where none should be; nothing of it is lost in the row's own text.
        if cells.len() > self.names.len() {
            log_surplus(row, sink)
        }
        Verdict::Event
    }
}

fn log_surplus(row: &Text<'_>, sink: &mut dyn Sink) {
    let text = "a row has more columns than its head names; the surplus stands in its excerpt only";
    sink.problem(konseki_model::Problem::new(konseki_model::ProblemKind::Malformed, Some(row.at()), text));
}
