//! `esxcli network vm list`, `network vm port list`, `net-stats -l`, `nsxdp-cli`: cards of machines on virtual switches.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_vm_ports");
