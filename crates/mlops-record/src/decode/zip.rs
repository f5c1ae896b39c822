use std::io::{self, BufRead};

use bytes::Bytes;
use flate2::{Crc, Decompress, FlushDecompress, Status};

/// Members come out in parts of this size.
const PART_BYTES: usize = 64 << 10;

const MEMBER: u32 = 0x0403_4B50;
const DESCRIPTOR: u32 = 0x0807_4B50;
const HEADER_BYTES: usize = 30;

/// The next part of a ZIP archive.
pub(super) enum Part {
    /// The beginning of a member that is wanted.
    Begin,
    Bytes(Bytes),
    EndOfMember,
    End,
}

/// Reads the members of a ZIP archive from its beginning, without its directory.
pub(super) struct Zip<R> {
    source: Unread<R>,
    /// The bytes of a header so far.
    header: Vec<u8>,
    state: State,
}

enum State {
    Header,
    Body(Body),
    Descriptor(Body),
    End,
}

struct Body {
    inflate: Option<Decompress>,
    /// The size of a member that is not compressed; `None` where it stands only behind the member.
    size: Option<u64>,
    /// The bytes of such a member that were read.
    read: u64,
    crc: Crc,
    expected_crc: u32,
    has_descriptor: bool,
    has_long_sizes: bool,
    /// A folder, or what an operating system puts beside the files.
    is_unwanted: bool,
}

impl<R: BufRead> Zip<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source: Unread { front: Bytes::new(), source },
            header: Vec::new(),
            state: State::Header,
        }
    }

    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] where more must arrive first; others for a damaged archive.
    pub(super) fn next(&mut self) -> io::Result<Part> {
        loop {
            match std::mem::replace(&mut self.state, State::End) {
                State::End => {
                    self.pass_over_directory()?;
                    return Ok(Part::End);
                }
                State::Header => match self.begin() {
                    Ok(Some(body)) => {
                        let is_unwanted = body.is_unwanted;
                        self.state = State::Body(body);
                        if !is_unwanted {
                            return Ok(Part::Begin);
                        }
                    }
                    Ok(None) => {}
                    Err(error) => {
                        self.state = State::Header;
                        return Err(error);
                    }
                },
                State::Body(mut body) => match self.part(&mut body) {
                    Ok(Some(bytes)) => {
                        let is_unwanted = body.is_unwanted;
                        self.state = State::Body(body);
                        if !is_unwanted {
                            return Ok(Part::Bytes(bytes));
                        }
                    }
                    Ok(None) => self.state = State::Descriptor(body),
                    Err(error) => {
                        self.state = State::Body(body);
                        return Err(error);
                    }
                },
                State::Descriptor(body) => {
                    if let Err(error) = self.check(&body) {
                        self.state = State::Descriptor(body);
                        return Err(error);
                    }
                    self.header.clear();
                    self.state = State::Header;
                    if !body.is_unwanted {
                        return Ok(Part::EndOfMember);
                    }
                }
            }
        }
    }

    /// Reads the header until it has this many bytes.
    fn fill_header(&mut self, bytes: usize) -> io::Result<()> {
        while self.header.len() < bytes {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = available.len().min(bytes - self.header.len());
            self.header.extend_from_slice(&available[..taken]);
            self.source.consume(taken);
        }
        Ok(())
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.header[at], self.header[at + 1]])
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from(self.u16(at)) | u32::from(self.u16(at + 2)) << 16
    }

    /// Begins a member; `None` after the last one.
    fn begin(&mut self) -> io::Result<Option<Body>> {
        self.fill_header(4)?;
        if self.u32(0) != MEMBER {
            return match &self.header[..2] {
                b"PK" => Ok(None),
                _ => Err(damaged("no member where one should begin")),
            };
        }
        self.fill_header(HEADER_BYTES)?;
        let (flags, method) = (self.u16(6), self.u16(8));
        let name_bytes = usize::from(self.u16(26));
        let extra_at = HEADER_BYTES + name_bytes;
        self.fill_header(extra_at + usize::from(self.u16(28)))?;
        let name = String::from_utf8_lossy(&self.header[HEADER_BYTES..extra_at]).into_owned();
        let file = name.rsplit('/').next().unwrap_or_default();
        let (has_long_sizes, long_size) = self.long_size(extra_at);
        let size = match self.u32(18) {
            u32::MAX => long_size.unwrap_or(u64::from(u32::MAX)),
            size => u64::from(size),
        };
        let has_descriptor = flags & 8 != 0;
        if flags & 1 != 0 {
            return Err(damaged("it is encrypted"));
        }
        let is_size_behind = has_descriptor && size == 0 && !name.ends_with('/');
        let inflate = match method {
            0 => None,
            8 => Some(Decompress::new(false)),
            _ => return Err(damaged("a member is compressed by another method than deflate")),
        };
        Ok(Some(Body {
            inflate,
            size: (!is_size_behind).then_some(size),
            read: 0,
            crc: Crc::new(),
            expected_crc: self.u32(14),
            has_descriptor,
            has_long_sizes,
            is_unwanted: file.is_empty()
                || file.starts_with("._")
                || file == ".DS_Store"
                || name.starts_with("__MACOSX/"),
        }))
    }

    /// Whether the member has sizes of 64 bits, and the compressed one if it stands there.
    fn long_size(&self, extra_at: usize) -> (bool, Option<u64>) {
        let mut extra = &self.header[extra_at..];
        while let [id0, id1, len0, len1, rest @ ..] = extra {
            let length = usize::from(u16::from_le_bytes([*len0, *len1])).min(rest.len());
            if u16::from_le_bytes([*id0, *id1]) == 1 {
                let size = rest[..length].get(8..16).and_then(|size| size.try_into().ok());
                return (true, size.map(u64::from_le_bytes));
            }
            extra = &rest[length..];
        }
        (false, None)
    }

    /// The next bytes of a member; `None` at its end.
    fn part(&mut self, body: &mut Body) -> io::Result<Option<Bytes>> {
        let Some(inflate) = &mut body.inflate else {
            let part = match body.size {
                Some(size) => self.source.at_most(size - body.read)?,
                None => self.before_descriptor(body)?,
            };
            body.read += part.len() as u64;
            body.crc.update(&part);
            return Ok((!part.is_empty()).then_some(part));
        };
        let mut part = vec![0; PART_BYTES];
        loop {
            let available = self.source.fill_buf()?;
            let is_ended = available.is_empty();
            let (read, written) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(available, &mut part, FlushDecompress::None);
            let status = status.map_err(|error| damaged(&error.to_string()))?;
            let (read, written) = (inflate.total_in() - read, inflate.total_out() - written);
            self.source.consume(read as usize);
            if written > 0 {
                part.truncate(written as usize);
                body.crc.update(&part);
                return Ok(Some(part.into()));
            }
            if status == Status::StreamEnd {
                return Ok(None);
            }
            if is_ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// The next bytes of a stored member whose size stands behind it; none at its end. A descriptor
    /// is one if its checksum and its size are those of the bytes before.
    fn before_descriptor(&mut self, body: &Body) -> io::Result<Bytes> {
        let signature = DESCRIPTOR.to_le_bytes();
        // The header of the member is no longer needed.
        if self.header.len() >= HEADER_BYTES {
            self.header.clear();
        }
        if self.header.is_empty() {
            let available = self.source.fill_buf()?;
            let found = memchr::memmem::find(available, &signature);
            let begun = (1..4).rev().find(|&length| available.ends_with(&signature[..length]));
            let before = found.unwrap_or(available.len() - begun.unwrap_or(0));
            if before > 0 {
                return self.source.at_most(before as u64);
            }
        }
        self.fill_header(4).map_err(without_end)?;
        if self.header[..4] == signature {
            let size_bytes = if body.has_long_sizes { 8 } else { 4 };
            self.fill_header(8 + 2 * size_bytes).map_err(without_end)?;
            let size = self.header[8 + size_bytes..].iter().rev();
            let size = size.fold(0, |size, &byte| size << 8 | u64::from(byte));
            if self.u32(4) == body.crc.sum() && size == body.read {
                return Ok(Bytes::new());
            }
        }
        let mut passed = Bytes::from(std::mem::take(&mut self.header));
        self.source.unread(passed.split_off(1));
        Ok(passed)
    }

    /// Compares the checksum at the end of a member.
    fn check(&mut self, body: &Body) -> io::Result<()> {
        let mut expected = body.expected_crc;
        if body.has_descriptor {
            // The header of the member is no longer needed.
            if self.header.len() >= HEADER_BYTES {
                self.header.clear();
            }
            self.fill_header(4)?;
            let crc_at = if self.u32(0) == DESCRIPTOR { 4 } else { 0 };
            let sizes = if body.has_long_sizes { 16 } else { 8 };
            self.fill_header(crc_at + 4 + sizes)?;
            expected = self.u32(crc_at);
        }
        match body.crc.sum() == expected {
            true => Ok(()),
            false => Err(damaged("a checksum is wrong")),
        }
    }

    fn pass_over_directory(&mut self) -> io::Result<()> {
        loop {
            let bytes = self.source.fill_buf()?.len();
            if bytes == 0 {
                return Ok(());
            }
            self.source.consume(bytes);
        }
    }
}

/// A reader that takes bytes back.
struct Unread<R> {
    front: Bytes,
    source: R,
}

impl<R: BufRead> Unread<R> {
    /// Takes back the last bytes that were read.
    fn unread(&mut self, bytes: Bytes) {
        self.front = match self.front.is_empty() {
            true => bytes,
            false => [bytes, std::mem::take(&mut self.front)].concat().into(),
        };
    }

    /// Reads some of the next bytes; none only where `most` is 0.
    fn at_most(&mut self, most: u64) -> io::Result<Bytes> {
        if most == 0 {
            return Ok(Bytes::new());
        }
        let available = self.fill_buf()?;
        if available.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(PART_BYTES);
        let part = Bytes::copy_from_slice(&available[..available.len().min(most)]);
        self.consume(part.len());
        Ok(part)
    }

    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.front.is_empty() { self.source.fill_buf() } else { Ok(&self.front) }
    }

    fn consume(&mut self, bytes: usize) {
        match self.front.is_empty() {
            true => self.source.consume(bytes),
            false => drop(self.front.split_to(bytes)),
        }
    }
}

/// The error of a stored member whose descriptor is missing, or has another form.
fn without_end(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(
            "a member is stored without its size, and its end is not marked; zip it with deflate, or into a file",
        ),
        _ => error,
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the ZIP archive cannot be read: {what}"))
}
