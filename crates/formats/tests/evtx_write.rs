//! The writer of event logs: what it writes, our reader and the `evtx` crate read alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use konseki_formats::evtx::write::{EventSpec, EvtxWriter, TooLarge, Value};
use konseki_formats::evtx::{Chunks, Counts, Decoder, Known, Trouble};

const T: i64 = 1_704_597_129_123_456;

fn logon(number: u32) -> EventSpec {
    EventSpec {
        provider_guid: "{54849625-5478-4994-a5ba-3e3b0328c30d}".into(),
        user_sid: "S-1-5-18".into(),
        ..EventSpec::new("Microsoft-Windows-Security-Auditing", "Security", 4624, T + i64::from(number), "pc01.lab")
    }
    .data("SubjectUserSid", Value::sid("S-1-5-21-1-2-3-1001"))
    .data("TargetUserName", format!("taro{number}"))
    .data("TargetLogonId", Value::Hex64(0x3e7))
    .data("LogonType", 10u32)
    .data("LogonGuid", Value::guid("{00112233-4455-6677-8899-aabbccddeeff}"))
    .data("Elevated", true)
    .data("Empty", Value::Null)
}

type Read = (Vec<(u64, Vec<(String, String)>)>, Vec<Trouble>, Counts);

fn read(bytes: &[u8]) -> Read {
    let (mut records, mut troubles, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    let mut chunks = Chunks::new(bytes);
    let mut decoder = Decoder::new();
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        let got = decoder.chunk(
            &chunk,
            &mut |r| {
                assert_eq!(r.known(Known::Channel), r.get("Channel").unwrap());
                assert_eq!(r.created, Some(r.written));
                records.push((r.id, r.fields().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()));
            },
            &mut |trouble| troubles.push(trouble),
        );
        counts.add(&got);
    }
    (records, troubles, counts)
}

#[test]
fn fields_come_back_in_order_and_in_windows_spelling() {
    let mut log = EvtxWriter::new();
    log.push(&logon(1)).unwrap();
    let (records, troubles, _) = read(&log.finish());
    assert_eq!(troubles, []);
    let fields: Vec<(&str, &str)> = records[0].1.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected = [
        ("Provider_Name", "Microsoft-Windows-Security-Auditing"),
        ("Provider_Guid", "{54849625-5478-4994-a5ba-3e3b0328c30d}"),
        ("EventID", "4624"),
        ("Version", "0"),
        ("Level", "4"),
        ("Task", "0"),
        ("Opcode", "0"),
        ("Keywords", "0x8000000000000000"),
        ("SystemTime", "2024-01-07T03:12:09.1234570Z"),
        ("EventRecordID", "1"),
        ("Execution_ProcessID", "4"),
        ("Execution_ThreadID", "8"),
        ("Channel", "Security"),
        ("Computer", "pc01.lab"),
        ("Security_UserID", "S-1-5-18"),
        ("SubjectUserSid", "S-1-5-21-1-2-3-1001"),
        ("TargetUserName", "taro1"),
        ("TargetLogonId", "0x3e7"),
        ("LogonType", "10"),
        ("LogonGuid", "{00112233-4455-6677-8899-aabbccddeeff}"),
        ("Elevated", "true"),
        ("Empty", ""),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn names_that_repeat_are_numbered_within_their_section() {
    let mut log = EvtxWriter::new();
    let classic = EventSpec { qualifiers: Some(16384), ..EventSpec::new("App", "Application", 1000, T, "pc01") };
    log.push(&classic.data("", "a").data("", Value::Texts(vec!["b".into(), String::new(), "c".into()])).data("X", "1")).unwrap();
    let cleared = EventSpec::new("Microsoft-Windows-Eventlog", "System", 104, T, "pc01")
        .user_data("LogFileCleared", "urn:made-up")
        .data("SubjectUserName", "taro")
        .data("Channel", "Application")
        .data("Channel", "Setup");
    log.push(&cleared).unwrap();
    let (records, _, _) = read(&log.finish());
    let data: Vec<_> = records[0].1.iter().skip_while(|(n, _)| n != "Data").cloned().collect();
    let pairs: Vec<_> = data.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("Data", "a"), ("Data_1", "b"), ("Data_2", ""), ("Data_3", "c"), ("X", "1")]);
    assert!(records[0].1.contains(&("Qualifiers".into(), "16384".into())));
    let channels: Vec<_> = records[1].1.iter().filter(|(n, _)| n.starts_with("Channel")).cloned().collect();
    let pairs: Vec<_> = channels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("Channel", "System"), ("Channel", "Application"), ("Channel_1", "Setup")]);
}

#[test]
fn many_chunks_and_the_evtx_crate_agree() {
    let mut log = EvtxWriter::starting_at(500);
    for number in 0..2000 {
        log.push(&logon(number)).unwrap();
    }
    let bytes = log.finish();
    let (records, troubles, counts) = read(&bytes);
    assert_eq!(troubles, []);
    assert_eq!((counts.framed, counts.given, counts.stale), (2000, 2000, 0));
    assert!(records.iter().map(|r| r.0).eq(500..2500));
    let settings = evtx::ParserSettings::default().num_threads(1).validate_checksums(true);
    let mut parser = evtx::EvtxParser::from_buffer(bytes).unwrap().with_configuration(settings);
    let theirs: Vec<_> = parser.records_json_value().map(Result::unwrap).collect();
    assert_eq!(theirs.len(), 2000);
    for (record, (id, fields)) in theirs.iter().zip(&records) {
        assert_eq!(record.event_record_id, *id);
        let data = record.data["Event"]["EventData"].as_object().unwrap();
        assert_eq!(data.len(), 7);
        for (name, value) in data {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(fields.contains(&(name.clone(), value.clone())), "{name} {value}");
        }
    }
}

#[test]
fn an_event_too_large_leaves_the_log_as_it_was() {
    let mut log = EvtxWriter::new();
    log.push(&logon(0)).unwrap();
    let big = EventSpec::new("P", "C", 1, T, "pc01").data("Script", "x".repeat(40_000));
    assert_eq!(log.push(&big), Err(TooLarge));
    let fits = EventSpec::new("P", "C", 1, T, "pc01").data("Script", "x".repeat(30_000));
    assert_eq!(log.push(&fits), Ok(2));
    assert_eq!(log.push(&fits), Ok(3));
    let (records, troubles, _) = read(&log.finish());
    assert_eq!((records.len(), troubles.len()), (3, 0));
    assert_eq!(records[2].1.last().unwrap().1.len(), 30_000);
}

#[test]
fn an_empty_log_is_no_trouble() {
    let (records, troubles, counts) = read(&EvtxWriter::new().finish());
    assert!(records.is_empty() && troubles.is_empty(), "{troubles:?}");
    assert_eq!(counts, Counts::default());
}
