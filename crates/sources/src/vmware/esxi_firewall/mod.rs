//! `esxcli network firewall …`: rule sets of the host and whether they are open.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_firewall");
