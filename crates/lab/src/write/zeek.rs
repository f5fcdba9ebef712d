//! Zeek logs, TSV or JSON by seed, and the firewall's view of the same flow where it crosses.

use std::fmt::Write;

use crate::ctx::Lab;
use crate::store::{Mark, Roll};
use crate::when::{self, SEC, T};

/// A log of Zeek: path, its fields with their types.
pub struct Kind {
    pub path: &'static str,
    pub fields: &'static [(&'static str, &'static str)],
}

pub const CONN: Kind = Kind {
    path: "conn",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("proto", "enum"),
        ("service", "string"),
        ("duration", "interval"),
        ("orig_bytes", "count"),
        ("resp_bytes", "count"),
        ("conn_state", "string"),
        ("local_orig", "bool"),
        ("local_resp", "bool"),
        ("missed_bytes", "count"),
        ("history", "string"),
        ("orig_pkts", "count"),
        ("orig_ip_bytes", "count"),
        ("resp_pkts", "count"),
        ("resp_ip_bytes", "count"),
        ("tunnel_parents", "set[string]"),
    ],
};
pub const SSL: Kind = Kind {
    path: "ssl",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("version", "string"),
        ("cipher", "string"),
        ("curve", "string"),
        ("server_name", "string"),
        ("resumed", "bool"),
        ("next_protocol", "string"),
        ("established", "bool"),
        ("ssl_history", "string"),
    ],
};
pub const DNS: Kind = Kind {
    path: "dns",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("proto", "enum"),
        ("trans_id", "count"),
        ("rtt", "interval"),
        ("query", "string"),
        ("qclass", "count"),
        ("qclass_name", "string"),
        ("qtype", "count"),
        ("qtype_name", "string"),
        ("rcode", "count"),
        ("rcode_name", "string"),
        ("AA", "bool"),
        ("TC", "bool"),
        ("RD", "bool"),
        ("RA", "bool"),
        ("Z", "count"),
        ("answers", "vector[string]"),
        ("TTLs", "vector[interval]"),
        ("rejected", "bool"),
    ],
};
pub const RDP: Kind = Kind {
    path: "rdp",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("cookie", "string"),
        ("result", "string"),
        ("security_protocol", "string"),
        ("cert_count", "count"),
    ],
};
pub const SSH: Kind = Kind {
    path: "ssh",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("version", "count"),
        ("auth_success", "bool"),
        ("auth_attempts", "count"),
        ("client", "string"),
        ("server", "string"),
    ],
};
pub const HTTP: Kind = Kind {
    path: "http",
    fields: &[
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("trans_depth", "count"),
        ("method", "string"),
        ("host", "string"),
        ("uri", "string"),
        ("version", "string"),
        ("user_agent", "string"),
        ("request_body_len", "count"),
        ("response_body_len", "count"),
        ("status_code", "count"),
        ("status_msg", "string"),
    ],
};

/// One connection.
#[derive(Clone, Debug)]
pub struct Flow<'a> {
    pub src: &'a str,
    pub dst: &'a str,
    pub port: u16,
    pub proto: &'a str,
    pub service: &'a str,
    pub took: T,
    pub out: u64,
    pub back: u64,
    /// `SF`, `S0`, `REJ`, `OTH`.
    pub state: &'a str,
}

impl<'a> Flow<'a> {
    pub fn tcp(src: &'a str, dst: &'a str, port: u16, service: &'a str, took: T, bytes: (u64, u64)) -> Self {
        Self { src, dst, port, proto: "tcp", service, took, out: bytes.0, back: bytes.1, state: "SF" }
    }
}

impl Lab {
    pub fn zeek(&mut self, kind: &Kind, t: T, values: &[String], mark: Mark) {
        let w = self.w.clone();
        let path = format!("zeek/{}.log", kind.path);
        let id = self.out.open(&path, "network/zeek", &w.sensor.name, Roll::None);
        let t = t + w.sensor.skew;
        if w.zeek_json {
            let text = json_line(kind, values);
            self.out.push(id, t, text, mark);
            return;
        }
        let names: Vec<&str> = kind.fields.iter().map(|f| f.0).collect();
        let types: Vec<&str> = kind.fields.iter().map(|f| f.1).collect();
        let head = format!(
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{}\n#open\t{}\n#fields\t{}\n#types\t{}\n",
            kind.path,
            when::zeek_open(self.start, &w.zone),
            names.join("\t"),
            types.join("\t")
        );
        let tail = format!("#close\t{}\n", when::zeek_open(self.end, &w.zone));
        self.out.head(id, &head, &tail);
        let line: Vec<String> = values.iter().map(|v| v.replace('\\', "\\\\").replace('\t', "\\x09")).collect();
        self.out.push(id, t, line.join("\t"), mark);
    }

    /// Head of every record: ts, uid and the four of the connection.
    fn zeek_id(&mut self, t: T, f: &Flow) -> (Vec<String>, u64) {
        let uid = format!("C{}", self.rng.alnum(17));
        let port = if f.proto == "icmp" { 8 } else { self.port() };
        let t = t + self.w.sensor.skew;
        let ts = format!("{}.{:06}", t.div_euclid(SEC), t.rem_euclid(SEC));
        (vec![ts, uid, f.src.to_owned(), port.to_string(), f.dst.to_owned(), f.port.to_string()], port)
    }

    /// A connection in conn.log and, where it crosses, in the firewall's traffic log. Gives its head for other logs.
    pub fn flow(&mut self, t: T, f: &Flow, mark: Mark) -> Vec<String> {
        let (id, port) = self.zeek_id(t, f);
        let local = |ip: &str| if ip.starts_with("10.") { "T" } else { "F" };
        let (op, rp) = match f.state {
            "S0" => (1, 0),
            "REJ" => (1, 1),
            _ if f.proto == "udp" => (1, 1),
            _ => (f.out / 900 + 6, f.back / 1100 + 5),
        };
        let history = match f.state {
            "S0" => "S",
            "REJ" => "Sr",
            _ if f.proto == "udp" => "Dd",
            _ if f.proto == "icmp" => "-",
            _ => "ShADadfF",
        };
        let none = f.state == "S0" || f.state == "REJ";
        let duration = if none { "-".to_owned() } else { format!("{}.{:06}", f.took / SEC, f.took % SEC) };
        let mut v = id.clone();
        v.push(f.proto.to_owned());
        v.push(if f.service.is_empty() { "-".to_owned() } else { f.service.to_owned() });
        v.push(duration);
        v.extend(if none { ["-".to_owned(), "-".to_owned()] } else { [f.out.to_string(), f.back.to_string()] });
        v.extend([f.state, local(f.src), local(f.dst), "0", history].map(str::to_owned));
        v.extend([op, f.out + op * 40, rp, f.back + rp * 40].map(|n| n.to_string()));
        v.push("(empty)".to_owned());
        self.zeek(&CONN, t, &v, mark);
        if crosses(f.src, f.dst) {
            self.firewall(t, f, port, mark);
        }
        id
    }

    /// TLS over a flow, with the name the client asked for.
    pub fn tls(&mut self, t: T, f: &Flow, name: &str, mark: Mark) {
        let mut v = self.flow(t, f, mark);
        v.extend(["TLSv13", "TLS_AES_256_GCM_SHA384", "x25519", name, "F", "-", "T", "CsiI"].map(str::to_owned));
        self.zeek(&SSL, t + 20_000, &v, mark);
    }

    pub fn dns(&mut self, t: T, client: &str, name: &str, answer: &str, mark: Mark) {
        let server = self.w.dc.ip.clone();
        let f = Flow { src: client, dst: &server, port: 53, proto: "udp", service: "dns", took: 900, out: 44, back: 76, state: "SF" };
        let (mut v, _) = self.zeek_id(t, &f);
        let id = self.rng.below(65_535).to_string();
        let (code, text) = if answer.is_empty() { ("3", "NXDOMAIN") } else { ("0", "NOERROR") };
        v.extend(["udp", &id, "0.000870", name, "1", "C_INTERNET", "1", "A", code, text, "F", "F", "T", "T", "0"].map(str::to_owned));
        v.push(if answer.is_empty() { "-".to_owned() } else { answer.to_owned() });
        v.push(if answer.is_empty() { "-".to_owned() } else { "300.000000".to_owned() });
        v.push("F".to_owned());
        self.zeek(&DNS, t, &v, mark);
    }

    pub fn zeek_rdp(&mut self, t: T, src: &str, dst: &str, cookie: &str, took: T, bytes: (u64, u64), mark: Mark) {
        let f = Flow::tcp(src, dst, 3389, "ssl,rdp", took, bytes);
        let mut v = self.flow(t, &f, mark);
        v.extend([cookie, "encrypted", "HYBRID", "0"].map(str::to_owned));
        self.zeek(&RDP, t + 100_000, &v, mark);
    }

    pub fn zeek_ssh(&mut self, t: T, src: &str, dst: &str, client: &str, took: T, bytes: (u64, u64), mark: Mark) {
        let f = Flow::tcp(src, dst, 22, "ssh", took, bytes);
        let mut v = self.flow(t, &f, mark);
        v.extend(["2", "T", "1", client, "SSH-2.0-OpenSSH_9.0"].map(str::to_owned));
        self.zeek(&SSH, t + 300_000, &v, mark);
    }

    pub fn zeek_http(&mut self, t: T, f: &Flow, request: (&str, &str, &str), agent: &str, status: u16, mark: Mark) {
        let (method, host, uri) = request;
        let mut v = self.flow(t, f, mark);
        let (out, back, status) = (f.out.to_string(), f.back.to_string(), status.to_string());
        v.extend(["1", method, host, uri, "1.1", agent, &out, &back, &status, if status == "200" { "OK" } else { "-" }].map(str::to_owned));
        self.zeek(&HTTP, t + 30_000, &v, mark);
    }
}

/// Whether a flow passes the firewall: one end outside, or on the corporate side.
fn crosses(src: &str, dst: &str) -> bool {
    let net = |ip: &str| ip.strip_prefix("10.").and_then(|r| r.split('.').next()).and_then(|n| n.parse::<u16>().ok());
    match (net(src), net(dst)) {
        (Some(a), Some(b)) => (a < 100) != (b < 100),
        _ => true,
    }
}

fn json_line(kind: &Kind, values: &[String]) -> String {
    let mut out = String::from("{");
    for ((name, form), value) in kind.fields.iter().zip(values) {
        if value == "-" || value == "(empty)" {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        let _ = write!(out, "\"{name}\":");
        match *form {
            "time" | "interval" | "count" | "port" => out.push_str(value),
            "bool" => out.push_str(if value == "T" { "true" } else { "false" }),
            "vector[string]" => {
                let _ = write!(out, "[{}]", value.split(',').map(|v| serde_json::Value::from(v).to_string()).collect::<Vec<_>>().join(","));
            }
            "vector[interval]" => {
                let _ = write!(out, "[{value}]");
            }
            _ => out.push_str(&serde_json::Value::from(value.as_str()).to_string()),
        }
    }
    out.push('}');
    out
}
