use std::io::{self, Write};

const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// Compressed bytes are taken in steps of this size, so that a step of a thousandfold compression is 4 MiB.
const STEP_BYTES: usize = 4 << 10;

/// Decompresses bytes as they arrive.
pub(crate) enum Decoder {
    Unknown(Vec<u8>),
    Plain,
    Gzip(flate2::write::MultiGzDecoder<Vec<u8>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self::Unknown(Vec::new())
    }

    /// Gives the plain bytes of `chunk` to `take`, a part at a time.
    pub(crate) fn push(&mut self, chunk: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        if let Self::Unknown(start) = self {
            start.extend_from_slice(chunk);
            if start.len() < ZSTD_MAGIC.len() {
                return Ok(());
            }
            let start = std::mem::take(start);
            *self = Self::by_magic(&start)?;
            return self.decode(&start, &mut take);
        }
        self.decode(chunk, &mut take)
    }

    /// Ends the input.
    pub(crate) fn finish(self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            // Too short to be compressed.
            Self::Unknown(start) => take(&start),
            Self::Plain => {}
            Self::Gzip(mut decoder) => {
                decoder.try_finish()?;
                take(decoder.get_ref());
            }
            Self::Zstd(decoder) => take(&decoder.finish()?),
        }
        Ok(())
    }

    fn by_magic(start: &[u8]) -> io::Result<Self> {
        Ok(if start.starts_with(GZIP_MAGIC) {
            Self::Gzip(flate2::write::MultiGzDecoder::new(Vec::new()))
        } else if start.starts_with(ZSTD_MAGIC) {
            Self::Zstd(zstd::stream::write::Decoder::new(Vec::new())?)
        } else {
            Self::Plain
        })
    }

    fn decode(&mut self, chunk: &[u8], take: &mut impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::Unknown(_) => {}
            Self::Plain => take(chunk),
            Self::Gzip(decoder) => {
                for step in chunk.chunks(STEP_BYTES) {
                    let written = decoder.write_all(step);
                    take(&std::mem::take(decoder.get_mut()));
                    written?;
                }
            }
            Self::Zstd(decoder) => {
                for step in chunk.chunks(STEP_BYTES) {
                    let written = decoder.write_all(step);
                    take(&std::mem::take(decoder.get_mut()));
                    written?;
                }
            }
        }
        Ok(())
    }
}
