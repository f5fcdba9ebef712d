//! The chain: compares lists, follows sessions through systems, and tells steps, links, gaps and scope from findings.
//!
//! Passes over plain data: [`Compare`] observes events in order of time, a few kinds of them again where it is known by
//! then which few matter, and gives findings of comparisons and [`Joins`]; [`tell`] makes the story from all findings of the case. No I/O, no clock; judgement that is not a
//! comparison stands in `data/`.

#![forbid(unsafe_code)]

mod book;
mod clock;
mod compare;
mod data;
mod follow;
mod mail;
mod names;
mod others;
mod small;
mod tell;

/// Native fields that comparisons and following ask for; the story is told without the others.
pub const NATIVE: &[&str] = &[
    "EventRecordID",
    "IPv4 Address",
    "IPv4Address",
    "Initiated",
    "LogonType",
    "Record ID",
    "RecordID",
    "RuleID",
    "VMName",
    "WorkstationName",
    "client-hostname",
    "event_key",
    "file",
    "fw",
    "id",
    "line",
    "macb",
    "message",
    "part",
    "verdict",
    "vm",
];

pub use book::Book;
pub use clock::{Clocks, Offset, wants as clock_wants};
pub use compare::{ASIDE, Compare, Compared, Edge, Joins, MachineRow, MachineVerdict, Settings, Tunnel, again_wants, wants};
pub use data::{Command, command_meanings};
pub use follow::{Follow, wants as follow_wants};
pub use mail::{ASIDE as MAIL_ASIDE, Mail, wants as mail_wants};
pub use names::{host_key, is_public};
pub use others::Known;
pub use tell::{Change, Coverage, changes, tell};

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                sources(&path, out);
            } else if !path.to_string_lossy().ends_with("tests.rs") {
                out.push(path);
            }
        }
    }

    /// A field that is asked for and not carried would never be there.
    #[test]
    fn every_native_field_that_is_asked_for_is_carried() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut asked = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let mark = format!(".field{}", "(\"");
            for (at, _) in text.match_indices(&mark) {
                let name = text[at + mark.len()..].split('"').next().unwrap();
                assert!(super::NATIVE.contains(&name), "{}: {name} stands not in NATIVE", file.display());
                asked += 1;
            }
        }
        assert!(asked > 10);
    }
}
