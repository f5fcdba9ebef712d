//! `ps` and `esxcli system process list`: worlds and programs of the host when it was collected.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_ps");
