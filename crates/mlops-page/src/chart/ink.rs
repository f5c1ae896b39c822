use plotters::prelude::*;

/// Pictures are drawn larger by this, since plotters has no halves of a pixel.
pub(super) const SCALE: u32 = 2;

/// The colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The present, the model, production.
    New,
    /// The reference.
    Old,
    /// Another one beside the two.
    Other,
    /// Good.
    Good,
    /// Inconclusive.
    Warn,
    /// Bad.
    Bad,
    /// Letters of the second rank.
    Muted,
    /// Thin lines.
    Line,
    /// Letters of the first rank.
    Strong,
    /// The paper.
    Back,
}

impl Ink {
    pub(super) const ALL: [(Self, &str); 10] = [
        (Self::New, "new"),
        (Self::Old, "old"),
        (Self::Other, "other"),
        (Self::Good, "good"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Muted, "muted"),
        (Self::Line, "line"),
        (Self::Back, "back"),
        (Self::Strong, "text"),
    ];

    /// The colour as CSS has it.
    pub fn css(self) -> &'static str {
        match self {
            Self::New => "var(--new)",
            Self::Old => "var(--old)",
            Self::Other => "var(--other)",
            Self::Good => "var(--good)",
            Self::Warn => "var(--warn)",
            Self::Bad => "var(--bad)",
            Self::Muted => "var(--muted)",
            Self::Line => "var(--line)",
            Self::Back => "var(--back)",
            Self::Strong => "var(--text)",
        }
    }

    /// The number that stands for it while plotters draws.
    pub(super) fn number(self) -> RGBColor {
        RGBColor(1, 2, 0x10 + self as u8)
    }

    pub(super) fn stroke(self, width: u32) -> ShapeStyle {
        self.number().stroke_width(width * SCALE / 2)
    }
}
