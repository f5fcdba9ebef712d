//! Outputs of several commands of an ESXi host in one text file: each becomes evidence of its own, as if collected alone.

use std::io::{Read, SeekFrom};

use konseki_model::{Piece, Sink};

use crate::esxi::outputs::{self, Marks};
use crate::{Input, Reading, Source, host, sections};

pub struct Outputs;
pub static SOURCE: Outputs = Outputs;

/// Bytes that are searched for the name of the machine.
const LOOK: u64 = 8 << 20;

impl Source for Outputs {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        outputs::is(piece)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut start = Vec::new();
        // What cannot be read here is told by the reading proper.
        let searched = input.seek(SeekFrom::Start(0)).and_then(|_| (&mut *input).take(LOOK).read_to_end(&mut start));
        let named = searched.ok().and_then(|_| outputs::sole_host(&start));
        drop(start);
        let known = host::or_hint("", reading).to_owned();
        let host = if known.is_empty() { named.or_else(|| host::of_list(reading.piece.path)).unwrap_or_default() } else { known };
        if !host.is_empty() {
            sink.host(&host);
        }
        let mut marks = Marks::default();
        sections::read(input, reading, sink, |line| marks.head(line, &host));
    }
}
