//! The nodes of trees, and what they ask.

use super::bins::MISSING_BIN;

/// The bit of [`Node::input`] that tells a question about levels.
pub(super) const ASKS_SET: u16 = 1 << 15;

/// A node: a question, or an answer.
///
/// The children of a question stand side by side. A leaf is its own left child and asks what
/// everything answers with left, so that a row that has arrived may go on walking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// Index of the left child. The right child is the next node.
    pub(crate) left: u32,
    /// The input that is asked about, and [`ASKS_SET`].
    pub(crate) input: u16,
    /// Up to this bin a row goes left, after `shift` was added; of a question about levels, up to
    /// this rank, see [`Ranks`](super::ranks::Ranks).
    pub(crate) split: u8,
    /// 1 turns the missing bin to 0, and so sends it to the left.
    pub(crate) shift: u8,
}

impl Node {
    pub(super) fn leaf(index: u32) -> Self {
        Self { left: index, input: 0, split: MISSING_BIN, shift: 0 }
    }
}

/// Levels as bits; bit 255 stands for what is missing.
pub(crate) type LevelSet = [u64; 4];

/// Whether a set has a bin.
pub(crate) fn has(set: &LevelSet, bin: u8) -> bool {
    set[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
}

/// Adds a bin to a set.
pub(crate) fn insert(set: &mut LevelSet, bin: u8) {
    set[usize::from(bin >> 6)] |= 1 << (bin & 63);
}

/// The question of a node. Rows with the answer yes go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Question {
    /// Whether a number is in this bin or one below it.
    UpTo { bin: u8, missing_left: bool },
    /// Whether a level is in the set.
    In(LevelSet),
}

impl Question {
    /// Whether a bin goes left.
    pub(crate) fn is_left(&self, bin: u8) -> bool {
        match self {
            Self::UpTo { bin: split, missing_left } => {
                if bin == MISSING_BIN {
                    *missing_left
                } else {
                    bin <= *split
                }
            }
            Self::In(set) => has(set, bin),
        }
    }
}

/// A node as others see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum NodeView {
    Leaf(f32),
    /// The right child stands beside the left one.
    Split {
        input: usize,
        question: Question,
        left: usize,
    },
}
