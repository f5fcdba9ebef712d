//! Bombs and bounds, with limits set small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use konseki_evidence::Limits;
use konseki_model::ProblemKind as Kind;

fn bench(limits: Limits) -> Bench {
    let mut bench = Bench::new();
    bench.options.limits = limits;
    bench
}

fn small() -> Limits {
    Limits { ratio_free: 100_000, ..Limits::default() }
}

fn bomb(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut out, bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn a_stream_that_expands_too_far_is_cut() {
    let zeros = vec![0; 5_000_000];
    let bench = bench(small());
    bench.put("bomb.gz", &bomb(&zeros)).put("good.log", b"still read\n");
    let taken = bench.take();
    let piece = &taken.pieces["ev/bomb.gz!/bomb"];
    assert!(piece.bytes.len() < 1_000_000);
    assert!(piece.problems[0].text.contains("stopped after"), "{:?}", piece.problems);
    assert_eq!(taken.kinds("ev/bomb.gz!/bomb"), [Kind::Bound]);
    let container = &taken.containers["ev/bomb.gz"];
    assert!(container.accounts.unread > 0, "{container:?}");
    assert!(container.problems.iter().any(|p| p.bytes == Some(container.accounts.unread)));
    assert_eq!(taken.text("ev/good.log"), "still read\n");
}

#[test]
fn zip_bombs_flat_and_nested() {
    let bomb = zip(&[Part::new("zeros", &vec![0; 3_000_000]).deflated(), Part::new("good", b"good")]);
    let inside = bench(small());
    inside.put("x", &bomb);
    let taken = inside.take();
    assert_eq!(taken.kinds("ev/x!/zeros"), [Kind::Bound]);

    // Each member within its ratio, all of them together not: the input's own budget ends it.
    let mut parts: Vec<_> = (0..40).map(|n| Part::new(&format!("m{n}"), &vec![0; 90_000]).deflated()).collect();
    parts.push(Part::new("last", b"last"));
    let many = bench(Limits { ratio: 100, ..small() });
    many.put("x", &zip(&parts));
    let taken = many.take();
    assert!(taken.totals.expanded < 2_000_000, "{:?}", taken.totals);
    assert!(taken.kinds("ev/x!/last") == [Kind::Bound]);
    assert_eq!(taken.pieces.len() + taken.refused.len(), 41);

    // Levels: 40 x 40 x 90 kB from 15 kB.
    let parts = |inner: &[u8]| (0..40).map(|n| Part::new(&format!("m{n}"), inner).deflated()).collect::<Vec<_>>();
    let nested = zip(&parts(&zip(&parts(&vec![0; 90_000]))));
    let levels = bench(small());
    levels.put("x", &nested);
    let taken = levels.take();
    assert!(taken.totals.expanded < 10_000_000, "{:?}", taken.totals);
    assert!(!taken.refused.is_empty());
}

#[test]
fn depth_is_bounded_and_the_deepest_is_kept() {
    let mut bytes = b"core".to_vec();
    for level in 0..9 {
        bytes = zip(&[Part::new(&format!("level{level}.zip"), &bytes)]);
    }
    let taken = one(&bytes);
    assert_eq!(taken.containers.len(), 6);
    let (path, piece) = taken.pieces.iter().next().unwrap();
    assert_eq!((path.matches("!/").count(), piece.problems[0].kind), (6, Kind::Bound));
    assert!(piece.bytes.starts_with(b"PK"));
}

#[test]
fn members_and_totals_are_bounded() {
    let parts: Vec<_> = (0..50).map(|n| Part::new(&format!("m{n}"), b"x")).collect();
    let few = bench(Limits { members: 10, ..Limits::default() });
    few.put("x", &zip(&parts)).put("y", &tar(&[("a", &b"1"[..]); 50]));
    let taken = few.take();
    assert_eq!(taken.pieces.keys().filter(|p| p.contains("ev/x!/m")).count(), 10);
    assert_eq!(taken.pieces.keys().filter(|p| p.contains("ev/y!/a")).count(), 10);
    assert!(taken.kinds("ev/x").contains(&Kind::Bound) && taken.kinds("ev/y").contains(&Kind::Bound));

    let total = bench(Limits { total_expanded: 500_000, ..Limits::default() });
    total.put("x.tgz", &gz(&tar(&[("a", &noise(300_000)), ("b", &noise(300_000)), ("c", &noise(300_000))])));
    let taken = total.take();
    assert_eq!(taken.pieces["ev/x.tgz!/a"].bytes.len(), 300_000);
    assert!(taken.containers["ev/x.tgz"].accounts.unread > 0);
    assert!(!taken.pieces.contains_key("ev/x.tgz!/c"));
}

#[test]
fn large_members_go_to_the_spool() {
    let limits = Limits { memory_member: 10_000, ..Limits::default() };
    let big = noise(50_000);
    let bench = bench(limits);
    bench
        .put("big.log", &big)
        .put("x.tar", &tar(&[("big.log", &big), ("small.log", b"small")]))
        .put("y.gz", &gz(&zip(&[Part::new("inner.log", &big), Part::new("small", b"small")])));
    let taken = bench.take();
    assert_eq!(taken.pieces["ev/big.log"].body, "file");
    assert_eq!(taken.pieces["ev/x.tar!/big.log"].body, "spooled");
    assert_eq!(taken.pieces["ev/x.tar!/small.log"].body, "memory");
    assert_eq!(taken.pieces["ev/y.gz!/y!/inner.log"].body, "spooled");
    for path in ["ev/big.log", "ev/x.tar!/big.log", "ev/y.gz!/y!/inner.log"] {
        assert!(taken.pieces[path].bytes == big, "{path}");
    }
}

#[test]
fn weak_hashes_stop_at_their_size() {
    let limits = Limits { extra_hashes: 100, ..Limits::default() };
    let mut bench = bench(limits);
    bench.put("abc", b"abc").put("more", &[b'm'; 101]);
    let taken = bench.take();
    let md5 = taken.pieces["ev/abc"].md5.unwrap();
    assert_eq!(konseki_evidence::custody::hex(&md5), "900150983cd24fb0d6963f7d28e17f72");
    assert!(taken.pieces["ev/more"].md5.is_none());
    bench.options.extra_hashes = false;
    assert!(bench.take().pieces["ev/abc"].md5.is_none());
}

#[test]
fn holes_cost_like_everything_else() {
    // Sparse members of 90 kB each from 2 kB: allowed one by one, not without end.
    let mut head = String::new();
    for text in ["GNU.sparse.major=0", "GNU.sparse.map=0,6", "GNU.sparse.size=90000"] {
        head.push_str(&format!("{} {text}\n", text.len() + 4));
    }
    let mut bytes = Vec::new();
    for _ in 0..400 {
        bytes.extend(tar_header(b"x", b'x', head.len() as u64, b""));
        bytes.extend(padded(head.clone().into_bytes()));
        bytes.extend(tar_header(b"holes", b'0', 6, b""));
        bytes.extend(padded(b"abcdef".to_vec()));
    }
    let bench = bench(Limits { ratio: 10, ..small() });
    bench.put("x", &bytes);
    let taken = bench.take();
    assert_eq!(taken.pieces["ev/x!/holes"].bytes.len(), 90_000);
    assert!(taken.totals.piece_bytes < 12_000_000, "{:?}", taken.totals);
    assert!(taken.kinds("ev/x").contains(&Kind::Bound));
}

#[test]
fn very_many_members() {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for n in 0..66_000 {
        out.start_file(format!("{n}"), zip::write::SimpleFileOptions::default()).unwrap();
    }
    let taken = one(&out.finish().unwrap().into_inner());
    assert_eq!((taken.pieces.len(), taken.kinds("ev/x")), (66_000, vec![]));
    let taken = one(&tar(&vec![("same", &b""[..]); 20_000]));
    assert_eq!((taken.pieces.len(), taken.kinds("ev/x")), (20_000, vec![]));
}
