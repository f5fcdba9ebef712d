//! The record of a Windows event log as `evtx_dump` prints it, one JSON object per line.

use serde_json::Value;

use crate::ctx::Lab;
use crate::store::{Mark, NUMBER};
use crate::when::{self, T};
use crate::world::Host;

/// A channel: its name, file, provider and provider's id.
#[derive(Debug)]
pub struct Channel {
    pub name: &'static str,
    pub file: &'static str,
    pub provider: &'static str,
    pub guid: &'static str,
}

pub const SECURITY: Channel = Channel {
    name: "Security",
    file: "Security",
    provider: "Microsoft-Windows-Security-Auditing",
    guid: "54849625-5478-4994-A5BA-3E3B0328C30D",
};
pub const SYSTEM: Channel =
    Channel { name: "System", file: "System", provider: "Service Control Manager", guid: "555908D1-A6D7-4695-8E1E-26931D2012F4" };
pub const SYSMON: Channel = Channel {
    name: "Microsoft-Windows-Sysmon/Operational",
    file: "Microsoft-Windows-Sysmon%4Operational",
    provider: "Microsoft-Windows-Sysmon",
    guid: "5770385F-C22A-43E0-BF4C-06F5698FFBD9",
};
pub const LSM: Channel = Channel {
    name: "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    file: "Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational",
    provider: "Microsoft-Windows-TerminalServices-LocalSessionManager",
    guid: "5D896912-022D-40AA-A3A8-4FA5515C76D7",
};
pub const RCM: Channel = Channel {
    name: "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
    file: "Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational",
    provider: "Microsoft-Windows-TerminalServices-RemoteConnectionManager",
    guid: "C76BAA63-AE81-421C-B425-340B4B24157F",
};
pub const RDPCORE: Channel = Channel {
    name: "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational",
    file: "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational",
    provider: "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS",
    guid: "1139C61B-B549-4251-8ED3-27250A1EDEC8",
};
pub const EVENTLOG: Channel =
    Channel { name: "Security", file: "Security", provider: "Microsoft-Windows-Eventlog", guid: "FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148" };

/// What stands under `EventData` or `UserData`.
pub enum Body {
    Data(Vec<(&'static str, Value)>),
    /// Element under `UserData`, its namespace, its children.
    User(&'static str, &'static str, Vec<(&'static str, Value)>),
}

/// Numbers of the head: id, version, level, task, opcode, keywords.
#[derive(Clone, Copy, Debug)]
pub struct Head(pub u16, pub u8, pub u8, pub u16, pub u8, pub &'static str);

pub const AUDIT_OK: &str = "0x8020000000000000";
pub const AUDIT_FAIL: &str = "0x8010000000000000";

impl Lab {
    pub fn win(&mut self, host: &Host, t: T, channel: &Channel, head: Head, body: Body, mark: Mark) {
        let t = t + host.skew;
        let Head(id, version, level, task, opcode, keywords) = head;
        let computer = format!("{}.{}", host.name, self.w.domain);
        let (pid, thread) = (600 + self.rng.below(400) / 4 * 4, 1000 + self.rng.below(8000) / 4 * 4);
        let sid = if channel.name == "Security" { "null".to_owned() } else { "{\"#attributes\":{\"UserID\":\"S-1-5-18\"}}".to_owned() };
        let body = match body {
            Body::Data(fields) => format!("\"EventData\":{}", object(&fields, None)),
            Body::User(name, space, fields) => format!("\"UserData\":{{\"{name}\":{}}}", object(&fields, Some(space))),
        };
        // The record number is known only when the line is written in order.
        let text = format!(
            "{{\"Event\":{{\"#attributes\":{{\"xmlns\":\"http://schemas.microsoft.com/win/2004/08/events/event\"}},\"System\":{{\"Provider\":{{\"#attributes\":{{\"Name\":\"{}\",\"Guid\":\"{}\"}}}},\"EventID\":{id},\"Version\":{version},\"Level\":{level},\"Task\":{task},\"Opcode\":{opcode},\"Keywords\":\"{keywords}\",\"TimeCreated\":{{\"#attributes\":{{\"SystemTime\":\"{}\"}}}},\"EventRecordID\":{NUMBER},\"Correlation\":null,\"Execution\":{{\"#attributes\":{{\"ProcessID\":{pid},\"ThreadID\":{thread}}}}},\"Channel\":\"{}\",\"Computer\":\"{computer}\",\"Security\":{sid}}},{body}}}}}",
            channel.provider,
            channel.guid,
            when::iso_us(t),
            channel.name
        );
        let path = format!("windows/{}/{}.jsonl", host.name, channel.file);
        self.line(&path, "windows/json", &host.name, t, text, mark);
    }
}

/// Fields in the order in which the product has them.
fn object(fields: &[(&'static str, Value)], space: Option<&str>) -> String {
    let head = space.map(|s| format!("\"#attributes\":{{\"xmlns\":\"{s}\"}}"));
    let rest = fields.iter().map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", head.into_iter().chain(rest).collect::<Vec<_>>().join(","))
}
