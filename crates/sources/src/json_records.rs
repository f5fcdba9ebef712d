//! JSON objects one after another: a line each, pretty-printed over lines, or members of one array. Where the next one begins.

use std::cell::RefCell;

use serde_json::Value;

/// Says of each line whether an object begins at it. A damaged object ends at the next one's brace in the same column.
#[derive(Default)]
pub struct Starts(RefCell<State>);

#[derive(Default)]
struct State {
    depth: i64,
    /// Spaces before the brace of the first object.
    indent: Option<usize>,
}

impl Starts {
    /// To be asked once for every line, in order.
    pub fn begins(&self, line: &[u8]) -> bool {
        let mut state = self.0.borrow_mut();
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let indent = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let text = line.get(indent..).unwrap_or_default();
        let again = text.first() == Some(&b'{') && state.indent.is_none_or(|known| known == indent);
        let begins = state.depth <= 0 || again;
        if begins {
            state.depth = 0;
        }
        if again {
            state.indent = Some(indent);
        }
        let (mut quoted, mut escaped) = (false, false);
        for byte in text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => state.depth += 1,
                b'}' | b']' if !quoted => state.depth -= 1,
                _ => {}
            }
        }
        // The bracket of an array around all objects opens nothing.
        if begins && text.first() == Some(&b'[') {
            state.depth -= 1;
        }
        begins
    }
}

/// What a record of such a file is.
pub enum Record {
    /// The brackets or commas around the objects.
    Frame,
    Object(Value),
    Broken,
}

/// The object in the text of one record, without what an array puts around it; `None` where that is all there is.
pub fn body(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let text = text.strip_prefix('[').unwrap_or(text).trim_start();
    // An object ends with its brace.
    let text = text.trim_end_matches([']', ',', ' ', '\n', '\r']);
    (!text.is_empty()).then_some(text)
}

/// Reads the text of one record.
pub fn record(text: &str) -> Record {
    let Some(body) = body(text) else { return Record::Frame };
    match serde_json::from_str(body) {
        Ok(value @ Value::Object(_)) => Record::Object(value),
        _ => Record::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> (usize, usize) {
        let starts = Starts::default();
        let mut records: Vec<String> = Vec::new();
        for line in text.lines() {
            match records.last_mut().filter(|_| !starts.begins(line.as_bytes())) {
                Some(last) => *last = format!("{last}\n{line}"),
                None => records.push(line.to_owned()),
            }
        }
        let read: Vec<Record> = records.iter().map(|text| record(text)).collect();
        let count = |want: fn(&Record) -> bool| read.iter().filter(|one| want(one)).count();
        (count(|one| matches!(one, Record::Object(_))), count(|one| matches!(one, Record::Broken)))
    }

    #[test]
    fn lines_arrays_and_damage() {
        assert_eq!(objects("{\"a\":\"}{\"}\n{\"a\":{\"b\":1}}"), (2, 0));
        assert_eq!(objects("[\n  {\n    \"a\": [\n      {\n      }\n    ]\n  },\n  {\n    \"a\": 2\n  }\n]"), (2, 0));
        assert_eq!(objects("[{\"a\":1},\n{\"a\":2}]"), (2, 0));
        // A cut object takes nothing of the next one with it.
        assert_eq!(objects("{\"a\":1}\n{\"a\":{\n{\"a\":3}\n{\"a\":4}"), (3, 1));
    }
}
