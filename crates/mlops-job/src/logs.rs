use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::UsageError;

/// Logs to stderr: a line for people on a terminal, a JSON document a line elsewhere.
pub(crate) fn start(filter: &str, bars: MultiProgress) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        UsageError::new(format!(
            "--log-level `{filter}` is not a valid filter ({error}); write `info` or `warn,sqlx=debug`"
        ))
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(AboveBars(bars));
    if io::stderr().is_terminal() {
        lines.with_target(false).init();
    } else {
        lines.json().flatten_event(true).init();
    }
    Ok(())
}

/// Writes whole lines to stderr above the progress bars, which would else be torn.
struct AboveBars(MultiProgress);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { bars: &self.0, text: Vec::new() }
    }
}

struct Line<'a> {
    bars: &'a MultiProgress,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        self.bars.suspend(|| io::stderr().lock().write_all(&text))
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // A log line that stderr does not take has nowhere else to go.
        drop(self.flush());
    }
}
