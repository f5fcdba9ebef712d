//! Evidence on disk: what is opened, what is not, and that nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Read;

use common::*;
use konseki_evidence::{Entry, Error, Options, digest, plan, read, recall, sweep, walk};
use konseki_model::ProblemKind as Kind;

#[test]
fn folders_in_order_of_path() {
    let bench = Bench::new();
    bench.put("b/2.log", b"2").put("b-a.log", b"x").put("a.log", b"a").put("b/1.log", b"1").put("empty", b"");
    let mut order = Vec::new();
    let totals = walk(&[bench.evidence()], &bench.options, &mut |entry| order.push(entry.path().to_owned())).unwrap();
    assert_eq!(order, ["ev/a.log", "ev/b-a.log", "ev/b/1.log", "ev/b/2.log", "ev/empty"]);
    assert_eq!((totals.files, totals.folders, totals.bytes), (5, 2, 4));
}

#[test]
fn order_of_inputs_does_not_show() {
    let bench = Bench::new();
    bench.put("one/logs/a", b"1").put("two/logs/a", b"2").put("two/logs/b", b"3");
    let inputs = ["one/logs", "two/logs", "two/logs/b", "two"].map(|name| bench.evidence().join(name));
    let first = take(&inputs, &bench.options);
    assert_eq!(first.paths(), ["logs/a", "two/logs/a", "two/logs/b"]);
    let mut shuffled = inputs.to_vec();
    shuffled.reverse();
    assert_eq!(take(&shuffled, &bench.options).paths(), first.paths());
    let same = ["one/logs", "two/logs"].map(|name| bench.evidence().join(name));
    assert_eq!(take(&same, &bench.options).paths(), ["logs/a", "logs~2/a", "logs~2/b"]);
    // One file alone.
    let taken = take(&[bench.evidence().join("one/logs/a")], &bench.options);
    assert_eq!(taken.paths(), ["a"]);
}

#[test]
fn plans_can_be_read_piece_by_piece() {
    let bench = Bench::new();
    bench.put("a", b"1").put("b", &gz(b"2"));
    let plan = plan(&[bench.evidence()], &bench.options).unwrap();
    let mut seen = Vec::new();
    for root in plan.roots.iter().rev() {
        read(root, &bench.options, &mut |entry| seen.push(entry.path().to_owned())).unwrap();
    }
    assert_eq!(seen, ["ev/b!/b", "ev/b", "ev/a"]);
}

#[cfg(unix)]
#[test]
fn links_fifos_and_odd_names() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    let secret = bench.dir.path().join("secret");
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("canary"), b"canary").unwrap();
    let at = |name: &str| bench.evidence().join(name);
    std::os::unix::fs::symlink(&secret, at("folder")).unwrap();
    std::os::unix::fs::symlink(secret.join("canary"), at("file")).unwrap();
    std::os::unix::fs::symlink("loop", at("loop")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    fs::write(bench.evidence().join(std::ffi::OsStr::from_bytes(b"\xff\x1b[31m.log")), b"odd").unwrap();
    let taken = bench.take();
    assert_eq!(taken.links.len(), 3);
    assert!(taken.links["ev/folder"].raw_target.ends_with(b"secret"));
    assert_eq!(taken.kinds("ev/fifo"), [Kind::Unsupported]);
    assert_eq!(taken.paths(), ["ev/<0xFF><U+001B>[31m.log"]);
    let odd = &taken.pieces["ev/<0xFF><U+001B>[31m.log"];
    assert_eq!(odd.raw_name.as_deref(), Some(&b"\xff\x1b[31m.log"[..]));
    assert_eq!(odd.problems[0].kind, Kind::UnsafeName);
}

#[cfg(unix)]
#[test]
fn unreadable_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.put("locked", b"12345").put("closed/x", b"x").put("open", b"open");
    let at = |name: &str| bench.evidence().join(name);
    fs::set_permissions(at("locked"), fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(at("locked")).is_ok() {
        eprintln!("skipped: this user may read everything");
        fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        return;
    }
    let taken = bench.take();
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(taken.kinds("ev/locked"), [Kind::Unreadable]);
    assert_eq!(taken.refused["ev/locked"].bytes, 5);
    assert_eq!(taken.kinds("ev/closed"), [Kind::Unreadable]);
    assert_eq!(taken.text("ev/open"), "open");
}

#[test]
fn nothing_is_written_to_evidence() {
    let bench = Bench::new();
    bench.put("a/x.zip", &zip(&[Part::new("../../a/y", b"slip"), Part::new("big", &noise(9000))])).put("a/y", b"y");
    let state = || {
        let mut list = Vec::new();
        for name in ["a", "a/x.zip", "a/y"] {
            let meta = fs::metadata(bench.evidence().join(name)).unwrap();
            list.push((meta.len(), meta.modified().unwrap(), meta.accessed().unwrap()));
        }
        list
    };
    let before = state();
    bench.take();
    // The access time of the folder itself is the file system's affair.
    assert_eq!(before[1..], state()[1..]);
    assert_eq!(fs::read(bench.evidence().join("a/y")).unwrap(), b"y");
    assert_eq!(fs::read_dir(bench.evidence()).unwrap().count(), 1);
}

#[test]
fn case_and_evidence_stay_apart() {
    let bench = Bench::new();
    bench.put("a", b"a");
    let refused = |options: &Options, input| plan(&[input], options).unwrap_err();
    let mut options = Options::new(bench.evidence().join("case/spool"));
    assert!(matches!(refused(&options, bench.evidence()), Error::CaseInsideEvidence { .. }));
    options.spool = bench.dir.path().join("spool");
    options.case = Some(bench.evidence());
    assert!(matches!(refused(&options, bench.evidence().join("a")), Error::EvidenceInsideCase { .. }));
    assert!(matches!(refused(&options, bench.evidence().join("nowhere")), Error::NoInput { .. }));
}

#[test]
fn change_after_hashing_is_told_and_not_read() {
    let mut bench = Bench::new();
    bench.options.limits.memory_member = 100;
    bench.put("big.log", &[b'a'; 500]);
    let mut found = None;
    walk(&[bench.evidence()], &bench.options, &mut |entry| {
        if let Entry::Piece(piece) = entry {
            found = Some(piece);
        }
    })
    .unwrap();
    let found = found.unwrap();
    assert!(found.body.changed().is_none());
    let more = fs::OpenOptions::new().append(true).open(bench.evidence().join("big.log")).unwrap();
    std::io::Write::write_all(&mut &more, b"appended").unwrap();
    let mut text = String::new();
    found.body.open().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text.len(), 500);
    assert_eq!(found.body.changed().unwrap().kind, Kind::Changed);
}

#[test]
fn change_while_reading_is_told() {
    // The visitor runs while the archive is still being read.
    let bench = Bench::new();
    bench.put("x.tar", &tar(&[("a", b"1"), ("b", &noise(300_000))]));
    let path = bench.evidence().join("x.tar");
    let mut kinds = Vec::new();
    walk(&[bench.evidence()], &bench.options, &mut |entry| match entry {
        Entry::Piece(piece) if piece.path.ends_with("!/a") => {
            let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut &file, b"more").unwrap();
        }
        Entry::Container(container) => kinds = container.problems.iter().map(|p| p.kind).collect(),
        _ => {}
    })
    .unwrap();
    assert!(kinds.contains(&Kind::Changed), "{kinds:?}");
}

#[test]
fn leftovers_of_a_killed_run_are_swept() {
    let bench = Bench::new();
    let spool = &bench.options.spool;
    assert_eq!(sweep(spool).unwrap(), 0);
    fs::create_dir_all(spool).unwrap();
    fs::write(spool.join("00000000.member"), b"left").unwrap();
    assert_eq!(sweep(spool).unwrap(), 1);
    assert!(!spool.exists());
}

#[test]
fn pieces_come_back_by_their_path() {
    let bench = Bench::new();
    bench.put("a.zip", &zip(&[Part::new("x", b"1"), Part::new("y", b"2")])).put("b", b"3").put("c.zip", b"PK\x03\x04");
    let wanted = ["ev/a.zip!/y", "ev/b", "ev/gone"].map(str::to_owned).into();
    let mut seen = Vec::new();
    recall(&[bench.evidence()], &bench.options, &wanted, &mut |found| {
        assert_eq!(found.sha256[..2], digest_of(&found)[..2]);
        seen.push(found.path);
    })
    .unwrap();
    assert_eq!(seen, ["ev/a.zip!/y", "ev/b"]);
    let (sha256, size) = digest(&bench.evidence().join("b")).unwrap();
    assert_eq!((size, sha256[..2].to_vec()), (1, vec![0x4e, 0x07]));
}

fn digest_of(found: &konseki_evidence::Found) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(found.body.memory().unwrap()).into()
}

#[test]
fn roots_can_be_read_on_several_threads() {
    fn across_threads<T: Send + 'static>() {}
    across_threads::<konseki_evidence::Entry>();
    let mut bench = Bench::new();
    bench.options.limits.memory_member = 1000;
    for n in 0..8 {
        bench.put(&format!("{n}.tgz"), &gz(&tar(&[("big", &noise(40_000)), ("small", b"s")])));
    }
    let plan = plan(&[bench.evidence()], &bench.options).unwrap();
    let pieces = std::sync::Mutex::new(Vec::new());
    let (bench_ref, into) = (&bench, &pieces);
    std::thread::scope(|scope| {
        for half in plan.roots.chunks(4) {
            scope.spawn(move || {
                for root in half {
                    read(root, &bench_ref.options, &mut |entry| {
                        if let Entry::Piece(found) = entry {
                            into.lock().unwrap().push(found);
                        }
                    })
                    .unwrap();
                }
            });
        }
    });
    let pieces = pieces.into_inner().unwrap();
    assert_eq!(pieces.len(), 16);
    for piece in pieces.iter().filter(|p| p.path.ends_with("big")) {
        let mut bytes = Vec::new();
        piece.body.open().unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes == noise(40_000));
    }
    drop(pieces);
    assert!(!bench.options.spool.exists());
}

#[cfg(unix)]
#[test]
fn what_changes_between_listing_and_opening() {
    let bench = Bench::new();
    bench.put("a-gone", b"12345").put("b-link", b"1").put("c-fifo", b"1").put("d", b"still");
    let plan = plan(&[bench.evidence()], &bench.options).unwrap();
    let at = |name: &str| bench.evidence().join(name);
    for name in ["a-gone", "b-link", "c-fifo"] {
        fs::remove_file(at(name)).unwrap();
    }
    std::os::unix::fs::symlink("/etc/hostname", at("b-link")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("c-fifo")).status().unwrap().success());
    let mut kinds = Vec::new();
    for root in &plan.roots {
        read(root, &bench.options, &mut |entry| match entry {
            Entry::Refused(refused) => kinds.push((refused.path, refused.bytes, refused.problem.kind)),
            other => assert_eq!(other.path(), "ev/d"),
        })
        .unwrap();
    }
    let kind = Kind::Unreadable;
    let wanted = [("ev/a-gone", 5, kind), ("ev/b-link", 1, kind), ("ev/c-fifo", 1, kind)];
    assert_eq!(kinds, wanted.map(|(path, bytes, kind)| (path.to_owned(), bytes, kind)));
}
