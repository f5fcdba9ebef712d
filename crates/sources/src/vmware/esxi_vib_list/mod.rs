//! `esxcli software vib list`: software of the host with its acceptance level.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_vib_list");
