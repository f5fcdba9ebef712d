//! What stands at which path. Every path is written here or is the name of a file of the report.

use std::io::{self, Write};
use std::time::Duration;

use konseki_pipeline::{Error, Explorer, json_of};
use serde_json::{Value, json};

use crate::ask::Query;
use crate::http::{Answer, REPORT, Request};
use crate::seats::{Seat, Seats};
use crate::words;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json; charset=utf-8";

/// Rows of one SQL answer.
pub const SQL_ROWS: u64 = 1000;
/// Bytes of one SQL answer.
const SQL_BYTES: usize = 16 << 20;
/// Bars of the histogram, about.
const BINS: i64 = 160;
/// SQL that may run at a time, and other questions to the store: with one of each that waits less than there are threads.
const SQL_AT_ONCE: usize = 3;
const ASKED_AT_ONCE: usize = 6;
/// A query that was cut short needs a moment to end.
const WAIT: Duration = Duration::from_secs(10);

/// The case and the page around it.
pub struct Site {
    explorer: Explorer,
    port: u16,
    words: String,
    sql: Seats,
    asked: Seats,
}

impl Site {
    /// # Errors
    /// Words that cannot be read (a fault of this program).
    pub fn new(explorer: Explorer, port: u16) -> Result<Self, Error> {
        let words = words::json().map_err(Error::Internal)?;
        let seats = |most| Seats::new(most, 1, WAIT);
        Ok(Self { explorer, port, words, sql: seats(SQL_AT_ONCE), asked: seats(ASKED_AT_ONCE) })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn answer(&self, request: &Request) -> Answer {
        match request.path.as_str() {
            "/" => Answer::new(HTML, include_str!("../page/index.html")),
            "/style.css" => Answer::new("text/css; charset=utf-8", include_str!("../page/style.css")),
            "/app.js" => Answer::new("text/javascript; charset=utf-8", include_str!("../page/app.js")),
            "/draw.js" => Answer::new("text/javascript; charset=utf-8", include_str!("../page/draw.js")),
            "/words.json" => Answer::new(JSON, self.words.clone()),
            "/report/" => self.report("index.html"),
            path => match (path.strip_prefix("/api/"), path.strip_prefix("/report/")) {
                (Some(_), _) if request.foreign => Answer::refuse(403, "asked by another site"),
                (Some(name), _) => self.api(name, &Query::parse(&request.query)),
                (_, Some(name)) => self.report(name),
                _ => Answer::refuse(404, "nothing here"),
            },
        }
    }

    fn api(&self, name: &str, query: &Query) -> Answer {
        let seats = if name == "query" { &self.sql } else { &self.asked };
        let Some(seat) = seats.take() else {
            return Answer::refuse(
                503,
                "too many questions at once, or some that were given up still run: wait, or start `konseki serve` again",
            );
        };
        let found = match name {
            "about" => self.explorer.about().map(|about| json_of(&about)),
            "events" => query.wanted().and_then(|wanted| self.explorer.events(&wanted)).map(|page| json_of(&page)),
            "histogram" => query.wanted().and_then(|wanted| self.explorer.histogram(&wanted, BINS)).map(|found| json_of(&found)),
            "findings" => self.explorer.findings().map(|findings| json_of(&findings)),
            "query" => self.query(query, seat),
            _ => return Answer::refuse(404, "nothing here"),
        };
        match found {
            Ok(body) => Answer::new(JSON, body),
            Err(error @ Error::Usage(_)) => Answer::refuse(400, &error.to_string()),
            Err(error) => Answer::refuse(500, &error.to_string()),
        }
    }

    fn query(&self, query: &Query, seat: Seat) -> Result<String, Error> {
        let sql = query.get("sql")?.ok_or_else(|| Error::Usage("`sql` is missing".to_owned()))?;
        let mut out = Bounded { held: Vec::new(), full: false };
        let more = match self.explorer.select(sql, SQL_ROWS, seat, &mut out) {
            // What came before the bound is whole rows and an unfinished one.
            Err(_) if out.full => true,
            other => other?,
        };
        let text = String::from_utf8_lossy(&out.held);
        let rows: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(json!({ "rows": rows, "more": more, "limit": SQL_ROWS }).to_string())
    }

    fn report(&self, name: &str) -> Answer {
        let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("html") => HTML,
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("json") => JSON,
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            _ => "text/plain; charset=utf-8",
        };
        match self.explorer.report(name) {
            Ok(Some(body)) => Answer { policy: REPORT, ..Answer::new(kind, body) },
            Ok(None) => Answer::refuse(404, "no such file in the report"),
            Err(error) => Answer::refuse(500, &error.to_string()),
        }
    }
}

/// Takes so many bytes and no more.
struct Bounded {
    held: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full || self.held.len() + bytes.len() > SQL_BYTES {
            self.full = true;
            return Err(io::Error::other("the answer is too large"));
        }
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
