//! The list of sources. Written by `cargo xtask sources`; do not edit.

use crate::Entry;

#[path = "ivanti/debuglog/mod.rs"]
mod ivanti_debuglog;
#[path = "ivanti/ict/mod.rs"]
mod ivanti_ict;
#[path = "ivanti/manifest/mod.rs"]
mod ivanti_manifest;
#[path = "ivanti/nodemon/mod.rs"]
mod ivanti_nodemon;
#[path = "ivanti/snapshot/mod.rs"]
mod ivanti_snapshot;
#[path = "ivanti/syslog/mod.rs"]
mod ivanti_syslog;
#[path = "ivanti/uwsgi/mod.rs"]
mod ivanti_uwsgi;
#[path = "ivanti/vc0/mod.rs"]
mod ivanti_vc0;
#[path = "linux/syslog/mod.rs"]
mod linux_syslog;
#[path = "mail/barracuda/mod.rs"]
mod mail_barracuda;
#[path = "mail/postfix/mod.rs"]
mod mail_postfix;
#[path = "network/firewall/mod.rs"]
mod network_firewall;
#[path = "network/suricata/mod.rs"]
mod network_suricata;
#[path = "network/zeek/mod.rs"]
mod network_zeek;
#[path = "vmware/esxi_auth/mod.rs"]
mod vmware_esxi_auth;
#[path = "vmware/esxi_autostart/mod.rs"]
mod vmware_esxi_autostart;
#[path = "vmware/esxi_getallvms/mod.rs"]
mod vmware_esxi_getallvms;
#[path = "vmware/esxi_hostd/mod.rs"]
mod vmware_esxi_hostd;
#[path = "vmware/esxi_shell/mod.rs"]
mod vmware_esxi_shell;
#[path = "vmware/esxi_syslog/mod.rs"]
mod vmware_esxi_syslog;
#[path = "vmware/esxi_vm_process_list/mod.rs"]
mod vmware_esxi_vm_process_list;
#[path = "vmware/esxi_vminventory/mod.rs"]
mod vmware_esxi_vminventory;
#[path = "vmware/esxi_vmkernel/mod.rs"]
mod vmware_esxi_vmkernel;
#[path = "vmware/esxi_vmx/mod.rs"]
mod vmware_esxi_vmx;
#[path = "vmware/esxi_vobd/mod.rs"]
mod vmware_esxi_vobd;
#[path = "vmware/vcenter_access/mod.rs"]
mod vmware_vcenter_access;
#[path = "vmware/vcenter_events/mod.rs"]
mod vmware_vcenter_events;
#[path = "vmware/vcenter_sso/mod.rs"]
mod vmware_vcenter_sso;
#[path = "vmware/vcenter_svcs/mod.rs"]
mod vmware_vcenter_svcs;
#[path = "vmware/vcenter_vami/mod.rs"]
mod vmware_vcenter_vami;
#[path = "vmware/vcenter_vpxd/mod.rs"]
mod vmware_vcenter_vpxd;
#[path = "vmware/vmware_log/mod.rs"]
mod vmware_vmware_log;
#[path = "web/access/mod.rs"]
mod web_access;
#[path = "windows/evtx/mod.rs"]
mod windows_evtx;
#[path = "windows/json/mod.rs"]
mod windows_json;

pub static ENTRIES: &[Entry] = &[
    Entry {
        id: "ivanti/debuglog",
        source: &ivanti_debuglog::SOURCE,
        about: include_str!("ivanti/debuglog/source.toml"),
        text: include_str!("ivanti/debuglog/text.toml"),
    },
    Entry {
        id: "ivanti/ict",
        source: &ivanti_ict::SOURCE,
        about: include_str!("ivanti/ict/source.toml"),
        text: include_str!("ivanti/ict/text.toml"),
    },
    Entry {
        id: "ivanti/manifest",
        source: &ivanti_manifest::SOURCE,
        about: include_str!("ivanti/manifest/source.toml"),
        text: include_str!("ivanti/manifest/text.toml"),
    },
    Entry {
        id: "ivanti/nodemon",
        source: &ivanti_nodemon::SOURCE,
        about: include_str!("ivanti/nodemon/source.toml"),
        text: include_str!("ivanti/nodemon/text.toml"),
    },
    Entry {
        id: "ivanti/snapshot",
        source: &ivanti_snapshot::SOURCE,
        about: include_str!("ivanti/snapshot/source.toml"),
        text: include_str!("ivanti/snapshot/text.toml"),
    },
    Entry {
        id: "ivanti/syslog",
        source: &ivanti_syslog::SOURCE,
        about: include_str!("ivanti/syslog/source.toml"),
        text: include_str!("ivanti/syslog/text.toml"),
    },
    Entry {
        id: "ivanti/uwsgi",
        source: &ivanti_uwsgi::SOURCE,
        about: include_str!("ivanti/uwsgi/source.toml"),
        text: include_str!("ivanti/uwsgi/text.toml"),
    },
    Entry {
        id: "ivanti/vc0",
        source: &ivanti_vc0::SOURCE,
        about: include_str!("ivanti/vc0/source.toml"),
        text: include_str!("ivanti/vc0/text.toml"),
    },
    Entry {
        id: "linux/syslog",
        source: &linux_syslog::SOURCE,
        about: include_str!("linux/syslog/source.toml"),
        text: include_str!("linux/syslog/text.toml"),
    },
    Entry {
        id: "mail/barracuda",
        source: &mail_barracuda::SOURCE,
        about: include_str!("mail/barracuda/source.toml"),
        text: include_str!("mail/barracuda/text.toml"),
    },
    Entry {
        id: "mail/postfix",
        source: &mail_postfix::SOURCE,
        about: include_str!("mail/postfix/source.toml"),
        text: include_str!("mail/postfix/text.toml"),
    },
    Entry {
        id: "network/firewall",
        source: &network_firewall::SOURCE,
        about: include_str!("network/firewall/source.toml"),
        text: include_str!("network/firewall/text.toml"),
    },
    Entry {
        id: "network/suricata",
        source: &network_suricata::SOURCE,
        about: include_str!("network/suricata/source.toml"),
        text: include_str!("network/suricata/text.toml"),
    },
    Entry {
        id: "network/zeek",
        source: &network_zeek::SOURCE,
        about: include_str!("network/zeek/source.toml"),
        text: include_str!("network/zeek/text.toml"),
    },
    Entry {
        id: "vmware/esxi_auth",
        source: &vmware_esxi_auth::SOURCE,
        about: include_str!("vmware/esxi_auth/source.toml"),
        text: include_str!("vmware/esxi_auth/text.toml"),
    },
    Entry {
        id: "vmware/esxi_autostart",
        source: &vmware_esxi_autostart::SOURCE,
        about: include_str!("vmware/esxi_autostart/source.toml"),
        text: include_str!("vmware/esxi_autostart/text.toml"),
    },
    Entry {
        id: "vmware/esxi_getallvms",
        source: &vmware_esxi_getallvms::SOURCE,
        about: include_str!("vmware/esxi_getallvms/source.toml"),
        text: include_str!("vmware/esxi_getallvms/text.toml"),
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
        id: "vmware/esxi_vm_process_list",
        source: &vmware_esxi_vm_process_list::SOURCE,
        about: include_str!("vmware/esxi_vm_process_list/source.toml"),
        text: include_str!("vmware/esxi_vm_process_list/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vminventory",
        source: &vmware_esxi_vminventory::SOURCE,
        about: include_str!("vmware/esxi_vminventory/source.toml"),
        text: include_str!("vmware/esxi_vminventory/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vmkernel",
        source: &vmware_esxi_vmkernel::SOURCE,
        about: include_str!("vmware/esxi_vmkernel/source.toml"),
        text: include_str!("vmware/esxi_vmkernel/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vmx",
        source: &vmware_esxi_vmx::SOURCE,
        about: include_str!("vmware/esxi_vmx/source.toml"),
        text: include_str!("vmware/esxi_vmx/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vobd",
        source: &vmware_esxi_vobd::SOURCE,
        about: include_str!("vmware/esxi_vobd/source.toml"),
        text: include_str!("vmware/esxi_vobd/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_access",
        source: &vmware_vcenter_access::SOURCE,
        about: include_str!("vmware/vcenter_access/source.toml"),
        text: include_str!("vmware/vcenter_access/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_events",
        source: &vmware_vcenter_events::SOURCE,
        about: include_str!("vmware/vcenter_events/source.toml"),
        text: include_str!("vmware/vcenter_events/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_sso",
        source: &vmware_vcenter_sso::SOURCE,
        about: include_str!("vmware/vcenter_sso/source.toml"),
        text: include_str!("vmware/vcenter_sso/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_svcs",
        source: &vmware_vcenter_svcs::SOURCE,
        about: include_str!("vmware/vcenter_svcs/source.toml"),
        text: include_str!("vmware/vcenter_svcs/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_vami",
        source: &vmware_vcenter_vami::SOURCE,
        about: include_str!("vmware/vcenter_vami/source.toml"),
        text: include_str!("vmware/vcenter_vami/text.toml"),
    },
    Entry {
        id: "vmware/vcenter_vpxd",
        source: &vmware_vcenter_vpxd::SOURCE,
        about: include_str!("vmware/vcenter_vpxd/source.toml"),
        text: include_str!("vmware/vcenter_vpxd/text.toml"),
    },
    Entry {
        id: "vmware/vmware_log",
        source: &vmware_vmware_log::SOURCE,
        about: include_str!("vmware/vmware_log/source.toml"),
        text: include_str!("vmware/vmware_log/text.toml"),
    },
    Entry {
        id: "web/access",
        source: &web_access::SOURCE,
        about: include_str!("web/access/source.toml"),
        text: include_str!("web/access/text.toml"),
    },
    Entry {
        id: "windows/evtx",
        source: &windows_evtx::SOURCE,
        about: include_str!("windows/evtx/source.toml"),
        text: include_str!("windows/evtx/text.toml"),
    },
    Entry {
        id: "windows/json",
        source: &windows_json::SOURCE,
        about: include_str!("windows/json/source.toml"),
        text: include_str!("windows/json/text.toml"),
    },
];
