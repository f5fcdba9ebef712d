//! The firewall's traffic log: FortiGate key=value or PAN-OS CSV, by seed.

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{self, SEC, T};
use crate::write::zeek::Flow;

impl Lab {
    /// One session; the line is written when it ends.
    pub fn firewall(&mut self, t: T, f: &Flow, port: u64, mark: Mark) {
        let w = self.w.clone();
        let took = if f.state == "SF" { f.took } else { 0 };
        let end = t + took + w.fw.skew;
        let denied = f.state == "S0" || f.state == "REJ";
        let session = self.rng.below(9_000_000);
        let text = if w.pan { self.pan(end, f, port, session, denied) } else { self.forti(end, f, port, session, denied) };
        let path = format!("syslog/{}.log", w.fw.name);
        self.line(&path, "network/firewall", &w.fw.name, end, text, mark);
    }

    fn forti(&mut self, end: T, f: &Flow, port: u64, session: u64, denied: bool) -> String {
        let w = self.w.clone();
        let (date, time, tz) = when::local(end, &w.zone);
        let proto = match f.proto {
            "udp" => 17,
            "icmp" => 1,
            _ => 6,
        };
        let action = if denied { "deny" } else { "close" };
        let (inner, outer) = if f.src.starts_with("10.") { ("dmz", "wan1") } else { ("wan1", "dmz") };
        let (out, back) = if denied { (0, 0) } else { (f.out, f.back) };
        format!(
            "<189>date={date} time={time} devname=\"{}\" devid=\"FG100FTK00000000\" eventtime={} tz=\"{tz}\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip={} srcport={port} srcintf=\"{inner}\" srcintfrole=\"undefined\" dstip={} dstport={} dstintf=\"{outer}\" dstintfrole=\"undefined\" sessionid={session} proto={proto} action=\"{action}\" policyid={} policytype=\"policy\" service=\"{}\" trandisp=\"noop\" duration={} sentbyte={out} rcvdbyte={back} sentpkt={} rcvdpkt={}",
            w.fw.name,
            end * 1000,
            f.src,
            f.dst,
            f.port,
            if denied { 0 } else { 7 },
            service(f.port),
            f.took / SEC,
            out / 900 + 1,
            back / 1100
        )
    }

    fn pan(&mut self, end: T, f: &Flow, port: u64, session: u64, denied: bool) -> String {
        let w = self.w.clone();
        let at = when::slashed(end, &w.zone);
        let begin = when::slashed(end - f.took, &w.zone);
        let head = when::rfc3164(end, &w.zone);
        let (action, kind, rule) = if denied { ("deny", "drop", "interzone-default") } else { ("allow", "end", "outbound-ok") };
        let app = match f.port {
            443 => "ssl",
            22 => "ssh",
            3389 => "ms-rdp",
            53 => "dns",
            _ => "unknown-tcp",
        };
        let (inner, outer) = if f.src.starts_with("10.") { ("trust", "untrust") } else { ("untrust", "dmz") };
        let (out, back) = if denied { (74, 0) } else { (f.out, f.back) };
        let (po, pb) = (out / 900 + 1, back / 1100);
        format!(
            "<14>{head} {} 1,{at},007200001056,TRAFFIC,{kind},2305,{at},{},{},0.0.0.0,0.0.0.0,{rule},,,{app},vsys1,{inner},{outer},ethernet1/2,ethernet1/1,default,{at},{session},1,{port},{},0,0,0x19,{},{action},{},{out},{back},{},{begin},{},any,0,{},0x0,10.0.0.0-10.255.255.255,Reserved,0,{po},{pb},aged-out",
            w.fw.name,
            f.src,
            f.dst,
            f.port,
            f.proto,
            out + back,
            po + pb,
            f.took / SEC,
            7_000_000_000_u64 + session
        )
    }
}

fn service(port: u16) -> &'static str {
    match port {
        443 => "HTTPS",
        80 => "HTTP",
        22 => "SSH",
        53 => "DNS",
        3389 => "RDP",
        25 => "SMTP",
        445 => "SMB",
        123 => "NTP",
        _ => "other",
    }
}
