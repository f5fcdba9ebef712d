//! vobd.log: observations of the ESXi kernel, raised as events.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Vobd);
