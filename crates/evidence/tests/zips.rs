//! ZIP archives, honest and hostile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{Cursor, Write};

use common::*;
use konseki_model::ProblemKind as Kind;

#[test]
fn members_in_all_their_forms() {
    let mut streamed = Part::new("log/streamed.log", b"behind a descriptor\n".repeat(50).as_slice()).deflated();
    streamed.descriptor = true;
    let taken = one(&zip(&[
        Part::new("log/", b""),
        Part::new("log/stored.log", b"stored\n"),
        Part::new("log/deflated.log", b"deflated deflated\n").deflated(),
        streamed,
        Part::new("empty", b""),
    ]));
    assert_eq!(taken.paths(), ["ev/x!/empty", "ev/x!/log/deflated.log", "ev/x!/log/stored.log", "ev/x!/log/streamed.log"]);
    assert_eq!(taken.text("ev/x!/log/stored.log"), "stored\n");
    assert_eq!(taken.text("ev/x!/log/streamed.log").len(), 1000);
    let container = &taken.containers["ev/x"];
    assert_eq!((container.members, container.problems.len(), container.accounts.unread), (4, 0, 0));
    assert_eq!(taken.totals.folders, 2);
}

#[test]
fn written_by_another_program() {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    use zip::CompressionMethod as M;
    for (name, method) in [("s", M::Stored), ("d", M::Deflated), ("b", M::Bzip2), ("z", M::Zstd), ("x", M::Xz)] {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        out.start_file(name, options).unwrap();
        out.write_all(&b"line of a log\n".repeat(100)).unwrap();
    }
    let taken = one(&out.finish().unwrap().into_inner());
    for name in ["s", "d", "b", "z", "x"] {
        assert_eq!(taken.text(&format!("ev/x!/{name}")).len(), 1400, "{name}");
        assert_eq!(taken.kinds(&format!("ev/x!/{name}")), [], "{name}");
    }
    assert_eq!(taken.kinds("ev/x"), []);
}

#[test]
fn names_that_would_leave_are_data() {
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode("\u{8a3c}\u{8de1}.log");
    let mut japanese = Part::new("", b"jp");
    japanese.name = cp932.to_vec();
    let mut rtl = Part::new("gp\u{202e}gnp.exe", b"rtl");
    rtl.flags = 0x800;
    let taken = one(&zip(&[
        Part::new("../../../etc/cron.d/x", b"slip"),
        Part::new("/etc/passwd", b"abs"),
        Part::new("etc/passwd", b"plain"),
        Part::new("C:\\Windows\\a.evtx", b"drive"),
        Part::new("..\\b", b"backslash"),
        Part::new("a\0.log", b"nul"),
        rtl,
        japanese,
    ]));
    for (path, text, kinds) in [
        ("ev/x!/<..>/<..>/<..>/etc/cron.d/x", "slip", &[Kind::UnsafeName][..]),
        ("ev/x!/etc/passwd", "abs", &[Kind::UnsafeName]),
        ("ev/x!/etc/passwd~2", "plain", &[]),
        ("ev/x!/C:/Windows/a.evtx", "drive", &[Kind::UnsafeName]),
        ("ev/x!/<..>/b", "backslash", &[Kind::UnsafeName]),
        ("ev/x!/a<U+0000>.log", "nul", &[Kind::UnsafeName]),
        ("ev/x!/gp<U+202E>gnp.exe", "rtl", &[Kind::UnsafeName]),
        ("ev/x!/\u{8a3c}\u{8de1}.log", "jp", &[]),
    ] {
        assert_eq!(taken.text(path), text);
        assert_eq!(taken.kinds(path), kinds, "{path}");
    }
    assert_eq!(taken.pieces["ev/x!/\u{8a3c}\u{8de1}.log"].raw_name.as_deref(), Some(&*cp932));
}

#[test]
fn links_are_recorded_and_not_followed() {
    let mut link = Part::new("innocent.log", b"/etc/shadow");
    link.mode = 0o120_777;
    let taken = one(&zip(&[link]));
    assert_eq!(taken.links["ev/x!/innocent.log"].target, "/etc/shadow");
    assert_eq!(taken.links["ev/x!/innocent.log"].raw_target, b"/etc/shadow");
    assert!(taken.pieces.is_empty());
}

#[test]
fn lies_and_damage_are_told() {
    let mut crc = Part::new("crc", b"kept all the same");
    crc.crc = Some(1);
    let mut size = Part::new("size", &b"ten bytes ".repeat(200)).deflated();
    size.size = Some(10);
    let mut broken = Part::new("broken", &noise(5000)).deflated();
    broken.stored.as_mut().unwrap()[0] = 0xff;
    let mut method = Part::new("method", b"x");
    method.method = 98;
    let mut renamed = Part::new("renamed", b"x");
    renamed.local_name = Some(b"other-name".to_vec());
    let mut behind = Part::new("behind", b"short").deflated();
    behind.stored.as_mut().unwrap().extend(b"hidden behind the end");
    let taken = one(&zip(&[crc, size, broken, method, renamed, behind, Part::new("good", b"good")]));
    assert_eq!(taken.text("ev/x!/crc"), "kept all the same");
    assert_eq!(taken.kinds("ev/x!/crc"), [Kind::Checksum]);
    assert_eq!(taken.text("ev/x!/size").len(), 2000);
    assert_eq!(taken.kinds("ev/x!/size"), [Kind::Malformed]);
    assert_eq!(taken.kinds("ev/x!/broken"), [Kind::Malformed]);
    assert_eq!(taken.kinds("ev/x!/method"), [Kind::Unsupported]);
    assert_eq!(taken.kinds("ev/x!/renamed"), [Kind::UnsafeName]);
    assert_eq!(taken.kinds("ev/x!/behind"), [Kind::Malformed]);
    assert_eq!(taken.text("ev/x!/good"), "good");
    assert_eq!(taken.containers["ev/x"].accounts.unread, 1);
}

#[test]
fn without_directory_members_come_from_their_headers() {
    let mut streamed = Part::new("b.log", &b"streamed\n".repeat(30)).deflated();
    streamed.descriptor = true;
    let mut cut = Part::new("c.log", &noise(3000));
    cut.size = None;
    let whole = ZipParts { parts: vec![Part::new("a.log", b"first"), streamed, cut], no_directory: true, ..ZipParts::default() };
    let bytes = zip_of(&whole);
    let taken = one(&bytes[..bytes.len() - 1000]);
    assert_eq!(taken.text("ev/x!/a.log"), "first");
    assert_eq!(taken.text("ev/x!/b.log").len(), 270);
    assert_eq!(taken.kinds("ev/x!/b.log"), []);
    assert_eq!(taken.pieces["ev/x!/c.log"].bytes, noise(3000)[..2000]);
    assert_eq!(taken.kinds("ev/x!/c.log"), [Kind::Truncated]);
    assert_eq!(taken.kinds("ev/x"), [Kind::Truncated]);
}

#[test]
fn what_the_directory_hides_is_found() {
    // The directory names the second member only; the first is there all the same.
    let both = zip(&[Part::new("hidden.py", b"inert"), Part::new("shown.txt", b"shown")]);
    let directory = both.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let second = directory + 46 + "hidden.py".len();
    let mut bytes = both[..directory].to_vec();
    bytes.extend(&both[second..]);
    let end = bytes.len() - 22;
    bytes[end + 8..end + 12].copy_from_slice(&[1, 0, 1, 0]);
    let length = (end - directory) as u32;
    bytes[end + 12..end + 16].copy_from_slice(&length.to_le_bytes());
    let taken = one(&bytes);
    assert_eq!(taken.text("ev/x!/hidden.py"), "inert");
    assert_eq!(taken.kinds("ev/x!/hidden.py"), [Kind::Malformed]);
    assert_eq!(taken.kinds("ev/x!/shown.txt"), []);

    // A count that lies hides nothing either.
    let lying = ZipParts { parts: vec![Part::new("a", b"1"), Part::new("b", b"2")], count: Some(1), ..ZipParts::default() };
    let taken = one(&zip_of(&lying));
    assert_eq!(taken.pieces.len(), 2);
    assert_eq!(taken.kinds("ev/x"), [Kind::Malformed]);
}

#[test]
fn bytes_before_and_behind_are_kept() {
    let mut bytes = zip_of(&ZipParts {
        parts: vec![Part::new("__main__.py", b"inert")],
        prefix: b"#!/usr/bin/env python\n".to_vec(),
        ..ZipParts::default()
    });
    bytes.extend(b"rubbish behind");
    let taken = one(&bytes);
    assert_eq!(taken.text("ev/x!/__main__.py"), "inert");
    assert_eq!(taken.text("ev/x!/~unclaimed-0"), "#!/usr/bin/env python\n");
    let behind = bytes.len() - "rubbish behind".len();
    assert_eq!(taken.text(&format!("ev/x!/~unclaimed-{behind}")), "rubbish behind");
    assert_eq!(taken.kinds("ev/x"), [Kind::Malformed]);
    assert_eq!(taken.containers["ev/x"].accounts.unclaimed, 36);
}

#[test]
fn two_archives_in_one_file() {
    let mut bytes = zip(&[Part::new("first", b"1")]);
    bytes.extend(zip(&[Part::new("second", b"2")]));
    let taken = one(&bytes);
    assert_eq!((taken.text("ev/x!/first"), taken.text("ev/x!/second")), ("1", "2"));
}

#[test]
fn the_same_data_twice_is_refused() {
    // Two directory entries for one local header: the way of the overlapping bomb.
    let bytes = zip(&[Part::new("kernel", b"data"), Part::new("kernel", b"data")]);
    let directory = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut bytes = bytes;
    let second = directory + 46 + 6;
    bytes[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes());
    let taken = one(&bytes);
    assert_eq!(taken.kinds("ev/x!/kernel~2"), [Kind::Bound]);
    // The one that lost its entry is found by its own header.
    assert_eq!(taken.text("ev/x!/kernel~3"), "data");
}

#[test]
fn every_password_is_tried() {
    let write = |aes: bool| {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.log", "b.log"] {
            let options = zip::write::SimpleFileOptions::default();
            let options = if aes {
                options.with_aes_encryption(zip::AesMode::Aes256, "right")
            } else {
                use zip::unstable::write::FileOptionsExt;
                options.with_deprecated_encryption(b"right").unwrap()
            };
            out.start_file(name, options).unwrap();
            out.write_all(&b"secret line\n".repeat(20)).unwrap();
        }
        out.finish().unwrap().into_inner()
    };
    for aes in [true, false] {
        let mut bench = Bench::new();
        bench.put("x", &write(aes));
        let taken = bench.take();
        assert_eq!(taken.kinds("ev/x!/a.log"), [Kind::Encrypted], "{aes}");
        assert!(taken.refused["ev/x!/a.log"].problem.text.contains("give its password"));
        // The old cipher accepts one wrong password in 256 at first sight.
        bench.options.passwords = (0..if aes { 3 } else { 600 }).map(|n| format!("wrong{n}")).collect();
        assert!(bench.take().pieces.is_empty(), "{aes}");
        bench.options.passwords.push("right".to_owned());
        let taken = bench.take();
        assert_eq!(taken.text("ev/x!/b.log").len(), 240);
        assert_eq!((taken.kinds("ev/x!/a.log"), taken.kinds("ev/x")), (vec![], vec![]), "{aes}");
    }
}

#[test]
fn zone_of_the_packing_machine() {
    // 2024-03-15 06:58:46 on the clock, 13:58:46 UTC: seven hours behind.
    let dos = ((2024 - 1980) << 9 | 3 << 5 | 15) << 16 | (6 << 11 | 58 << 5 | 23);
    let utc = 1_710_511_126u32;
    let part = |name: &str, dos: u32, utc: u32| {
        let mut part = Part::new(name, b"x");
        part.dos = dos;
        part.extra = [&b"UT\x05\0\x01"[..], &utc.to_le_bytes()].concat();
        part
    };
    let winter = ((2022 - 1980) << 9 | 12 << 5 | 5) << 16 | (7 << 11 | 6 << 5 | 5);
    let taken = one(&zip(&[part("a", dos, utc), part("b", winter, 1_670_252_770), Part::new("c", b"no zone")]));
    assert_eq!(taken.pieces["ev/x!/a"].zone, Some(-7 * 3600));
    assert_eq!(taken.pieces["ev/x!/a"].modified, Some(1_710_511_126_000_000));
    assert_eq!(taken.pieces["ev/x!/c"].zone, None);
    let zones = &taken.containers["ev/x"].zip_zone;
    assert_eq!(zones, &[(1_670_252_770_000_000, -8 * 3600), (1_710_511_126_000_000, -7 * 3600)]);
}

#[test]
fn not_a_zip_is_a_piece() {
    let taken = one(b"PK\x03\x04 said the log line, and went on");
    assert_eq!(taken.kinds("ev/x"), [Kind::Malformed]);
    assert!(taken.pieces.contains_key("ev/x"));
    let taken = one(&zip(&[]));
    assert_eq!(taken.containers["ev/x"].members, 0);
}
