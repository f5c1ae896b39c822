use std::io::{self, Write};

const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// At a thousandfold compression this much gives 4 MiB.
const COMPRESSED_STEP_BYTES: usize = 4 << 10;
const PLAIN_STEP_BYTES: usize = 256 << 10;

/// Decompresses bytes as they arrive; what they are shows in the first of them.
pub(crate) enum Decoder {
    Unknown(Vec<u8>),
    Plain,
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self::Unknown(Vec::new())
    }

    /// How many bytes to push at once, so that what comes out has a bound.
    pub(crate) fn step_bytes(&self) -> usize {
        if matches!(self, Self::Plain) { PLAIN_STEP_BYTES } else { COMPRESSED_STEP_BYTES }
    }

    /// Gives the plain bytes that come out of `bytes` to `take`, also where an error follows them.
    pub(crate) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            Self::Unknown(start) => {
                start.extend_from_slice(bytes);
                if start.len() < ZSTD_MAGIC.len() {
                    return Ok(());
                }
                let start = std::mem::take(start);
                *self = Self::by_magic(&start)?;
                self.push(&start, take)
            }
            Self::Plain => {
                take(bytes);
                Ok(())
            }
            Self::Gzip(decoder) => {
                let written = decoder.write_all(bytes);
                take(&std::mem::take(decoder.get_mut()));
                written
            }
            Self::Zstd(decoder) => {
                let written = decoder.write_all(bytes);
                take(&std::mem::take(decoder.get_mut()));
                written
            }
        }
    }

    /// Ends the input.
    pub(crate) fn finish(self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        match self {
            // Too short to be compressed.
            Self::Unknown(start) => take(&start),
            Self::Plain => {}
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                take(decoder.get_ref());
                finished?;
            }
            Self::Zstd(decoder) => take(&decoder.finish()?),
        }
        Ok(())
    }

    fn by_magic(start: &[u8]) -> io::Result<Self> {
        Ok(if start.starts_with(GZIP_MAGIC) {
            Self::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new())))
        } else if start.starts_with(ZSTD_MAGIC) {
            Self::Zstd(zstd::stream::write::Decoder::new(Vec::new())?)
        } else {
            Self::Plain
        })
    }
}
