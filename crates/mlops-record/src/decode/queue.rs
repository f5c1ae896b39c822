use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// The next step of a decoder.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'d> {
    /// Decoded bytes, a bounded number of them.
    Bytes(&'d [u8]),
    /// Nothing until it is fed.
    Hungry,
    /// Nothing more.
    End,
}

/// Bytes that have arrived and were not read. Reading all of them gives
/// [`io::ErrorKind::WouldBlock`] until more arrive.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue(Arc<Mutex<Arrived>>);

#[derive(Debug, Default)]
struct Arrived {
    chunks: VecDeque<Bytes>,
    is_ended: bool,
}

impl Queue {
    pub(super) fn push(&self, chunk: Bytes) {
        self.lock().chunks.push_back(chunk);
    }

    pub(super) fn end(&self) {
        self.lock().is_ended = true;
    }

    fn lock(&self) -> MutexGuard<'_, Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a queue.
pub(super) struct QueueReader {
    queue: Queue,
    chunk: Bytes,
}

impl QueueReader {
    pub(super) fn new(queue: Queue) -> Self {
        Self { queue, chunk: Bytes::new() }
    }
}

impl BufRead for QueueReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.chunk.is_empty() {
            let mut arrived = self.queue.lock();
            match arrived.chunks.pop_front() {
                Some(chunk) => self.chunk = chunk,
                None if arrived.is_ended => break,
                None => return Err(io::ErrorKind::WouldBlock.into()),
            }
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, bytes: usize) {
        drop(self.chunk.split_to(bytes));
    }
}

impl Read for QueueReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}
