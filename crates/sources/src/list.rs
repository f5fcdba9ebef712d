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
#[path = "linux/auditd/mod.rs"]
mod linux_auditd;
#[path = "linux/bodyfile/mod.rs"]
mod linux_bodyfile;
#[path = "linux/journald/mod.rs"]
mod linux_journald;
#[path = "linux/shell_history/mod.rs"]
mod linux_shell_history;
#[path = "linux/syslog/mod.rs"]
mod linux_syslog;
#[path = "linux/wtmp/mod.rs"]
mod linux_wtmp;
#[path = "mail/barracuda/mod.rs"]
mod mail_barracuda;
#[path = "mail/exchange_tracking/mod.rs"]
mod mail_exchange_tracking;
#[path = "mail/m365_audit/mod.rs"]
mod mail_m365_audit;
#[path = "mail/m365_trace/mod.rs"]
mod mail_m365_trace;
#[path = "mail/message/mod.rs"]
mod mail_message;
#[path = "mail/postfix/mod.rs"]
mod mail_postfix;
#[path = "network/firewall/mod.rs"]
mod network_firewall;
#[path = "network/suricata/mod.rs"]
mod network_suricata;
#[path = "network/zeek/mod.rs"]
mod network_zeek;
#[path = "tools/chainsaw/mod.rs"]
mod tools_chainsaw;
#[path = "tools/hayabusa/mod.rs"]
mod tools_hayabusa;
#[path = "tools/hiddenvm/mod.rs"]
mod tools_hiddenvm;
#[path = "tools/plaso/mod.rs"]
mod tools_plaso;
#[path = "tools/rita/mod.rs"]
mod tools_rita;
#[path = "tools/virtualghost/mod.rs"]
mod tools_virtualghost;
#[path = "vmware/esxi_audit/mod.rs"]
mod vmware_esxi_audit;
#[path = "vmware/esxi_auth/mod.rs"]
mod vmware_esxi_auth;
#[path = "vmware/esxi_autostart/mod.rs"]
mod vmware_esxi_autostart;
#[path = "vmware/esxi_conf/mod.rs"]
mod vmware_esxi_conf;
#[path = "vmware/esxi_connections/mod.rs"]
mod vmware_esxi_connections;
#[path = "vmware/esxi_date/mod.rs"]
mod vmware_esxi_date;
#[path = "vmware/esxi_filesystems/mod.rs"]
mod vmware_esxi_filesystems;
#[path = "vmware/esxi_firewall/mod.rs"]
mod vmware_esxi_firewall;
#[path = "vmware/esxi_getallvms/mod.rs"]
mod vmware_esxi_getallvms;
#[path = "vmware/esxi_hashlist/mod.rs"]
mod vmware_esxi_hashlist;
#[path = "vmware/esxi_hostd/mod.rs"]
mod vmware_esxi_hostd;
#[path = "vmware/esxi_listing/mod.rs"]
mod vmware_esxi_listing;
#[path = "vmware/esxi_ls/mod.rs"]
mod vmware_esxi_ls;
#[path = "vmware/esxi_neighbors/mod.rs"]
mod vmware_esxi_neighbors;
#[path = "vmware/esxi_outputs/mod.rs"]
mod vmware_esxi_outputs;
#[path = "vmware/esxi_ps/mod.rs"]
mod vmware_esxi_ps;
#[path = "vmware/esxi_shell/mod.rs"]
mod vmware_esxi_shell;
#[path = "vmware/esxi_syslog/mod.rs"]
mod vmware_esxi_syslog;
#[path = "vmware/esxi_version/mod.rs"]
mod vmware_esxi_version;
#[path = "vmware/esxi_vib_list/mod.rs"]
mod vmware_esxi_vib_list;
#[path = "vmware/esxi_vm_ports/mod.rs"]
mod vmware_esxi_vm_ports;
#[path = "vmware/esxi_vm_process_list/mod.rs"]
mod vmware_esxi_vm_process_list;
#[path = "vmware/esxi_vm_summary/mod.rs"]
mod vmware_esxi_vm_summary;
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
#[path = "web/error/mod.rs"]
mod web_error;
#[path = "web/iis/mod.rs"]
mod web_iis;
#[path = "windows/csv/mod.rs"]
mod windows_csv;
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
        id: "linux/auditd",
        source: &linux_auditd::SOURCE,
        about: include_str!("linux/auditd/source.toml"),
        text: include_str!("linux/auditd/text.toml"),
    },
    Entry {
        id: "linux/bodyfile",
        source: &linux_bodyfile::SOURCE,
        about: include_str!("linux/bodyfile/source.toml"),
        text: include_str!("linux/bodyfile/text.toml"),
    },
    Entry {
        id: "linux/journald",
        source: &linux_journald::SOURCE,
        about: include_str!("linux/journald/source.toml"),
        text: include_str!("linux/journald/text.toml"),
    },
    Entry {
        id: "linux/shell_history",
        source: &linux_shell_history::SOURCE,
        about: include_str!("linux/shell_history/source.toml"),
        text: include_str!("linux/shell_history/text.toml"),
    },
    Entry {
        id: "linux/syslog",
        source: &linux_syslog::SOURCE,
        about: include_str!("linux/syslog/source.toml"),
        text: include_str!("linux/syslog/text.toml"),
    },
    Entry {
        id: "linux/wtmp",
        source: &linux_wtmp::SOURCE,
        about: include_str!("linux/wtmp/source.toml"),
        text: include_str!("linux/wtmp/text.toml"),
    },
    Entry {
        id: "mail/barracuda",
        source: &mail_barracuda::SOURCE,
        about: include_str!("mail/barracuda/source.toml"),
        text: include_str!("mail/barracuda/text.toml"),
    },
    Entry {
        id: "mail/exchange_tracking",
        source: &mail_exchange_tracking::SOURCE,
        about: include_str!("mail/exchange_tracking/source.toml"),
        text: include_str!("mail/exchange_tracking/text.toml"),
    },
    Entry {
        id: "mail/m365_audit",
        source: &mail_m365_audit::SOURCE,
        about: include_str!("mail/m365_audit/source.toml"),
        text: include_str!("mail/m365_audit/text.toml"),
    },
    Entry {
        id: "mail/m365_trace",
        source: &mail_m365_trace::SOURCE,
        about: include_str!("mail/m365_trace/source.toml"),
        text: include_str!("mail/m365_trace/text.toml"),
    },
    Entry {
        id: "mail/message",
        source: &mail_message::SOURCE,
        about: include_str!("mail/message/source.toml"),
        text: include_str!("mail/message/text.toml"),
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
        id: "tools/chainsaw",
        source: &tools_chainsaw::SOURCE,
        about: include_str!("tools/chainsaw/source.toml"),
        text: include_str!("tools/chainsaw/text.toml"),
    },
    Entry {
        id: "tools/hayabusa",
        source: &tools_hayabusa::SOURCE,
        about: include_str!("tools/hayabusa/source.toml"),
        text: include_str!("tools/hayabusa/text.toml"),
    },
    Entry {
        id: "tools/hiddenvm",
        source: &tools_hiddenvm::SOURCE,
        about: include_str!("tools/hiddenvm/source.toml"),
        text: include_str!("tools/hiddenvm/text.toml"),
    },
    Entry {
        id: "tools/plaso",
        source: &tools_plaso::SOURCE,
        about: include_str!("tools/plaso/source.toml"),
        text: include_str!("tools/plaso/text.toml"),
    },
    Entry {
        id: "tools/rita",
        source: &tools_rita::SOURCE,
        about: include_str!("tools/rita/source.toml"),
        text: include_str!("tools/rita/text.toml"),
    },
    Entry {
        id: "tools/virtualghost",
        source: &tools_virtualghost::SOURCE,
        about: include_str!("tools/virtualghost/source.toml"),
        text: include_str!("tools/virtualghost/text.toml"),
    },
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
        id: "vmware/esxi_autostart",
        source: &vmware_esxi_autostart::SOURCE,
        about: include_str!("vmware/esxi_autostart/source.toml"),
        text: include_str!("vmware/esxi_autostart/text.toml"),
    },
    Entry {
        id: "vmware/esxi_conf",
        source: &vmware_esxi_conf::SOURCE,
        about: include_str!("vmware/esxi_conf/source.toml"),
        text: include_str!("vmware/esxi_conf/text.toml"),
    },
    Entry {
        id: "vmware/esxi_connections",
        source: &vmware_esxi_connections::SOURCE,
        about: include_str!("vmware/esxi_connections/source.toml"),
        text: include_str!("vmware/esxi_connections/text.toml"),
    },
    Entry {
        id: "vmware/esxi_date",
        source: &vmware_esxi_date::SOURCE,
        about: include_str!("vmware/esxi_date/source.toml"),
        text: include_str!("vmware/esxi_date/text.toml"),
    },
    Entry {
        id: "vmware/esxi_filesystems",
        source: &vmware_esxi_filesystems::SOURCE,
        about: include_str!("vmware/esxi_filesystems/source.toml"),
        text: include_str!("vmware/esxi_filesystems/text.toml"),
    },
    Entry {
        id: "vmware/esxi_firewall",
        source: &vmware_esxi_firewall::SOURCE,
        about: include_str!("vmware/esxi_firewall/source.toml"),
        text: include_str!("vmware/esxi_firewall/text.toml"),
    },
    Entry {
        id: "vmware/esxi_getallvms",
        source: &vmware_esxi_getallvms::SOURCE,
        about: include_str!("vmware/esxi_getallvms/source.toml"),
        text: include_str!("vmware/esxi_getallvms/text.toml"),
    },
    Entry {
        id: "vmware/esxi_hashlist",
        source: &vmware_esxi_hashlist::SOURCE,
        about: include_str!("vmware/esxi_hashlist/source.toml"),
        text: include_str!("vmware/esxi_hashlist/text.toml"),
    },
    Entry {
        id: "vmware/esxi_hostd",
        source: &vmware_esxi_hostd::SOURCE,
        about: include_str!("vmware/esxi_hostd/source.toml"),
        text: include_str!("vmware/esxi_hostd/text.toml"),
    },
    Entry {
        id: "vmware/esxi_listing",
        source: &vmware_esxi_listing::SOURCE,
        about: include_str!("vmware/esxi_listing/source.toml"),
        text: include_str!("vmware/esxi_listing/text.toml"),
    },
    Entry {
        id: "vmware/esxi_ls",
        source: &vmware_esxi_ls::SOURCE,
        about: include_str!("vmware/esxi_ls/source.toml"),
        text: include_str!("vmware/esxi_ls/text.toml"),
    },
    Entry {
        id: "vmware/esxi_neighbors",
        source: &vmware_esxi_neighbors::SOURCE,
        about: include_str!("vmware/esxi_neighbors/source.toml"),
        text: include_str!("vmware/esxi_neighbors/text.toml"),
    },
    Entry {
        id: "vmware/esxi_outputs",
        source: &vmware_esxi_outputs::SOURCE,
        about: include_str!("vmware/esxi_outputs/source.toml"),
        text: include_str!("vmware/esxi_outputs/text.toml"),
    },
    Entry {
        id: "vmware/esxi_ps",
        source: &vmware_esxi_ps::SOURCE,
        about: include_str!("vmware/esxi_ps/source.toml"),
        text: include_str!("vmware/esxi_ps/text.toml"),
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
        id: "vmware/esxi_version",
        source: &vmware_esxi_version::SOURCE,
        about: include_str!("vmware/esxi_version/source.toml"),
        text: include_str!("vmware/esxi_version/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vib_list",
        source: &vmware_esxi_vib_list::SOURCE,
        about: include_str!("vmware/esxi_vib_list/source.toml"),
        text: include_str!("vmware/esxi_vib_list/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vm_ports",
        source: &vmware_esxi_vm_ports::SOURCE,
        about: include_str!("vmware/esxi_vm_ports/source.toml"),
        text: include_str!("vmware/esxi_vm_ports/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vm_process_list",
        source: &vmware_esxi_vm_process_list::SOURCE,
        about: include_str!("vmware/esxi_vm_process_list/source.toml"),
        text: include_str!("vmware/esxi_vm_process_list/text.toml"),
    },
    Entry {
        id: "vmware/esxi_vm_summary",
        source: &vmware_esxi_vm_summary::SOURCE,
        about: include_str!("vmware/esxi_vm_summary/source.toml"),
        text: include_str!("vmware/esxi_vm_summary/text.toml"),
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
        id: "web/error",
        source: &web_error::SOURCE,
        about: include_str!("web/error/source.toml"),
        text: include_str!("web/error/text.toml"),
    },
    Entry { id: "web/iis", source: &web_iis::SOURCE, about: include_str!("web/iis/source.toml"), text: include_str!("web/iis/text.toml") },
    Entry {
        id: "windows/csv",
        source: &windows_csv::SOURCE,
        about: include_str!("windows/csv/source.toml"),
        text: include_str!("windows/csv/text.toml"),
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
