use std::io::{self, BufRead, Read};

/// Reads UTF-16 as UTF-8.
pub(super) struct Utf16<R> {
    source: R,
    is_big_endian: bool,
    /// A byte without its other half.
    half: Option<u8>,
    /// A high surrogate without its low one.
    high: Option<u16>,
    /// The UTF-8 that did not fit.
    rest: Vec<u8>,
}

impl<R: BufRead> Utf16<R> {
    pub(super) fn new(source: R, is_big_endian: bool) -> Self {
        Self { source, is_big_endian, half: None, high: None, rest: Vec::new() }
    }

    fn push(&mut self, unit: u16) {
        let units = self.high.take().into_iter().chain([unit]);
        for character in char::decode_utf16(units) {
            let character = match character {
                Ok(character) => character,
                Err(error) => match error.unpaired_surrogate() {
                    high @ 0xD800..0xDC00 if high == unit => {
                        self.high = Some(high);
                        continue;
                    }
                    _ => char::REPLACEMENT_CHARACTER,
                },
            };
            self.rest.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                if self.half.take().is_some() || self.high.take().is_some() {
                    let message = "the UTF-16 text ends in the middle of a character";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                }
                return Ok(0);
            }
            let part: Vec<u8> = available[..available.len().min(into.len().max(1))].to_vec();
            self.source.consume(part.len());
            for byte in part {
                let Some(first) = self.half.take() else {
                    self.half = Some(byte);
                    continue;
                };
                let pair = [first, byte];
                self.push(match self.is_big_endian {
                    true => u16::from_be_bytes(pair),
                    false => u16::from_le_bytes(pair),
                });
            }
        }
        let read = self.rest.as_slice().read(into)?;
        self.rest.drain(..read);
        Ok(read)
    }
}
