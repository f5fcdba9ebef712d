//! Field names, each held once per decoder and known by number afterwards.

use rustc_hash::FxHashMap;

/// Number of a name in a [`Names`] table.
pub(super) type NameId = u32;

/// The System fields that a caller asks for most: their numbers are the same in every table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Known {
    ProviderName,
    EventId,
    Level,
    Task,
    Opcode,
    Keywords,
    SystemTime,
    EventRecordId,
    Channel,
    Computer,
    SecurityUserId,
    ProcessId,
    ThreadId,
    ActivityId,
    Version,
    Qualifiers,
    EventSourceName,
}

pub(super) const KNOWN: [&str; 17] = [
    "Provider_Name",
    "EventID",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "SystemTime",
    "EventRecordID",
    "Channel",
    "Computer",
    "Security_UserID",
    "Execution_ProcessID",
    "Execution_ThreadID",
    "Correlation_ActivityID",
    "Version",
    "Qualifiers",
    "EventSourceName",
];

/// Bytes of names after which a decoder starts its table anew (at the next chunk): real hosts need some 100 KiB.
const FULL: usize = 8 << 20;

/// Bytes of the longest name kept.
const LONGEST: usize = 1024;

#[derive(Debug)]
pub(super) struct Names {
    list: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, NameId>,
    /// `element_attribute` and `name_1`, by their parts.
    pairs: FxHashMap<(NameId, NameId), NameId>,
    numbered: FxHashMap<(NameId, u32), NameId>,
    bytes: usize,
}

impl Names {
    pub(super) fn new() -> Self {
        let mut names =
            Self { list: Vec::new(), ids: FxHashMap::default(), pairs: FxHashMap::default(), numbered: FxHashMap::default(), bytes: 0 };
        for name in KNOWN {
            names.id(name);
        }
        names
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes > FULL
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub(super) fn get(&self, id: NameId) -> &str {
        self.list.get(id as usize).map_or("", |name| name)
    }

    /// The number of a name; longer ones than any real name are cut.
    pub(super) fn id(&mut self, name: &str) -> NameId {
        let name = name.get(..name.floor_char_boundary(LONGEST)).unwrap_or(name);
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.list.len() as NameId;
        self.list.push(name.into());
        self.ids.insert(name.into(), id);
        self.bytes += 2 * name.len() + 64;
        id
    }

    /// `first_second`.
    pub(super) fn pair(&mut self, first: NameId, second: NameId) -> NameId {
        if let Some(id) = self.pairs.get(&(first, second)) {
            return *id;
        }
        let name = format!("{}_{}", self.get(first), self.get(second));
        let id = self.id(&name);
        self.pairs.insert((first, second), id);
        id
    }

    /// `name_1`, `name_2`, … for names that repeat; the bare name once the table is full.
    pub(super) fn numbered(&mut self, name: NameId, number: u32) -> NameId {
        if let Some(id) = self.numbered.get(&(name, number)) {
            return *id;
        }
        if self.is_full() {
            return name;
        }
        let text = format!("{}_{number}", self.get(name));
        let id = self.id(&text);
        self.numbered.insert((name, number), id);
        id
    }
}
