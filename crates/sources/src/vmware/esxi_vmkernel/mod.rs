//! vmkernel.log: the ESXi kernel itself.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Vmkernel);
