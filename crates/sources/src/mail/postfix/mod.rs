//! Postfix in mail logs: what came from whom, where it went, and with what answer.

use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, syslog};

pub struct Postfix;
pub static SOURCE: Postfix = Postfix;

impl Source for Postfix {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        syslog::most(piece.head, |line| syslog::head(line).is_some_and(|head| head.process.starts_with("postfix")))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some(head) = syslog::head(line.text) else {
                let fields = [Field::new("message", line.text)];
                sink.event(&Event {
                    at: line.at(),
                    time: None,
                    kind: Kind::Other,
                    core: Core::default(),
                    fields: &fields,
                    raw: line.bytes,
                });
                return Verdict::Event;
            };
            let mut fields = vec![Field::new("process", head.process), Field::new("pid", head.pid)];
            if let Some((queue, rest)) =
                head.message.split_once(": ").filter(|(queue, _)| queue.len() > 4 && queue.bytes().all(|b| b.is_ascii_alphanumeric()))
            {
                fields.push(Field::new("queue_id", queue));
                details(rest, &mut fields);
            }
            fields.push(Field::new("message", head.message));
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = head.host;
            let time = clock.stamp(&head.time);
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// `to=<a@b>, relay=host[addr]:25, status=sent (250 ok)`; `client=host[addr]` also as the bare address.
fn details<'a>(text: &'a str, fields: &mut Vec<Field<'a>>) {
    for part in text.split(", ") {
        let Some((name, value)) = part.split_once('=').filter(|(name, _)| name.len() < 20 && !name.contains(' ')) else { continue };
        let value = if matches!(name, "status" | "nrcpt") { value.split(' ').next().unwrap_or(value) } else { value };
        let value = value.strip_prefix('<').and_then(|value| value.split('>').next()).unwrap_or(value);
        fields.push(Field::new(name, value));
        if matches!(name, "client" | "relay")
            && let Some((_, address)) = value.rsplit_once('[')
        {
            let address = address.split(']').next().unwrap_or(address);
            fields.push(Field::new(if name == "client" { "client_ip" } else { "relay_ip" }, address));
        }
    }
}
