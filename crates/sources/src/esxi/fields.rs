//! Native fields of one event, in a fixed room: nothing is allocated per field.

use konseki_formats::phrase::Found;
use konseki_model::Field;

const MOST: usize = 32;

/// Fields in order; empty values and fields beyond the room are not kept.
pub struct Fields<'a> {
    slots: [Field<'a>; MOST],
    count: usize,
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Self { slots: [Field { name: "", value: "" }; MOST], count: 0 }
    }
}

impl<'a> Fields<'a> {
    pub fn push(&mut self, name: &'a str, value: &'a str) {
        if value.is_empty() {
            return;
        }
        if let Some(slot) = self.slots.get_mut(self.count) {
            *slot = Field { name, value };
            self.count += 1;
        }
    }

    /// The holes of a sentence under their names; `who` becomes `account` and `src_ip`.
    pub fn holes(&mut self, found: &Found<'a>) {
        for (name, value) in found.holes() {
            if name == "who" {
                let (account, address) = super::who(value);
                self.push("account", account);
                self.push("src_ip", address);
            } else {
                self.push(name, value);
            }
        }
    }

    pub fn get(&self, name: &str) -> &'a str {
        self.as_slice().iter().find(|f| f.name == name).map_or("", |f| f.value)
    }

    pub fn as_slice(&self) -> &[Field<'a>] {
        self.slots.get(..self.count).unwrap_or_default()
    }
}
