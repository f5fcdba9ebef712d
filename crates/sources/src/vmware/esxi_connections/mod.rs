//! `esxcli network ip connection list`: open connections of the host with the world that holds them.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_connections");
