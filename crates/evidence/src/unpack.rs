//! Compressed streams one behind the other, as `cat a.gz b.gz` makes them: gzip, bzip2, xz, zstd.

use std::io::{self, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use konseki_model::ProblemKind;
use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::buffered::Buffered;
use crate::entry::ContainerKind;
use crate::notes::Notes;

enum Decoder<R: Read> {
    Gzip(Box<GzDecoder<Buffered<R>>>),
    Bzip2(BzDecoder<Buffered<R>>),
    Xz(XzDecoder<Buffered<R>>),
    Zstd(Box<ZstdDecoder<'static, Buffered<R>>>),
}

impl<R: Read> Decoder<R> {
    /// `memory`: largest dictionary in bytes.
    fn start(kind: ContainerKind, reader: Buffered<R>, memory: u64) -> io::Result<Self> {
        Ok(match kind {
            ContainerKind::Gzip => Self::Gzip(Box::new(GzDecoder::new(reader))),
            ContainerKind::Bzip2 => Self::Bzip2(BzDecoder::new(reader)),
            ContainerKind::Xz => {
                let stream = Stream::new_stream_decoder(memory, 0)?;
                Self::Xz(XzDecoder::new_stream(reader, stream))
            }
            ContainerKind::Zstd => {
                let mut decoder = ZstdDecoder::with_buffer(reader)?.single_frame();
                // 10 and 31 are the ends of what zstd knows.
                decoder.window_log_max(memory.max(1).ilog2().clamp(10, 31))?;
                Self::Zstd(Box::new(decoder))
            }
            _ => return Err(io::ErrorKind::Unsupported.into()),
        })
    }

    fn into_inner(self) -> Buffered<R> {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buf),
            Self::Bzip2(decoder) => decoder.read(buf),
            Self::Xz(decoder) => decoder.read(buf),
            Self::Zstd(decoder) => decoder.read(buf),
        }
    }
}

enum State<R: Read> {
    Between(Buffered<R>),
    Decoding(Decoder<R>),
    Done(Buffered<R>),
    Lost,
}

/// Reads all streams as one. An error ends it; a wrong checksum alone is noted and the next stream read.
pub(crate) struct Unpack<R: Read> {
    kind: ContainerKind,
    memory: u64,
    state: State<R>,
    notes: Notes,
    /// Streams read to their end.
    pub streams: u64,
    /// Zero bytes between and behind streams.
    pub padding: u64,
    /// Something that is no such stream follows.
    pub trailing: bool,
}

impl<R: Read> Unpack<R> {
    pub fn new(kind: ContainerKind, reader: Buffered<R>, memory: u64, notes: Notes) -> Self {
        let state = State::Between(reader);
        Self { kind, memory, state, notes, streams: 0, padding: 0, trailing: false }
    }

    /// What was not decoded.
    pub fn rest(self) -> Option<Buffered<R>> {
        match self.state {
            State::Between(reader) | State::Done(reader) => Some(reader),
            State::Decoding(decoder) => Some(decoder.into_inner()),
            State::Lost => None,
        }
    }

    fn next_stream(&mut self, mut reader: Buffered<R>) -> io::Result<State<R>> {
        if self.streams > 0 {
            self.padding += reader.skip_zeros();
        }
        let ahead = reader.peek(8);
        if ahead.is_empty() {
            return Ok(State::Done(reader));
        }
        if self.streams > 0 && !follows(self.kind, ahead) {
            self.trailing = true;
            return Ok(State::Done(reader));
        }
        Ok(State::Decoding(Decoder::start(self.kind, reader, self.memory)?))
    }
}

fn follows(kind: ContainerKind, ahead: &[u8]) -> bool {
    match kind {
        ContainerKind::Gzip => matches!(ahead, [0x1f, 0x8b, 8, ..]),
        ContainerKind::Bzip2 => matches!(ahead, [b'B', b'Z', b'h', b'1'..=b'9', ..]),
        ContainerKind::Xz => matches!(ahead, [0xfd, b'7', b'z', b'X', b'Z', 0, ..]),
        // Frames and skippable frames.
        ContainerKind::Zstd => {
            matches!(ahead, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
        }
        _ => false,
    }
}

impl<R: Read> Read for Unpack<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(&mut self.state, State::Lost) {
                State::Lost => return Ok(0),
                State::Done(reader) => {
                    self.state = State::Done(reader);
                    return Ok(0);
                }
                State::Between(reader) => self.state = self.next_stream(reader)?,
                State::Decoding(mut decoder) => match decoder.read(buf) {
                    Ok(0) => {
                        self.streams += 1;
                        self.state = State::Between(decoder.into_inner());
                    }
                    Ok(n) => {
                        self.state = State::Decoding(decoder);
                        return Ok(n);
                    }
                    // flate2 reports it after the trailer was read: the next stream can follow.
                    Err(error) if error.to_string().contains("matching checksum") => {
                        self.streams += 1;
                        let text = "the checksum or length of a gzip stream does not agree; the data are kept";
                        self.notes.add(ProblemKind::Checksum, None, text);
                        self.state = State::Between(decoder.into_inner());
                    }
                    Err(error) => {
                        self.state = State::Done(decoder.into_inner());
                        return Err(error);
                    }
                },
            }
        }
    }
}

/// Whether the first bytes of a stream can be decoded; `head` may be cut anywhere.
pub(crate) fn begins(kind: ContainerKind, head: &[u8]) -> bool {
    let mut unpack = Unpack::new(kind, Buffered::sized(head, head.len() as u64), 1 << 30, Notes::default());
    match unpack.read(&mut [0; 64]) {
        Ok(n) => n > 0 || unpack.streams > 0,
        Err(error) => {
            error.kind() == io::ErrorKind::UnexpectedEof
                // A dictionary larger than ours is a container all the same.
                || error.to_string().contains("emory")
        }
    }
}
