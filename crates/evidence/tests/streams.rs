//! Tar and compressed streams, honest and hostile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Write;

use common::*;
use konseki_model::ProblemKind as Kind;

fn named(name: &str, bytes: &[u8]) -> Taken {
    let bench = Bench::new();
    bench.put(name, bytes);
    bench.take()
}

fn packers() -> Vec<(&'static str, Vec<u8>)> {
    let text = b"Jan  1 00:00:00 host app: line\n".repeat(1000);
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(&text).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&text).unwrap();
    let zst = zstd::encode_all(&text[..], 3).unwrap();
    vec![("gz", gz(&text)), ("bz2", bz.finish().unwrap()), ("xz", xz.finish().unwrap()), ("zst", zst)]
}

#[test]
fn compressed_logs() {
    for (suffix, bytes) in packers() {
        let taken = named(&format!("a.log.{suffix}"), &bytes);
        let inner = format!("ev/a.log.{suffix}!/a.log");
        assert_eq!(taken.text(&inner).len(), 31_000, "{suffix}");
        assert_eq!(taken.kinds(&inner), [], "{suffix}");
        assert_eq!(taken.kinds(&format!("ev/a.log.{suffix}")), [], "{suffix}");
        // Recognised by content, whatever its name.
        assert_eq!(one(&bytes).text("ev/x!/x").len(), 31_000, "{suffix}");
    }
}

#[test]
fn several_streams_padding_and_what_follows() {
    for (suffix, bytes) in packers() {
        let twice = [&bytes[..], &bytes].concat();
        let taken = one(&twice);
        assert_eq!(taken.text("ev/x!/x").len(), 62_000, "{suffix}");
        assert_eq!(taken.kinds("ev/x"), [], "{suffix}");

        let taken = one(&[&twice[..], &[0; 1024]].concat());
        assert_eq!(taken.text("ev/x!/x").len(), 62_000, "{suffix}");
        assert_eq!((taken.kinds("ev/x"), taken.containers["ev/x"].accounts.structure), (vec![], 1024));

        let taken = one(&[&bytes[..], b"planted text"].concat());
        let place = bytes.len();
        assert_eq!(taken.text(&format!("ev/x!/~unclaimed-{place}")), "planted text", "{suffix}");
        assert_eq!(taken.text("ev/x!/x").len(), 31_000, "{suffix}");
        assert_eq!(taken.kinds("ev/x"), [Kind::Malformed], "{suffix}");
    }
}

#[test]
fn cut_and_damaged_streams_keep_what_precedes() {
    for (suffix, bytes) in packers() {
        let taken = one(&bytes[..bytes.len() - 6]);
        let kinds = [taken.kinds("ev/x!/x"), taken.kinds("ev/x")].concat();
        assert_eq!(kinds, [Kind::Truncated], "{suffix}");
    }
    let text = noise(200_000);
    let mut bytes = gz(&text);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    let taken = one(&bytes);
    let piece = &taken.pieces["ev/x!/x"];
    assert!(!piece.problems.is_empty() && !piece.bytes.is_empty());

    // Wrong checksum, wrong length: everything is kept, and the next stream is read.
    for back in [8, 4] {
        let mut bytes = gz(b"first\n");
        let place = bytes.len() - back;
        bytes[place] ^= 1;
        let taken = one(&[bytes, gz(b"second\n")].concat());
        assert_eq!(taken.text("ev/x!/x"), "first\nsecond\n");
        assert_eq!(taken.kinds("ev/x!/x"), [Kind::Checksum]);
    }
}

#[test]
fn tar_inside_a_stream_adds_no_level() {
    let inner = tar(&[("./var/log/hostd.log", b"text"), ("var/log/hostd.0.gz", &gz(b"older"))]);
    let taken = named("bundle.tgz", &gz(&inner));
    assert_eq!(taken.text("ev/bundle.tgz!/var/log/hostd.log"), "text");
    assert_eq!(taken.text("ev/bundle.tgz!/var/log/hostd.0.gz!/hostd.0"), "older");
    let containers: Vec<_> = taken.containers.keys().map(String::as_str).collect();
    assert_eq!(containers, ["ev/bundle.tgz", "ev/bundle.tgz!/bundle.tar", "ev/bundle.tgz!/var/log/hostd.0.gz"]);
    assert_eq!(taken.pieces["ev/bundle.tgz!/var/log/hostd.log"].modified, Some(1_700_000_000_000_000));
}

#[test]
fn tar_links_devices_and_names() {
    let mut bytes = Vec::new();
    bytes.extend(tar_header(b"link", b'2', 0, b"../../etc/shadow"));
    bytes.extend(tar_header(b"hard", b'1', 0, b"/etc/shadow"));
    bytes.extend(tar_header(b"fifo", b'6', 0, b""));
    bytes.extend(tar_header(b"dev", b'3', 0, b""));
    bytes.extend(tar_header(b"dir/", b'5', 0, b""));
    bytes.extend(tar(&[("../slip", b"1"), ("/abs", b"2"), ("same", b"3"), ("same", b"4")]));
    let taken = one(&bytes);
    assert_eq!(taken.links["ev/x!/link"].raw_target, b"../../etc/shadow");
    assert!(taken.links["ev/x!/hard"].hard);
    assert_eq!(taken.kinds("ev/x!/fifo"), [Kind::Unsupported]);
    assert_eq!(taken.kinds("ev/x!/dev"), [Kind::Unsupported]);
    assert_eq!(taken.paths(), ["ev/x!/<..>/slip", "ev/x!/abs", "ev/x!/same", "ev/x!/same~2"]);
    assert_eq!(taken.text("ev/x!/same~2"), "4");
    assert_eq!(taken.kinds("ev/x!/<..>/slip"), [Kind::UnsafeName]);
}

#[test]
fn tar_long_names_of_both_kinds() {
    let long = format!("{}/end.log", "d".repeat(150));
    let mut gnu = tar_header(b"././@LongLink", b'L', long.len() as u64 + 1, b"");
    gnu.extend(padded([long.as_bytes(), b"\0"].concat()));
    gnu.extend(tar(&[("short", b"gnu")]));
    assert_eq!(one(&gnu).text(&format!("ev/x!/{long}")), "gnu");

    let record = |text: &str| {
        let length = text.len() + 3;
        let length = length + usize::from(length > 9) + usize::from(length > 98);
        format!("{length} {text}\n")
    };
    let head = [record("path=../pax"), record("size=5"), record("mtime=1700000001.5")].concat();
    let mut pax = tar_header(b"x", b'x', head.len() as u64, b"");
    pax.extend(padded(head.into_bytes()));
    // The plain header says nothing of the size: the extended one counts.
    pax.extend(tar_header(b"short", b'0', 0, b""));
    pax.extend(padded(b"hello".to_vec()));
    pax.extend(tar(&[("after", b"after")]));
    let taken = one(&pax);
    assert_eq!(taken.text("ev/x!/<..>/pax"), "hello");
    assert_eq!(taken.pieces["ev/x!/<..>/pax"].modified, Some(1_700_000_001_500_000));
    assert_eq!(taken.text("ev/x!/after"), "after");
    assert_eq!(taken.kinds("ev/x"), []);

    // A name that claims a gigabyte.
    let mut huge = tar_header(b"././@LongLink", b'L', 1 << 30, b"");
    huge.extend(noise(4096));
    let taken = one(&huge);
    assert_eq!(taken.kinds("ev/x"), [Kind::Truncated]);
}

#[test]
fn tar_oddities_end_nothing() {
    let first = tar(&[("first", b"1")]);
    let second = tar(&[("second", b"2")]);
    // A second archive behind the first, and one behind leading zeros.
    let taken = one(&[&[0; 1024][..], &first, &second].concat());
    assert_eq!((taken.text("ev/x!/first"), taken.text("ev/x!/second")), ("1", "2"));
    assert_eq!(taken.kinds("ev/x"), []);

    // A wrong checksum: the member is kept.
    let mut bad = first.clone();
    bad[148] ^= 1;
    let taken = one(&[&bad[..], &second].concat());
    assert_eq!((taken.text("ev/x!/first"), taken.text("ev/x!/second")), ("1", "2"));
    assert_eq!(taken.kinds("ev/x"), [Kind::Checksum]);

    // Junk between archives, and a last block cut short.
    let taken = one(&[&first[..], &[b'j'; 700], &second, b"tail"].concat());
    assert_eq!(taken.text("ev/x!/first"), "1");
    let junk = &taken.pieces[&format!("ev/x!/~unclaimed-{}", first.len())].bytes;
    assert!(junk.starts_with(&[b'j'; 700]));
    assert!(taken.kinds("ev/x").contains(&Kind::Malformed));

    // Cut inside a member.
    let whole = tar(&[("long", &noise(5000))]);
    let taken = one(&whole[..2000]);
    assert_eq!(taken.pieces["ev/x!/long"].bytes, noise(5000)[..1488]);
    assert_eq!(taken.kinds("ev/x!/long"), [Kind::Truncated]);

    // Sizes that cannot be: nothing is allocated by the claim.
    let mut huge = tar_header(b"huge", b'0', 0, b"");
    huge[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let huge = resum(huge);
    let taken = one(&[&huge[..], b"little"].concat());
    assert_eq!(taken.text("ev/x!/huge"), "little");
    for size in [*b"notanumber!\0", [0xff; 12]] {
        let mut junk = tar_header(b"junk", b'0', 0, b"");
        junk[124..136].copy_from_slice(&size);
        let taken = one(&[resum(junk), second.clone()].concat());
        assert_eq!(taken.text("ev/x!/second"), "2");
        assert_eq!(taken.kinds("ev/x"), [Kind::Malformed]);
    }
}

fn resum(mut header: Vec<u8>) -> Vec<u8> {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[test]
fn tar_holes_are_bounded() {
    let sparse = |map: &str, real: u64| {
        let name = "GNU.sparse.name=holes";
        let mut head = String::new();
        for text in ["GNU.sparse.major=1", "GNU.sparse.minor=0", name, &format!("GNU.sparse.realsize={real}")] {
            head.push_str(&format!("{} {text}\n", text.len() + 4));
        }
        let mut bytes = tar_header(b"x", b'x', head.len() as u64, b"");
        bytes.extend(padded(head.into_bytes()));
        let data = [padded(map.as_bytes().to_vec()), b"abcdef".to_vec()].concat();
        bytes.extend(tar_header(b"GNUSparseFile.0/holes", b'0', data.len() as u64, b""));
        bytes.extend(padded(data));
        bytes.extend(tar(&[("after", b"after")]));
        bytes
    };
    let taken = one(&sparse("2\n4\n3\n10\n3\n", 16));
    assert_eq!(taken.pieces["ev/x!/holes"].bytes, b"\0\0\0\0abc\0\0\0def\0\0\0");
    assert_eq!(taken.text("ev/x!/after"), "after");
    // A terabyte of holes.
    let taken = one(&sparse("1\n0\n6\n", 1 << 40));
    assert_eq!(taken.kinds("ev/x!/holes"), [Kind::Bound]);
    assert_eq!(taken.text("ev/x!/holes"), "abcdef");
    // A map that lies.
    let taken = one(&sparse("1\n99\n6\n", 16));
    assert_eq!(taken.kinds("ev/x!/holes"), [Kind::Bound]);
    assert_eq!(taken.text("ev/x!/after"), "after");
}

#[test]
fn seven_zip() {
    let write = |password: Option<&str>| {
        let mut out = sevenz_rust2::ArchiveWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
        if let Some(password) = password {
            out.set_content_methods(vec![
                sevenz_rust2::encoder_options::AesEncoderOptions::new(password.into()).into(),
                sevenz_rust2::EncoderMethod::LZMA2.into(),
            ]);
        }
        for (name, text) in [("log/a.log", &b"seven\n"[..]), ("../b", b"slip"), ("empty", b"")] {
            let entry = sevenz_rust2::ArchiveEntry::new_file(name);
            out.push_archive_entry(entry, Some(text)).unwrap();
        }
        out.finish().unwrap().into_inner()
    };
    let taken = one(&write(None));
    assert_eq!(taken.text("ev/x!/log/a.log"), "seven\n");
    assert_eq!(taken.kinds("ev/x!/<..>/b"), [Kind::UnsafeName]);
    assert!(taken.pieces.contains_key("ev/x!/empty"));
    assert_eq!(taken.kinds("ev/x"), []);

    let mut bench = Bench::new();
    bench.put("x", &write(Some("right")));
    assert_eq!(bench.take().kinds("ev/x"), [Kind::Encrypted]);
    bench.options.passwords = vec!["wrong".to_owned(), "right".to_owned()];
    let taken = bench.take();
    assert_eq!(taken.text("ev/x!/log/a.log"), "seven\n");

    // Cut or broken: a piece with a problem.
    let whole = write(None);
    let taken = one(&whole[..whole.len() - 9]);
    assert!(taken.pieces.contains_key("ev/x") && !taken.kinds("ev/x").is_empty());
}

#[test]
fn made_up_names_meet_real_ones() {
    // A member that is called what a gap would be called, and a gap of the stream around it.
    let mut bytes = gz(&tar(&[("~unclaimed-0", b"mine")]));
    let place = bytes.len();
    bytes.extend(b"behind");
    let again = gz(&tar(&[(&format!("~unclaimed-{place}"), b"mine"), ("x.tar", b"not the tar")]));
    let mut again = again;
    let place = again.len();
    again.extend(b"behind");
    let taken = named("x.tgz", &bytes);
    assert_eq!(taken.pieces.len(), 2);
    let taken = named("x.tgz", &again);
    assert_eq!(taken.text("ev/x.tgz!/x.tar~2"), "not the tar");
    assert_eq!(taken.text(&format!("ev/x.tgz!/~unclaimed-{place}")), "behind");
}

#[test]
fn names_that_promise_too_much_and_headers_that_tell() {
    let taken = named("plain.log.gz", b"never compressed\n");
    assert_eq!(taken.text("ev/plain.log.gz"), "never compressed\n");
    assert_eq!(taken.kinds("ev/plain.log.gz"), [Kind::Malformed]);

    let mut out = flate2::GzBuilder::new()
        .filename("../../original.log")
        .extra(vec![1, 2, 3])
        .mtime(1_700_000_000)
        .write(Vec::new(), flate2::Compression::fast());
    out.write_all(b"renamed").unwrap();
    let taken = named("harmless.gz", &out.finish().unwrap());
    let piece = &taken.pieces["ev/harmless.gz!/harmless"];
    assert_eq!(piece.raw_name.as_deref(), Some(&b"../../original.log"[..]));
    assert_eq!(piece.modified, Some(1_700_000_000_000_000));
}

#[test]
fn a_tar_cut_between_members_is_told() {
    let whole = tar(&[("a", b"1"), ("b", b"2")]);
    let taken = one(&whole[..1024]);
    assert_eq!(taken.text("ev/x!/a"), "1");
    assert_eq!(taken.kinds("ev/x"), [Kind::Truncated]);
}

#[test]
fn streams_in_streams() {
    let taken = named("a.log.gz.xz", &xz(&gz(b"twice\n")));
    assert_eq!(taken.text("ev/a.log.gz.xz!/a.log.gz!/a.log"), "twice\n");
    let taken = named("a.zip.gz", &gz(&zip(&[Part::new("x", b"in a zip")])));
    assert_eq!(taken.text("ev/a.zip.gz!/a.zip!/x"), "in a zip");
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}
