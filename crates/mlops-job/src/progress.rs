use std::fmt::Write;
use std::io::{IsTerminal, Write as _};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::number;

/// Draws progress bars on a terminal, and nothing elsewhere.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let target =
            if on_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target) }
    }

    pub(crate) fn bars(&self) -> MultiProgress {
        self.bars.clone()
    }

    /// Shows a line above the bars; `false` without a terminal.
    pub fn say(&self, line: &str) -> bool {
        // Written by ourselves: the bars would fill each line up to the terminal's width, which
        // spoils what is copied.
        !self.bars.is_hidden()
            && self.bars.suspend(|| writeln!(std::io::stderr().lock(), "{line}")).is_ok()
    }

    /// A bar over `total` of `what`, or a counter where the total is not known.
    pub fn start(&self, what: &'static str, total: Option<u64>) -> ProgressBar {
        let template = match total {
            Some(_) => "{msg} {wide_bar} {human_pos}/{human_len} ({rate}, {eta} left)",
            None => "{spinner} {human_pos} {msg} ({rate}, {elapsed})",
        };
        let style = ProgressStyle::with_template(template).expect("the template is written above");
        let style = style.with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
            // A terminal that takes no text shows no rate.
            let _shown = write!(text, "{}/s", number(state.per_sec() as u64));
        });
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let bar = self.bars.add(bar.with_style(style).with_message(what));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}
