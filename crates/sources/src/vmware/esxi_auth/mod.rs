//! auth.log: logons over SSH to ESXi, their sessions, single commands and file transfers.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Auth);
