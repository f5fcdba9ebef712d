//! Files of an ordinary Linux system that are no evidence of anything: no source may claim them, but for what is right.
//! They are those of the machine it runs on; where it has too few, the test says so and does nothing. `KONSEKI_FILES` asks for more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use konseki_model::Piece;
use konseki_sources::{plain, recognise};

fn files(folder: &Path, depth: u32, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_dir() && depth < 8 {
            files(&path, depth + 1, out);
        } else if about.is_file() && (64..8_000_000).contains(&about.len()) {
            out.push(path);
        }
    }
}

/// Claims that are right: the system's own logs and histories.
fn right(path: &str, id: &str) -> bool {
    match id {
        "linux/syslog" | "mail/postfix" | "web/access" | "linux/auditd" => path.starts_with("/var/log/"),
        "linux/wtmp" => ["wtmp", "btmp", "utmp"].iter().any(|name| path.contains(name)),
        "linux/shell_history" => path.contains("history"),
        // Boot scripts, cron and units of any Linux: what runs by itself is read line by line wherever it lies.
        "vmware/esxi_autostart" => ["/etc/init.d/", "/etc/rc", "/etc/cron", "/systemd/system/"].iter().any(|part| path.contains(part)),
        _ => false,
    }
}

#[test]
fn ordinary_files_are_claimed_by_nobody() {
    let mut all = Vec::new();
    for folder in ["/etc", "/usr/share", "/usr/lib", "/var/lib/dpkg", "/var/log", "/var/lib/apt"] {
        files(Path::new(folder), 0, &mut all);
    }
    let wanted = std::env::var("KONSEKI_FILES").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    // The same files on the same machine: a fixed seed.
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    let (mut looked, mut wrong, mut claimed) = (0, Vec::new(), Vec::new());
    while looked < wanted && !all.is_empty() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let path = all.swap_remove((random % all.len() as u64) as usize);
        let mut head = Vec::new();
        let Ok(file) = fs::File::open(&path) else { continue };
        let size = file.metadata().unwrap().len();
        if file.take(65536).read_to_end(&mut head).is_err() {
            continue;
        }
        let name = path.to_string_lossy();
        let piece = Piece { path: &name, head: &head, size };
        if !plain().source.recognise(&piece) {
            continue;
        }
        looked += 1;
        let yes: Vec<_> = recognise(&piece).iter().map(|entry| entry.id).collect();
        match yes.as_slice() {
            [] => {}
            [one] if right(&name, one) => claimed.push(format!("{name}: {one}")),
            _ => wrong.push(format!("{name}: {yes:?}")),
        }
    }
    println!("{looked} files, rightly claimed: {claimed:?}");
    if looked < wanted.min(50) {
        eprintln!("skipped: {looked} text files under /etc, /usr and /var, too few to tell");
    }
    assert!(wrong.is_empty(), "{} false yes:\n{}", wrong.len(), wrong.join("\n"));
}
