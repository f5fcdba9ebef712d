//! The vCenter sources against the shipped case and against public examples of real lines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use konseki_model::{Event, Hints, Piece, Problem, Records, Sink};
use konseki_sources::{Description, Reading};

#[derive(Default)]
struct Seen {
    kinds: BTreeMap<&'static str, usize>,
    untimed: usize,
    records: Records,
    problems: Vec<String>,
}

impl Sink for Seen {
    fn event(&mut self, event: &Event<'_>) {
        *self.kinds.entry(event.kind.as_str()).or_default() += 1;
        self.untimed += usize::from(event.time.is_none());
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem.text.to_string());
    }
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}

fn read(path: &str, bytes: &[u8]) -> (Vec<&'static str>, Seen) {
    let piece = Piece { path, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
    let entries = konseki_sources::recognise(&piece);
    let mut seen = Seen::default();
    for entry in &entries {
        let about = Description::parse(entry.about).unwrap();
        let hints = Hints::default();
        entry.source.read(&mut Cursor::new(bytes.to_vec()), &Reading { piece, hints: &hints, about: &about }, &mut seen);
    }
    (entries.iter().map(|entry| entry.id).collect(), seen)
}

fn at(relative: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(relative);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}

#[test]
fn the_shipped_case_is_read_by_the_right_sources() {
    let Some(case) = at("cases/nerve-small/evidence") else { return };
    for (path, id, wanted) in [
        (
            "syslog/vcenter01-events.log",
            "vmware/vcenter_events",
            &["vm.clone", "vm.create", "vm.unregister", "auth.success", "api.session"][..],
        ),
        ("vcenter01/var/log/audit/sso-events/audit_events.log", "vmware/vcenter_sso", &["auth.success", "auth.logout"]),
        ("vcenter01/var/log/vmware/sso/websso.log", "vmware/vcenter_sso", &["auth.success"]),
        ("vcenter01/var/log/vmware/envoy/envoy-access.log", "vmware/vcenter_access", &["web.request"]),
        ("vcenter01/var/log/vmware/vpxd/vpxd.log", "vmware/vcenter_vpxd", &["task.start"]),
        (
            "vcenter01/var/log/vmware/vsphere-ui/logs/access/localhost_access_log.2024-01-02.txt",
            "vmware/vcenter_access",
            &["web.request", "vm.list-export"],
        ),
    ] {
        let bytes = fs::read(case.join(path)).unwrap();
        let (ids, seen) = read(path, &bytes);
        assert_eq!(ids, [id], "{path}");
        for kind in wanted {
            assert!(seen.kinds.contains_key(kind), "{path}: no {kind} in {:?}", seen.kinds);
        }
        assert_eq!((seen.untimed, seen.records.rejected, seen.problems.len()), (0, 0, 0), "{path}: {:?}", seen.problems);
        assert_eq!(seen.records.read, seen.records.events + seen.records.continuation + seen.records.blank, "{path}");
    }
}

#[test]
fn public_examples_of_real_lines() {
    let Some(file) = at("../shared/evidence/sekoia-intake-formats/VMWare/vmware-vcenter/all_messages.log") else { return };
    let text = fs::read_to_string(file).unwrap();
    let pick = |want: &dyn Fn(&str) -> bool| {
        let lines: Vec<&str> = text.lines().filter(|line| want(line)).collect();
        assert!(!lines.is_empty());
        lines.join("\n")
    };
    let cases = [
        ("vmware/vcenter_events", "auth.success", pick(&|line| line.starts_with("Event ["))),
        ("vmware/vcenter_sso", "auth.failure", pick(&|line| line.contains(" websso["))),
        ("vmware/vcenter_access", "web.request", pick(&|line| line.contains(" envoy[") || line.contains(" [Request] "))),
        ("vmware/vcenter_vpxd", "auth.failure", pick(&|line| line.contains(" vpxd["))),
    ];
    for (id, kind, lines) in cases {
        let (ids, seen) = read("collected/all.log", lines.as_bytes());
        eprintln!("{id}: {:?}", seen.kinds);
        assert_eq!(ids, [id]);
        assert!(seen.kinds.contains_key(kind), "{id}: {:?}", seen.kinds);
        assert_eq!((seen.untimed, seen.records.rejected), (0, 0), "{id}");
    }
}

#[test]
fn published_audit_lines() {
    let Some(file) = at("../shared/evidence/vcenter-authn-authz-log-examples/README.md") else { return };
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("{\"user\"")).collect();
    let (ids, seen) = read("audit_events.log", lines.join("\n").as_bytes());
    eprintln!("{:?}", seen.kinds);
    assert_eq!(ids, ["vmware/vcenter_sso"]);
    assert!(["account.create", "account.delete", "account.change", "group.add"].iter().all(|kind| seen.kinds.contains_key(kind)));
    assert_eq!((seen.untimed, seen.records.rejected, seen.records.events), (0, 0, lines.len() as u64));
}
