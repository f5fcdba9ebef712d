//! `esxcli vm process list`: the machines that run on a host, whoever started them. Text, JSON or CSV.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_vm_process_list");
