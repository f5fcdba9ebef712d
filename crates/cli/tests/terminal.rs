//! The program as a person or a script meets it: exit codes, what goes to which stream, what errors say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

fn konseki() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_konseki"));
    command.stdin(Stdio::null()).env("USER", "test");
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    told(konseki().args(args).output().unwrap())
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is printed is UTF-8");
    (output.status.code().expect("not killed"), text(output.stdout), text(output.stderr))
}

fn evidence() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/nerve-small/evidence").canonicalize().unwrap()
}

/// The shipped case, investigated once for all tests that only read it; with what the run said.
fn shipped() -> &'static (tempfile::TempDir, (i32, String, String)) {
    static CASE: OnceLock<(tempfile::TempDir, (i32, String, String))> = OnceLock::new();
    CASE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let said = run(&["investigate", evidence().to_str().unwrap(), "--case", folder.path().join("case").to_str().unwrap()]);
        (folder, said)
    })
}

fn case() -> String {
    shipped().0.path().join("case").display().to_string()
}

#[test]
fn a_run_with_findings_ends_with_one_and_says_them_on_standard_output() {
    let (code, out, err) = &shipped().1;
    assert_eq!(*code, 1, "{err}");
    assert!(out.contains("report/index.html"), "where to look next: {out}");
    assert!(out.lines().count() < 60, "a summary is short: {} lines", out.lines().count());
    assert!(!err.contains("panicked"), "{err}");
    for name in ["results/intake.json", "results/findings.jsonl", "results/chain.json", "results/summary.json", "report/index.html"] {
        assert!(Path::new(&case()).join(name).is_file(), "{name}");
    }
}

#[test]
fn nothing_found_ends_with_zero_and_quiet_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "2024-01-05T10:00:00Z lunch is at noon\n").unwrap();
    let place = folder.path().join("case");
    let (code, out, err) = run(&["investigate", note.to_str().unwrap(), "--case", place.to_str().unwrap(), "--quiet"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""));
    let (code, out, _) = run(&["investigate", note.to_str().unwrap(), "--case", place.to_str().unwrap(), "--json"]);
    assert_eq!(code, 0);
    serde_json::from_str::<Value>(&out).expect("a summary as JSON and nothing else");
}

#[test]
fn rows_come_as_table_csv_and_json_lines() {
    let case = case();
    let (code, out, err) = run(&["query", &case, "SELECT count(*) AS n FROM events", "--json"]);
    assert_eq!(code, 0, "{err}");
    let all = serde_json::from_str::<Value>(out.trim()).unwrap()["n"].as_u64().expect("a number is a number");
    let (code, out, _) = run(&["timeline", &case, "--format", "jsonl"]);
    assert_eq!(code, 0);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, all, "the timeline holds every event");
    let (_, out, _) = run(&["timeline", &case, "--format", "csv", "--findings-only"]);
    assert!(out.lines().count() > 10 && (out.lines().count() as u64) < all);
    let (code, _, err) = run(&["query", &case, "SELECT nonsense FROM events"]);
    assert_eq!(code, 2);
    assert!(err.contains("nonsense"), "{err}");
}

#[test]
fn a_changed_result_is_found_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "2024-01-05T10:00:00Z lunch is at noon\n").unwrap();
    let place = folder.path().join("case");
    run(&["investigate", note.to_str().unwrap(), "--case", place.to_str().unwrap(), "--quiet"]);
    assert_eq!(run(&["verify", place.to_str().unwrap()]).0, 0);
    fs::write(place.join("results/findings.jsonl"), "{}\n").unwrap();
    let (code, out, _) = run(&["verify", place.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(out.contains("findings.jsonl"), "{out}");
}

#[test]
fn a_wrong_call_ends_with_two_and_a_hint() {
    let (code, out, err) = run(&["investigate", "/no/such/evidence", "--case", "/tmp/konseki-none"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("/no/such/evidence") && err.contains("hint:"), "{err}");
    assert_eq!(run(&["investigate"]).0, 2);
    assert_eq!(run(&["--help"]).0, 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "a line\n").unwrap();
    let (code, _, err) = run(&["investigate", note.to_str().unwrap(), "--case", note.join("case").to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(err.contains("note.txt") && err.contains("can be written"), "{err}");
}

#[test]
fn a_case_of_a_newer_version_is_refused_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("work")).unwrap();
    fs::write(folder.path().join("work/format"), "999\n").unwrap();
    let (code, _, err) = run(&["investigate", evidence().to_str().unwrap(), "--case", folder.path().to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(err.contains("999") && !err.contains("can be written"), "{err}");
}

#[test]
fn a_rule_that_cannot_be_used_is_named_with_line_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let rule = folder.path().join("bad.yml");
    let text = "title: Bad\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  product: windows\ndetection:\n  selection:\n    \
                CommandLine|re: '(unclosed'\n  condition: selection\nlevel: low\n";
    fs::write(&rule, text).unwrap();
    let (code, out, _) = run(&["rules", "check", rule.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(out.contains("bad.yml:7"), "{out}");
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let case = case();
    for args in [vec!["rules", "list"], vec!["sources"], vec!["timeline", &case], vec!["verify", &case]] {
        let mut child = konseki().args(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        child.wait().unwrap();
        assert!(!err.contains("panicked"), "{args:?}: {err}");
    }
}

#[test]
fn names_in_evidence_cannot_steer_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    fs::write(files.join("log\u{1b}]0;owned\u{7}\u{202e}.txt"), "2024-01-05T10:00:00Z sshd[1]: \u{1b}[2Jhello\n").unwrap();
    let place = folder.path().join("case");
    let (_, out, err) = run(&["investigate", files.to_str().unwrap(), "--case", place.to_str().unwrap()]);
    let (_, rows, _) = run(&["timeline", place.to_str().unwrap()]);
    let (_, lines, _) = run(&["query", place.to_str().unwrap(), "SELECT * FROM events"]);
    let (_, checked, _) = run(&["verify", place.to_str().unwrap()]);
    for text in [out, err, rows, lines, checked] {
        assert!(
            !text.contains("\u{1b}]") && !text.contains("\u{1b}[2J") && !text.contains('\u{202e}') && !text.contains('\u{7}'),
            "{text:?}"
        );
    }
}

#[test]
fn both_languages_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "2024-01-05T10:00:00Z lunch is at noon\n").unwrap();
    let place = folder.path().join("case");
    let (_, out, _) = run(&["investigate", note.to_str().unwrap(), "--case", place.to_str().unwrap(), "--lang", "ja"]);
    assert!(out.chars().any(|c| ('\u{3040}'..'\u{30ff}').contains(&c)), "{out}");
    let (_, out, _) = run(&["rules", "list", "--lang", "ja"]);
    assert!(out.chars().any(|c| ('\u{3040}'..'\u{30ff}').contains(&c)));
}
