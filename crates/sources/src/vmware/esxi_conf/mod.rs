//! `/etc/vmware/esx.conf`: settings of a host, one `/key = "value"` a line.

use konseki_model::{Event, Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Conf;
pub static SOURCE: Conf = Conf;

fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" = ")?;
    (key.starts_with('/') && !key.contains(' ')).then(|| (key, value.trim().trim_matches('"')))
}

impl Source for Conf {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(8192)).unwrap_or_default());
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
        let fits = lines.iter().filter(|line| pair(line).is_some()).count();
        fits > 0 && fits * 10 >= lines.len() * 9 && text.contains(" = \"")
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some((key, value)) = pair(line.text) else { return Verdict::Rejected };
            if key == "/adv/Misc/HostName" && !value.starts_with("localhost") {
                sink.host(value);
            }
            let fields = [Field::new("key", key), Field::new("value", value)];
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = host::or_hint("", reading);
            sink.event(&Event { at: line.at(), time: None, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
    }
}
