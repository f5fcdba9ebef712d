//! `.vmx`: the definition of a virtual machine on a datastore: name, identity, network cards.

use konseki_model::{Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::{Input, Reading, Source, esx_list};

pub struct Vmx;
pub static SOURCE: Vmx = Vmx;

impl Source for Vmx {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(16_384)).unwrap_or_default());
        let named = piece.name().to_ascii_lowercase().ends_with(".vmx");
        let keys = ["virtualHW.version", "config.version", "displayName", "uuid.bios"];
        let found = keys.iter().filter(|key| text.lines().any(|line| line.starts_with(**key))).count();
        found >= 2 && (named || text.starts_with(".encoding")) && text.contains(" = \"")
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = esx_list::whole(input, sink) else { return };
        let rows = esx_list::rows(&bytes);
        let pairs: Vec<(u64, &str, &str)> = rows
            .iter()
            .filter_map(|row| {
                let (key, value) = row.text.split_once('=')?;
                Some((row.number, key.trim(), value.trim().trim_matches('"')))
            })
            .collect();
        let value = |key: &str| pairs.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(key)).map_or("", |(_, _, value)| value);
        let uuid = esx_list::uuid(value("uuid.bios"));
        let path = datastore_path(reading.piece.path);
        let mut nets: Vec<&str> = Vec::new();
        for (_, key, name) in &pairs {
            let present = key.to_ascii_lowercase();
            if present.starts_with("ethernet") && present.ends_with(".networkname") && !name.is_empty() {
                nets.push(name);
            }
        }
        let networks = nets.join("|");
        let name = value("displayName");
        let name = if name.is_empty() { path.rsplit('/').next().unwrap_or_default().trim_end_matches(".vmx") } else { name };
        let fields = [
            Field::new("list", "on-disk"),
            Field::new("name", name),
            Field::new("uuid", &uuid),
            Field::new("vmx", &path),
            Field::new("networks", &networks),
            Field::new("guest", value("guestOS")),
            Field::new("logging", value("logging")),
            Field::new("template", if reading.piece.name().ends_with(".vmtx") { "true" } else { "" }),
        ];
        let place = rows.iter().find(|row| row.text.starts_with("displayName")).or(rows.first());
        let mut scratch = Scratch::default();
        if let Some(row) = place {
            esx_list::push(reading, sink, &mut scratch, row.number, row.bytes, &fields);
        }
        sink.records(esx_list::account(&rows, u64::from(place.is_some()), 0));
    }
}

/// `…/vmfs/volumes/VOLUME/FOLDER/FILE.vmx` from the piece's path; the path itself where it has no volume.
fn datastore_path(path: &str) -> String {
    let path = path.replace('\\', "/");
    path.find("vmfs/volumes/").and_then(|at| path.get(at..)).map_or_else(|| path.clone(), |tail| format!("/{tail}"))
}
