use std::io::{self, Write};

use jiff::Timestamp;

use crate::args::{Compress, LayoutArg};
use crate::request::Request;

/// How requests become objects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) keys: LayoutArg,
    pub(crate) per_object: usize,
    pub(crate) compress: Compress,
}

/// An object to be written.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) body: Vec<u8>,
}

impl Layout {
    /// Whether a request that is logged at `time` goes into another object than one that is logged
    /// at `last`.
    pub(crate) fn parts(&self, last: Timestamp, time: Timestamp) -> bool {
        self.folder(last) != self.folder(time)
    }

    fn folder(&self, time: Timestamp) -> String {
        match self.keys {
            LayoutArg::Hourly => time.strftime("dt=%Y-%m-%d/hh=%H/").to_string(),
            LayoutArg::Flat => String::new(),
        }
    }

    /// The object of `requests` that arrived at `arrival`, named after the first. `suffix` keeps a
    /// second copy apart.
    pub(crate) fn object(
        &self,
        requests: &[Request],
        arrival: Timestamp,
        suffix: &str,
    ) -> io::Result<Object> {
        let first = &requests[0];
        let lines = self.per_object > 1;
        let mut text = Vec::new();
        for request in requests {
            text.extend_from_slice(&request.line);
            if lines {
                text.push(b'\n');
            }
        }
        let extension = if lines { "ndjson" } else { "json" };
        let key = format!("{}{}{suffix}.{extension}", self.folder(arrival), first.uid);
        Ok(match self.compress {
            Compress::None => Object { key, body: text },
            Compress::Gz => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(&text)?;
                Object { key: format!("{key}.gz"), body: encoder.finish()? }
            }
            Compress::Zst => {
                Object { key: format!("{key}.zst"), body: zstd::encode_all(text.as_slice(), 3)? }
            }
        })
    }
}
