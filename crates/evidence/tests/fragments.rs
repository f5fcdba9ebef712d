//! Files that a bundle holds in fragments: put together again, in a folder and in an archive, with what is missing told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use konseki_evidence::{Entry, Plan, plan, read, recall};
use konseki_model::ProblemKind as Kind;

fn named(number: usize) -> String {
    format!("log/hostd.log.FRAG-{number:05}")
}

#[test]
fn a_folder_of_fragments_is_one_file() {
    let bench = Bench::new();
    for (number, part) in ["one\ntw", "o\nthr", "ee\n"].iter().enumerate() {
        bench.put(&named(number), part.as_bytes());
    }
    bench.put("log/hostd.log.FRAG-", b"no fragment").put("log/a.FRAG-1x", b"neither");
    let taken = bench.take();
    let whole = "ev/log/hostd.log.FRAG-00000!/hostd.log";
    assert_eq!(taken.paths(), ["ev/log/a.FRAG-1x", "ev/log/hostd.log.FRAG-", whole]);
    assert_eq!(taken.text(whole), "one\ntwo\nthree\n");
    assert_eq!(taken.totals.files, 5);
    let members: Vec<_> = taken.containers.values().map(|c| (c.kind.as_str(), c.members, c.size)).collect();
    assert_eq!(members, [("fragment", 1, 6), ("fragment", 0, 5), ("fragment", 0, 3)]);
    // Found again by its path.
    let mut found = Vec::new();
    recall(&[bench.evidence()], &bench.options, &[whole.to_owned()].into(), &mut |piece| found.push(piece.sha256)).unwrap();
    assert_eq!(found, [taken.pieces[whole].sha256]);
}

#[test]
fn what_is_put_together_is_opened_like_any_file() {
    let mut bench = Bench::new();
    let packed = gz(&noise(40_000));
    let parts: Vec<_> = packed.chunks(9_000).collect();
    let members: Vec<_> = parts.iter().enumerate().map(|(n, part)| (format!("esx/core.gz.FRAG-{n:05}"), *part)).collect();
    // As a bundle may hold them: not in order.
    let mut members: Vec<_> = members.iter().map(|(name, part)| (name.as_str(), *part)).collect();
    members.reverse();
    bench.put("vm-support.tgz", &gz(&tar(&members)));
    for memory in [16 << 20, 20_000, 100] {
        bench.options.limits.memory_member = memory;
        let taken = bench.take();
        let path = "ev/vm-support.tgz!/esx/core.gz.FRAG-00000!/core.gz!/core";
        assert_eq!(taken.paths(), [path]);
        assert!(taken.pieces[path].bytes == noise(40_000));
    }
}

#[test]
fn a_missing_fragment_is_told() {
    let bench = Bench::new();
    bench.put(&named(1), b"1").put(&named(2), b"2").put(&named(4), b"4");
    let taken = bench.take();
    let (first, second) = ("ev/log/hostd.log.FRAG-00001!/hostd.log", "ev/log/hostd.log.FRAG-00004!/hostd.log");
    assert_eq!(taken.paths(), [first, second]);
    assert_eq!((taken.text(first), taken.text(second)), ("12", "4"));
    assert_eq!((taken.kinds(first), taken.kinds(second)), (vec![Kind::Truncated, Kind::Truncated], vec![Kind::Truncated]));
    assert!(taken.pieces[first].problems[0].text.contains("FRAG-00000"), "{:?}", taken.pieces[first].problems);
    assert!(taken.pieces[first].problems[1].text.contains("FRAG-00003"), "{:?}", taken.pieces[first].problems);
}

#[cfg(unix)]
#[test]
fn a_fragment_that_went_is_told_where_it_should_be() {
    let bench = Bench::new();
    bench.put(&named(0), b"0").put(&named(1), b"1").put(&named(2), b"2");
    let Plan { roots, .. } = plan(&[bench.evidence()], &bench.options).unwrap();
    assert_eq!((roots.len(), roots[0].size()), (1, 3));
    std::fs::remove_file(bench.evidence().join(named(1))).unwrap();
    let mut pieces = Vec::new();
    let mut refused = Vec::new();
    read(&roots[0], &bench.options, &mut |entry| match entry {
        Entry::Piece(found) => pieces.push((found.path, found.size)),
        Entry::Refused(gone) => refused.push(gone.path),
        _ => {}
    })
    .unwrap();
    assert_eq!(refused, ["ev/log/hostd.log.FRAG-00001"]);
    assert_eq!(
        pieces,
        [("ev/log/hostd.log.FRAG-00000!/hostd.log".to_owned(), 1), ("ev/log/hostd.log.FRAG-00002!/hostd.log".to_owned(), 1)]
    );
}
