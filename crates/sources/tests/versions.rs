//! One event in the form of every version of ESXi, in its file and as a syslog server gets it, and of both generations of
//! Connect Secure: kind, instant and core are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use common::Seen;
use konseki_model::{Hints, Piece, Record};
use konseki_sources::{Description, Reading, recognise};

const LOGS: [&str; 5] = ["hostd", "shell", "auth", "vobd", "vmkernel"];
const VERSIONS: [&str; 4] = ["esxi6", "esxi7", "esxi8", "esxi9"];
const HOST: &str = "esx01";
/// 2024-03-01: a file of a server that got the lines that year.
const MODIFIED: i64 = 1_709_251_200_000_000;

fn samples(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder).join("samples")
}

fn sample(log: &str, version: &str) -> String {
    let folder = samples(&format!("vmware/esxi_{log}")).join(version);
    let file = [folder.join("same").join(format!("{log}.log")), folder.join(format!("{log}.log"))].into_iter().find(|file| file.is_file());
    fs::read_to_string(file.unwrap_or_else(|| panic!("{log} has no sample of {version}"))).unwrap()
}

fn read(path: &str, text: &str) -> Vec<Record> {
    let piece = Piece { path, head: text.as_bytes(), size: text.len() as u64 };
    let yes = recognise(&piece);
    assert_eq!(yes.len(), 1, "{path}: {:?}\n{text}", yes.iter().map(|entry| entry.id).collect::<Vec<_>>());
    let hints = Hints { host: Some(HOST.to_owned()), modified: Some(MODIFIED), ..Hints::default() };
    let about = Description::parse(yes[0].about).unwrap();
    let mut seen = Seen::keeping(100);
    yes[0].source.read(&mut Cursor::new(text), &Reading { piece, hints: &hints, about: &about }, &mut seen);
    assert_eq!(seen.records.rejected, 0, "{path}");
    seen.events
}

/// What an event says, without where it stood, how exact its time is and how its fields are spelt.
fn said(records: Vec<Record>) -> Vec<(Option<i64>, Record)> {
    let bare = |record: Record| {
        let time = record.time.map(|time| time.micros.div_euclid(1_000_000));
        (time, Record { at: None, time: None, fields: Vec::new(), ..record })
    };
    records.into_iter().map(bare).collect()
}

/// The line as it leaves the host: 6.x and 7.x write process and level anew, 8.x and 9.x drop the severity of the file.
fn relayed(log: &str, version: &str, line: &str, head: impl Fn(&str) -> String) -> String {
    let (time, rest) = line.split_once(' ').unwrap();
    let time = time.trim_end_matches(':');
    let old = version < "esxi8";
    let rest = rest.split_once(") ").filter(|(severity, _)| !old && severity.len() <= 6).map_or(rest, |(_, rest)| rest);
    let process = match (log, old) {
        ("hostd", true) => "Hostd: ",
        ("vobd", true) => "vobd: ",
        ("vmkernel", true) => "vmkernel: ",
        _ => "",
    };
    format!("{} {HOST} {process}{}", head(time), rest)
}

#[test]
fn every_version_has_a_sample_of_every_log_and_they_say_the_same() {
    for log in LOGS {
        let wanted = said(read(&format!("{HOST}/var/run/log/{log}.log"), &sample(log, "esxi8")));
        assert!(
            !wanted.is_empty() && wanted.iter().any(|(_, record)| record.kind().as_str() != "other") || log == "vmkernel",
            "{log}: {wanted:?}"
        );
        for version in VERSIONS {
            let text = sample(log, version);
            let got = said(read(&format!("{HOST}/var/run/log/{log}.log"), &text));
            assert_eq!(got, wanted, "{log} of {version}");
        }
    }
}

/// A server keeps all logs of a host in one file.
#[test]
fn the_copy_of_a_syslog_server_says_the_same() {
    let file = |log: &&str| said(read(&format!("{HOST}/var/run/log/{log}.log"), &sample(log, "esxi8")));
    let wanted: Vec<_> = LOGS.iter().flat_map(|log| file(&log)).collect();
    for version in VERSIONS {
        let heads: [(&str, &dyn Fn(&str) -> String); 2] =
            [("with its time", &|time| format!("<166>{time}")), ("with the server's", &|time| format!("Jan  7 {}", &time[11..19]))];
        for (name, head) in heads {
            let lines = |log: &str| sample(log, version).lines().map(|line| relayed(log, version, line, head) + "\n").collect::<String>();
            let copy: String = LOGS.into_iter().map(lines).collect();
            assert_eq!(said(read("server/esx01.log", &copy)), wanted, "{version} {name}:\n{copy}");
        }
    }
}

/// Pulse Connect Secure 9.x writes neither virtual system nor short session number, Ivanti Connect Secure 22.x both.
#[test]
fn both_generations_of_connect_secure_say_the_same() {
    let text = |version: &str| fs::read_to_string(samples("ivanti/syslog").join(version).join("standard.log")).unwrap();
    let (old, new) = (text("ics9"), text("ics22"));
    assert!(!old.contains("::") && new.contains("Default Network::") && new.contains("][30f317948f]"));
    let wanted = said(read("vpn01.log", &old));
    assert!(wanted.len() == 4 && wanted.iter().any(|(_, record)| record.kind().as_str() == "auth.success"), "{wanted:?}");
    assert_eq!(said(read("vpn01.log", &new)), wanted);
}
