//! Rules asked about the same events, compiled when the first such event comes: most evidence holds few kinds of events.

use std::sync::{Mutex, OnceLock, PoisonError};

use super::group::{Group, Names};
use super::route::Members;

#[derive(Debug)]
pub(super) struct Late {
    /// Taken by the thread that compiles them.
    members: Mutex<Members>,
    group: OnceLock<Group>,
}

impl Late {
    pub fn new(members: Members) -> Self {
        Self { members: Mutex::new(members), group: OnceLock::new() }
    }

    /// The compiled rules. What is compiled depends on the rules alone, never on who asks first.
    pub fn get(&self, names: &Names, common: &[String]) -> &Group {
        self.group.get_or_init(|| {
            let members = std::mem::take(&mut *self.members.lock().unwrap_or_else(PoisonError::into_inner));
            Group::build(&members, names, common)
        })
    }
}
