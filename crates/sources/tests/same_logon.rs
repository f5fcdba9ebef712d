//! One logon in every form a Windows event comes in: binary log, JSON of three tools, CSV of three. Kind, instant and core
//! must be the same; what a form names differently is only where it came from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Cursor;

use common::Seen;
use konseki_formats::evtx::write::{EventSpec, EvtxWriter, Value};
use konseki_model::{Basis, Hints, Piece, Record};
use konseki_sources::{Description, Reading, recognise};

const PROVIDER: &str = "Microsoft-Windows-Security-Auditing";
const COMPUTER: &str = "dc01.example.net";
/// 2024-01-07T03:12:09Z
const MICROS: i64 = 1_704_597_129_000_000;

const DATA: &[(&str, &str)] = &[
    ("SubjectUserSid", "S-1-5-18"),
    ("SubjectUserName", "DC01$"),
    ("SubjectDomainName", "EXAMPLE"),
    ("SubjectLogonId", "0x3e7"),
    ("TargetUserName", "tanaka"),
    ("TargetDomainName", "EXAMPLE"),
    ("TargetLogonId", "0x3e7aa"),
    ("LogonType", "3"),
    ("LogonProcessName", "NtLmSsp "),
    ("AuthenticationPackageName", "NTLM"),
    ("WorkstationName", "WS01"),
    ("ProcessName", "-"),
    ("IpAddress", "10.0.5.20"),
    ("IpPort", "51000"),
];

fn evtx() -> Vec<u8> {
    let mut event = EventSpec::new(PROVIDER, "Security", 4624, MICROS, COMPUTER);
    for (name, text) in DATA {
        let value = match (*name, text.strip_prefix("0x")) {
            (_, Some(digits)) => Value::Hex64(u64::from_str_radix(digits, 16).unwrap()),
            ("LogonType", _) => Value::U32(3),
            ("SubjectUserSid", _) => Value::sid(text),
            _ => Value::from(*text),
        };
        event = event.data(name, value);
    }
    let mut log = EvtxWriter::new();
    log.push(&event).unwrap();
    log.finish()
}

fn object() -> serde_json::Map<String, serde_json::Value> {
    DATA.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

/// `evtx_dump -o jsonl`
fn dump() -> Vec<u8> {
    let system = serde_json::json!({"Provider": {"#attributes": {"Name": PROVIDER}}, "EventID": 4624, "Channel": "Security",
        "TimeCreated": {"#attributes": {"SystemTime": "2024-01-07T03:12:09.000000Z"}}, "EventRecordID": 1, "Computer": COMPUTER});
    format!("{}\n", serde_json::json!({"Event": {"System": system, "EventData": object()}})).into_bytes()
}

fn winlogbeat() -> Vec<u8> {
    let winlog = serde_json::json!({"event_id": 4624, "channel": "Security", "provider_name": PROVIDER, "computer_name": COMPUTER,
        "record_id": 1, "event_data": object()});
    format!("{}\n", serde_json::json!({"@timestamp": "2024-01-07T03:12:09.000Z", "winlog": winlog})).into_bytes()
}

fn nxlog() -> Vec<u8> {
    let mut flat = object();
    for (name, value) in
        [("EventTime", "2024-01-07T12:12:09+09:00"), ("Hostname", COMPUTER), ("SourceName", PROVIDER), ("Channel", "Security")]
    {
        flat.insert(name.to_owned(), value.into());
    }
    flat.insert("EventID".to_owned(), 4624.into());
    format!("{}\n", serde_json::Value::Object(flat)).into_bytes()
}

fn evtxecmd() -> Vec<u8> {
    let data: Vec<_> = DATA.iter().map(|(name, value)| serde_json::json!({"@Name": name, "#text": value})).collect();
    let payload = serde_json::json!({"EventData": {"Data": data}}).to_string().replace('"', "\"\"");
    let head = "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,ProcessId,ThreadId,Computer,MapDescription,Payload";
    let row = format!("1,1,2024-01-07 03:12:09.0000000,4624,LogAlways,{PROVIDER},Security,4,8,{COMPUTER},Successful logon,\"{payload}\"");
    format!("{head}\n{row}\n").into_bytes()
}

const MESSAGE: &str = "An account was successfully logged on.

Subject:
	Security ID:		SYSTEM
	Account Name:		DC01$
	Account Domain:		EXAMPLE
	Logon ID:		0x3E7

Logon Information:
	Logon Type:		3
	Restricted Admin Mode:	-

New Logon:
	Security ID:		EXAMPLE\\tanaka
	Account Name:		tanaka
	Account Domain:		EXAMPLE
	Logon ID:		0x3E7AA

Process Information:
	Process ID:		0x0
	Process Name:		-

Network Information:
	Workstation Name:	WS01
	Source Network Address:	10.0.5.20
	Source Port:		51000

Detailed Authentication Information:
	Logon Process:		NtLmSsp 
	Authentication Package:	NTLM

This event is generated when a logon session is created.";

/// `Get-WinEvent | Export-Csv`, whose times are local.
fn export() -> Vec<u8> {
    let head = "\"Message\",\"Id\",\"RecordId\",\"ProviderName\",\"LogName\",\"MachineName\",\"TimeCreated\",\"Properties\"";
    let row =
        format!("\"{MESSAGE}\",\"4624\",\"1\",\"{PROVIDER}\",\"Security\",\"{COMPUTER}\",\"1/7/2024 12:12:09 PM\",\"System.Object[]\"");
    format!("#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\n{head}\n{row}\n").into_bytes()
}

/// Event Viewer, which does not name the machine: the folder of the collection does.
fn viewer() -> Vec<u8> {
    let head = "Level,Date and Time,Source,Event ID,Task Category";
    format!("{head}\nInformation,1/7/2024 12:12:09 PM,{PROVIDER},4624,Logon,\"{MESSAGE}\"\n").into_bytes()
}

fn one(path: &str, bytes: &[u8], source: &str) -> Record {
    let piece = Piece { path, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
    let ids: Vec<_> = recognise(&piece).iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [source], "{path}");
    let entry = recognise(&piece)[0];
    let hints = Hints { zone: Some(("Asia/Tokyo".to_owned(), Basis::Analyst)), host: Some(COMPUTER.to_owned()), ..Hints::default() };
    let about = Description::parse(entry.about).unwrap();
    let mut seen = Seen::keeping(10);
    entry.source.read(&mut Cursor::new(bytes), &Reading { piece, hints: &hints, about: &about }, &mut seen);
    assert_eq!((seen.records.events, seen.records.rejected), (1, 0), "{path}");
    seen.events.remove(0)
}

/// The core without what only says where it came from: place, fidelity and basis of the time, the fields as this form names them.
fn bare(record: Record) -> Record {
    Record { at: None, time: None, fields: Vec::new(), ..record }
}

#[test]
fn one_logon_is_one_event_in_every_form() {
    let binary = one("Security.evtx", &evtx(), "windows/evtx");
    assert_eq!(binary.kind().as_str(), "auth.success");
    assert_eq!((binary.user.as_str(), binary.src.as_str(), binary.src_port), ("EXAMPLE\\tanaka", "10.0.5.20", Some(51000)));
    assert_eq!((binary.session.as_str(), binary.object.as_str(), binary.agent.as_str()), ("0x3e7aa", "3", "WS01"));
    let forms: [(&str, Vec<u8>, &str); 6] = [
        ("dump.jsonl", dump(), "windows/json"),
        ("winlogbeat.ndjson", winlogbeat(), "windows/json"),
        ("nxlog.json", nxlog(), "windows/json"),
        ("EvtxECmd_Output.csv", evtxecmd(), "windows/csv"),
        ("events.csv", export(), "windows/csv"),
        ("Security.csv", viewer(), "windows/csv"),
    ];
    for (path, bytes, source) in forms {
        let other = one(path, &bytes, source);
        assert_eq!(other.time.map(|time| time.micros), Some(MICROS), "{path}");
        // What rules ask for by name is there in every form.
        for name in ["EventID", "Channel", "TargetUserName", "TargetDomainName", "TargetLogonId", "LogonType", "IpAddress", "IpPort"] {
            let value = |record: &Record| record.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            assert_eq!(value(&other), value(&binary), "{path}: {name}");
        }
        assert_eq!(bare(other), bare(binary.clone()), "{path}");
    }
}
