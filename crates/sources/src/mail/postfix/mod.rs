//! Postfix in mail logs: what came from whom, where it went, and with what answer.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, syslog};

pub struct Postfix;
pub static SOURCE: Postfix = Postfix;

impl Source for Postfix {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        syslog::most(piece.head, |line| syslog::head(line).is_some_and(|head| head.process.starts_with("postfix")))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        syslog::read(input, reading, sink, |head, fields| {
            fields.extend([Field::new("process", head.process), Field::new("pid", head.pid)]);
            let queue = head.message.split_once(": ");
            if let Some((queue, rest)) = queue.filter(|(queue, _)| queue.len() > 4 && queue.bytes().all(|b| b.is_ascii_alphanumeric())) {
                fields.push(Field::new("queue_id", queue));
                details(rest, fields);
            }
        });
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
