//! The mail gateway: Barracuda ESG and Postfix syslog, its list of messages and of archives.

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{self, SEC, T};

/// A message that passed the gateway.
#[derive(Clone, Debug)]
pub struct Message {
    /// Barracuda's id: epoch, box, random.
    pub id: String,
    pub at: T,
    pub from: String,
    pub to: String,
    pub size: u64,
    pub subject: String,
    pub inbound: bool,
}

impl Lab {
    fn esg(&mut self, t: T, service: &str, rest: &str, mark: Mark) {
        let w = self.w.clone();
        let t = t + w.mail.skew;
        let text = format!("{} {} {service}: {rest}", when::rfc3164(t, &w.zone), w.mail.name);
        let path = format!("syslog/{}.log", w.mail.name);
        self.line(&path, "mail/barracuda", &w.mail.name, t, text, mark);
    }

    /// Reception, scan and hand-over of a message; gives what a message list would hold.
    pub fn esg_message(&mut self, t: T, from: &str, to: &str, client: (&str, &str), subject: &str, inbound: bool, mark: Mark) -> Message {
        let w = self.w.clone();
        let epoch = (t + w.mail.skew).div_euclid(SEC);
        let id = format!("{epoch}-06f4a3{}0001-{}", self.rng.hex(8), self.rng.alnum(6));
        let size = 1200 + self.rng.below(400_000);
        let (name, ip) = client;
        let end = epoch + 1 + self.rng.range(0, 3);
        let service = if inbound { "inbound/pass1[25713]" } else { "outbound/smtp[25901]" };
        if inbound {
            self.esg(t, service, &format!("{name}[{ip}] {id} {epoch} {end} RECV {from} {to} 2 12 -"), mark);
            let scan = format!("{name}[{ip}] {id} {epoch} {end} SCAN - {from} {to} 0.401 0 0 - SZ:{size} SUBJ:{subject}");
            self.esg(t + 2 * SEC, "scan[25680]", &scan, mark);
        } else {
            let scan = format!("{name}[{ip}] {id} {epoch} {end} SCAN - {from} {to} 0.000 0 0 - SZ:{size} SUBJ:{subject}");
            self.esg(t, "scan[25680]", &scan, mark);
        }
        let queue = self.rng.hex(11).to_uppercase();
        let send = format!("127.0.0.1 {id} 0 0 SEND - 1 {queue} 250 2.0.0 Ok: queued");
        self.esg(t + 4 * SEC, "outbound/smtp[25901]", &send, mark);
        self.postfix(t + 5 * SEC, &queue, from, to, size, &format!("{id}@{}", w.domain));
        Message { id, at: t, from: from.to_owned(), to: to.to_owned(), size, subject: subject.to_owned(), inbound }
    }

    pub fn esg_admin(&mut self, t: T, from: &str, what: &str, mark: Mark) {
        self.esg(t, "web", &format!("[{from}] {what}"), mark);
    }

    fn postfix(&mut self, t: T, queue: &str, from: &str, to: &str, size: u64, id: &str) {
        let w = self.w.clone();
        let host = format!("mail.{}", w.domain);
        let path = "syslog/postfix.log";
        let mut put = |t: T, daemon: &str, rest: String| {
            let text = format!("{} {host} postfix/{daemon}[2{:03}]: {queue}: {rest}", when::rfc3164(t, &w.zone), size % 900);
            self.line(path, "mail/postfix", &host, t, text, None);
        };
        put(t, "smtpd", format!("client={}[{}]", w.mail.name, w.mail.ip));
        put(t, "cleanup", format!("message-id=<{id}>"));
        put(t, "qmgr", format!("from=<{from}>, size={size}, nrcpt=1 (queue active)"));
        put(
            t + SEC,
            "local",
            format!("to=<{to}>, relay=local, delay=0.05, delays=0.04/0.01/0/0, dsn=2.0.0, status=sent (delivered to mailbox)"),
        );
        put(t + SEC, "qmgr", "removed".to_owned());
    }
}
