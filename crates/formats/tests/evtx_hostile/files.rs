//! Damage to the file: its header, its ends, the order of its chunks.

use konseki_formats::evtx::{CHUNK, Chunks, Decoder, TroubleKind};

use crate::common::{FIRST, log, put, read, records, u32_at};

#[test]
fn files_without_chunks_give_nothing_and_do_not_fail() {
    let whole = log(3);
    for len in [0, 1, 7, 8, 127, 128, 4095, 4096] {
        let got = read(&whole[..len]);
        assert_eq!((got.counts.framed, got.ids.len()), (0, 0), "{len} bytes");
    }
}

#[test]
fn chunks_are_found_whatever_stands_before_them() {
    let whole = log(300);
    let ids: Vec<u64> = (1..=300).collect();
    let mut bad = whole.clone();
    bad[..8].fill(b'x');
    assert_eq!(read(&bad).ids, ids);
    for junk in [1, 100, 513, 70_000, 200_000] {
        let mut shifted = vec![b'j'; junk];
        shifted.extend_from_slice(&whole);
        let got = read(&shifted);
        assert_eq!(got.ids, ids, "{junk} bytes before");
        assert!(got.has(TroubleKind::Unknown) > 0);
    }
    let mut two = whole.clone();
    two.extend_from_slice(&whole);
    let got = read(&two);
    assert_eq!((got.ids.len(), got.headers.len()), (600, 2));
}

#[test]
fn a_file_header_out_of_its_place_hides_no_chunk() {
    // Found by fuzzing: a sector of the header stands later, and the chunk inside its 4096 bytes has lost its checksum.
    let mut bytes = log(100);
    bytes.copy_within(0..512, 2560);
    bytes[..512].fill(1);
    put(&mut bytes, FIRST + 52, 1);
    let got = read(&bytes);
    assert_eq!(got.ids, (1..=100).collect::<Vec<_>>(), "{:?}", got.troubles);
}

#[test]
fn the_file_header_is_not_believed() {
    let whole = log(300);
    for (at, value) in [(8, 0xffff_ffff), (16, 0), (24, 0), (36, 0x0009_0009), (40, 0), (40, 0xffff_0001), (120, 3), (124, 0)] {
        let mut changed = whole.clone();
        put(&mut changed, at, value);
        let got = read(&changed);
        assert_eq!((got.ids.len(), got.troubles.len()), (300, 0), "at {at}");
        assert!(!got.headers[0].checksum_agrees || got.headers[0].dirty);
    }
}

#[test]
fn a_cut_file_gives_every_whole_record_and_tells_of_the_cut_one() {
    let whole = log(300);
    let chunks = (whole.len() - FIRST) / CHUNK;
    assert!(chunks >= 3);
    for len in (FIRST..whole.len()).step_by(1009) {
        let got = read(&whole[..len]);
        let mut expected = 0;
        for chunk in 0..chunks {
            let base = FIRST + chunk * CHUNK;
            let mut at = base + 512;
            while whole.get(at..at + 4) == Some(b"**\0\0") {
                at += u32_at(&whole, at + 4) as usize;
                if at <= len {
                    expected += 1;
                }
            }
        }
        assert_eq!(got.ids.len(), expected, "cut at {len}");
        let in_chunk = (len - FIRST) % CHUNK;
        let free = u32_at(&whole, FIRST + (len - FIRST) / CHUNK * CHUNK + 48) as usize;
        if in_chunk >= 512 && in_chunk < free {
            assert_eq!(got.has(TroubleKind::Truncated), 1, "cut at {len}: {:?}", got.troubles);
        }
    }
}

#[test]
fn chunks_in_any_order_and_with_holes() {
    let whole = log(600);
    let count = (whole.len() - FIRST) / CHUNK;
    let part = |n: usize| &whole[FIRST + n * CHUNK..FIRST + (n + 1) * CHUNK];
    let join = |parts: &[&[u8]]| [&[&whole[..FIRST]], parts].concat().concat();
    let reversed: Vec<&[u8]> = (0..count).rev().map(part).collect();
    let mut ids = read(&join(&reversed)).ids;
    ids.sort_unstable();
    assert_eq!(ids, (1..=600).collect::<Vec<_>>());
    let hole = vec![0; CHUNK];
    let junk = vec![0xff; 5000];
    let got = read(&join(&[part(0), &hole, part(1), &junk, part(2)]));
    assert_eq!(got.has(TroubleKind::Unknown), 1);
    assert_eq!(got.ids.len(), read(&join(&[part(0), part(1), part(2)])).ids.len());
    // Half a chunk, then the next: the records of both, and the cut one told.
    let got = read(&join(&[&part(0)[..30_000], part(1)]));
    let whole_records = records(&whole).iter().filter(|at| *at - FIRST + 600 < 30_000).count();
    assert!(got.ids.len() >= whole_records + read(&join(&[part(1)])).ids.len(), "{:?}", got.troubles);
    assert!(got.counts.lost >= 1);
    let got = read(&join(&[part(0), part(0)]));
    assert_eq!(got.ids.len(), 2 * read(&join(&[part(0)])).ids.len());
}

#[test]
fn what_was_read_before_a_failing_disk_is_given_out() {
    struct Failing<'a>(&'a [u8]);
    impl std::io::Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::Error::other("bad sector"));
            }
            std::io::Read::read(&mut self.0, out)
        }
    }
    let whole = log(300);
    let mut chunks = Chunks::new(Failing(&whole[..FIRST + CHUNK + 20_000]));
    let (mut records, mut cut) = (0, 0);
    let error = loop {
        match chunks.next_chunk() {
            Ok(Some(chunk)) => {
                Decoder::new().chunk(&chunk, &mut |_| records += 1, &mut |t| cut += usize::from(t.kind == TroubleKind::Truncated));
            }
            Ok(None) => panic!("the error was not told"),
            Err(error) => break error,
        }
    };
    let expected = read(&whole[..FIRST + CHUNK + 20_000]).ids.len();
    assert_eq!((records, cut, error.to_string().as_str()), (expected, 1, "bad sector"));
}
