//! The custody log: what is appended holds, what is touched shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use konseki_evidence::atomic;
use konseki_evidence::custody::{Action, Custody, CustodyError, Draft, records, verify};

fn draft(path: &str) -> Draft {
    Draft {
        utc: "2026-01-02T03:04:05Z".to_owned(),
        actor: "analyst".to_owned(),
        action: Action::Ingest,
        object_sha256: "ab".repeat(32),
        path: path.to_owned(),
        tool: "konseki".to_owned(),
        tool_version: "0.1.0".to_owned(),
        args: vec!["investigate".to_owned(), "\u{8a3c}\u{8de1} \"q\"".to_owned()],
        note: String::new(),
    }
}

fn log(path: &Path, entries: usize) -> Vec<u8> {
    for n in 0..entries {
        Custody::open(path).unwrap().append(&[draft(&format!("ev/{n}"))]).unwrap();
    }
    fs::read(path).unwrap()
}

#[test]
fn appends_and_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("custody.jsonl");
    let mut custody = Custody::open(&path).unwrap();
    custody.append(&[draft("a"), draft("b")]).unwrap();
    custody.append(&[draft("c")]).unwrap();
    assert_eq!(custody.lines(), 3);
    let verified = verify(&path).unwrap();
    assert_eq!((verified.lines, verified.last.as_str()), (3, custody.last()));
    let paths: Vec<_> = records(&path).unwrap().into_iter().map(|r| r.draft.path).collect();
    assert_eq!(paths, ["a", "b", "c"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(r#"{"seq":1,"utc":"2026-01-02T03:04:05Z","actor":"analyst","action":"ingest","#), "{text}");
}

#[test]
fn every_flipped_byte_shows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("custody.jsonl");
    let good = log(&path, 2);
    for place in 0..good.len() {
        for flip in [1, 0x20] {
            let mut bytes = good.clone();
            bytes[place] ^= flip;
            fs::write(&path, &bytes).unwrap();
            assert!(verify(&path).is_err(), "byte {place} ^ {flip}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn removed_moved_and_doubled_lines_show() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("custody.jsonl");
    let good = String::from_utf8(log(&path, 3)).unwrap();
    let lines: Vec<_> = good.lines().collect();
    for (order, broken) in [(&[0, 2][..], 2), (&[1, 2], 1), (&[0, 2, 1], 2), (&[0, 0, 1, 2], 2)] {
        let text: String = order.iter().map(|&n| format!("{}\n", lines[n])).collect();
        fs::write(&path, text).unwrap();
        match verify(&path) {
            Err(CustodyError::Broken { line, .. }) => assert_eq!(line, broken),
            other => panic!("{order:?}: {other:?}"),
        }
        assert!(Custody::open(&path).is_err(), "nothing is appended to a broken log");
    }
}

#[test]
fn a_kill_at_any_byte_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("custody.jsonl");
    let good = log(&path, 2);
    let first = good.iter().position(|&b| b == b'\n').unwrap() + 1;
    for cut in first..good.len() {
        let _ = fs::remove_file(dir.path().join("custody.jsonl.torn"));
        fs::write(&path, &good[..cut]).unwrap();
        let whole = cut + 1 == good.len();
        let torn = cut > first && !whole;
        assert_eq!(verify(&path).is_err(), torn, "{cut}");
        Custody::open(&path).unwrap().append(&[draft("after")]).unwrap();
        let list = records(&path).unwrap();
        assert_eq!((verify(&path).unwrap().lines, list.len()), if whole { (3, 3) } else { (2, 2) });
        assert_eq!(list.last().unwrap().draft.note.contains("put aside"), torn);
        let aside = fs::read(dir.path().join("custody.jsonl.torn")).unwrap_or_default();
        assert_eq!(aside.strip_suffix(b"\n").unwrap_or(&aside), if torn { &good[first..cut] } else { b"" });
    }
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("intake.json");
    atomic::write(&path, b"old").unwrap();
    let failed = atomic::write_with(&path, |out| {
        out.write_all(b"half of the new")?;
        Err(std::io::Error::other("disk full"))
    });
    assert!(failed.is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    atomic::write(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    fs::write(dir.path().join(".intake.json.1.konseki-tmp"), b"left by a kill").unwrap();
    assert_eq!(atomic::sweep(dir.path()).unwrap(), 1);
    assert!(path.exists());
}
