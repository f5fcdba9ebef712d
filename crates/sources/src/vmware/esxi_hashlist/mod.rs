//! Lists of hashes of the host's programs: `md5sum`, `sha256sum` over /bin, /lib, /sbin.

use konseki_model::{Event, Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Hashes;
pub static SOURCE: Hashes = Hashes;

/// Hash and path of `0f3a…  /bin/vmx` or `0f3a… */bin/vmx`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (hash, rest) = line.split_once(' ')?;
    let path = rest.trim_start_matches(' ').trim_start_matches('*');
    let whole = matches!(hash.len(), 32 | 40 | 64) && hash.bytes().all(|b| b.is_ascii_hexdigit());
    (whole && (path.starts_with('/') || path.starts_with("./"))).then_some((hash, path))
}

impl Source for Hashes {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(8192)).unwrap_or_default());
        let cut = piece.head.len() > 8192;
        let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
        if cut && lines.len() > 1 {
            lines.pop();
        }
        let fits = lines.iter().filter(|line| pair(line.trim_end()).is_some()).count();
        fits > 0 && fits * 10 >= lines.len() * 8
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some((hash, path)) = pair(line.text) else { return Verdict::Rejected };
            let kind = match hash.len() {
                32 => "md5",
                40 => "sha1",
                _ => "sha256",
            };
            let fields = [Field::new("path", path), Field::new(kind, hash), Field::new("hash", hash)];
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = host::or_hint("", reading);
            sink.event(&Event { at: line.at(), time: None, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
    }
}
