//! `esxcli storage filesystem list`: names of datastores and the volumes behind them.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_filesystems");
