//! The native fields of one event on the stack: pushed in the order of the record, no allocation.

use konseki_model::Field;

/// More fields than any line-shaped source writes; further ones are dropped and counted.
pub const ROOM: usize = 64;

pub struct Row<'a> {
    list: [Field<'a>; ROOM],
    count: usize,
    /// Fields that found no room.
    pub dropped: usize,
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self { list: [Field { name: "", value: "" }; ROOM], count: 0, dropped: 0 }
    }
}

impl<'a> Row<'a> {
    pub fn push(&mut self, name: &'a str, value: &'a str) {
        match self.list.get_mut(self.count) {
            Some(slot) => {
                *slot = Field { name, value };
                self.count += 1;
            }
            None => self.dropped += 1,
        }
    }

    /// Pushes a field only where it has a value.
    pub fn push_some(&mut self, name: &'a str, value: &'a str) {
        if !value.is_empty() {
            self.push(name, value);
        }
    }

    pub fn fields(&self) -> &[Field<'a>] {
        self.list.get(..self.count).unwrap_or_default()
    }

    /// The first field of that name, empty where there is none.
    pub fn get(&self, name: &str) -> &'a str {
        self.fields().iter().find(|field| field.name == name).map_or("", |field| field.value)
    }
}
