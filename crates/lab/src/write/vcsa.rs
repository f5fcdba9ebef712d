//! The vCenter appliance as a Linux box: auditd, boot scripts, the list of its files.

use crate::ctx::Lab;
use crate::store::{Mark, NUMBER};
use crate::when::{SEC, T};

impl Lab {
    /// A command as auditd writes it: SYSCALL, EXECVE, CWD, PROCTITLE of one serial.
    pub fn vcsa_exec(&mut self, t: T, who: (&str, u64), exe: &str, argv: &[&str], cwd: &str, mark: Mark) {
        let host = self.w.vcsa.name.clone();
        let t = t + self.w.vcsa.skew;
        let stamp = format!("{}.{:03}:{NUMBER}", t.div_euclid(SEC), t.rem_euclid(SEC) / 1000);
        let (user, uid) = who;
        let pid = 20_000 + self.rng.below(9000);
        let comm = exe.rsplit('/').next().unwrap_or(exe);
        let args: Vec<String> = argv.iter().enumerate().map(|(n, a)| format!("a{n}={}", quoted(a))).collect();
        let title: String = argv.join("\0").bytes().map(|b| format!("{b:02X}")).collect();
        let text = format!(
            "type=SYSCALL msg=audit({stamp}): arch=c000003e syscall=59 success=yes exit=0 a0=55d1 a1=55d2 a2=55d3 a3=8 items=2 ppid={} pid={pid} auid=4294967295 uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=(none) ses=4294967295 comm=\"{comm}\" exe=\"{exe}\" key=\"exec\"\ntype=EXECVE msg=audit({stamp}): argc={} {}\ntype=CWD msg=audit({stamp}): cwd=\"{cwd}\"\ntype=PROCTITLE msg=audit({stamp}): proctitle={title}",
            pid - 11,
            argv.len(),
            args.join(" ")
        );
        let _ = user;
        let path = format!("{host}/var/log/audit/audit.log");
        self.line(&path, "linux/auditd", &host, t, text, mark);
    }

    /// A boot script of the appliance.
    pub fn vcsa_boot(&mut self, path: &str, text: &str, marks: &[(&'static str, &str)]) {
        let host = self.w.vcsa.name.clone();
        self.out.file(&format!("{host}/{path}"), "vmware/esxi_autostart", &host, text, marks);
    }

    /// The sleuth kit's list of files, `0|name|inode|mode|uid|gid|size|atime|mtime|ctime|crtime`.
    pub fn bodyfile(&mut self, host: &str, rows: &[(&str, u64, u64, T, Mark)]) {
        for (n, (name, uid, size, at, mark)) in rows.iter().enumerate() {
            let s = at.div_euclid(SEC);
            let text = format!("0|{name}|{}|r/rrwxr-xr-x|{uid}|{uid}|{size}|{s}|{s}|{s}|0", 260_000 + n);
            let path = format!("{host}/bodyfile.txt");
            self.line(&path, "linux/bodyfile", host, n as T, text, *mark);
        }
    }
}

/// auditd writes plain values in quotes and others in hexadecimal.
fn quoted(value: &str) -> String {
    if value.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
        format!("\"{value}\"")
    } else {
        value.bytes().map(|b| format!("{b:02X}")).collect()
    }
}
