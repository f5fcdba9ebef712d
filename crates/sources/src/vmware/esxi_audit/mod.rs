//! Audit records of ESXi 8 and later, as sent to a syslog server or exported by the audit log reader.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Audit);
