//! Lists as they come, and words that only look like those on a list.

use std::path::Path;

use konseki_model::{At, Core, Event, Field, Kind};

use super::*;

fn hits(list: &Indicators, text: &str) -> Vec<(String, bool)> {
    let fields = [Field::new("f", text)];
    let event = Event { at: At::Line(1), time: None, kind: Kind::Other, core: Core::default(), fields: &fields, raw: b"" };
    let mut out = Vec::new();
    list.matches(&event, &mut Vec::new(), |hit| {
        assert_eq!((hit.field, hit.value), ("f", text));
        out.push((hit.indicator.value.clone(), hit.below));
    });
    let raw = Event { fields: &[], raw: text.as_bytes(), ..event };
    let mut count = 0;
    list.matches(&raw, &mut Vec::new(), |_| count += 1);
    assert_eq!(count, out.len());
    out
}

fn list(text: &str) -> Indicators {
    Indicators::load(&[("list.csv", text)])
}

#[test]
fn whole_words_only() {
    let list = list("192.0.2.25\nevil[.]example\nhxxps://evil.example/a\nme[@]evil[.]example\n2001:db8::25\n");
    assert_eq!(list.unusable, []);
    assert_eq!(list.len(), 5);
    for text in ["192.0.2.253", "1192.0.2.25", "192.0.2.25.example", "192.0.2.25.1", "x192.0.2.25", "8.192.0.2.25"] {
        assert_eq!(hits(&list, text), [], "{text}");
    }
    for text in ["192.0.2.25", "src=192.0.2.25:443", "(192.0.2.25).", "to 192.0.2.25, from", "::ffff:192.0.2.25"] {
        assert_eq!(hits(&list, text), [("192.0.2.25".into(), false)], "{text}");
    }
    assert_eq!(hits(&list, "GET HTTP://WWW.EVIL.EXAMPLE/"), [("evil.example".into(), true)]);
    for text in ["notevil.example", "evil.example.org", "evil.example-x", "my-evil.example"] {
        assert_eq!(hits(&list, text), [], "{text}");
    }
    let url = hits(&list, "https://evil.example/a");
    assert!(url.contains(&("https://evil.example/a".into(), false)));
    assert_eq!(hits(&list, "https://evil.example/ab").len(), 1);
    assert_eq!(hits(&list, "to <ME@evil.example>").len(), 2);
    assert_eq!(hits(&list, "some@evil.example"), [("evil.example".into(), false)]);
    assert_eq!(hits(&list, "2001:DB8::25").len(), 1);
    assert_eq!(hits(&list, "2001:db8::25:1"), []);
}

#[test]
fn hashes() {
    let hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let list = list(&format!("value,entity_type,description\n{},file,a tool\n", hash.to_uppercase()));
    assert_eq!(list.hash(hash).next().map(|i| i.comment.as_str()), Some("a tool"));
    assert_eq!(hits(&list, &format!("SHA1=x,SHA256={hash}")).len(), 1);
    assert_eq!(hits(&list, &format!("{hash}0")), []);
}

#[test]
fn tables_of_several_shapes() {
    let a = list("Filename,defaultb.jsp\nMD5,0123456789ABCDEF0123456789abcdef \n");
    assert_eq!((a.len(), a.unusable.len()), (1, 1));
    let b = list("IOC;Description\n192.0.2[.]1;one\nnonsense here;two\n");
    assert_eq!((b.len(), b.unusable.len(), b.unusable[0].line), (1, 1, 3));
    assert_eq!(b.all()[0].comment, "one");
    let c = list("# head\n\"192.0.2.1\",\"note, with comma\"\nrun.sh\n");
    assert_eq!((c.len(), c.unusable.len()), (1, 1));
    assert!(list("").unusable[0].reason.contains("no indicator"));
    assert_eq!(list(&"nonsense\n".repeat(5_000)).unusable.len(), MAX_REMARKS + 2);
    for bytes in [&b"\xff\xfe\x00"[..], b"{", b"{}", b"\"\"\"", b"{\"objects\": [1, {\"type\": \"indicator\"}]}"] {
        assert!(!Indicators::load(&[("x", bytes)]).unusable.is_empty());
    }
}

#[test]
fn stix_patterns_and_observables() {
    let text = r#"{"type": "bundle", "objects": [
        {"type": "indicator", "name": "n", "pattern": "[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'a.example']"},
        {"type": "indicator", "pattern": "[file:hashes.'SHA-256' = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'] OR [url:value='http://b.example/x']"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '192.0.2.9' AND network-traffic:dst_port = 4]"},
        {"type": "indicator", "pattern": "[file:name = 'x']"},
        {"type": "indicator", "revoked": true, "pattern": "[ipv4-addr:value = '192.0.2.8']"},
        {"type": "domain-name", "value": "c.example"}
    ]}"#;
    let list = list(text);
    assert_eq!(list.len(), 5);
    let lines: Vec<u32> = list.unusable.iter().map(|u| u.line).collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn public_lists_are_read_to_the_last_line() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let lists = [
        ("truth/nerve/public-resources/IOC.csv", 0),
        ("rules/volexity-threat-intel/2026/2026-06-04 VerdantBamboo/iocs.csv", 0),
        ("rules/volexity-threat-intel/2024/2024-01-10 Ivanti Connect Secure/indicators/iocs.csv", 0),
        ("truth/nerve/mitre-nerve.stix.json", 0),
    ];
    for (path, bad) in lists {
        let Ok(bytes) = std::fs::read(shared.join(path)) else {
            eprintln!("skipped: {path} is not there");
            continue;
        };
        let list = Indicators::load(&[(path, bytes)]);
        println!("{path}: {} taken, {:#?}", list.len(), list.unusable);
        assert!(!list.is_empty());
        assert_eq!(list.unusable.len(), bad, "{path}");
    }
}
