//! Files of ESXi and the vCenter appliance that run by themselves: rc.local.d, init.d, crontab, rc.local.

use konseki_model::{Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::{Input, Reading, Source, esx_list};

pub struct Autostart;
pub static SOURCE: Autostart = Autostart;

const PLACES: &[&str] = &["etc/rc.local.d/", "etc/init.d/", "var/spool/cron/crontabs/", "etc/cron.d/", "etc/rc.d/"];
const FILES: &[&str] = &["etc/rc.local", "etc/crontab", "etc/sysconfig/init", "etc/rc.d/rc.local"];

fn device_path(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    for place in PLACES {
        if let Some((_, tail)) = path.rsplit_once(place) {
            return Some(format!("/{place}{tail}"));
        }
    }
    FILES.iter().find(|file| path.ends_with(&format!("/{file}")) || path == **file).map(|file| format!("/{file}"))
}

impl Source for Autostart {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        device_path(piece.path).is_some() && konseki_formats::text::looks_like_text(piece.head) && !piece.head.contains(&0)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = esx_list::whole(input, sink) else { return };
        let rows = esx_list::rows(&bytes);
        let file = device_path(reading.piece.path).unwrap_or_default();
        let mut scratch = Scratch::default();
        let mut events = 0;
        for row in &rows {
            let command = row.text.trim();
            if command.is_empty() || command.starts_with('#') {
                continue;
            }
            let vmx = command.split_whitespace().find(|word| word.ends_with(".vmx")).filter(|_| starts_vmx(command)).unwrap_or_default();
            let name = vmx.rsplit('/').next().unwrap_or(vmx).trim_end_matches(".vmx");
            let number = row.number.to_string();
            let fields = [
                Field::new("file", &file),
                Field::new("line", &number),
                Field::new("command", command),
                Field::new("vmx", vmx),
                Field::new("name", name),
            ];
            esx_list::push(reading, sink, &mut scratch, row.number, row.bytes, &fields);
            events += 1;
        }
        sink.records(esx_list::account(&rows, events, 0));
    }
}

fn starts_vmx(command: &str) -> bool {
    command.split_whitespace().any(|word| word == "vmx" || word.ends_with("/vmx"))
}
