//! The traps of the two forms, and the marks in messages.

use super::*;

fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    welf(text, |key, value| out.push((key, value)));
    out
}

#[test]
fn unquoted_values_hold_spaces_and_quoted_ones_hold_quotes() {
    let text = r#"id=firewall time="2025-01-02 03:04:05" pri=6 vpn=gw01 ivs=Default Network user=LAB\\taro roles="A, B" dst= arg="" msg="AUT1: said "hi" to src=x" "#;
    assert_eq!(welf_start(text), Some(0));
    let got = pairs(text);
    assert!(got.contains(&("ivs", "Default Network")));
    assert!(got.contains(&("user", "LAB\\\\taro")));
    assert!(got.contains(&("roles", "A, B")));
    assert!(got.contains(&("dst", "")));
    assert_eq!(got.last().unwrap(), &("msg", "AUT1: said \"hi\" to src=x"));
    assert_eq!(welf_start("id=firewall sn=0 time=x"), None);
}

#[test]
fn a_cut_line_keeps_what_it_has() {
    let got = pairs(r#"id=firewall vpn=gw01 user=taro msg="AUT31504: Login succe"#);
    assert_eq!(got.last().unwrap(), &("msg", "AUT31504: Login succe"));
    assert!(pairs("").is_empty());
}

#[test]
fn standard_lines_of_old_and_new_versions() {
    let text = "<134>1 2026-04-03T14:57:46+02:00 n PulseSecure: - - - 2026-04-03 14:57:46 - gw01 - [192.0.2.1] Default Network::taro(Lab (MFA))[Role A, B][30f317948f] - VPN Tunneling: Session started for user  (session: sida7be316c542a9b2a4895afedd48ae00e82e388b63dabc912) with IPv4 address 10.1.2.3, hostname PC-1";
    let line = standard(text).unwrap();
    assert_eq!((line.node, line.src, line.ivs, line.user), ("gw01", "192.0.2.1", "Default Network", "taro"));
    assert_eq!((line.realm, line.roles, line.session), ("Lab (MFA)", "Role A, B", "30f317948f"));
    assert_eq!(line.head, "<134>1 2026-04-03T14:57:46+02:00 n PulseSecure: - - - ");
    let d = details(line.msg);
    assert_eq!((d.inner_ip, d.hostname, d.sid.len()), ("10.1.2.3", "PC-1", 51));
    let line = standard("2021-10-19 09:16:53 - gw01 - [192.0.2.1] System()[] - Text - with dash").unwrap();
    assert_eq!((line.user, line.realm, line.roles, line.msg), ("System", "", "", "Text - with dash"));
    assert!(standard("2021-10-19 09:16:53 - just text").is_none());
    assert!(standard("").is_none());
}

#[test]
fn marks_in_messages() {
    let d = details("Connection from IP 192.0.2.1 not authenticated yet (URL=/dana-na/auth/x.cgi?p=(1))");
    assert_eq!(d.url, "/dana-na/auth/x.cgi?p=(1)");
    let d = details("AUT31556: Unauthenticated request url /dana/js?prot=1&svc=4 came from IP 192.0.2.1.");
    assert_eq!(d.url, "/dana/js?prot=1&svc=4");
    let d = details("Remote address for user taro/Lab changed from 192.0.2.1 to 198.51.100.2.");
    assert_eq!((d.old_ip, d.new_ip), ("192.0.2.1", "198.51.100.2"));
    let d = details("AUT31504: Login succeeded for taro/Users (session:00000000) from 192.0.2.1 with Mozilla/5.0 (X11) Firefox/87.0.");
    assert_eq!((d.sid, d.agent), ("", "Mozilla/5.0 (X11) Firefox/87.0"));
    let d = details(
        "Closed connection to TUN-VPN port 443 after 9 seconds, with 1308 bytes read (in 1 chunks) and 1131 bytes written (in 1 chunks)",
    );
    assert_eq!((d.seconds, d.bytes_read, d.bytes_written), ("9", "1308", "1131"));
    let d = details("Host Checker policy 'P' passed on host '192.0.2.1' address '60-f2-62-ea-2d-a1' for user 'taro'.");
    assert_eq!(d.mac, "60-f2-62-ea-2d-a1");
    assert_eq!(code("AUT31504: x"), Some("AUT31504"));
    assert_eq!(code("AUT3150x: x"), None);
}
