//! Windows event logs (`.evtx`): chunks by their magic, records by their frames, fields by compiled templates.
//!
//! Format: MS-EVEN6 2.2.12 (BinXML) and the libevtx documentation. A record is an instance of a template: the
//! template is compiled once per chunk into a list of named fields, and a record then costs its values only.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use konseki_formats::evtx::{Chunks, Decoder};
//! let mut chunks = Chunks::new(std::io::empty());
//! let mut decoder = Decoder::new();
//! while let Some(chunk) = chunks.next_chunk()? {
//!     decoder.chunk(&chunk, &mut |record| drop(record.fields()), &mut |trouble| drop(trouble));
//! }
//! # Ok(()) }
//! ```

mod bytes;
mod chunks;
mod compile;
mod decode;
mod exec;
mod frame;
mod names;
mod program;
mod stream;
mod text;
mod trouble;
mod value;
pub mod write;

pub use chunks::{Chunk, Chunks, FileHeader};
pub use decode::{Counts, Decoder, RecordView};
pub use frame::CHUNK;
pub use names::Known;
pub use trouble::{Broken, Trouble, TroubleKind};
