//! BinXML made to explode, to nest without end, or to claim what is not there.

use konseki_formats::evtx::{Broken, CHUNK, TroubleKind};

use crate::common::{put, read, seal};

/// A chunk of hand-made records over an empty one, its header right.
struct Forge {
    bytes: Vec<u8>,
    id: u64,
}

impl Forge {
    fn new() -> Self {
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(b"ElfChnk\0");
        put(&mut bytes, 40, 128);
        Self { bytes, id: 0 }
    }

    fn record(&mut self, binxml: &[u8]) {
        self.id += 1;
        let len = (28 + binxml.len()) as u32;
        self.bytes.extend_from_slice(b"**\0\0");
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&self.id.to_le_bytes());
        self.bytes.extend_from_slice(&130_000_000_000_000_000u64.to_le_bytes());
        self.bytes.extend_from_slice(binxml);
        self.bytes.extend_from_slice(&len.to_le_bytes());
    }

    /// Where the content of the next record begins.
    fn next(&self) -> u32 {
        self.bytes.len() as u32 + 24
    }

    fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len() as u32;
        put(&mut self.bytes, 48, free);
        self.bytes[24..32].copy_from_slice(&1u64.to_le_bytes());
        self.bytes[32..40].copy_from_slice(&self.id.to_le_bytes());
        self.bytes.resize(CHUNK, 0);
        seal(&mut self.bytes, 0);
        self.bytes
    }
}

/// An inline name at `at` of the chunk, one letter long, behind its reference.
fn name(at: u32, letter: u8) -> Vec<u8> {
    let mut out = (at + 4).to_le_bytes().to_vec();
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, letter, 0, 0, 0]);
    out
}

/// `<E>` … `</E>` with a reference to a name known at `known`, in a stream without dependencies.
fn open(known: u32) -> Vec<u8> {
    let mut out = vec![0x01, 0, 0, 0, 0];
    out.extend_from_slice(&known.to_le_bytes());
    out.push(0x02);
    out
}

#[test]
fn deep_elements_cost_their_record_only() {
    for depth in [400, 600, 3000] {
        let mut forge = Forge::new();
        let mut first = vec![0x0f, 1, 1, 0, 0x01, 0, 0, 0, 0];
        let at = forge.next() + first.len() as u32;
        first.extend_from_slice(&name(at, b'E'));
        first.extend_from_slice(&[0x02, 0x05, 0x01, 1, 0, b't', 0, 0x04, 0x00]);
        forge.record(&first);
        let known = at + 4;
        let mut deep = vec![0x0f, 1, 1, 0];
        (0..depth).for_each(|_| deep.extend_from_slice(&open(known)));
        deep.extend(std::iter::repeat_n(0x04, depth));
        deep.push(0);
        forge.record(&deep);
        forge.record(&[&[0x0f, 1, 1, 0][..], &open(known), &[0x05, 0x01, 1, 0, b't', 0, 0x04, 0x00]].concat());
        let got = read(&forge.finish());
        let refused = depth > 512;
        assert_eq!(got.ids, if refused { vec![1, 3] } else { vec![1, 2, 3] });
        assert_eq!(got.content(), usize::from(refused));
    }
}

/// A template whose body is `<E>` with `uses` times the first value, inside a record of its own.
fn bomb_template(forge: &mut Forge, uses: usize) -> u32 {
    let mut out = vec![0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0];
    let definition = forge.next() + out.len() as u32 + 4;
    out.extend_from_slice(&definition.to_le_bytes());
    out.extend_from_slice(&[0; 20]);
    let mut body = vec![0x0f, 1, 1, 0, 0x01, 0xff, 0xff, 0, 0, 0, 0];
    let at = forge.next() + out.len() as u32 + 4 + body.len() as u32;
    body.extend_from_slice(&name(at, b'E'));
    body.push(0x02);
    (0..uses).for_each(|_| body.extend_from_slice(&[0x0e, 0, 0, 0x21]));
    body.extend_from_slice(&[0x04, 0x00]);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&body);
    // One value: a letter.
    out.extend_from_slice(&[1, 0, 0, 0, 2, 0, 1, 0, b't', 0, 0]);
    forge.record(&out);
    definition
}

/// An instance of that template whose one value is `inner`.
fn instance(definition: u32, inner: &[u8], kind: u8) -> Vec<u8> {
    let mut out = vec![0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0];
    out.extend_from_slice(&definition.to_le_bytes());
    out.extend_from_slice(&1u32.to_le_bytes());
    out.extend_from_slice(&(inner.len() as u16).to_le_bytes());
    out.extend_from_slice(&[kind, 0]);
    out.extend_from_slice(inner);
    out.push(0);
    out
}

#[test]
fn records_made_to_explode_are_refused_and_the_next_is_read() {
    for (uses, levels) in [(2, 40), (8, 20), (8, 63), (1, 200), (1, 900)] {
        let mut forge = Forge::new();
        let definition = bomb_template(&mut forge, uses);
        let good = instance(definition, "good".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(), 1);
        let mut bomb = good.clone();
        (0..levels).for_each(|_| bomb = instance(definition, &bomb, 0x21));
        let mut bombs = 0;
        while forge.bytes.len() + bomb.len() + 200 < CHUNK && bombs < 200 {
            forge.record(&bomb);
            bombs += 1;
        }
        forge.record(&good);
        let last = forge.id;
        let got = read(&forge.finish());
        assert_eq!(got.ids.last(), Some(&last), "{uses} uses, {levels} levels");
        assert_eq!(got.content(), bombs, "{uses} uses, {levels} levels: {:?}", got.troubles.first());
        assert!(got.troubles.iter().all(|t| matches!(t.kind, TroubleKind::Content(Broken::Bound(_)))));
    }
}

#[test]
fn counts_are_checked_against_the_bytes() {
    for count in [0u32, 0xffff, 0x7fff_ffff, u32::MAX] {
        let mut forge = Forge::new();
        let definition = bomb_template(&mut forge, 1);
        let mut bad = instance(definition, &[1, 0], 1);
        put(&mut bad, 14, count);
        forge.record(&bad);
        forge.record(&instance(definition, b"o\0k\0", 1));
        let got = read(&forge.finish());
        assert_eq!(got.ids.last(), Some(&3), "{count}");
        assert_eq!(got.ids.len() + got.content(), 3);
    }
}

#[test]
fn a_template_that_holds_itself_is_refused() {
    let mut forge = Forge::new();
    // A value that is an instance of the template whose value it is: 21 00 is its own length away.
    let definition = bomb_template(&mut forge, 3);
    let start = forge.next();
    let mut ring = instance(definition, &[0; 40], 0x21);
    // The inner stream names the outer instance again, by a definition inside itself.
    let inner = instance(start + 10, &[], 0x21);
    let at = ring.len() - 1 - 40;
    ring[at..at + inner.len()].copy_from_slice(&inner);
    forge.record(&ring);
    forge.record(&instance(definition, b"o\0k\0", 1));
    let got = read(&forge.finish());
    assert_eq!(got.ids.last(), Some(&3));
    assert_eq!(got.ids.len() + got.content(), 3);
}
