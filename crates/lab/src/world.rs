//! The made-up organisation of a seed: hosts, people, machines, addresses, and in which dialect its boxes write.

use jiff::tz::TimeZone;

use crate::rng::Rng;
use crate::when::{self, T};

#[derive(Clone, Debug)]
pub struct Host {
    pub name: String,
    pub ip: String,
    pub mac: String,
    /// What its clock shows minus the true time.
    pub skew: T,
}

#[derive(Clone, Debug)]
pub struct Esx {
    pub host: Host,
    pub fqdn: String,
    /// Lines in the shape of 8.x, else 7.x.
    pub v8: bool,
    pub version: &'static str,
    pub build: &'static str,
    /// Local datastore: volume id and label.
    pub volume: String,
    pub label: String,
    /// Root folder of its support bundle.
    pub root: String,
    /// hostd's process id.
    pub pid: u64,
    pub boot: T,
}

#[derive(Clone, Debug)]
pub struct User {
    pub login: String,
    pub admin: bool,
    pub sid: String,
    /// Address at home, and the one seen when travelling.
    pub home: String,
    pub away: String,
    pub agent: String,
    pub pc: String,
    pub mac: String,
    /// Index of the Windows machine they work on.
    pub desk: usize,
    /// Hour at which they begin, local.
    pub hour: i64,
}

#[derive(Clone, Debug)]
pub struct Vm {
    pub name: String,
    /// `564d…` as hexadecimal digits, 32 of them.
    pub uuid: String,
    pub volume: String,
    pub label: String,
    pub esx: usize,
    pub ip: String,
    pub mac: String,
    pub guest: &'static str,
    pub vmid: u64,
    pub on: bool,
    pub template: bool,
}

impl Vm {
    pub fn vmx(&self) -> String {
        format!("/vmfs/volumes/{}/{}/{}.vmx", self.volume, self.name, self.name)
    }

    /// `56 4d c4 d7 de eb 77 81-dc 69 4e 96 d4 c6 18 4f`
    pub fn spaced(&self) -> String {
        spaced(&self.uuid)
    }
}

pub fn spaced(uuid: &str) -> String {
    let pairs: Vec<&str> = (0..16).map(|i| uuid.get(i * 2..i * 2 + 2).unwrap_or("00")).collect();
    let (a, b) = pairs.split_at(8);
    format!("{}-{}", a.join(" "), b.join(" "))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcsForm {
    /// WELF behind a head with the offset.
    WelfHead,
    /// WELF alone: local time, no zone anywhere.
    Welf,
    /// Standard filter behind an RFC 5424 head.
    Standard,
}

#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub domain: String,
    pub netbios: String,
    pub datacenter: String,
    pub zone_name: &'static str,
    pub zone: TimeZone,
    pub ics: IcsForm,
    pub zeek_json: bool,
    pub pan: bool,
    /// The UI's access log shows the proxy, not the client.
    pub ui_proxy: bool,
    pub realm: String,
    pub role: String,
    /// Internal side of the VPN appliance, and its public address.
    pub vpn: Host,
    pub vpn_public: String,
    pub vcsa: Host,
    pub vcsa_fqdn: String,
    pub vcsa_v8: bool,
    pub esx: Vec<Esx>,
    pub dc: Host,
    pub fs: Host,
    /// Desktops and servers that people reach by RDP.
    pub desks: Vec<Host>,
    pub mail: Host,
    pub mail_public: String,
    pub fw: Host,
    pub sensor: Host,
    pub backup: Host,
    /// A domain controller of the corporate side, behind the firewall.
    pub corp_dc: Host,
    pub corp_net: String,
    pub users: Vec<User>,
    pub vms: Vec<Vm>,
    pub shared_volume: String,
    pub shared_label: String,
    /// First three octets of the VPN pool and the management, server and user nets.
    pub pool: String,
    pub mgmt: String,
    pub servers: String,
    /// Public addresses not yet given to anybody.
    pub spare: Vec<String>,
    /// Addresses that knock at everybody's door.
    pub scanners: Vec<String>,
    /// Regular, innocent destinations: name, address.
    pub updates: Vec<(String, String)>,
}

const ORG: &[&str] =
    &["kestrel", "alder", "northlight", "sable", "quarry", "lumen", "tamarack", "ostrea", "vireo", "cobalt", "hollin", "marram"];
const FIRST: &[&str] = &[
    "amara", "jonas", "mei", "tariq", "ingrid", "pavel", "noor", "sofia", "haruto", "luca", "eilidh", "diego", "yuna", "marek", "leila",
    "owen",
];
const LAST: &[&str] = &[
    "okafor", "lind", "tanaka", "haddad", "berg", "novak", "rahman", "rossi", "sato", "conti", "moray", "vega", "kim", "wolski", "farouk",
    "price",
];
const ZONES: &[&str] = &["America/Los_Angeles", "America/New_York", "Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"];
const GUESTS: &[&str] = &["windows2019srv-64", "ubuntu-64", "rhel8-64", "other5xlinux-64", "windows9-64"];
const TIERS: &[&str] = &["build", "render", "sim", "data", "ci", "test", "edge", "ana"];

struct Maker {
    rng: Rng,
    net: i64,
    macs: u64,
}

impl Maker {
    fn mac(&mut self) -> String {
        self.macs += 1;
        let (a, b, c) = (self.rng.below(64), self.rng.below(256), self.macs & 255);
        format!("00:50:56:{a:02x}:{b:02x}:{c:02x}")
    }

    fn host(&mut self, name: String, third: i64, last: i64) -> Host {
        Host { name, ip: format!("10.{}.{third}.{last}", self.net), mac: self.mac(), skew: 0 }
    }
}

fn externals(rng: &mut Rng) -> Vec<String> {
    let mut all: Vec<String> =
        ["192.0.2", "198.51.100", "203.0.113"].iter().flat_map(|net| (2..=253).map(move |n| format!("{net}.{n}"))).collect();
    rng.shuffle(&mut all);
    all
}

impl World {
    /// Next unused public address.
    pub fn external(&mut self) -> String {
        self.spare.pop().unwrap_or_else(|| "192.0.2.254".to_owned())
    }

    pub fn make(seed: u64, esx_count: usize, people: usize, desks: usize, start: T) -> Self {
        let mut rng = Rng::new(seed, "world");
        let mut spare = externals(&mut rng);
        let mut take = || spare.pop().unwrap_or_default();
        let org = rng.pick(ORG).to_owned();
        let short: String = org.chars().take(3).collect();
        let net = rng.range(16, 90);
        let mut m = Maker { rng: rng.fork("hosts"), net, macs: 0 };
        let domain = format!("{org}.example");
        let zone_name = rng.pick(ZONES);
        let sep = rng.pick(&["", "-", ""]);
        let esx = (0..esx_count).map(|i| make_esx(&mut m, i, sep, &domain, start)).collect::<Vec<_>>();
        let vcsa = m.host(format!("{}{sep}01", rng.pick(&["vcsa", "vc", "vcenter"])), 10, 5);
        let desk_stem = rng.pick(&["ws", "rds", "jump", "win"]);
        let desk_hosts: Vec<Host> =
            (0..desks).map(|i| m.host(format!("{short}-{desk_stem}{:02}", i + 1).to_uppercase(), 30, 21 + i as i64)).collect();
        let users = make_users(&mut rng, &mut take, people, desks, &short);
        let updates = vec![
            ("updates.ivts.example".to_owned(), take()),
            ("depot.hypervendor.example".to_owned(), take()),
            ("definitions.avvendor.example".to_owned(), take()),
            ("time.ntp-pool.example".to_owned(), take()),
        ];
        let (vpn_public, mail_public) = (take(), take());
        let scanners: Vec<String> = (0..14).map(|_| take()).collect();
        let shared_volume = volume(&mut rng);
        let shared_label = format!("{}-{}", rng.pick(&["san", "nfs", "ds", "vol"]), rng.pick(&["shared", "prod", "01", "gold"]));
        let mut world = Self {
            seed,
            netbios: org.to_uppercase(),
            datacenter: rng.pick(&["Datacenter", "DC-East", "Lab", "HQ DC"]).to_owned(),
            zone_name,
            zone: when::zone(zone_name),
            ics: match seed % 4 {
                0 | 1 => IcsForm::WelfHead,
                2 => IcsForm::Standard,
                _ => IcsForm::Welf,
            },
            zeek_json: rng.chance(50),
            pan: rng.chance(50),
            ui_proxy: rng.chance(50),
            realm: rng.pick(&["Users", "Staff", "RemoteAccess", "Research MFA"]).to_owned(),
            role: rng.pick(&["Users", "Staff-Full", "Research"]).to_owned(),
            vpn: m.host(format!("{}{sep}01", rng.pick(&["vpn", "ics", "sslvpn", "ra"])), 5, 10),
            vpn_public,
            vcsa_fqdn: format!("{}.{domain}", vcsa.name),
            vcsa_v8: rng.chance(50),
            vcsa,
            dc: m.host(format!("{short}-dc01").to_uppercase(), 20, 10),
            fs: m.host(format!("{short}-{}01", rng.pick(&["fs", "nas", "file"])).to_uppercase(), 20, 15),
            mail: m.host(rng.pick(&["mx1", "esg01", "mailgw"]).to_owned(), 5, 25),
            mail_public,
            fw: m.host(rng.pick(&["fw01", "edge-fw", "pa-01"]).to_owned(), 5, 1),
            sensor: m.host("zeek01".to_owned(), 10, 60),
            backup: m.host(format!("{short}-bkp01").to_uppercase(), 10, 40),
            corp_dc: Host { name: "CORP-DC1".to_owned(), ip: format!("10.{}.1.10", net + 100), mac: m.mac(), skew: 0 },
            corp_net: format!("10.{}", net + 100),
            desks: desk_hosts,
            users,
            vms: Vec::new(),
            esx,
            shared_volume,
            shared_label,
            pool: format!("10.{net}.200"),
            mgmt: format!("10.{net}.10"),
            servers: format!("10.{net}.20"),
            spare,
            scanners,
            updates,
            domain,
        };
        world.vms = make_vms(&mut m, &world);
        world
    }

    pub fn admins(&self) -> Vec<&User> {
        self.users.iter().filter(|u| u.admin).collect()
    }

    pub fn vm(&self, name: &str) -> Option<&Vm> {
        self.vms.iter().find(|v| v.name == name)
    }

    /// `DOMAIN\login`
    pub fn down(&self, login: &str) -> String {
        format!("{}\\{login}", self.netbios)
    }

    /// `login@domain`
    pub fn upn(&self, login: &str) -> String {
        format!("{login}@{}", self.domain)
    }
}

pub fn volume(rng: &mut Rng) -> String {
    format!("6{}-{}-{}-{}", rng.hex(7), rng.hex(8), rng.hex(4), rng.hex(12))
}

fn make_esx(m: &mut Maker, i: usize, sep: &str, domain: &str, start: T) -> Esx {
    let host = m.host(format!("esx{sep}{:02}", i + 1), 10, 11 + i as i64);
    let v8 = m.rng.chance(50);
    let (version, build) = if v8 { ("8.0.2", "22380479") } else { ("7.0.3", "21424296") };
    Esx {
        fqdn: format!("{}.{domain}", host.name),
        v8,
        version,
        build,
        volume: volume(&mut m.rng),
        label: format!("{}-local", host.name),
        root: String::new(),
        pid: if v8 { 1_050_000 } else { 2_099_000 } + m.rng.below(900),
        boot: start - m.rng.range(20, 200) * when::DAY,
        host,
    }
}

fn make_users(rng: &mut Rng, take: &mut impl FnMut() -> String, people: usize, desks: usize, short: &str) -> Vec<User> {
    let mut names: Vec<(usize, usize)> = (0..FIRST.len()).map(|i| (i, (i * 7 + 3) % LAST.len())).collect();
    rng.shuffle(&mut names);
    let style = rng.below(3);
    let domain_sid = format!(
        "S-1-5-21-{}-{}-{}",
        rng.range(100_000_000, 999_999_999),
        rng.range(100_000_000, 999_999_999),
        rng.range(100_000_000, 999_999_999)
    );
    names
        .into_iter()
        .take(people)
        .enumerate()
        .map(|(i, (f, l))| {
            let (first, last) = (FIRST.get(f).copied().unwrap_or("a"), LAST.get(l).copied().unwrap_or("b"));
            let login = match style {
                0 => format!("{first}.{last}"),
                1 => format!("{}{last}", first.get(..1).unwrap_or("x")),
                _ => format!("{last}{}", first.get(..1).unwrap_or("x")),
            };
            let client = rng.pick(&[
                "22.3.1.18209 (Windows 10)",
                "22.6.1.26825 (Windows 10)",
                "9.1.15.15819 (Windows 10)",
                "22.5.1.25375 (Macintosh)",
            ]);
            let version = client.split(' ').next().unwrap_or("22.3.1");
            User {
                admin: i < 2,
                sid: format!("{domain_sid}-{}", 1105 + i),
                home: take(),
                away: take(),
                agent: format!("Pulse-Secure/{client} Pulse/{version}"),
                pc: format!("{}-{}{:03}", short.to_uppercase(), rng.pick(&["LT", "PC", "NB"]), rng.range(100, 999)),
                mac: format!("{}-{}-{}-{}-{}-{}", "a4", rng.hex(2), rng.hex(2), rng.hex(2), rng.hex(2), rng.hex(2)),
                desk: if desks == 0 { 0 } else { i % desks },
                hour: rng.range(7, 10),
                login,
            }
        })
        .collect()
}

fn make_vms(m: &mut Maker, w: &World) -> Vec<Vm> {
    let stem = m.rng.pick(&["dev", "prj", "lab", "res"]).to_owned();
    let style = m.rng.below(4);
    let mut vms = Vec::new();
    let mut names: Vec<(String, String, &'static str)> = vec![
        (w.vcsa.name.clone(), w.vcsa.ip.clone(), "other3xlinux-64"),
        (w.dc.name.clone(), w.dc.ip.clone(), "windows2019srv-64"),
        (w.fs.name.clone(), w.fs.ip.clone(), "windows2019srv-64"),
    ];
    names.extend(w.desks.iter().map(|d| (d.name.clone(), d.ip.clone(), "windows9-64")));
    for i in 0..8_usize {
        let tier = TIERS.get(i % TIERS.len()).copied().unwrap_or("x");
        let name = match style {
            0 => format!("{stem}-{tier}-{:02}", i + 1),
            1 => format!("{}-{}{:02}", stem.to_uppercase(), tier.to_uppercase(), i + 1),
            2 => format!("{stem} {tier} {:02}", i + 1),
            _ => format!("{stem}_{tier}{}", i + 1),
        };
        names.push((name, format!("{}.{}", w.servers, 40 + i), m.rng.pick(GUESTS)));
    }
    for (i, (name, ip, guest)) in names.into_iter().enumerate() {
        let esx = i % w.esx.len().max(1);
        let local = m.rng.chance(40);
        let home = w.esx.get(esx);
        vms.push(Vm {
            uuid: format!("42{}", m.rng.hex(30)),
            volume: home.filter(|_| local).map_or(w.shared_volume.clone(), |e| e.volume.clone()),
            label: home.filter(|_| local).map_or(w.shared_label.clone(), |e| e.label.clone()),
            esx,
            mac: m.mac(),
            vmid: 3 + i as u64 * 2,
            on: i < 3 || m.rng.chance(85),
            template: false,
            name,
            ip,
            guest,
        });
    }
    vms
}
