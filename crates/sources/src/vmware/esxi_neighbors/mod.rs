//! `esxcli network ip neighbor list`: addresses and hardware addresses the host has spoken with.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_neighbors");
