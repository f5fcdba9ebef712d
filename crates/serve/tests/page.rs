//! The page over the shipped case, asked as a browser asks: what it shows, what it refuses, that it writes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use konseki_pipeline::{Request, Silent, investigate};
use konseki_serve::Server;
use serde_json::Value;

const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\"'&";

struct Page {
    address: String,
    case: PathBuf,
    _folder: tempfile::TempDir,
}

/// One case and one server for all tests of this file.
fn page() -> &'static Page {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let case = folder.path().join("case");
        let hostile = folder.path().join("hostile.log");
        fs::write(&hostile, format!("2024-01-07T03:12:09Z note from nobody {HOSTILE}\n").repeat(2)).unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/nerve-small/evidence");
        let request = Request {
            inputs: vec![shipped, hostile],
            case: case.clone(),
            threads: 2,
            now: "2024-01-01T00:00:00Z".to_owned(),
            actor: "test".to_owned(),
            ..Request::default()
        };
        investigate(&request, &Silent).unwrap();
        fs::write(folder.path().join("secret.txt"), "outside").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), case.join("report/link.txt")).unwrap();
        let server = Server::bind(&case, 0).unwrap();
        let address = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
        std::thread::spawn(move || server.run());
        Page { address, case, _folder: folder }
    })
}

/// Sends these bytes; status, head and body of what comes back.
fn send(text: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(&page().address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}

fn get(path: &str) -> (u16, String, String) {
    send(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", page().address))
}

fn ask(path: &str, values: &[(&str, &str)]) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
    let (status, _, body) = get(&format!("{path}?{query}"));
    (status, serde_json::from_str(&body).unwrap())
}

fn found(path: &str, values: &[(&str, &str)]) -> Value {
    let (status, found) = ask(path, values);
    assert_eq!(status, 200, "{found}");
    found
}

#[test]
fn a_timeline_is_filtered_and_turned_page_by_page() {
    let all = found("/api/histogram", &[]);
    let total = all["events"].as_u64().unwrap();
    let binned: u64 = all["bins"].as_array().unwrap().iter().map(|bin| bin["events"].as_u64().unwrap()).sum();
    assert!(total > 10);
    assert_eq!(binned + all["untimed"].as_u64().unwrap(), total);

    // Page after page gives every event once, in order.
    let mut places = Vec::new();
    let mut times: Vec<String> = Vec::new();
    loop {
        let offset = places.len().to_string();
        let page = found("/api/events", &[("limit", "400"), ("offset", &offset)]);
        for row in page["rows"].as_array().unwrap() {
            places.push(format!("{} {} {} {}", row["evidence"], row["unit"], row["at"], row["message"]));
            times.extend(row["time"].as_str().map(str::to_owned));
        }
        if page["more"] == false || page["reachable"] == false {
            assert_eq!(page["more"], false);
            break;
        }
    }
    assert_eq!(places.len() as u64, total);
    assert!(times.windows(2).all(|two| two[0][..19] <= two[1][..19]));

    // One bar holds what it says.
    let bar = all["bins"].as_array().unwrap().iter().max_by_key(|bin| bin["events"].as_u64()).unwrap();
    let span = [("from", bar["from"].as_str().unwrap()), ("to", bar["to"].as_str().unwrap())];
    assert_eq!(found("/api/histogram", &span)["events"], bar["events"]);

    let about = found("/api/about", &[]);
    let host = about["hosts"][0].as_str().unwrap();
    let rows = found("/api/events", &[("host", host), ("tz", "Asia/Tokyo"), ("lang", "ja")]);
    let rows = rows["rows"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["host"] == host && !row["path"].as_str().unwrap().is_empty()));
    assert!(rows.iter().any(|row| row["local"].as_str().is_some_and(|time| time.ends_with("+09:00"))));
}

#[test]
fn a_finding_leads_to_its_events() {
    let findings = found("/api/findings", &[]);
    let findings = findings.as_array().unwrap();
    assert!(!findings.is_empty());
    let (mut shown, mut raw) = (0, 0);
    for finding in findings {
        let id = finding["id"].as_str().unwrap();
        let page = found("/api/events", &[("finding", id), ("limit", "500")]);
        for row in page["rows"].as_array().unwrap() {
            shown += 1;
            assert!(row["findings"].as_array().unwrap().contains(&finding["id"]));
            let fits =
                |because: &&Value| because["evidence"] == row["evidence"] && because["at"][row["unit"].as_str().unwrap()] == row["at"];
            let because = finding["because"].as_array().unwrap().iter().find(fits).unwrap();
            assert!(because["excerpt"] == "" || row["raw"] != "", "{row}");
            raw += usize::from(row["raw"] != "");
        }
    }
    assert!(shown > 0 && raw > 0);
    let only = found("/api/histogram", &[("findings_only", "1")])["events"].as_u64().unwrap();
    assert!(only > 0 && only < found("/api/histogram", &[])["events"].as_u64().unwrap());
    assert_eq!(found("/api/events", &[("finding", "Fnone")])["rows"], Value::Array(Vec::new()));
}

#[test]
fn hostile_text_stays_text() {
    let page = found("/api/events", &[("text", "<SCRIPT>alert(1)</script>\u{202e}\"'&")]);
    let rows = page["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{page}");
    let (_, head, body) = get("/api/events?text=%3Cscript%3Ealert(1)");
    assert!(head.contains("Content-Type: application/json") && head.contains("nosniff") && head.contains("default-src 'none'"));
    assert!(body.contains("<script>alert(1)</script>\u{202e}\\\"'&"), "{body}");
    // Text that looks like SQL finds itself only.
    assert_eq!(found("/api/events", &[("text", "' OR 1=1 --")])["rows"], Value::Array(Vec::new()));
    assert_eq!(found("/api/events", &[("host", "x' OR 'a'='a")])["rows"], Value::Array(Vec::new()));
}

#[test]
fn sql_is_answered_bounded_and_changes_nothing() {
    let counted = found("/api/query", &[("sql", "SELECT count(*) AS n FROM events")]);
    assert_eq!(counted["rows"][0]["n"], found("/api/histogram", &[])["events"], "a number is a number");
    let many = "SELECT a.at FROM events a CROSS JOIN events b CROSS JOIN events c";
    // More often than may run at a time: what is cut ends, and makes room.
    for _ in 0..5 {
        let cut = found("/api/query", &[("sql", many)]);
        assert_eq!((cut["rows"].as_array().unwrap().len(), &cut["more"]), (1000, &Value::Bool(true)));
    }
    // Answers are bounded in bytes too, and hold whole rows only.
    let large = found("/api/query", &[("sql", "SELECT repeat('x', 1000000) AS x FROM events LIMIT 40")]);
    assert!(large["more"] == true && large["rows"].as_array().unwrap().iter().all(|row| row["x"].as_str().unwrap().len() == 1_000_000));
    let refused = [
        "DROP VIEW events",
        "INSERT INTO events SELECT * FROM events",
        "COPY (SELECT 1) TO 'x.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT nothing FROM events",
        "SELECT 1; SELECT 2",
    ];
    for sql in refused {
        let (status, answer) = ask("/api/query", &[("sql", sql)]);
        assert!(status == 400 && answer["error"].is_string(), "{sql}: {status} {answer}");
    }
}

#[test]
fn other_hosts_other_sites_and_other_methods_are_refused() {
    let address = &page().address;
    let port = address.rsplit(':').next().unwrap();
    for host in ["example.com", &format!("example.com:{port}"), &format!("127.0.0.1.example.com:{port}"), "127.0.0.1", ""] {
        let (status, _, body) = send(&format!("GET /api/events HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(status == 421 && !body.contains("rows"), "{host}: {status}");
    }
    assert_eq!(send(&format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n")).0, 200);
    let from = |line: &str| send(&format!("GET /api/findings HTTP/1.1\r\nHost: {address}\r\n{line}\r\n\r\n")).0;
    assert_eq!(from("Origin: https://example.com"), 403);
    assert_eq!(from("Sec-Fetch-Site: cross-site"), 403);
    assert_eq!(from("Sec-Fetch-Site: same-origin"), 200);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"] {
        assert_eq!(send(&format!("{method} / HTTP/1.1\r\nHost: {address}\r\n\r\n")).0, 405, "{method}");
    }
    let long = "x".repeat(40_000);
    assert_eq!(send(&format!("GET /?{long} HTTP/1.1\r\nHost: {address}\r\n\r\n")).0, 431);
    assert_eq!(from(&"X: y\r\n".repeat(100)), 431);
    assert_eq!(send("nonsense\r\n\r\n").0, 400);
}

#[test]
fn only_the_files_of_the_report_have_a_path() {
    let (status, head, body) = get("/report/");
    assert!(status == 200 && head.contains("Content-Security-Policy: sandbox") && body.contains("<!doctype html>"));
    let outside = [
        "/report/../case.toml",
        "/report/..%2fcase.toml",
        "/report/%2e%2e/case.toml",
        "/report/..\\case.toml",
        "/report//etc/passwd",
        "/report/.",
        "/report/..",
        "/report/link.txt",
        "/case.toml",
        "/../../etc/passwd",
        "/results/findings.jsonl",
    ];
    for path in outside {
        let (status, _, body) = get(path);
        assert!(status == 404 && !body.contains("root:") && !body.contains("outside"), "{path}: {status}");
    }
}

#[test]
fn the_page_comes_whole_and_the_case_stays_as_it_is() {
    let before = state(&page().case);
    for path in ["/", "/style.css", "/app.js", "/draw.js", "/words.json"] {
        let (status, head, body) = get(path);
        assert!(status == 200 && !body.is_empty(), "{path}");
        assert!(head.contains("default-src 'none'; script-src 'self'") && !head.contains("unsafe"), "{head}");
    }
    for bad in [("from", "yesterday"), ("tz", "Nowhere/Land"), ("offset", "-1"), ("offset", "99999999")] {
        let (status, answer) = ask("/api/events", &[bad]);
        assert!(status == 400 && answer["error"].is_string(), "{bad:?}: {answer}");
    }
    found("/api/events", &[]);
    found("/api/query", &[("sql", "SELECT * FROM events ORDER BY raw DESC")]);
    assert!(state(&page().case) == before);
}

/// Every path of a folder with its length and time of change.
fn state(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let is = entry.metadata().unwrap();
        all.insert(entry.path(), (is.len(), is.modified().unwrap()));
        if is.is_dir() {
            all.extend(state(&entry.path()));
        }
    }
    all
}
