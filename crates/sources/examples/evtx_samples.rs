//! Writes the samples of `windows/evtx` again: made-up events of made-up machines, in documentation ranges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use konseki_formats::evtx::write::{EventSpec, EvtxWriter, Value};

const T0: i64 = 1_704_585_600_000_000; // 2024-01-07T00:00:00Z
const MINUTE: i64 = 60_000_000;
const AUDIT: &str = "Microsoft-Windows-Security-Auditing";
const ADMIN: &str = "S-1-5-21-1004336348-1177238915-682003330-500";

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/windows/evtx/samples");
    fs::write(folder.join("Security.evtx"), security()).unwrap();
    fs::write(folder.join("ForwardedEvents.evtx"), forwarded()).unwrap();
    fs::write(folder.join("damaged.evtx"), damaged()).unwrap();
}

fn audit(id: u16, minute: i64) -> EventSpec {
    EventSpec {
        provider_guid: "{54849625-5478-4994-a5ba-3e3b0328c30d}".into(),
        level: 0,
        keywords: 0x8020_0000_0000_0000,
        process_id: 712,
        thread_id: 4120,
        ..EventSpec::new(AUDIT, "Security", id, T0 + minute * MINUTE, "srv-file01.lab.example")
    }
}

fn subject(event: EventSpec, user: &str, logon: u64) -> EventSpec {
    event
        .data("SubjectUserSid", Value::sid(ADMIN))
        .data("SubjectUserName", user)
        .data("SubjectDomainName", "LAB")
        .data("SubjectLogonId", Value::Hex64(logon))
}

fn target(event: EventSpec, user: &str) -> EventSpec {
    event.data("TargetUserName", user).data("TargetDomainName", "LAB")
}

fn logon(minute: i64, kind: u32, user: &str, src: &str, session: u64) -> EventSpec {
    target(subject(audit(4624, minute), "SRV-FILE01$", 0x3e7), user)
        .data("TargetLogonId", Value::Hex64(session))
        .data("LogonType", kind)
        .data("LogonProcessName", "User32 ")
        .data("AuthenticationPackageName", "Negotiate")
        .data("WorkstationName", "PC-TARO")
        .data("LogonGuid", Value::guid("{5d0ae1f0-23c1-4e7b-9c1c-7f6b0f9b1a10}"))
        .data("ProcessName", r"C:\Windows\System32\svchost.exe")
        .data("IpAddress", src)
        .data("IpPort", "49733")
        .data("ElevatedToken", "%%1842")
}

fn security() -> Vec<u8> {
    let mut log = EvtxWriter::starting_at(88_001);
    let mut add = |event: EventSpec| log.push(&event).unwrap();
    let failed = target(subject(audit(4625, 0), "-", 0), "administrator")
        .data("Status", Value::Hex32(0xc000_006d))
        .data("SubStatus", Value::Hex32(0xc000_006a))
        .data("LogonType", 3u32)
        .data("WorkstationName", "KALI-LIKE")
        .data("IpAddress", "10.20.0.77")
        .data("IpPort", "51112");
    add(failed);
    add(logon(2, 3, "taro", "10.20.0.77", 0x5_1f20));
    add(logon(3, 10, "\u{7ba1}\u{7406}\u{8005}", "::ffff:10.20.0.77", 0x5_2a41));
    add(subject(audit(4672, 3), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41).data("PrivilegeList", "SeDebugPrivilege\r\n\t\t\tSeBackupPrivilege"));
    let explicit = target(subject(audit(4648, 4), "taro", 0x5_1f20), "svc-backup")
        .data("TargetServerName", "srv-dc01.lab.example")
        .data("ProcessName", r"C:\Windows\System32\lsass.exe")
        .data("IpAddress", "-")
        .data("IpPort", "-");
    add(explicit);
    let process = subject(audit(4688, 5), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41)
        .data("NewProcessId", Value::Hex64(0x1a4c))
        .data("NewProcessName", r"C:\Windows\System32\whoami.exe")
        .data("ProcessId", Value::Hex64(0x0b10))
        .data("CommandLine", "whoami /all")
        .data("ParentProcessName", r"C:\Windows\System32\cmd.exe");
    add(process);
    let service = subject(audit(4697, 6), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41)
        .data("ServiceName", "made-up-svc")
        .data("ServiceFileName", r"C:\Windows\Temp\made-up.exe")
        .data("ServiceAccount", "LocalSystem");
    add(service);
    let task =
        subject(audit(4698, 7), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41).data("TaskName", r"\MadeUp\Daily").data("TaskContent", "<Task/>");
    add(task);
    add(target(subject(audit(4720, 8), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41), "helpdesk2")
        .data("TargetSid", Value::sid("S-1-5-21-1004336348-1177238915-682003330-1601")));
    let group = target(subject(audit(4732, 9), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41).data("MemberName", "-"), "Administrators")
        .data("MemberSid", Value::sid("S-1-5-21-1004336348-1177238915-682003330-1601"));
    add(group);
    let share = subject(audit(5140, 10), "taro", 0x5_1f20)
        .data("IpAddress", "10.20.0.77")
        .data("IpPort", "51300")
        .data("ShareName", r"\\*\research");
    add(share);
    let ticket = target(audit(4768, 11), "taro")
        .data("ServiceName", "krbtgt")
        .data("Status", Value::Hex32(0))
        .data("IpAddress", "::ffff:10.20.0.31")
        .data("IpPort", "50211");
    add(ticket);
    let clock = subject(audit(4616, 12), "\u{7ba1}\u{7406}\u{8005}", 0x5_2a41)
        .data("PreviousTime", Value::Time(T0 + 12 * MINUTE))
        .data("NewTime", Value::Time(T0 - 60 * MINUTE))
        .data("ProcessName", r"C:\Windows\System32\dllhost.exe");
    add(clock);
    // A number that is missing: one record was taken out.
    let off = target(EventSpec { record_id: Some(88_015), ..audit(4634, 13) }, "\u{7ba1}\u{7406}\u{8005}")
        .data("TargetLogonId", Value::Hex64(0x5_2a41))
        .data("LogonType", 10u32);
    add(off);
    let cleared = EventSpec::new("Microsoft-Windows-Eventlog", "Security", 1102, T0 + 14 * MINUTE, "srv-file01.lab.example")
        .user_data("LogFileCleared", "http://manifests.microsoft.com/win/2004/08/windows/eventlog")
        .data("SubjectUserSid", Value::sid(ADMIN))
        .data("SubjectUserName", "\u{7ba1}\u{7406}\u{8005}")
        .data("SubjectDomainName", "LAB")
        .data("SubjectLogonId", Value::Hex64(0x5_2a41));
    add(cleared);
    log.finish()
}

fn at(provider: &str, channel: &str, id: u16, minute: i64) -> EventSpec {
    EventSpec { user_sid: "S-1-5-18".into(), ..EventSpec::new(provider, channel, id, T0 + minute * MINUTE, "srv-dc01.lab.example") }
}

/// Several channels in one log, as a collector keeps them.
fn forwarded() -> Vec<u8> {
    let mut log = EvtxWriter::new();
    let mut numbers = std::collections::BTreeMap::new();
    let mut add = |event: EventSpec| {
        let number = numbers.entry(event.channel.clone()).or_insert(700u64);
        *number += 1;
        let event = EventSpec { original_id: Some(*number), ..event };
        log.push(&event).unwrap()
    };
    let lsm = "Microsoft-Windows-TerminalServices-LocalSessionManager";
    for (number, (id, address)) in (0..).zip([
        (21, "10.20.0.77"),
        (22, "10.20.0.77"),
        (24, "10.20.0.77"),
        (25, "10.20.0.78"),
        (23, ""),
        (21, "\u{30ed}\u{30fc}\u{30ab}\u{30eb}"),
    ]) {
        let event = at(lsm, "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational", id, number)
            .user_data("EventXML", "Event_NS")
            .data("User", r"LAB\taro")
            .data("SessionID", 3u32);
        add(if address.is_empty() { event } else { event.data("Address", address) });
    }
    let rcm = "Microsoft-Windows-TerminalServices-RemoteConnectionManager";
    let connect = at(rcm, "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational", 1149, 6)
        .user_data("EventXML", "Event_NS")
        .data("Param1", "taro")
        .data("Param2", "LAB")
        .data("Param3", "10.20.0.77");
    add(connect);
    let core = "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS";
    let accepted = at(core, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS/Operational", 131, 7)
        .data("ConnType", "TCP")
        .data("ClientIP", "10.20.0.77:50432");
    add(accepted);
    let client = "Microsoft-Windows-TerminalServices-RDPClient/Operational";
    let out = at("Microsoft-Windows-TerminalServices-ClientActiveXCore", client, 1102, 8)
        .data("Name", "Server Name")
        .data("Value", "10.20.0.12")
        .data("CustomLevel", "Info");
    add(out);
    let installed = at("Service Control Manager", "System", 7045, 9)
        .data("ServiceName", "made-up-svc")
        .data("ImagePath", r"C:\Windows\Temp\made-up.exe")
        .data("ServiceType", "user mode service")
        .data("StartType", "demand start")
        .data("AccountName", "LocalSystem");
    add(installed);
    add(at("Service Control Manager", "System", 7036, 10)
        .data("param1", "made-up-svc")
        .data("param2", "\u{5b9f}\u{884c}\u{4e2d}")
        .data("", Value::Binary(vec![0x4d, 0x55])));
    let gone = at("Microsoft-Windows-Eventlog", "System", 104, 11)
        .user_data("LogFileCleared", "http://manifests.microsoft.com/win/2004/08/windows/eventlog")
        .data("SubjectUserName", "taro")
        .data("SubjectDomainName", "LAB")
        .data("Channel", "Application")
        .data("BackupPath", "");
    add(gone);
    let script = at("Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4104, 12)
        .data("MessageNumber", 1u32)
        .data("MessageTotal", 1u32)
        .data("ScriptBlockText", "Get-Date # \u{65e5}\u{6642}")
        .data("ScriptBlockId", "6f1e4c1a-0000-4000-8000-000000000001")
        .data("Path", "");
    add(script);
    let engine = Value::Texts(vec![
        "Available".into(),
        "None".into(),
        "\tNewEngineState=Available\r\n\tHostApplication=powershell.exe -File made-up.ps1".into(),
    ]);
    add(at("PowerShell", "Windows PowerShell", 400, 13).data("", engine));
    let sysmon = "Microsoft-Windows-Sysmon/Operational";
    let process = at("Microsoft-Windows-Sysmon", sysmon, 1, 14)
        .data("UtcTime", "2024-01-07 00:14:00.000")
        .data("ProcessId", 4242u32)
        .data("Image", r"C:\Windows\System32\net.exe")
        .data("CommandLine", "net view")
        .data("User", r"LAB\taro")
        .data("LogonId", Value::Hex64(0x5_1f20))
        .data("Hashes", "SHA256=00")
        .data("ParentImage", r"C:\Windows\System32\cmd.exe");
    add(process);
    let flow = at("Microsoft-Windows-Sysmon", sysmon, 3, 15)
        .data("Image", r"C:\Windows\Temp\made-up.exe")
        .data("User", r"LAB\taro")
        .data("Initiated", true)
        .data("SourceIp", "10.20.0.12")
        .data("SourcePort", Value::U16(49_801))
        .data("DestinationIp", "203.0.113.9")
        .data("DestinationPort", Value::U16(443));
    add(flow);
    add(at("Microsoft-Windows-Kernel-General", "System", 12, 16).data("MajorVersion", 10u32));
    add(at("EventLog", "System", 6006, 17));
    let found = at("Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational", 1116, 18)
        .data("Threat Name", "MadeUp:Test/Only")
        .data("Path", r"file:_C:\Windows\Temp\made-up.exe")
        .data("Detection User", r"LAB\taro");
    add(found);
    add(at("MadeUp-Provider", "MadeUp/Operational", 7, 19).data("Anything", "kept as it is"));
    log.finish()
}

/// A broken record, a time that cannot be, a wrong checksum, and the end cut off inside a record.
fn damaged() -> Vec<u8> {
    let mut log = EvtxWriter::new();
    for minute in 0..12 {
        let micros = if minute == 4 { i64::MAX } else { T0 + minute * MINUTE };
        let event = EventSpec { micros, ..logon(minute, 3, "taro", "10.20.0.77", 0x5_1f20) };
        log.push(&event).unwrap();
    }
    let mut bytes = log.finish();
    let starts: Vec<usize> = (4608..bytes.len()).step_by(8).filter(|at| bytes[*at..].starts_with(b"**\0\0")).collect();
    // The second record loses its magic and size, the seventh the head of its content.
    bytes[starts[1]..starts[1] + 8].fill(0);
    bytes[starts[6] + 24..starts[6] + 40].fill(0xff);
    bytes.truncate(starts[11] + 100);
    bytes
}
