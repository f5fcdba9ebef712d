//! hostd.log: the host agent of ESXi, its numbered events, tasks and API sessions.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Hostd);
