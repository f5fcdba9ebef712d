//! One file per product: the lines it writes, in its own dialect. Nothing here knows a case.

pub mod dlogs;
pub mod esx_files;
pub mod esxi;
pub mod evtx;
pub mod firewall;
pub mod ics;
pub mod mail;
pub mod vcenter;
pub mod vcsa;
pub mod windows;
pub mod winlog;
pub mod zeek;
