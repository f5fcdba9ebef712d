//! ESXi sources against real public evidence where it stands: recognised, accounted for, cut as the product means it.
//! Skips aloud where the evidence is absent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use konseki_model::{Event, Hints, Kind, Piece, Problem, Records, Sink};
use konseki_sources::{Description, Reading};

#[derive(Default)]
struct Got {
    events: Vec<(Kind, String, String, String, Option<i64>)>,
    fields: Vec<Vec<(String, String)>>,
    records: Records,
    problems: Vec<String>,
}

impl Sink for Got {
    fn event(&mut self, e: &Event<'_>) {
        self.events.push((e.kind, e.core.user.into(), e.core.src.into(), e.core.object.into(), e.time.map(|t| t.micros)));
        self.fields.push(e.fields.iter().map(|f| (f.name.to_owned(), f.value.to_owned())).collect());
    }
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem.text);
    }
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}

fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../../../shared/evidence", "../../../../shared/evidence"].iter().map(|p| root.join(p)).find(|p| p.is_dir());
    if found.is_none() {
        eprintln!("skipped: shared/evidence is not here");
    }
    found
}

fn read(path: &str, bytes: &[u8]) -> (&'static str, Got) {
    let piece = Piece { path, head: &bytes[..bytes.len().min(65_536)], size: bytes.len() as u64 };
    let yes = konseki_sources::recognise(&piece);
    assert_eq!(yes.len(), 1, "{path}: recognised by {:?}", yes.iter().map(|e| e.id).collect::<Vec<_>>());
    let about = Description::parse(yes[0].about).unwrap();
    let mut got = Got::default();
    yes[0].source.read(&mut Cursor::new(bytes), &Reading { piece, hints: &Hints::default(), about: &about }, &mut got);
    assert!(got.records.balances(), "{path}: {:?}", got.records);
    (yes[0].id, got)
}

#[test]
fn six_and_eight_as_published() {
    let Some(root) = shared() else { return };
    let bytes = fs::read(root.join("text-samples/esxi6_hostd_vm_lifecycle_hauc.log")).unwrap();
    let (id, got) = read("esxi6_hostd.log", &bytes);
    assert_eq!(id, "vmware/esxi_hostd");
    assert_eq!(got.records.rejected, 0, "{:?}", got.problems);
    let kinds = |kind: Kind| got.events.iter().filter(|e| e.0 == kind).map(|e| e.3.as_str()).collect::<Vec<_>>();
    assert_eq!(kinds(Kind::VmRegister), ["gnav-10.1", "gnav-10.1"]);
    assert_eq!(kinds(Kind::VmUnregister), ["MGSIP EOSN IN"]);
    assert_eq!(kinds(Kind::VmPowerOn), ["v-queworx_a"]);
    assert!(got.events.iter().all(|e| e.4.is_some()));

    let bytes = fs::read(root.join("text-samples/esxi8_artefacts_help.log")).unwrap();
    let (id, got) = read("mixed8.log", &bytes);
    assert_eq!(id, "vmware/esxi_syslog");
    assert_eq!(got.records.rejected, 0, "{:?}", got.problems);
    for kind in [Kind::SshSession, Kind::AuthSuccess, Kind::SshEnabled, Kind::ShellCommand, Kind::GuestOperation, Kind::ConfigChange] {
        assert!(got.events.iter().any(|e| e.0 == kind), "no {}", kind.as_str());
    }
}

/// Lists of commands quoted from several places in one file: each section as the file it was.
#[test]
fn lists_as_published() {
    let Some(root) = shared() else { return };
    let text = fs::read_to_string(root.join("text-samples/esxi_command_outputs.txt")).unwrap();
    // The file as it stands is cut by itself.
    let (id, whole) = read("esxi_command_outputs.txt", text.as_bytes());
    assert_eq!((id, whole.records.rejected), ("vmware/esxi_outputs", 0));
    let section = |mark: &str| {
        let from = text.find(mark).unwrap();
        let body = &text[from + text[from..].find('\n').unwrap() + 1..];
        body[..body.find("\n###").map_or(body.len(), |at| at + 1)].to_owned()
    };
    let (id, got) = read("esxcli_vm_process_list.txt", section("### esxcli vm process list").as_bytes());
    assert_eq!(id, "vmware/esxi_vm_process_list");
    let names: Vec<_> = got.events.iter().filter(|e| e.0 == Kind::VmRunning).map(|e| e.3.as_str()).collect();
    assert_eq!(names, ["Gitlab", "uranium-esx36 [knagaraju] FGT_VM64_ESXI"]);
    let (id, got) = read("getallvms.txt", section("### vim-cmd vmsvc/getallvms").as_bytes());
    assert_eq!(id, "vmware/esxi_getallvms");
    let names: Vec<_> = got.events.iter().filter(|e| e.0 == Kind::VmRegistered).map(|e| e.3.as_str()).collect();
    assert_eq!(names, ["win-214 [maintenance]", "win-205"]);
    let (id, got) = read("vmInventory.xml", section("### /etc/vmware/hostd/vmInventory.xml").as_bytes());
    assert_eq!(id, "vmware/esxi_vminventory");
    assert!(got.events.iter().any(|e| e.0 == Kind::VmRegistered && e.3 == "CentOS_NAS"));
}

/// SEKOIA's messages lost their syslog head; under a head of ESXi every one is read, and those with a meaning have it.
#[test]
fn messages_of_a_collector() {
    let Some(root) = shared() else { return };
    let folder = root.join("sekoia-intake-formats/VMWare/vmware-esxi/tests");
    let mut text = String::new();
    let mut names = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    for file in files {
        let value: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let message = value["input"]["message"].as_str().unwrap().trim();
        let process = if message.contains("us: [vob.") {
            "vobd"
        } else if message.starts_with('[') || message.contains("hostd[") {
            "Hostd"
        } else {
            "sshd[2102293]"
        };
        text.push_str(&format!("<166>2024-01-02T03:04:05.678Z esx09 {process}: {}\n", message.replace('\n', " ")));
        names.push(file.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    let (id, got) = read("esx09.log", text.as_bytes());
    assert_eq!(id, "vmware/esxi_syslog");
    assert_eq!((got.records.rejected, got.events.len()), (0, names.len()));
    let kind = |name: &str| got.events[names.iter().position(|n| n.starts_with(name)).unwrap()].clone();
    let opened = kind("AUTH_SSH_event_opened");
    assert_eq!((opened.0, opened.1.as_str(), opened.2.as_str()), (Kind::SshSession, "root", "1.2.3.4"));
    assert_eq!(kind("AUTH_PUBLIC_KEY").0, Kind::SshSession);
    assert_eq!(kind("AUTH_SESSION_change_user").0, Kind::AuthSuccess);
    assert_eq!(kind("PROCESS_CMD_user_1").0, Kind::ShellCommand);
    let api = got.fields.iter().filter(|f| f.iter().any(|(n, _)| n == "api_calls")).count();
    let logouts = text.matches("number of API invocations").count();
    assert_eq!(api, logouts);
}

/// No ESXi source says yes to what other products wrote.
#[test]
fn strangers_are_not_taken() {
    let Some(root) = shared() else { return };
    let mut wrong = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(&root).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let shown = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let Ok(mut file) = fs::File::open(&path) else { continue };
            let mut head = Vec::new();
            std::io::Read::read_to_end(&mut std::io::Read::take(&mut file, 65_536), &mut head).unwrap();
            let size = entry.metadata().unwrap().len();
            let yes = konseki_sources::recognise(&Piece { path: &shown, head: &head, size });
            let ours = yes.iter().filter(|e| e.id.contains("esxi_") || e.id == "vmware/vmware_log").map(|e| e.id);
            wrong.extend(ours.map(|id| format!("{shown}: {id}")));
        }
    }
    wrong.retain(|line| !line.starts_with("text-samples/esxi"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every sample of ESXi cut at many places and with bytes changed: no panic, and the accounts balance.
#[test]
fn damage_is_accounted_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/vmware");
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.components().any(|c| c.as_os_str() == "samples") && path.extension().is_none_or(|e| e != "events" && e != "toml")
            {
                files.push(path);
            }
        }
    }
    let mut seed = 7_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for entry in konseki_sources::all().iter().filter(|e| e.id.starts_with("vmware/")) {
        let about = Description::parse(entry.about).unwrap();
        for file in &files {
            let bytes = fs::read(file).unwrap();
            for round in 0..6 {
                let mut bytes = bytes.clone();
                bytes.truncate(if round == 0 { bytes.len() } else { next() % (bytes.len() + 1) });
                for _ in 0..round * 2 {
                    let at = next();
                    if let Some(byte) = at.checked_rem(bytes.len()).and_then(|at| bytes.get_mut(at)) {
                        *byte = b"\n \":[]{}-\\\xff\0=,./<>0aZ|"[next() % 22];
                    }
                }
                let path = file.to_str().unwrap();
                let piece = Piece { path, head: &bytes[..bytes.len().min(65_536)], size: bytes.len() as u64 };
                let mut got = Got::default();
                entry.source.read(&mut Cursor::new(&bytes), &Reading { piece, hints: &Hints::default(), about: &about }, &mut got);
                assert!(
                    got.records.balances(),
                    "{} on {path}, round {round}: {:?}\n{}",
                    entry.id,
                    got.records,
                    String::from_utf8_lossy(&bytes)
                );
            }
        }
    }
}
