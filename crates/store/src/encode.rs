//! Encodes batches of events to Parquet, in place or in a thread of its own: in either case in the order they come.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;

use crate::Error;

/// Batches waiting for the encoder.
const WAITING: usize = 2;
/// Encoded bytes held before they go to the disk.
const HELD: usize = 24 << 20;

type Writer = ArrowWriter<File>;

pub(crate) enum Encoder {
    Here(Box<Writer>),
    /// No thread is left once it has told its error.
    Beside(SyncSender<RecordBatch>, Option<JoinHandle<Result<Writer, Error>>>),
}

impl Encoder {
    /// # Errors
    /// No thread can be had.
    pub fn new(mut writer: Writer, beside: bool) -> io::Result<Self> {
        if !beside {
            return Ok(Self::Here(Box::new(writer)));
        }
        let (send, receive) = sync_channel::<RecordBatch>(WAITING);
        let thread = std::thread::Builder::new().name("encode".to_owned()).spawn(move || {
            for batch in receive {
                encode(&mut writer, &batch)?;
            }
            Ok(writer)
        })?;
        Ok(Self::Beside(send, Some(thread)))
    }

    /// # Errors
    /// The disk is full or the encoder refuses; beside, it may have been an earlier batch.
    pub fn write(&mut self, batch: RecordBatch) -> Result<(), Error> {
        match self {
            Self::Here(writer) => encode(writer, &batch),
            Self::Beside(send, thread) => match send.send(batch) {
                Ok(()) => Ok(()),
                // The thread takes no more only after an error.
                Err(_) => join(thread.take()).map(drop),
            },
        }
    }

    /// All batches encoded.
    ///
    /// # Errors
    /// The first error of any batch.
    pub fn finish(self) -> Result<Writer, Error> {
        match self {
            Self::Here(writer) => Ok(*writer),
            Self::Beside(send, thread) => {
                drop(send);
                join(thread)
            }
        }
    }
}

fn join(thread: Option<JoinHandle<Result<Writer, Error>>>) -> Result<Writer, Error> {
    let stopped = || Error::Query("the encoder of events stopped".to_owned());
    thread.ok_or_else(stopped)?.join().map_err(|_| stopped())?
}

fn encode(writer: &mut Writer, batch: &RecordBatch) -> Result<(), Error> {
    writer.write(batch)?;
    if writer.memory_size() > HELD {
        writer.flush()?;
    }
    Ok(())
}
