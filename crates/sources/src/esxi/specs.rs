//! Which lists there are, what each is known by, and which of them a piece is.

use std::io::Read;

use konseki_formats::text::{Utf8Reader, decode, looks_like_text};
use konseki_model::Piece;

use super::table::{self, key};

/// Bytes that are looked at.
const LOOK: usize = 8192;

/// One kind of list.
pub struct Spec {
    pub id: &'static str,
    /// The name of the list in `inventory.list`; empty where absence from it means nothing.
    pub list: &'static str,
    /// Keys that must all be there; any of the groups.
    pub keys: &'static [&'static [&'static str]],
    /// Parts of file names that name this list.
    pub names: &'static [&'static str],
    /// Keys alone say too little: the name must fit too.
    pub by_name: bool,
    /// First words of head lines of tables without dashes.
    pub heads: &'static [&'static str],
    /// Key -> our name, where docs/fields.md has one.
    pub renames: &'static [(&'static str, &'static str)],
}

pub const SPECS: &[Spec] = &[
    Spec {
        id: "esxi_vm_process_list",
        list: "running",
        keys: &[&["worldid", "displayname", "configfile"]],
        names: &["vm-process-list", "vm_process_list", "vm.process.list", "vmprocesslist"],
        by_name: false,
        heads: &[],
        renames: &[("displayname", "name"), ("worldid", "world"), ("configfile", "vmx"), ("vmxcartelid", "cartel")],
    },
    Spec {
        id: "esxi_vm_ports",
        list: "ports",
        keys: &[
            &["worldid", "name", "numports", "networks"],
            &["portid", "portgroup", "macaddress", "ipaddress"],
            &["portnum", "type", "subtype", "switchname", "clientname"],
            &["client", "portid", "dvportid", "mac"],
        ],
        names: &["network-vm-list", "network_vm_list", "network-vm-port", "network_vm_port", "net-stats_-l", "nsxdp-cli_vswitch"],
        by_name: false,
        heads: &["PortNum Type SubType", "Client PortID DVPortID"],
        renames: &[
            ("worldid", "world"),
            ("numports", "ports"),
            ("portid", "port_id"),
            ("portnum", "port_id"),
            ("vswitch", "switch"),
            ("switchname", "switch"),
            ("portgroup", "network"),
            ("networks", "network"),
            ("macaddress", "mac"),
            ("mac", "mac"),
            ("ipaddress", "ip"),
            ("clientname", "client"),
            ("client", "client"),
            ("name", "name"),
        ],
    },
    Spec {
        id: "esxi_connections",
        list: "connections",
        keys: &[&["proto", "localaddress", "foreignaddress", "state"]],
        names: &["network-ip-connection-list", "network_ip_connection_list"],
        by_name: false,
        heads: &["Proto Recv Q"],
        renames: &[("proto", "proto"), ("state", "state"), ("worldid", "world"), ("worldname", "process")],
    },
    Spec {
        id: "esxi_neighbors",
        list: "",
        keys: &[&["neighbor", "macaddress", "vmknic"]],
        names: &["network-ip-neighbor-list", "network_ip_neighbor_list"],
        by_name: false,
        heads: &["Neighbor Mac Address"],
        renames: &[("neighbor", "ip"), ("macaddress", "mac"), ("vmknic", "interface")],
    },
    Spec {
        id: "esxi_vib_list",
        list: "software",
        keys: &[&["name", "version", "vendor", "acceptancelevel"]],
        names: &["software-vib-list", "software_vib_list"],
        by_name: false,
        heads: &["Name Version Vendor"],
        renames: &[
            ("name", "name"),
            ("version", "version"),
            ("vendor", "vendor"),
            ("acceptancelevel", "acceptance_level"),
            ("installdate", "install_date"),
            ("installationdate", "install_date"),
        ],
    },
    Spec {
        id: "esxi_firewall",
        list: "",
        keys: &[
            &["ruleset", "direction", "protocol"],
            &["ruleset", "allowedipaddresses"],
            &["name", "enabled"],
            &["defaultaction", "enabled"],
        ],
        names: &["firewall"],
        by_name: true,
        heads: &[],
        renames: &[
            ("name", "ruleset"),
            ("ruleset", "ruleset"),
            ("enabled", "enabled"),
            ("allowedipaddresses", "allowed"),
            ("direction", "direction"),
            ("defaultaction", "default_action"),
        ],
    },
    Spec {
        id: "esxi_filesystems",
        list: "filesystems",
        keys: &[&["mountpoint", "volumename", "uuid", "type"]],
        names: &["storage-filesystem-list", "storage_filesystem_list"],
        by_name: false,
        heads: &["Mount Point Volume Name"],
        renames: &[
            ("mountpoint", "mount_point"),
            ("volumename", "volume_name"),
            ("uuid", "volume_uuid"),
            ("type", "type"),
            ("mounted", "mounted"),
            ("size", "size"),
            ("free", "free"),
        ],
    },
    Spec {
        id: "esxi_ps",
        list: "processes",
        keys: &[
            &["wid", "cid", "worldname"],
            &["wid", "cid", "cmd"],
            &["wid", "cid", "command"],
            &["pid", "commandline"],
            &["id", "commandline"],
        ],
        names: &["ps_-", "system-process-list", "system_process_list"],
        by_name: false,
        heads: &["WID CID", "PID CID", "WID PCID", "PCID"],
        renames: &[
            ("wid", "world"),
            ("cid", "cartel"),
            ("cmd", "CommandLine"),
            ("command", "CommandLine"),
            ("commandline", "CommandLine"),
            ("worldname", "name"),
            ("pid", "world"),
            ("id", "world"),
        ],
    },
    Spec {
        id: "esxi_listing",
        list: "",
        keys: &[&[]],
        names: &["localcli_", "esxcli_", "esxcli-", "localcli-", "vim-cmd_hostsvc"],
        by_name: true,
        heads: &[],
        renames: &[("blockname", "name")],
    },
];

/// The list a piece is, by its keys and its name; the same for every list source, so that one at most says yes.
pub fn spec_of(piece: &Piece<'_>) -> Option<&'static Spec> {
    let name = piece.name().to_ascii_lowercase();
    let named = |spec: &Spec| {
        spec.names.iter().any(|part| name.contains(part))
            || (spec.id == "esxi_firewall" && piece.path.to_ascii_lowercase().contains("firewall"))
    };
    if !name_may_be_list(&name) || super::outputs::is(piece) {
        return None;
    }
    if piece.head.iter().all(u8::is_ascii_whitespace) {
        return SPECS.iter().filter(|spec| !spec.list.is_empty()).find(|spec| named(spec));
    }
    let start = piece.head.get(..piece.head.len().min(LOOK)).unwrap_or_default();
    let cut = start.iter().rposition(|b| *b == b'\n').filter(|_| piece.head.len() > LOOK);
    let head = start.get(..cut.unwrap_or(start.len())).unwrap_or_default();
    if !looks_like_text(head) {
        return None;
    }
    let (text, _) = decode(head);
    let text: String = if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        let mut out = String::new();
        Utf8Reader::new(head, head).read_to_string(&mut out).ok()?;
        out
    } else {
        text.into_owned()
    };
    if !looks_like_list(&text) && !SPECS.iter().any(named) {
        return None;
    }
    let heads: Vec<&str> = SPECS.iter().flat_map(|spec| spec.heads.iter().copied()).collect();
    let table = table::parse(&text, &heads);
    let has = |wanted: &&str| {
        table.keys.iter().any(|k| k == wanted) || table.rows.first().is_some_and(|r| r.fields.iter().any(|(n, _)| key(n) == **wanted))
    };
    let fits = |spec: &Spec| (!spec.by_name || named(spec)) && spec.keys.iter().any(|group| group.iter().all(has));
    let found = SPECS.iter().filter(|spec| spec.id != "esxi_listing").find(|spec| fits(spec));
    // The output of a command that failed still belongs to its list.
    let failed = || SPECS.iter().filter(|spec| !spec.list.is_empty() && text.len() < 4096).find(|spec| named(spec));
    found.or_else(failed).or_else(|| SPECS.iter().find(|spec| fits(spec) && !table.rows.is_empty()))
}

fn name_may_be_list(name: &str) -> bool {
    !name.ends_with(".xml") && !name.ends_with(".vmx") && !name.ends_with(".yaml") && !name.ends_with(".md") && !name.ends_with(".ps1")
}

/// A cheap look before a text is taken apart.
fn looks_like_list(text: &str) -> bool {
    [
        "World ID",
        "WorldID",
        "Proto",
        "Neighbor",
        "Acceptance",
        "Mount Point",
        "MountPoint",
        "WID",
        "PID",
        "Port ID",
        "PortID",
        "PortNum",
        "Ruleset",
        "CommandLine",
    ]
    .iter()
    .any(|word| text.contains(word))
}
