use std::io::{self, BufRead, BufReader, Cursor, Read};

use bytes::Bytes;

use super::kind::{Kind, START_BYTES};
use super::queue::{Queue, QueueReader, Step};
use super::utf16::Utf16;
use super::zip::{Part, Zip};

/// Decoded bytes come in parts of at most this size.
const PART_BYTES: usize = 64 << 10;

/// Plain bytes come as they arrived, in parts of at most this size.
const PLAIN_PART_BYTES: usize = 256 << 10;

/// The maximum depth of compression; a deeper object was made to do harm.
const MAX_LAYERS: usize = 8;

type Source = Box<dyn BufRead + Send>;

/// Decompresses bytes as they arrive, layer by layer: gzip with any number of members, zstd, bzip2,
/// ZIP with all members, UTF-16.
pub struct Decoder {
    queue: Queue,
    source: Source,
    /// The bytes of the last step.
    given: usize,
}

impl Decoder {
    /// A decoder of an object of any kind.
    pub fn new() -> Self {
        Self::at(0)
    }

    fn at(layer: usize) -> Self {
        let queue = Queue::default();
        let source = Box::new(Layer::new(Box::new(QueueReader::new(queue.clone())), layer));
        Self { queue, source, given: 0 }
    }

    /// Takes the next bytes of the object.
    pub fn feed(&mut self, chunk: Bytes) {
        self.queue.push(chunk);
    }

    /// Ends the object.
    pub fn end(&mut self) {
        self.queue.end();
    }

    /// Gives the next decoded bytes.
    ///
    /// # Errors
    ///
    /// The damage of the object. Everything given before stands before the damage.
    pub fn step(&mut self) -> io::Result<Step<'_>> {
        self.source.consume(std::mem::take(&mut self.given));
        match self.source.fill_buf() {
            Ok([]) => Ok(Step::End),
            Ok(bytes) => {
                self.given = bytes.len().min(PLAIN_PART_BYTES);
                Ok(Step::Bytes(&bytes[..self.given]))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Step::Hungry),
            Err(error) => Err(error),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Decodes all of `bytes` at once.
///
/// # Errors
///
/// The damage, also where they become more than `limit` bytes.
pub(crate) fn decode_all(bytes: Vec<u8>, limit: usize) -> io::Result<Vec<u8>> {
    if Kind::of(&bytes) == Kind::Plain {
        return Ok(bytes);
    }
    let mut decoder = Decoder::new();
    decoder.feed(bytes.into());
    decoder.end();
    let mut decoded = Vec::new();
    while let Step::Bytes(part) = decoder.step()? {
        if decoded.len() + part.len() > limit {
            let message = format!("it has more than {limit} bytes when it is decompressed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        decoded.extend_from_slice(part);
    }
    Ok(decoded)
}

/// Decodes what its first bytes say, and then what comes out of that.
struct Layer {
    number: usize,
    state: State,
}

enum State {
    /// The first bytes, and where the others come from.
    Unknown(Vec<u8>, Source),
    Known(Source),
}

impl Layer {
    fn new(source: Source, number: usize) -> Self {
        Self { number, state: State::Unknown(Vec::new(), source) }
    }

    fn begin(&self, start: Vec<u8>, rest: Source) -> io::Result<Source> {
        let kind = Kind::of(&start);
        let source: Source = Box::new(Cursor::new(start).chain(rest));
        let decoded: Source = match kind {
            Kind::Plain => return Ok(source),
            _ if self.number == MAX_LAYERS => {
                let message = format!("it is compressed more than {MAX_LAYERS} times");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            Kind::Utf16 { is_big_endian } => {
                return Ok(buffered(Utf16::new(source, is_big_endian)));
            }
            Kind::Gzip => buffered(flate2::bufread::MultiGzDecoder::new(source)),
            Kind::Zstd => buffered(zstd::stream::read::Decoder::with_buffer(source)?),
            Kind::Bzip2 => buffered(bzip2::bufread::MultiBzDecoder::new(source)),
            Kind::Zip => return Ok(buffered(Members::new(source, self.number + 1))),
        };
        Ok(Box::new(Self::new(decoded, self.number + 1)))
    }
}

fn buffered(reader: impl Read + Send + 'static) -> Source {
    Box::new(BufReader::with_capacity(PART_BYTES, reader))
}

impl BufRead for Layer {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let State::Unknown(start, source) = &mut self.state {
            loop {
                let available = source.fill_buf()?;
                let taken = available.len().min(START_BYTES - start.len());
                start.extend_from_slice(&available[..taken]);
                source.consume(taken);
                if taken == 0 || start.len() == START_BYTES {
                    break;
                }
            }
            let nothing: Source = Box::new(io::empty());
            let (start, source) = (std::mem::take(start), std::mem::replace(source, nothing));
            self.state = State::Known(self.begin(start, source)?);
        }
        match &mut self.state {
            State::Known(source) => source.fill_buf(),
            State::Unknown(..) => Ok(&[]),
        }
    }

    fn consume(&mut self, bytes: usize) {
        if let State::Known(source) = &mut self.state {
            source.consume(bytes);
        }
    }
}

impl Read for Layer {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

/// The members of a ZIP archive one after another, each decoded by itself.
struct Members {
    zip: Zip<Source>,
    layer: usize,
    member: Option<Decoder>,
}

impl Members {
    fn new(source: Source, layer: usize) -> Self {
        Self { zip: Zip::new(source), layer, member: None }
    }
}

impl Read for Members {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(member) = &mut self.member {
                match member.step()? {
                    Step::Bytes(bytes) => {
                        let given = bytes.len().min(into.len());
                        into[..given].copy_from_slice(&bytes[..given]);
                        member.given = given;
                        return Ok(given);
                    }
                    Step::Hungry => {}
                    Step::End => {
                        // The last line of a member may have no end.
                        self.member = None;
                        into[0] = b'\n';
                        return Ok(1);
                    }
                }
            }
            match (self.zip.next()?, &mut self.member) {
                (Part::Begin, member) => *member = Some(Decoder::at(self.layer)),
                (Part::Bytes(bytes), Some(member)) => member.feed(bytes),
                (Part::EndOfMember, Some(member)) => member.end(),
                (Part::End, _) => return Ok(0),
                (Part::Bytes(_) | Part::EndOfMember, None) => {}
            }
        }
    }
}
