//! Rows against what spreadsheets, PowerShell and broken files hold.

use std::io::Cursor;

use konseki_model::{Event, Hints};

use super::*;
use crate::Description;

#[derive(Default)]
struct Seen {
    problems: Vec<String>,
    records: Records,
}

impl Sink for Seen {
    fn event(&mut self, _: &Event<'_>) {}
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem.text);
    }
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}

fn read(bytes: &[u8]) -> (Vec<String>, Seen) {
    let about = Description::parse(crate::plain().about).unwrap();
    let piece = Piece { path: "x.csv", head: bytes, size: bytes.len() as u64 };
    let hints = Hints::default();
    let reading = Reading { piece, hints: &hints, about: &about };
    let (mut out, mut seen) = (Vec::new(), Seen::default());
    table(
        &mut Cursor::new(bytes),
        &reading,
        &mut seen,
        |heading| heading.has("a"),
        |text, fields, _| {
            let row: Vec<_> = fields.iter().map(|f| format!("{}={}", f.name, f.value)).collect();
            out.push(format!("{}: {}", text.number, row.join("|")));
            Verdict::Event
        },
    );
    assert!(seen.records.balances(), "{:?}", seen.records);
    (out, seen)
}

#[test]
fn quotes_lines_and_heads() {
    let (rows, seen) = read(b"#TYPE X\r\na,\"b c\"\r\n1,\"two \"\"2\"\"\r\nlines\"\r\n\r\na,b c\r\n3,,4\r\n");
    assert_eq!(rows, ["3: a=1|b c=two \"2\"\nlines", "7: a=3|column_3=4"]);
    assert_eq!((seen.records.read, seen.records.events, seen.records.continuation, seen.records.blank), (7, 2, 4, 1));
    assert!(seen.problems.is_empty());
}

#[test]
fn cp932_and_utf16() {
    let (text, _, _) = encoding_rs::SHIFT_JIS.encode("a,b\n\u{8868},\u{30bd}\n");
    let (rows, seen) = read(&text);
    assert_eq!(rows, ["2: a=\u{8868}|b=\u{30bd}"]);
    assert_eq!(seen.problems, ["text is not UTF-8, read as cp932"]);
    let wide: Vec<u8> = "\u{feff}a;b\r\n1;\"x;y\"\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (rows, seen) = read(&wide);
    assert_eq!((rows, seen.problems.len()), (vec!["2: a=1|b=x;y".to_owned()], 0));
}

#[test]
fn a_quote_never_closed_costs_one_line() {
    let mut text = String::from("a,b\n1,\"open\n");
    for n in 0..30_000 {
        text.push_str(&format!("{n},row number\n"));
    }
    let (rows, seen) = read(text.as_bytes());
    assert_eq!(rows.len(), 30_000);
    assert_eq!(rows.first().unwrap(), "3: a=0|b=row number");
    assert_eq!(seen.records.rejected, 1);
}

#[test]
fn the_last_row_may_be_cut() {
    let (rows, seen) = read(b"a,b\n1,\"cut\nhere");
    assert_eq!(rows, ["2: a=1|b=cut\nhere"]);
    assert!(seen.problems.iter().any(|text| text.contains("not closed")));
}

#[test]
fn many_quotes_never_closed_stay_bounded() {
    let mut text = String::from("a,b\n");
    for n in 0..400 {
        // Two quotes a line: each line opens anew what the one before closed.
        text.push_str(&format!("{n},\"x{}\n", "y".repeat(300_000)));
    }
    let (_, seen) = read(text.as_bytes());
    assert!(seen.records.rejected > 64 && seen.records.events == 1, "{:?}", seen.records);
}
