//! Any other list of `esxcli`, `localcli` or `vim-cmd`: rows kept with the names of their columns.

use crate::esxi::Listing;

pub static SOURCE: Listing = Listing("esxi_listing");
