//! The list of sources. Written by `cargo xtask sources`; do not edit.

use crate::Entry;

#[path = "vmware/esxi_audit/mod.rs"]
mod vmware_esxi_audit;
#[path = "vmware/esxi_auth/mod.rs"]
mod vmware_esxi_auth;
#[path = "vmware/esxi_hostd/mod.rs"]
mod vmware_esxi_hostd;
#[path = "vmware/esxi_shell/mod.rs"]
mod vmware_esxi_shell;
#[path = "vmware/esxi_syslog/mod.rs"]
mod vmware_esxi_syslog;
#[path = "vmware/esxi_vmkernel/mod.rs"]
mod vmware_esxi_vmkernel;
#[path = "vmware/esxi_vobd/mod.rs"]
mod vmware_esxi_vobd;

pub static ENTRIES: &[Entry] = &[
    Entry {
        id: "vmware/esxi_audit",
        source: &vmware_esxi_audit::SOURCE,
        about: include_str!("vmware/esxi_audit/source.toml"),
        text: include_str!("vmware/esxi_audit/text.toml"),
    },
    Entry {
        id: "vmware/esxi_auth",
        source: &vmware_esxi_auth::SOURCE,
        about: include_str!("vmware/esxi_auth/source.toml"),
        text: include_str!("vmware/esxi_auth/text.toml"),
    },
    Entry {
        id: "vmware/esxi_hostd",
        source: &vmware_esxi_hostd::SOURCE,
        about: include_str!("vmware/esxi_hostd/source.toml"),
        text: include_str!("vmware/esxi_hostd/text.toml"),
    },
    Entry {
        id: "vmware/esxi_shell",
        source: &vmware_esxi_shell::SOURCE,
        about: include_str!("vmware/esxi_shell/source.toml"),
        text: include_str!("vmware/esxi_shell/text.toml"),
    },
    Entry {
        id: "vmware/esxi_syslog",
        source: &vmware_esxi_syslog::SOURCE,
        about: include_str!("vmware/esxi_syslog/source.toml"),
        text: include_str!("vmware/esxi_syslog/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vmkernel",
        source: &vmware_esxi_vmkernel::SOURCE,
        about: include_str!("vmware/esxi_vmkernel/source.toml"),
        text: include_str!("vmware/esxi_vmkernel/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vobd",
        source: &vmware_esxi_vobd::SOURCE,
        about: include_str!("vmware/esxi_vobd/source.toml"),
        text: include_str!("vmware/esxi_vobd/text.toml"),
    },
];
