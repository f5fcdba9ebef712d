//! One chunk being written: records, the tables of names and templates, header and checksums.

use rustc_hash::FxHashMap;

use super::super::frame::{CHUNK, CHUNK_MAGIC, HEADER, RECORD_MAGIC};
use super::value::{Value, utf16};
use super::{EventSpec, TooLarge, binxml, filetime};

#[derive(Clone, Debug)]
pub(super) struct ChunkBuilder {
    pub bytes: Vec<u8>,
    /// Offsets of names and template definitions in the chunk.
    names: FxHashMap<String, u32>,
    templates: FxHashMap<String, u32>,
    /// Names and templates in the order in which they were written: what a record that does not fit takes back.
    new_names: Vec<(String, usize, [u8; 4])>,
    new_templates: Vec<(String, usize, [u8; 4])>,
    first_number: u64,
    count: u64,
    ids: Option<(u64, u64)>,
    last_offset: u32,
}

impl ChunkBuilder {
    /// A chunk whose first record is the log's record of that number.
    pub(super) fn new(first_number: u64) -> Self {
        Self {
            bytes: vec![0; HEADER],
            names: FxHashMap::default(),
            templates: FxHashMap::default(),
            new_names: Vec::new(),
            new_templates: Vec::new(),
            first_number,
            count: 0,
            ids: None,
            last_offset: 0,
        }
    }

    pub(super) fn records(&self) -> u64 {
        self.count
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    fn four(&self, at: usize) -> [u8; 4] {
        self.bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default()
    }

    /// Writes the record, or leaves the chunk as it was.
    pub(super) fn push(&mut self, event: &EventSpec, id: u64) -> Result<(), TooLarge> {
        self.new_names.clear();
        self.new_templates.clear();
        let start = self.bytes.len();
        let written = self.record(event, id).filter(|()| self.bytes.len() <= CHUNK);
        if written.is_none() {
            self.take_back(start);
            return Err(TooLarge);
        }
        self.count += 1;
        let first = self.ids.map_or(id, |(first, _)| first);
        self.ids = Some((first, id));
        self.last_offset = start as u32;
        Ok(())
    }

    fn take_back(&mut self, start: usize) {
        for (name, bucket, before) in std::mem::take(&mut self.new_names).into_iter().rev() {
            self.names.remove(&name);
            self.put(bucket, &before);
        }
        for (shape, bucket, before) in std::mem::take(&mut self.new_templates).into_iter().rev() {
            self.templates.remove(&shape);
            self.put(bucket, &before);
        }
        self.bytes.truncate(start);
    }

    fn record(&mut self, event: &EventSpec, id: u64) -> Option<()> {
        let start = self.bytes.len();
        let values = binxml::values(event, id);
        self.bytes.extend_from_slice(RECORD_MAGIC);
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.bytes.extend_from_slice(&filetime(event.micros).to_le_bytes());
        self.bytes.extend_from_slice(&[0x0f, 1, 1, 0]);
        self.instance(event, &values)?;
        self.bytes.push(0);
        // Records are whole eights, as Windows writes them.
        let len = (self.bytes.len() - start + 4).next_multiple_of(8);
        self.bytes.resize(start + len - 4, 0);
        let size = (len as u32).to_le_bytes();
        self.bytes.extend_from_slice(&size);
        self.put(start + 4, &size);
        Some(())
    }

    fn instance(&mut self, event: &EventSpec, values: &[Value]) -> Option<()> {
        let shape = binxml::shape(event);
        let guid = guid_of(&shape);
        let head: [u8; 4] = guid.first_chunk().copied().unwrap_or_default();
        self.bytes.extend_from_slice(&[0x0c, 0x01]);
        self.bytes.extend_from_slice(&head);
        match self.templates.get(&shape) {
            Some(offset) => self.bytes.extend_from_slice(&offset.to_le_bytes()),
            None => self.definition(event, values, shape, guid, u32::from_le_bytes(head)),
        }
        self.bytes.extend_from_slice(&(values.len() as u32).to_le_bytes());
        let bytes: Vec<Vec<u8>> = values.iter().map(Value::bytes).collect();
        for (value, bytes) in values.iter().zip(&bytes) {
            let len = u16::try_from(bytes.len()).ok()?;
            self.bytes.extend_from_slice(&len.to_le_bytes());
            self.bytes.extend_from_slice(&[value.kind(), 0]);
        }
        for bytes in &bytes {
            self.bytes.extend_from_slice(bytes);
        }
        Some(())
    }

    /// The template where it is first used, right behind the reference to it.
    fn definition(&mut self, event: &EventSpec, values: &[Value], shape: String, guid: [u8; 16], number: u32) {
        let offset = self.bytes.len() as u32 + 4;
        self.bytes.extend_from_slice(&offset.to_le_bytes());
        let bucket = 384 + 4 * (number as usize % 32);
        let before = self.four(bucket);
        self.bytes.extend_from_slice(&before);
        self.put(bucket, &offset.to_le_bytes());
        self.bytes.extend_from_slice(&guid);
        let size = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.templates.insert(shape.clone(), offset);
        self.new_templates.push((shape, bucket, before));
        binxml::template(self, event, values);
        let len = (self.bytes.len() - size - 4) as u32;
        self.put(size, &len.to_le_bytes());
    }

    /// A reference to a name; the name itself follows where it is first used.
    pub(super) fn name(&mut self, name: &str) {
        if let Some(offset) = self.names.get(name) {
            let offset = *offset;
            self.bytes.extend_from_slice(&offset.to_le_bytes());
            return;
        }
        let offset = self.bytes.len() as u32 + 4;
        self.bytes.extend_from_slice(&offset.to_le_bytes());
        let hash = hash_of(name);
        let bucket = 128 + 4 * (usize::from(hash) % 64);
        let before = self.four(bucket);
        self.bytes.extend_from_slice(&before);
        self.put(bucket, &offset.to_le_bytes());
        self.bytes.extend_from_slice(&hash.to_le_bytes());
        let text = utf16(name);
        self.bytes.extend_from_slice(&((text.len() / 2) as u16).to_le_bytes());
        self.bytes.extend_from_slice(&text);
        self.bytes.extend_from_slice(&[0, 0]);
        self.names.insert(name.to_owned(), offset);
        self.new_names.push((name.to_owned(), bucket, before));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len() as u32;
        let records = crc32fast::hash(self.bytes.get(HEADER..).unwrap_or_default());
        let (first, last) = self.ids.unwrap_or((1, u64::MAX));
        let last_number = if self.count == 0 { u64::MAX } else { self.first_number + self.count - 1 };
        let mut head = CHUNK_MAGIC.to_vec();
        for number in [self.first_number, last_number, first, last] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        for number in [128, self.last_offset, free, records] {
            head.extend_from_slice(&number.to_le_bytes());
        }
        self.put(0, &head);
        // Flags as Windows leaves them, then the checksum over all but the two.
        self.put(120, &1u32.to_le_bytes());
        let mut sum = crc32fast::Hasher::new();
        sum.update(self.bytes.get(..120).unwrap_or_default());
        sum.update(self.bytes.get(128..HEADER).unwrap_or_default());
        self.put(124, &sum.finalize().to_le_bytes());
        self.bytes.resize(CHUNK, 0);
        self.bytes
    }
}

/// The hash of a name in the string table (MS-EVEN6 2.2.12, `NameHash`).
fn hash_of(name: &str) -> u16 {
    let hash = name.encode_utf16().fold(0u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(unit)));
    hash as u16
}

/// A template id that depends on the shape alone (FNV-1a, twice).
fn guid_of(shape: &str) -> [u8; 16] {
    let fnv = |seed: u64| shape.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut guid = [0; 16];
    let halves = fnv(0xcbf2_9ce4_8422_2325).to_le_bytes().into_iter().chain(fnv(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    for (to, from) in guid.iter_mut().zip(halves) {
        *to = from;
    }
    guid
}
