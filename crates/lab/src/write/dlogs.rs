//! The appliance's own debug logs: uWSGI requests, process snapshots of nodemonlog, debuglog. Local time without zone.

use crate::ctx::Lab;
use crate::store::{Mark, NUMBER, Roll};
use crate::when::{self, SEC, T};

/// A process as nodemonlog's `ps` table shows it.
pub struct Process<'a> {
    pub pid: u64,
    pub parent: u64,
    pub command: &'a str,
    pub mark: Mark,
}

const DAEMONS: &[(&str, u64, u64)] = &[
    ("/sbin/init auto B /dev/sda", 1, 0),
    ("[kthreadd]", 2, 0),
    ("[rcu_sched]", 8, 2),
    ("[kswapd0]", 722, 2),
    ("/home/bin/watchdog -w", 3535, 1),
    ("/home/ecbuilds/int-rel/sa/22.3/bld1647.1/install/bin/cache_server", 4485, 3535),
    ("/home/ecbuilds/int-rel/sa/22.3/bld1647.1/install/bin/sessionserver", 4501, 3535),
    ("/home/ecbuilds/int-rel/sa/22.3/bld1647.1/install/bin/dssyslogfwd", 6137, 3535),
    (
        "/home/venv3/bin/uwsgi --http-socket 127.0.0.1:8090 -w restservice.api:app --logger file:logfile=/home/runtime/dlogs/config_rest_server.log,maxsize=500000",
        6112,
        3535,
    ),
    (
        "/home/venv3/bin/uwsgi --http-socket 127.0.0.1:8185 -w cav.api:app --logger file:logfile=/home/runtime/dlogs/cav_webserv.log,maxsize=50000000",
        6110,
        3535,
    ),
    ("/home/bin/web -s /home/runtime/webserver/conf", 6265, 6162),
    ("radius -debug -d.", 6419, 6156),
];

impl Lab {
    fn dlog(&mut self, file: &str, source: &'static str, t: T, text: String, old: Option<T>, mark: Mark) {
        let host = self.w.vpn.name.clone();
        let path = format!("{host}/data/var/dlogs/{file}");
        let roll = old.map_or(Roll::None, |before| Roll::Old { before });
        let id = self.out.open(&path, source, &host, roll);
        self.out.push(id, t + self.w.vpn.skew, text, mark);
    }

    /// When the live file began; what came before is in `.old`.
    fn rolled(&self, file: &str) -> Option<T> {
        let span = self.end - self.start;
        match file {
            "config_rest_server.log" => Some(self.start + span * 6 / 10),
            "cav_webserv.log" => Some(self.start + span * 3 / 10),
            "nodemonlog" => Some(self.start + span / 2),
            _ => None,
        }
    }

    /// One request; `t` is its end, which is what uWSGI writes.
    pub fn uwsgi(&mut self, t: T, file: &str, request: (&str, &str), bytes: u64, msecs: u64, status: u16, mark: Mark) {
        let w = self.w.clone();
        let (method, path) = request;
        let worker = if file.starts_with("cav") { 22_150 + self.rng.below(2) } else { 6299 };
        let (vars, len) = (26 + self.rng.below(7), 370 + path.len());
        let switches = if file.starts_with("cav") { 3 } else { 1 };
        let core = if file.starts_with("cav") { 990 + self.rng.below(9) } else { 0 };
        let when = when::ctime(t + w.vpn.skew, &w.zone);
        let text = format!(
            "[pid: {worker}|app: 0|req: {NUMBER}/{NUMBER}] 172.18.0.4 () {{{vars} vars in {len} bytes}} [{when}] {method} {path} => generated {bytes} bytes in {msecs} msecs (HTTP/1.1 {status}) 2 headers in 71 bytes ({switches} switches on core {core})"
        );
        let old = self.rolled(file);
        self.dlog(file, "ivanti/uwsgi", t, text, old, mark);
    }

    /// What uWSGI says when it starts.
    pub fn uwsgi_start(&mut self, t: T, file: &str) {
        let w = self.w.clone();
        let when = when::ctime(t + w.vpn.skew, &w.zone);
        let text = format!(
            "*** Starting uWSGI 2.0.9 (32bit) on [{when}] ***\ncompiled with version: 4.4.7 20120313 (Red Hat 4.4.7-3) on 05 December 2022 09:48:31\nnodename: localhost2\nmachine: x86_64\ncurrent working directory: /data/var/cores\ndetected binary path: /home/venv3/bin/uwsgi\n*** WARNING: you are running uWSGI as root !!! (use the --uid flag) *** \nyour server socket listen backlog is limited to 100 connections\nspawned uWSGI master process (pid: 6112)\nspawned uWSGI worker 1 (pid: 6299, cores: 1)\nWSGI app 0 (mountpoint='') ready in 2 seconds on interpreter 0x81a52a0 pid: 6299 (default app)"
        );
        let old = self.rolled(file);
        self.dlog(file, "ivanti/uwsgi", t, text, old, None);
    }

    /// A snapshot of the box: interfaces, load, process table.
    pub fn nodemon(&mut self, t: T, extra: &[Process]) {
        let w = self.w.clone();
        let when = when::ctime(t + w.vpn.skew, &w.zone);
        let hms: String = when.chars().skip(11).take(8).collect();
        let (rx, tx) = (400_000 + self.rng.below(90_000), 500_000 + self.rng.below(90_000));
        let up = (t - self.start) / when::DAY + 12;
        let head = format!(
            "\n---------------------------------------\n{when} PID 6129 log rotated.\nSleepInterval 300 secs, LogSizeLimit 1 MBytes\nIface   MTU Met    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\nint0       1500   0   {rx}      0      0      0   {tx}      0      0      0 BMRU\ntop - {hms} up {up} days,  3:07,  0 users,  load average: 0.{:02}, 0.35, 0.33\nTasks: {} total,   1 running, 158 sleeping,   0 stopped,   0 zombie\n\nOutput of ps command\n  PID  PPID %CPU %MEM S    SZ    VSZ   RSS COMMAND",
            self.rng.below(90),
            DAEMONS.len() + extra.len()
        );
        let old = self.rolled("nodemonlog");
        self.dlog("nodemonlog", "ivanti/nodemon", t, head, old, None);
        for (command, pid, parent) in DAEMONS {
            self.ps_row(t, *pid, *parent, command, None);
        }
        for p in extra {
            self.ps_row(t, p.pid, p.parent, p.command, p.mark);
        }
    }

    fn ps_row(&mut self, t: T, pid: u64, parent: u64, command: &str, mark: Mark) {
        let (sz, vsz, rss) = (400 + pid % 3000, 4800 + pid % 60_000, 3600 + pid % 20_000);
        let text = format!("{pid:>5} {parent:>5}  0.0  0.1 S {sz:>5} {vsz:>6} {rss:>5} {command}");
        let old = self.rolled("nodemonlog");
        self.dlog("nodemonlog", "ivanti/nodemon", t, text, old, mark);
    }

    pub fn debuglog(&mut self, t: T, process: &str, pid: u64, rest: &str, mark: Mark) {
        let w = self.w.clone();
        let text = format!("{} {process}({pid}) vc0  0 {rest}", when::slashed_us(t + w.vpn.skew, &w.zone));
        self.dlog("debuglog", "ivanti/debuglog", t, text, None, mark);
    }

    /// The integrity checker's archive: new and changed files at their places.
    pub fn ict_archive(&mut self, t: T, files: &[(&str, &str)], marks: &[(&'static str, &str)]) {
        let w = self.w.clone();
        let mut members = std::collections::BTreeMap::new();
        let version = "DSREL_MAJOR=22\nDSREL_MINOR=3\nDSREL_MAINT=1\nDSREL_DATAVER=4802\nDSREL_PRODUCT=ssl-vpn\nDSREL_DEPS=ive\nDSREL_BUILDNUM=1647\nDSREL_COMMENT=\"R1\"\n";
        members.insert("home/VERSION".to_owned(), version.as_bytes().to_vec());
        for (path, text) in files {
            members.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        let Ok(bytes) = crate::pack::tgz(&members) else { return };
        let name = format!("{}/ict/temp-scanner-archive-{}.tgz", w.vpn.name, when::compact(t, &w.zone));
        self.out.bytes(&name, "ivanti/ict", &w.vpn.name, bytes, marks);
    }

    pub fn dlog_noise(&mut self, t: T) {
        let (what, pid) = (self.rng.below(4), 3000 + self.rng.below(4000));
        match what {
            0 => self.debuglog(t, "dsmond", pid, " eventd event.cc:355 - connect() failed (errno=2, No such file or directory)", None),
            1 => self.debuglog(t, "cache_server", pid, "DSCacheServerContext cache_context.cc:147 - New gen 11 new status 3", None),
            2 => self.debuglog(t, "dscockpitd", pid, "DSCockpitd dscockpitd.cc:477 - getsockopt connection error", None),
            _ => self.debuglog(
                t + SEC,
                "perl-nopax",
                pid,
                "DSNet::Family::get_device_link_status family.cc:1162 - Get int0 link status",
                None,
            ),
        }
    }
}
