//! syslog.log and every other daemon of ESXi; also files of a syslog server where daemons are mixed.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Syslog);
