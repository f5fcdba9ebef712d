//! JSON objects of a stream: one a line, pretty-printed, one after another or in lists, of any size within a bound.

use std::io::{Read, SeekFrom};

use konseki_formats::text::Utf8Reader;
use konseki_model::{At, Problem, ProblemKind, Records, Sink};
use serde_json::Value;

use crate::{Input, Reading};

/// A longer object is counted and not kept.
const LONGEST: usize = 4 << 20;
/// Objects and lists inside each other; `serde_json` itself refuses more than 128.
const DEEPEST: usize = 128;
/// How much of an object stands in `Object::bytes`: excerpts are cut from its start.
const SHOWN: usize = 256 * 1024;

/// One object.
pub struct Object {
    pub value: Value,
    pub at: At,
    pub bytes: Vec<u8>,
}

/// Goes through the objects at the top or in a list at the top; `each` says how many events it pushed for one. An object
/// that gives none is counted as rejected. Its place is the line where it begins if it is the first on that line, else its
/// offset.
pub fn objects(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink, mut each: impl FnMut(&Object, &mut dyn Sink) -> u64) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut reader = Utf8Reader::new(input, reading.piece.head);
    let mark = if reading.piece.head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut cutter = Cutter::new(mark, reader.transcodes());
    let mut counts = Records::default();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let got = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) => {
                let at = Some(cutter.place());
                sink.problem(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
                break;
            }
        };
        let mut rest = chunk.get(..got).unwrap_or_default();
        while let Some((byte, after)) = rest.split_first() {
            if let Some(cut) = cutter.take(*byte) {
                one(cut, &mut cutter, &mut counts, sink, &mut each);
            }
            rest = cutter.text(after);
        }
    }
    if !cutter.stack.is_empty() {
        let at = Some(cutter.at);
        sink.problem(Problem::new(ProblemKind::Truncated, at, "the last object is not closed: the piece ends inside it"));
        one(Cut::Broken, &mut cutter, &mut counts, sink, &mut each);
    }
    if cutter.stray > 0 {
        one(Cut::Stray, &mut cutter, &mut counts, sink, &mut each);
    }
    sink.records(counts);
}

fn one(cut: Cut, cutter: &mut Cutter, counts: &mut Records, sink: &mut dyn Sink, each: &mut impl FnMut(&Object, &mut dyn Sink) -> u64) {
    counts.read += 1;
    let (at, text) = match cut {
        Cut::Stray => (cutter.stray_at, "text between objects"),
        Cut::Broken => (cutter.at, "an object that is no JSON"),
        Cut::Whole => match cutter.object() {
            Ok(object) => {
                let pushed = each(&object, sink);
                let at = object.at;
                // Its room is used again.
                cutter.bytes = object.bytes;
                if pushed > 0 {
                    // Several events of one object are several entries met.
                    counts.read += pushed - 1;
                    counts.events += pushed;
                    return;
                }
                (at, "object is not in a shape known of this source")
            }
            Err(text) => (cutter.at, text),
        },
    };
    counts.rejected += 1;
    let kind = if text == TOO_LONG { ProblemKind::Bound } else { ProblemKind::Malformed };
    let bytes = if matches!(cut, Cut::Stray) { std::mem::take(&mut cutter.stray) } else { cutter.length };
    sink.problem(Problem::new(kind, Some(at), text).bytes(bytes));
}

const TOO_LONG: &str = "an object longer than 4 MiB or nested too deep: counted and not kept";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Whole,
    Broken,
    Stray,
}

struct Cutter {
    /// Open brackets of the object being read, `{` first.
    stack: Vec<u8>,
    deeper: u64,
    quoted: bool,
    escaped: bool,
    /// The last byte that is no blank.
    last: u8,
    bytes: Vec<u8>,
    length: u64,
    at: At,
    offset: u64,
    line: u64,
    fresh: bool,
    /// Offsets in the stream are not offsets in the evidence.
    lines_only: bool,
    stray: u64,
    stray_at: At,
    /// An object that begins with the byte that broke the one before it.
    again: bool,
}

impl Cutter {
    fn new(offset: u64, lines_only: bool) -> Self {
        Self {
            stack: Vec::new(),
            deeper: 0,
            quoted: false,
            escaped: false,
            last: 0,
            bytes: Vec::new(),
            length: 0,
            at: At::Line(1),
            offset,
            line: 1,
            fresh: true,
            lines_only,
            stray: 0,
            stray_at: At::Line(1),
            again: false,
        }
    }

    fn place(&self) -> At {
        if self.fresh || self.lines_only { At::Line(self.line) } else { At::Offset(self.offset) }
    }

    fn begin(&mut self) {
        self.at = self.place();
        self.stack.clear();
        self.stack.push(b'{');
        (self.quoted, self.escaped, self.last, self.deeper) = (false, false, b'{', 0);
        self.bytes.clear();
        self.bytes.push(b'{');
        self.length = 1;
    }

    fn take(&mut self, byte: u8) -> Option<Cut> {
        if self.again {
            // The place of the byte that broke the object before was kept in `stray_at`.
            self.again = false;
            let at = self.stray_at;
            self.begin();
            self.at = at;
        }
        let cut = if self.stack.is_empty() { self.outside(byte) } else { self.inside(byte) };
        self.offset += 1;
        if byte == b'\n' {
            self.line += 1;
            self.fresh = true;
        } else if !byte.is_ascii_whitespace() && !matches!(byte, b'[' | b',') {
            self.fresh = false;
        }
        cut
    }

    /// Takes the text of a string up to what may end it or means something in it; gives what is left.
    fn text<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if !self.quoted || self.escaped || self.again || self.stack.is_empty() {
            return bytes;
        }
        let end = memchr::memchr3(b'"', b'\\', b'\n', bytes).unwrap_or(bytes.len());
        let (text, rest) = bytes.split_at(end);
        if let Some(last) = text.last() {
            let room = LONGEST.saturating_sub(self.bytes.len()).min(text.len());
            self.bytes.extend_from_slice(text.get(..room).unwrap_or_default());
            self.length += text.len() as u64;
            self.offset += text.len() as u64;
            self.last = *last;
        }
        rest
    }

    fn outside(&mut self, byte: u8) -> Option<Cut> {
        match byte {
            b'{' => {
                let stray = self.stray > 0;
                self.begin();
                return stray.then_some(Cut::Stray);
            }
            b'[' | b']' | b',' | 0 => {}
            _ if byte.is_ascii_whitespace() => {
                if byte == b'\n' && self.stray > 0 {
                    return Some(Cut::Stray);
                }
            }
            _ => {
                if self.stray == 0 {
                    self.stray_at = self.place();
                }
                self.stray += 1;
            }
        }
        None
    }

    fn inside(&mut self, byte: u8) -> Option<Cut> {
        // A line end inside a string is no JSON: the line was cut.
        if self.quoted && byte == b'\n' {
            return self.broken();
        }
        self.length += 1;
        if self.bytes.len() < LONGEST {
            self.bytes.push(byte);
        }
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            self.last = byte;
            return None;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' if self.fresh && self.deeper == 0 && self.stack.last() == Some(&b'{') && self.last != b':' => {
                // Only a name may stand here: the object before was cut, and another begins.
                self.length -= 1;
                self.stray_at = self.place();
                self.again = true;
                return self.broken();
            }
            b'{' | b'[' if self.stack.len() < DEEPEST => self.stack.push(byte),
            b'{' | b'[' => self.deeper += 1,
            b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
            b'}' | b']' => {
                let opened = self.stack.pop();
                if opened != Some(if byte == b'}' { b'{' } else { b'[' }) {
                    return self.broken();
                }
                if self.stack.is_empty() {
                    return Some(Cut::Whole);
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        }
        None
    }

    fn broken(&mut self) -> Option<Cut> {
        self.stack.clear();
        Some(Cut::Broken)
    }

    fn object(&mut self) -> Result<Object, &'static str> {
        if self.length > self.bytes.len() as u64 {
            return Err(TOO_LONG);
        }
        // Damaged text inside strings is shown with replacements rather than lost.
        let value = match serde_json::from_slice(&self.bytes) {
            Ok(value) => value,
            Err(_) => {
                let text = konseki_formats::text::decode(&self.bytes).0;
                serde_json::from_str(&text).map_err(|_| "an object that is no JSON")?
            }
        };
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.truncate(SHOWN);
        Ok(Object { value, at: self.at, bytes })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use konseki_model::{Event, Hints, Piece};

    use super::*;
    use crate::Description;

    #[derive(Default)]
    struct Seen(Vec<String>, Records);

    impl Sink for Seen {
        fn event(&mut self, _: &Event<'_>) {}
        fn problem(&mut self, problem: Problem) {
            self.0.push(format!("{:?} {}", problem.at.unwrap(), problem.text));
        }
        fn records(&mut self, records: Records) {
            self.1.add(&records);
        }
        fn host(&mut self, _: &str) {}
        fn zone(&mut self, _: &str, _: &str) {}
        fn nested(&mut self, _: &str, _: Vec<u8>) {}
    }

    fn read(bytes: &[u8]) -> (Vec<String>, Seen) {
        let about = Description::parse(crate::plain().about).unwrap();
        let hints = Hints::default();
        let piece = Piece { path: "x.json", head: bytes, size: bytes.len() as u64 };
        let (mut out, mut seen) = (Vec::new(), Seen::default());
        objects(&mut Cursor::new(bytes), &Reading { piece, hints: &hints, about: &about }, &mut seen, |object, _| {
            out.push(format!("{:?} {}", object.at, object.value));
            1
        });
        assert!(seen.1.balances());
        (out, seen)
    }

    #[test]
    fn lines_lists_and_pretty_print() {
        let (found, seen) = read(b"[{\"a\":1},{\"a\":{\"b\":[{},{}]}},\n{\"c\":\"}\"}]\n");
        assert_eq!(found, ["Line(1) {\"a\":1}", "Offset(9) {\"a\":{\"b\":[{},{}]}}", "Line(2) {\"c\":\"}\"}"]);
        assert_eq!((seen.1.events, seen.0.len()), (3, 0));
        let (found, _) = read(b"\xEF\xBB\xBF[\r\n  {\r\n    \"a\": {\r\n      \"b\": 1\r\n    }\r\n  },\r\n  { \"a\": 2 }\r\n]");
        assert_eq!(found, ["Line(2) {\"a\":{\"b\":1}}", "Line(7) {\"a\":2}"]);
    }

    #[test]
    fn broken_objects_cost_themselves_only() {
        let (found, seen) = read(b"{\"a\":\"cut\n{\"b\":1}\n{\"c\": 2,\n{\"d\":3}\nnoise\n{\"e\":4]}\n{\"f\":5}\n{\"g\":");
        assert_eq!(found, ["Line(2) {\"b\":1}", "Line(4) {\"d\":3}", "Line(7) {\"f\":5}"]);
        assert_eq!((seen.1.events, seen.1.read), (3, seen.1.rejected + 3));
        assert!(seen.0.iter().any(|problem| problem.contains("not closed")), "{:?}", seen.0);
        assert!(seen.0.iter().any(|problem| problem.starts_with("Line(5) text between")), "{:?}", seen.0);
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = format!("{}{}", "{\"a\":".repeat(5000), "1".to_owned() + &"}".repeat(5000));
        let (found, seen) = read(deep.as_bytes());
        assert_eq!((found.len(), seen.1.rejected), (0, 1));
        let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}", "x".repeat(5 << 20));
        let (found, seen) = read(long.as_bytes());
        assert_eq!((found.len(), seen.1.rejected), (1, 1));
        assert!(seen.0[0].contains("longer than 4 MiB"));
    }
}
