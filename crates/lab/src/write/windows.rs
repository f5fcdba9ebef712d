//! Windows events that remote access, shares, processes and services leave.

use serde_json::json;

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{self, SEC, T};
use crate::world::{Host, User};
use crate::write::winlog::{AUDIT_FAIL, AUDIT_OK, Body, Head, LSM, RCM, RDPCORE, SECURITY, SYSMON, SYSTEM};

/// A logon to write.
#[derive(Clone, Debug)]
pub struct Logon<'a> {
    pub user: &'a User,
    pub kind: u8,
    pub from: &'a str,
    pub station: &'a str,
    pub id: String,
}

impl Lab {
    pub fn logon(&mut self, host: &Host, t: T, l: &Logon, mark: Mark) {
        let w = self.w.clone();
        let (process, package) = if l.kind == 10 || l.kind == 2 { ("User32 ", "Negotiate") } else { ("NtLmSsp ", "NTLM") };
        let (program, pid) = if l.kind == 10 { ("C:\\Windows\\System32\\svchost.exe", "0x3d4") } else { ("-", "0x0") };
        let port = self.port().to_string();
        let fields = vec![
            ("SubjectUserSid", json!(if l.kind == 10 { "S-1-5-18" } else { "S-1-0-0" })),
            ("SubjectUserName", json!(if l.kind == 10 { format!("{}$", host.name) } else { "-".to_owned() })),
            ("SubjectDomainName", json!(if l.kind == 10 { w.netbios.as_str() } else { "-" })),
            ("SubjectLogonId", json!(if l.kind == 10 { "0x3e7" } else { "0x0" })),
            ("TargetUserSid", json!(l.user.sid)),
            ("TargetUserName", json!(l.user.login)),
            ("TargetDomainName", json!(w.netbios)),
            ("TargetLogonId", json!(l.id)),
            ("LogonType", json!(l.kind)),
            ("LogonProcessName", json!(process)),
            ("AuthenticationPackageName", json!(package)),
            ("WorkstationName", json!(l.station)),
            ("LogonGuid", json!("00000000-0000-0000-0000-000000000000")),
            ("TransmittedServices", json!("-")),
            ("LmPackageName", json!(if package == "NTLM" { "NTLM V2" } else { "-" })),
            ("KeyLength", json!(if package == "NTLM" { 128 } else { 0 })),
            ("ProcessId", json!(pid)),
            ("ProcessName", json!(program)),
            ("IpAddress", json!(l.from)),
            ("IpPort", json!(port)),
            ("ImpersonationLevel", json!("%%1833")),
            ("RestrictedAdminMode", json!("-")),
            ("TargetOutboundUserName", json!("-")),
            ("TargetOutboundDomainName", json!("-")),
            ("VirtualAccount", json!("%%1843")),
            ("TargetLinkedLogonId", json!("0x0")),
            ("ElevatedToken", json!(if l.user.admin { "%%1842" } else { "%%1843" })),
        ];
        self.win(host, t, &SECURITY, Head(4624, 2, 0, 12544, 0, AUDIT_OK), Body::Data(fields), mark);
        if l.user.admin && l.kind != 3 {
            let fields = vec![
                ("SubjectUserSid", json!(l.user.sid)),
                ("SubjectUserName", json!(l.user.login)),
                ("SubjectDomainName", json!(w.netbios)),
                ("SubjectLogonId", json!(l.id)),
                ("PrivilegeList", json!("SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeDebugPrivilege")),
            ];
            self.win(host, t + 1000, &SECURITY, Head(4672, 0, 0, 12548, 0, AUDIT_OK), Body::Data(fields), mark);
        }
    }

    pub fn logoff(&mut self, host: &Host, t: T, l: &Logon, mark: Mark) {
        let fields = vec![
            ("TargetUserSid", json!(l.user.sid)),
            ("TargetUserName", json!(l.user.login)),
            ("TargetDomainName", json!(self.w.netbios)),
            ("TargetLogonId", json!(l.id)),
            ("LogonType", json!(l.kind)),
        ];
        self.win(host, t, &SECURITY, Head(4634, 0, 0, 12545, 0, AUDIT_OK), Body::Data(fields), mark);
    }

    pub fn logon_failed(&mut self, host: &Host, t: T, user: &str, from: &str, station: &str, mark: Mark) {
        let port = self.port().to_string();
        let fields = vec![
            ("SubjectUserSid", json!("S-1-0-0")),
            ("SubjectUserName", json!("-")),
            ("SubjectDomainName", json!("-")),
            ("SubjectLogonId", json!("0x0")),
            ("TargetUserSid", json!("S-1-0-0")),
            ("TargetUserName", json!(user)),
            ("TargetDomainName", json!(self.w.netbios)),
            ("Status", json!("0xc000006d")),
            ("FailureReason", json!("%%2313")),
            ("SubStatus", json!("0xc000006a")),
            ("LogonType", json!(3)),
            ("LogonProcessName", json!("NtLmSsp ")),
            ("AuthenticationPackageName", json!("NTLM")),
            ("WorkstationName", json!(station)),
            ("TransmittedServices", json!("-")),
            ("LmPackageName", json!("-")),
            ("KeyLength", json!(0)),
            ("ProcessId", json!("0x0")),
            ("ProcessName", json!("-")),
            ("IpAddress", json!(from)),
            ("IpPort", json!(port)),
        ];
        self.win(host, t, &SECURITY, Head(4625, 0, 0, 12544, 0, AUDIT_FAIL), Body::Data(fields), mark);
    }

    /// A remote desktop session from connection to shell; gives its logon id and session number.
    pub fn rdp(&mut self, host: &Host, t: T, user: &User, from: &str, station: &str, mark: Mark) -> (String, u64) {
        let w = self.w.clone();
        let (id, session) = (self.next_logon(), 2 + self.rng.below(6));
        let port = self.port();
        let fields = vec![("ConnType", json!("TCP")), ("ClientIP", json!(format!("{from}:{port}")))];
        self.win(host, t, &RDPCORE, Head(131, 0, 4, 4, 15, "0x4000000000000000"), Body::Data(fields), mark);
        let nla = Logon { user, kind: 3, from, station, id: self.next_logon() };
        self.logon(host, t + SEC, &nla, mark);
        let fields = vec![("Param1", json!(user.login)), ("Param2", json!(w.netbios)), ("Param3", json!(from))];
        self.win(host, t + 2 * SEC, &RCM, Head(1149, 0, 4, 0, 0, "0x1000000000000000"), Body::User("EventXML", "Event_NS", fields), mark);
        let l = Logon { user, kind: 10, from, station: &host.name, id: id.clone() };
        self.logon(host, t + 3 * SEC, &l, mark);
        for (event, at) in [(21, 3), (22, 4)] {
            self.lsm(host, t + at * SEC + 400_000, event, user, session, from, mark);
        }
        (id, session)
    }

    /// LocalSessionManager 21 logon, 22 shell, 23 logoff, 24 disconnect, 25 reconnect.
    pub fn lsm(&mut self, host: &Host, t: T, event: u16, user: &User, session: u64, from: &str, mark: Mark) {
        let mut fields = vec![("User", json!(self.w.down(&user.login))), ("SessionID", json!(session))];
        if event != 23 {
            fields.push(("Address", json!(from)));
        }
        self.win(host, t, &LSM, Head(event, 0, 4, 0, 0, "0x1000000000000000"), Body::User("EventXML", "Event_NS", fields), mark);
    }

    pub fn rdp_end(&mut self, host: &Host, t: T, user: &User, open: &(String, u64), from: &str, mark: Mark) {
        self.lsm(host, t, 24, user, open.1, from, mark);
        self.lsm(host, t + SEC, 23, user, open.1, from, mark);
        let l = Logon { user, kind: 10, from, station: &host.name, id: open.0.clone() };
        self.logoff(host, t + 2 * SEC, &l, mark);
    }

    /// A share opened (5140) and, with a name, a file looked at in it (5145).
    pub fn share(&mut self, host: &Host, t: T, l: &Logon, share: &str, file: Option<&str>, mark: Mark) {
        let port = self.port().to_string();
        let mut fields = vec![
            ("SubjectUserSid", json!(l.user.sid)),
            ("SubjectUserName", json!(l.user.login)),
            ("SubjectDomainName", json!(self.w.netbios)),
            ("SubjectLogonId", json!(l.id)),
            ("ObjectType", json!("File")),
            ("IpAddress", json!(l.from)),
            ("IpPort", json!(port)),
            ("ShareName", json!(format!("\\\\*\\{share}"))),
            ("ShareLocalPath", json!(format!("\\??\\D:\\Shares\\{share}"))),
        ];
        let head = if let Some(file) = file {
            fields.push(("RelativeTargetName", json!(file)));
            Head(5145, 0, 0, 12811, 0, AUDIT_OK)
        } else {
            Head(5140, 1, 0, 12808, 0, AUDIT_OK)
        };
        fields.push(("AccessMask", json!("0x120089")));
        fields.push(("AccessList", json!("%%1538\r\n\t\t\t\t%%1541\r\n\t\t\t\t%%4416\r\n\t\t\t\t")));
        if file.is_some() {
            fields.push(("AccessReason", json!("-")));
        }
        self.win(host, t, &SECURITY, head, Body::Data(fields), mark);
    }

    /// An object read under audit (4663).
    pub fn object_read(&mut self, host: &Host, t: T, user: &User, logon: &str, object: &str, program: &str, mark: Mark) {
        let fields = vec![
            ("SubjectUserSid", json!(user.sid)),
            ("SubjectUserName", json!(user.login)),
            ("SubjectDomainName", json!(self.w.netbios)),
            ("SubjectLogonId", json!(logon)),
            ("ObjectServer", json!("Security")),
            ("ObjectType", json!("File")),
            ("ObjectName", json!(object)),
            ("HandleId", json!("0x1a4c")),
            ("AccessList", json!("%%4416\r\n\t\t\t\t")),
            ("AccessMask", json!("0x1")),
            ("ProcessId", json!("0x1f38")),
            ("ProcessName", json!(program)),
            ("ResourceAttributes", json!("S:AI")),
        ];
        self.win(host, t, &SECURITY, Head(4663, 1, 0, 12800, 0, AUDIT_OK), Body::Data(fields), mark);
    }

    /// Sysmon 1.
    pub fn process(&mut self, host: &Host, t: T, user: &User, logon: &str, image: &str, command: &str, parent: &str, mark: Mark) {
        let at = when::iso_ms(t + host.skew).replace('T', " ").replace('Z', "");
        let (guid, parent_guid) = (self.rng.uuid().to_uppercase(), self.rng.uuid().to_uppercase());
        let (pid, ppid) = (2000 + self.rng.below(9000), 900 + self.rng.below(900));
        let sha = self.rng.hex(64).to_uppercase();
        let fields = vec![
            ("RuleName", json!("-")),
            ("UtcTime", json!(at)),
            ("ProcessGuid", json!(guid)),
            ("ProcessId", json!(pid)),
            ("Image", json!(image)),
            ("FileVersion", json!("10.0.17763.1 (WinBuild.160101.0800)")),
            ("Description", json!("-")),
            ("Product", json!("-")),
            ("Company", json!("-")),
            ("OriginalFileName", json!("-")),
            ("CommandLine", json!(command)),
            ("CurrentDirectory", json!(format!("C:\\Users\\{}\\", user.login))),
            ("User", json!(self.w.down(&user.login))),
            ("LogonGuid", json!("7C1B5A2E-0000-0000-0000-000000000000")),
            ("LogonId", json!(logon)),
            ("TerminalSessionId", json!(3)),
            ("IntegrityLevel", json!("Medium")),
            ("Hashes", json!(format!("SHA256={sha}"))),
            ("ParentProcessGuid", json!(parent_guid)),
            ("ParentProcessId", json!(ppid)),
            ("ParentImage", json!(parent)),
            ("ParentCommandLine", json!(parent)),
            ("ParentUser", json!(self.w.down(&user.login))),
        ];
        self.win(host, t, &SYSMON, Head(1, 5, 4, 1, 0, "0x8000000000000000"), Body::Data(fields), mark);
    }

    /// Sysmon 11.
    pub fn file_created(&mut self, host: &Host, t: T, user: &User, image: &str, file: &str, mark: Mark) {
        let at = when::iso_ms(t + host.skew).replace('T', " ").replace('Z', "");
        let guid = self.rng.uuid().to_uppercase();
        let fields = vec![
            ("RuleName", json!("-")),
            ("UtcTime", json!(at)),
            ("ProcessGuid", json!(guid)),
            ("ProcessId", json!(4120)),
            ("Image", json!(image)),
            ("TargetFilename", json!(file)),
            ("CreationUtcTime", json!(at)),
            ("User", json!(self.w.down(&user.login))),
        ];
        self.win(host, t, &SYSMON, Head(11, 2, 4, 11, 0, "0x8000000000000000"), Body::Data(fields), mark);
    }

    /// 7045.
    pub fn service(&mut self, host: &Host, t: T, name: &str, image: &str, mark: Mark) {
        let fields = vec![
            ("ServiceName", json!(name)),
            ("ImagePath", json!(image)),
            ("ServiceType", json!("user mode service")),
            ("StartType", json!("auto start")),
            ("AccountName", json!("LocalSystem")),
        ];
        self.win(host, t, &SYSTEM, Head(7045, 0, 4, 0, 0, "0x8080000000000000"), Body::Data(fields), mark);
    }

    /// 7036, the everyday noise of a system log.
    pub fn service_state(&mut self, host: &Host, t: T, name: &str, state: &str) {
        let fields = vec![("param1", json!(name)), ("param2", json!(state))];
        self.win(host, t, &SYSTEM, Head(7036, 0, 4, 0, 0, "0x8080000000000000"), Body::Data(fields), None);
    }

    /// A member added to a group: 4728 global, 4732 local, 4756 universal.
    pub fn group_add(&mut self, host: &Host, t: T, actor: &User, member: &User, group: &str, event: u16, mark: Mark) {
        let fields = vec![
            ("MemberName", json!(format!("CN={},CN=Users,DC={},DC=example", member.login, self.w.netbios.to_lowercase()))),
            ("MemberSid", json!(member.sid)),
            ("TargetUserName", json!(group)),
            ("TargetDomainName", json!(self.w.netbios)),
            ("TargetSid", json!("S-1-5-21-1004336348-1177238915-682003330-1901")),
            ("SubjectUserSid", json!(actor.sid)),
            ("SubjectUserName", json!(actor.login)),
            ("SubjectDomainName", json!(self.w.netbios)),
            ("SubjectLogonId", json!("0x5a3c1")),
            ("PrivilegeList", json!("-")),
        ];
        self.win(host, t, &SECURITY, Head(event, 0, 0, 13826, 0, AUDIT_OK), Body::Data(fields), mark);
    }

    /// 1102.
    pub fn security_cleared(&mut self, host: &Host, t: T, user: &User, mark: Mark) {
        let fields = vec![
            ("SubjectUserSid", json!(user.sid)),
            ("SubjectUserName", json!(user.login)),
            ("SubjectDomainName", json!(self.w.netbios)),
            ("SubjectLogonId", json!("0x5a3c1")),
        ];
        let body = Body::User("LogFileCleared", "http://manifests.microsoft.com/win/2004/08/windows/eventlog", fields);
        self.win(host, t, &crate::write::winlog::EVENTLOG, Head(1102, 0, 4, 104, 0, "0x4020000000000000"), body, mark);
    }
}
