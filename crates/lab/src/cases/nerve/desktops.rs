//! Remote desktops from the appliance and through the stolen tunnel: bookmarks, shares, documents collected and taken.

use crate::cases::nerve::Plot;
use crate::cases::nerve::entry::time;
use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{HOUR, MIN, SEC, T};
use crate::world::{Host, User};
use crate::write::windows::Logon;
use crate::write::zeek::Flow;

pub fn remote(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "rdp",
        &w.vpn.name,
        "lateral-movement",
        &["T1021.001", "T1078", "T1078.002", "T1021", "T1563.002"],
        "remote desktop sessions to several machines, from the appliance's own address and through the stolen tunnel",
    );
    let t = p.d[1] + 11 * HOUR;
    let inner = p.held.as_ref().map_or(String::new(), |h| h.inner.clone());
    let mut first = None;
    for (n, desk) in w.desks.iter().enumerate() {
        let user = if n % 2 == 0 { &p.admin } else { &p.plain };
        let from = if n == 0 { &inner } else { &w.vpn.ip };
        let at = t + n as i64 * 70 * MIN;
        let end = at + 55 * MIN;
        let open = lab.rdp(desk, at, user, from, &p.station, Some("rdp!"));
        lab.zeek_rdp(at - SEC, from, &desk.ip, &user.login, end - at, (4_000_000, 90_000_000), Some("rdp"));
        lab.rdp_end(desk, end, user, &open, from, Some("rdp"));
        lab.key("rdp", "exact", "session", &open.0);
        if n == 0 {
            first = Some((desk.clone(), user.clone(), open.0.clone(), at));
        }
        lab.key("rdp", "interval", "user", &user.login);
        lab.key("rdp", "interval", "host", &desk.name);
    }
    lab.link("session-hijack", "rdp", "interval", "address", &inner);
    lab.link("exploit", "rdp", "interval", "address", &w.vpn.ip);
    time(lab, "rdp", t, t + w.desks.len() as i64 * 70 * MIN);
    if let Some((desk, user, logon, at)) = first {
        let here = Here { desk, user, logon };
        bookmarks(lab, &here, at + 4 * MIN);
        shares(lab, &here, at + 8 * MIN);
        collect(lab, p, &here, at + 20 * MIN);
    }
}

struct Here {
    desk: Host,
    user: User,
    logon: String,
}

fn bookmarks(lab: &mut Lab, h: &Here, t: T) {
    lab.step("bookmarks", &h.desk.name, "discovery", &["T1217"], "the user's browser bookmarks are read by something that is no browser");
    let profile = format!("C:\\Users\\{}\\AppData\\Local\\Google\\Chrome\\User Data\\Default\\Bookmarks", h.user.login);
    let reader =
        lab.rng.pick(&["C:\\Windows\\System32\\notepad.exe", "C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\xcopy.exe"]);
    lab.process(
        &h.desk,
        t,
        &h.user,
        &h.logon,
        reader,
        &format!("{} \"{profile}\"", reader.rsplit('\\').next().unwrap_or("")),
        "C:\\Windows\\explorer.exe",
        Some("bookmarks!"),
    );
    lab.object_read(&h.desk, t + SEC, &h.user, &h.logon, &profile, reader, Some("bookmarks!"));
    lab.link("rdp", "bookmarks", "exact", "session", &h.logon);
    time(lab, "bookmarks", t, t + MIN);
}

fn shares(lab: &mut Lab, h: &Here, t: T) {
    let w = lab.w.clone();
    lab.step(
        "shares",
        &w.fs.name,
        "discovery",
        &["T1135", "T1083", "T1021.002", "T1039"],
        "many shares of the file server opened one after the other, hidden ones too",
    );
    let id = lab.next_logon();
    let l = Logon { user: &h.user, kind: 3, from: &h.desk.ip, station: &h.desk.name, id: id.clone() };
    lab.logon(&w.fs, t, &l, Some("shares"));
    lab.process(
        &h.desk,
        t - SEC,
        &h.user,
        &h.logon,
        "C:\\Windows\\System32\\net.exe",
        &format!("net view \\\\{} /all", w.fs.name),
        "C:\\Windows\\System32\\cmd.exe",
        Some("shares!"),
    );
    for (n, share) in ["C$", "ADMIN$", "Projects", "Department", "HR", "Finance", "Proposals", "Backups"].iter().enumerate() {
        lab.share(&w.fs, t + (n as i64 + 1) * 9 * SEC, &l, share, None, Some("shares!"));
        for m in 0..3 {
            let file = format!("{}\\{}.docx", lab.rng.letters(6), lab.rng.letters(8));
            lab.share(&w.fs, t + (n as i64 + 1) * 9 * SEC + (m + 1) * SEC, &l, share, Some(&file), Some("shares"));
        }
    }
    lab.logoff(&w.fs, t + 5 * MIN, &l, Some("shares"));
    let f = Flow::tcp(&h.desk.ip, &w.fs.ip, 445, "gssapi,smb", 5 * MIN, (900_000, 40_000_000));
    lab.flow(t, &f, Some("shares"));
    lab.link("rdp", "shares", "interval", "user", &h.user.login);
    lab.key("shares", "interval", "address", &h.desk.ip);
    lab.key("shares", "interval", "host", &h.desk.name);
    lab.key("shares", "exact", "session", &id);
    lab.key("shares", "exact", "session", &h.logon);
    time(lab, "shares", t, t + 5 * MIN);
}

fn collect(lab: &mut Lab, p: &Plot, h: &Here, t: T) {
    const MARK: Mark = Some("collect!");
    let w = lab.w.clone();
    lab.step(
        "collect",
        &h.desk.name,
        "collection",
        &["T1119", "T1005", "T1039", "T1560", "T1560.001", "T1074.001", "T1083"],
        "documents copied by a loop and packed into an archive",
    );
    let folder = format!("C:\\Users\\Public\\{}", lab.rng.letters(5));
    let archive = format!("{folder}.zip");
    lab.process(
        &h.desk,
        t,
        &h.user,
        &h.logon,
        "C:\\Windows\\System32\\Robocopy.exe",
        &format!("robocopy \\\\{}\\Proposals {folder} *.docx *.pdf *.vsdx /S /MAXAGE:365", w.fs.name),
        "C:\\Windows\\System32\\cmd.exe",
        MARK,
    );
    let zip = format!("powershell -c Compress-Archive -Path {folder} -DestinationPath {archive}");
    lab.process(
        &h.desk,
        t + 4 * MIN,
        &h.user,
        &h.logon,
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        &zip,
        "C:\\Windows\\System32\\cmd.exe",
        MARK,
    );
    lab.file_created(&h.desk, t + 5 * MIN, &h.user, "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", &archive, MARK);
    lab.link("rdp", "collect", "exact", "session", &h.logon);
    time(lab, "collect", t, t + 6 * MIN);
    lab.step(
        "documents-out",
        &h.desk.name,
        "exfiltration",
        &["T1041", "T1048", "T1567"],
        "the archive leaves to an address that nobody else talks to",
    );
    let at = t + 9 * MIN;
    let bytes = 180_000_000 + lab.rng.below(400_000_000);
    lab.flow(at, &Flow::tcp(&h.desk.ip, &p.drop_ip, 443, "ssl", 6 * MIN, (bytes, bytes / 300)), Some("documents-out!"));
    lab.bytes_out += bytes;
    lab.link("collect", "documents-out", "interval", "address", &h.desk.ip);
    lab.key("documents-out", "interval", "host", &h.desk.name);
    lab.key("collect", "interval", "host", &h.desk.name);
    lab.key("documents-out", "interval", "address", &p.drop_ip);
    time(lab, "documents-out", at, at + 6 * MIN);
}
