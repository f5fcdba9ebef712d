//! A writer of event logs, for samples and the lab: what it writes, Windows' viewers and other readers read too.
//!
//! ```
//! use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
//! let mut log = EvtxWriter::new();
//! let event = EventSpec::new("Microsoft-Windows-Security-Auditing", "Security", 4624, 1_704_597_129_000_000, "pc01")
//!     .data("TargetUserName", "taro")
//!     .data("LogonType", 10u32);
//! log.push(&event)?;
//! let bytes = log.finish();
//! assert!(bytes.starts_with(b"ElfFile\0"));
//! # Ok::<(), konseki_formats::evtx::write::TooLarge>(())
//! ```

mod binxml;
mod chunk;
mod value;

use std::fmt;

use chunk::ChunkBuilder;
pub use value::Value;

/// Ticks of 100 ns from 1601 to 1970.
const EPOCH: i64 = 116_444_736_000_000_000;

/// FILETIME of microseconds since 1970 (what lies before 1601 becomes 0).
pub fn filetime(micros: i64) -> u64 {
    let ticks = i128::from(micros) * 10 + i128::from(EPOCH);
    u64::try_from(ticks.max(0)).unwrap_or(u64::MAX)
}

/// A record that does not fit into a chunk, or a value longer than 65,535 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the event does not fit into a chunk of 64 KiB")
    }
}

impl std::error::Error for TooLarge {}

/// What stands under `System`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    #[default]
    None,
    /// `EventData` with `Data` elements by name; an empty name gives `Data` without one.
    EventData(Vec<(String, Value)>),
    /// `UserData` with one element of that name and namespace, and its children.
    UserData { element: String, namespace: String, fields: Vec<(String, Value)> },
}

/// One event to write. Numbers are as `wevtutil` shows them; what is `None` or empty is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventSpec {
    pub provider: String,
    /// `{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}`, with or without braces.
    pub provider_guid: String,
    pub channel: String,
    pub event_id: u16,
    pub qualifiers: Option<u16>,
    pub version: u8,
    pub level: u8,
    pub task: u16,
    pub opcode: u8,
    pub keywords: u64,
    /// Microseconds since 1970, UTC.
    pub micros: i64,
    pub computer: String,
    /// SID of the account that logged it.
    pub user_sid: String,
    pub activity_id: String,
    pub process_id: u32,
    pub thread_id: u32,
    /// `None`: the number after the last.
    pub record_id: Option<u64>,
    /// `EventRecordID` where it is not the record's own, as in exports and forwarded events.
    pub original_id: Option<u64>,
    pub body: Body,
}

impl EventSpec {
    pub fn new(provider: &str, channel: &str, event_id: u16, micros: i64, computer: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            channel: channel.to_owned(),
            event_id,
            micros,
            computer: computer.to_owned(),
            level: 4,
            process_id: 4,
            thread_id: 8,
            keywords: 0x8000_0000_0000_0000,
            ..Self::default()
        }
    }

    /// Adds a `Data` element (under `UserData`: a child of its element).
    #[must_use]
    pub fn data(mut self, name: &str, value: impl Into<Value>) -> Self {
        let field = (name.to_owned(), value.into());
        match &mut self.body {
            Body::EventData(fields) | Body::UserData { fields, .. } => fields.push(field),
            Body::None => self.body = Body::EventData(vec![field]),
        }
        self
    }

    /// Makes the body `UserData`; what `data` adds from now on are children of that element.
    #[must_use]
    pub fn user_data(mut self, element: &str, namespace: &str) -> Self {
        self.body = Body::UserData { element: element.to_owned(), namespace: namespace.to_owned(), fields: Vec::new() };
        self
    }
}

/// Writes a log record by record.
#[derive(Debug)]
pub struct EvtxWriter {
    chunks: Vec<u8>,
    chunk: ChunkBuilder,
    next_id: u64,
    count: u64,
}

impl Default for EvtxWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl EvtxWriter {
    pub fn new() -> Self {
        Self::starting_at(1)
    }

    /// A log whose first record has that id.
    pub fn starting_at(first_id: u64) -> Self {
        Self { chunks: Vec::new(), chunk: ChunkBuilder::new(1), next_id: first_id, count: 0 }
    }

    /// Adds a record and returns its id.
    ///
    /// # Errors
    /// [`TooLarge`]; the log is then as before.
    pub fn push(&mut self, event: &EventSpec) -> Result<u64, TooLarge> {
        let id = event.record_id.unwrap_or(self.next_id);
        if self.chunk.push(event, id).is_err() {
            let mut fresh = ChunkBuilder::new(self.count + 1);
            fresh.push(event, id)?;
            let full = std::mem::replace(&mut self.chunk, fresh);
            if full.records() > 0 {
                self.chunks.extend_from_slice(&full.finish());
            }
        }
        self.count += 1;
        self.next_id = id + 1;
        Ok(id)
    }

    /// The whole file. A log without records has one empty chunk, as a fresh log has.
    pub fn finish(mut self) -> Vec<u8> {
        if self.chunk.records() > 0 || self.chunks.is_empty() {
            let chunk = std::mem::replace(&mut self.chunk, ChunkBuilder::new(0));
            self.chunks.extend_from_slice(&chunk.finish());
        }
        let count = self.chunks.len() / super::CHUNK;
        let mut file = Vec::with_capacity(4096 + self.chunks.len());
        file.extend_from_slice(b"ElfFile\0");
        file.extend_from_slice(&0u64.to_le_bytes());
        file.extend_from_slice(&(count as u64 - 1).to_le_bytes());
        file.extend_from_slice(&self.next_id.to_le_bytes());
        file.extend_from_slice(&128u32.to_le_bytes());
        for number in [1u16, 3, 4096, u16::try_from(count).unwrap_or(u16::MAX)] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.resize(120, 0);
        let sum = crc32fast::hash(&file);
        file.extend_from_slice(&0u32.to_le_bytes());
        file.extend_from_slice(&sum.to_le_bytes());
        file.resize(4096, 0);
        file.append(&mut self.chunks);
        file
    }
}
