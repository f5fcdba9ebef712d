//! A message in a file of its own (RFC 5322, `.eml`, files of a mail store): one event for its header.

use konseki_formats::text::looks_like_text;
use konseki_model::{At, Event, Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Message;
pub static SOURCE: Message = Message;

/// Longest value that is kept of one header field.
const LONGEST: usize = 4096;
/// Header fields that are kept, with the names they get.
const KEPT: &[(&str, &str)] = &[
    ("message-id", "message_id"),
    ("from", "from"),
    ("to", "to"),
    ("cc", "cc"),
    ("date", "date"),
    ("subject", "subject"),
    ("x-originating-ip", "origin"),
];

/// `Name: value`; names hold no blanks.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let sound = (1..=60).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    sound.then(|| (name, value.trim()))
}

impl Source for Message {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if !looks_like_text(piece.head) {
            return false;
        }
        let text = String::from_utf8_lossy(piece.head);
        let mut names = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            match field(line) {
                // The head that was read may end within a line.
                _ if line.starts_with([' ', '\t']) && !names.is_empty() => {}
                Some((name, _)) => names.push(name.to_ascii_lowercase()),
                None if names.len() > 8 => break,
                None => return false,
            }
        }
        let has = |name: &str| names.iter().any(|known| known == name);
        has("from") && (has("message-id") || has("received")) && (has("date") || has("to") || has("subject"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut head = Head::default();
        read::lines(input, reading, sink, |line, sink| {
            // Blank lines are counted before they come here: where one is missing, the header ended.
            if head.begun && line.number != head.last + 1 {
                head.finish(reading, sink);
            }
            head.last = line.number;
            if head.done { Verdict::Continuation } else { head.line(line.number, line.text, line.bytes) }
        });
        head.finish(reading, sink);
    }
}

/// The header as far as it was read.
#[derive(Default)]
struct Head {
    values: Vec<(&'static str, String)>,
    /// Whether folded lines go on with the last value.
    open: bool,
    /// The line that stands for the message: its Message-ID, else the first.
    place: Option<(u64, Vec<u8>)>,
    begun: bool,
    last: u64,
    done: bool,
}

impl Head {
    fn line(&mut self, number: u64, text: &str, bytes: &[u8]) -> Verdict {
        let folded = text.starts_with([' ', '\t']);
        match field(text).filter(|_| !folded) {
            Some((name, value)) => {
                let kept = KEPT.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
                self.open = kept.is_some();
                if let Some((header, own)) = kept {
                    self.values.push((own, value.chars().take(LONGEST).collect()));
                    if *header == "message-id" {
                        self.place = Some((number, bytes.to_vec()));
                    }
                }
            }
            None if folded && self.open => {
                if let Some((_, value)) = self.values.last_mut().filter(|(_, value)| value.len() < LONGEST) {
                    value.push(' ');
                    value.push_str(text.trim());
                }
            }
            None => {}
        }
        self.place.get_or_insert_with(|| (number, bytes.to_vec()));
        // One record: its first line is it, the others continue it.
        if std::mem::replace(&mut self.begun, true) { Verdict::Continuation } else { Verdict::Event }
    }

    fn finish(&mut self, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some((number, raw)) = self.place.take().filter(|_| !self.done) else { return };
        self.done = true;
        let name = reading.piece.path.rsplit(['/', '\\', '!']).next().unwrap_or_default().to_owned();
        let mut fields: Vec<Field<'_>> = Vec::new();
        let bare = |text: &'_ str| text.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
        let id = self.values.iter().find(|(own, _)| *own == "message_id").map(|(_, value)| bare(value)).unwrap_or_default();
        fields.push(Field::new("message_id", &id));
        fields.push(Field::new("file", &name));
        fields.extend(self.values.iter().filter(|(own, _)| *own != "message_id").map(|(own, value)| Field::new(own, value)));
        let mut scratch = Scratch::default();
        let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
        core.host = host::or_hint("", reading);
        // `Date:` is what the sender's program wrote: kept as a field, not believed as the time of the event.
        sink.event(&Event { at: At::Line(number), time: None, kind, core, fields: &fields, raw: &raw });
    }
}
