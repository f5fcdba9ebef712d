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
            let queue = queue.filter(|(queue, _)| queue.len() > 4 && queue.bytes().all(|b| b.is_ascii_alphanumeric()));
            let rest = match queue {
                // `NOQUEUE` stands where a message was refused before it had a name.
                Some((queue, rest)) if queue.bytes().any(|b| b.is_ascii_digit()) || queue == "NOQUEUE" => {
                    fields.extend((queue != "NOQUEUE").then(|| Field::new("queue_id", queue)));
                    rest
                }
                _ => head.message,
            };
            peers(rest, fields);
            pairs(rest, fields);
        });
    }
}

/// Names of values, by Postfix and by the filters that log beside it (postgrey, policyd-spf, spamd).
const NAMES: &[&str] = &[
    "action",
    "client",
    "client-ip",
    "client_address",
    "client_name",
    "conn_use",
    "delay",
    "delays",
    "dsn",
    "envelope-from",
    "from",
    "helo",
    "identity",
    "message-id",
    "mid",
    "nrcpt",
    "orig_to",
    "proto",
    "reason",
    "receiver",
    "recipient",
    "relay",
    "rhost",
    "rport",
    "sasl_method",
    "sasl_sender",
    "sasl_username",
    "sender",
    "size",
    "status",
    "to",
    "uid",
    "user",
];

/// `to=<a@b>, relay=host[addr]:25, status=sent (250 ok)`; filters write `; ` or `,` between pairs.
fn pairs<'a>(text: &'a str, fields: &mut Vec<Field<'a>>) {
    // A header is the sender's text: only what stands behind its last pair is Postfix's own.
    let header = ["warning: header ", "prepend: header ", "replace: header ", "reject: header "].iter().any(|head| text.starts_with(head));
    let own = if header { text.rfind("; from=<").and_then(|at| text.get(at..)).unwrap_or_default() } else { text };
    // The answer of the next server is its own text, too.
    let own = own.split_once(" (").map_or(own, |(before, _)| before);
    let own = own.split_once(" said: ").map_or(own, |(before, _)| before);
    for part in own.split([',', ';', ' ']) {
        let Some((name, value)) = part.split_once('=').filter(|(name, _)| NAMES.contains(name)) else { continue };
        // A message id keeps its angles in other logs too, as an address does not.
        let value = value.strip_prefix('<').and_then(|value| value.split('>').next()).unwrap_or(value);
        fields.push(Field::new(name, value));
        match name {
            "client" => address("client_ip", "client_port", value, fields),
            "relay" => address("relay_ip", "relay_port", value, fields),
            "client-ip" | "rhost" => fields.push(Field::new("client_ip", value)),
            "client_address" => fields.push(Field::new("client_ip", value.split('/').next().unwrap_or(value))),
            _ => {}
        }
    }
}

/// `host[addr]:port`, `addr:port`
fn address<'a>(ip: &'static str, port: &'static str, text: &'a str, fields: &mut Vec<Field<'a>>) {
    let (address, rest) = match text.split_once('[').and_then(|(_, rest)| rest.split_once(']')) {
        Some(found) => found,
        None => text.rsplit_once(':').map_or((text, ""), |(address, _)| (address, text.get(address.len()..).unwrap_or_default())),
    };
    let address = address.split('/').next().unwrap_or(address);
    if address.parse::<std::net::IpAddr>().is_err() {
        return;
    }
    fields.push(Field::new(ip, address));
    let digits = rest.strip_prefix(':').unwrap_or_default();
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    fields.extend(digits.get(..end).filter(|digits| !digits.is_empty()).map(|digits| Field::new(port, digits)));
}

/// Sentences that name a peer: who connected, who refused, who failed to log on.
fn peers<'a>(text: &'a str, fields: &mut Vec<Field<'a>>) {
    let word = |rest: &'a str| rest.split(' ').next().unwrap_or(rest);
    if let Some((peer, rest)) = text.strip_prefix("warning: ").and_then(|rest| rest.split_once(": SASL ")) {
        address("client_ip", "client_port", peer, fields);
        fields.push(Field::new("act", "sasl-failed"));
        fields.push(Field::new("method", word(rest)));
        return;
    }
    for (head, act) in [("connect from ", "connect"), ("disconnect from ", "disconnect"), ("whitelisted: ", "whitelisted")] {
        if let Some(rest) = text.strip_prefix(head) {
            fields.push(Field::new("act", act));
            return address("client_ip", "client_port", word(rest), fields);
        }
    }
    for (head, act) in [("host ", "answer"), ("connect to ", "connect-to"), ("Used TLS for ", "tls")] {
        if let Some(rest) = text.strip_prefix(head) {
            fields.push(Field::new("act", act));
            return address("relay_ip", "relay_port", word(rest).trim_end_matches(':'), fields);
        }
    }
    let at = match text.strip_prefix("reject: ") {
        Some(_) => {
            fields.push(Field::new("act", "reject"));
            text.find(" from ").map(|at| at + 6)
        }
        None if text.starts_with("lost connection after ") || text.contains(" TLS connection established from ") => {
            text.rfind(" from ").map(|at| at + 6)
        }
        // A header's text comes first: the client is the last before Postfix's own pairs.
        None if text.contains(": header ") || text.starts_with("warning: header ") => {
            text.rfind("; from=<").and_then(|end| text.get(..end)?.rfind(" from ")).map(|at| at + 6)
        }
        None => text.strip_prefix("warning: hostname ").and(text.find(" to address ")).map(|at| at + 12),
    };
    if let Some(rest) = at.and_then(|at| text.get(at..)) {
        address("client_ip", "client_port", word(rest).trim_end_matches([':', ';', ',']), fields);
    }
}
