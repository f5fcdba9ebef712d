//! shell.log: commands typed in the shell of ESXi.

use crate::esxi::{Class, Log};

pub static SOURCE: Log = Log(Class::Shell);
