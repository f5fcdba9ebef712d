//! Speed of the EVTX reader on the files given, beside the `evtx` crate: `evtx_speed [--theirs] [--times N] FILE…`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use konseki_formats::evtx::{Chunks, Counts, Decoder};

fn ours(bytes: &[u8]) -> (Counts, u64, u64) {
    let mut counts = Counts::default();
    let (mut fields, mut text) = (0u64, 0u64);
    let mut chunks = Chunks::new(bytes);
    let mut decoder = Decoder::new();
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        let got = decoder.chunk(
            &chunk,
            &mut |record| {
                for (name, value) in record.fields() {
                    fields += 1;
                    text += (name.len() + value.len()) as u64;
                }
            },
            &mut |_| {},
        );
        counts.add(&got);
    }
    (counts, fields, text)
}

fn theirs(bytes: &[u8]) -> u64 {
    let settings = evtx::ParserSettings::default().num_threads(1);
    let Ok(parser) = evtx::EvtxParser::from_buffer(bytes.to_vec()) else { return 0 };
    let mut parser = parser.with_configuration(settings);
    parser.records_json_value().filter(Result::is_ok).count() as u64
}

fn main() {
    let mut times = 3;
    let mut with_theirs = false;
    let mut files = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--theirs" => with_theirs = true,
            "--times" => times = arguments.next().unwrap().parse().unwrap(),
            path => files.push(std::fs::read(path).unwrap()),
        }
    }
    let size: usize = files.iter().map(Vec::len).sum();
    let mib = size as f64 / f64::from(1 << 20);
    println!("{} files, {mib:.1} MiB", files.len());
    for _ in 0..times {
        let start = Instant::now();
        let mut counts = Counts::default();
        let (mut fields, mut text) = (0, 0);
        for file in &files {
            let (c, f, t) = ours(file);
            counts.add(&c);
            fields += f;
            text += t;
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "ours: {:.1} MiB/s, {:.0} records/s, {:.2} us/record, {fields} fields, {text} bytes, {counts:?}",
            mib / seconds,
            counts.given as f64 / seconds,
            seconds * 1e6 / counts.given as f64
        );
        if with_theirs {
            let start = Instant::now();
            let records: u64 = files.iter().map(|file| theirs(file)).sum();
            let seconds = start.elapsed().as_secs_f64();
            println!("evtx to JSON values: {:.1} MiB/s, {:.0} records/s", mib / seconds, records as f64 / seconds);
        }
    }
}
