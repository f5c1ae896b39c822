//! The levels of a row as numbers in the order in which a tree cuts them.

use super::bins::MISSING_BIN;
use super::node::{ASKS_SET, LevelSet, Node, has};

/// A mapping from levels to ranks, so that every question of a tree compares two bytes.
///
/// A forest cuts the levels of an input in one order for the whole tree: of its sets each is a part
/// of the next. A level's rank is the number of sets that it is not in, and a set is all levels up
/// to its own position among them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Ranks {
    /// There is nothing to be turned.
    #[default]
    Needless,
    /// The ranks of the inputs whose levels are asked about.
    Tables { inputs: Vec<RankedInput>, ranks: Vec<u8> },
    /// There are sets that do not contain each other; they are asked one by one.
    Impossible,
}

/// An input's part of the ranks: that of what is missing, then those of its levels up to the last
/// one that is in a set.
///
/// A table takes so few bytes that those of all inputs of a tree lie in a line or two of the
/// processor's cache.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RankedInput {
    input: u16,
    /// The rank of each level behind these.
    behind: u8,
    from: u32,
    to: u32,
}

impl Ranks {
    /// Finds the ranks, and writes the position of each set into its node.
    pub(super) fn of(nodes: &mut [Node], payloads: &[u32], sets: &[LevelSet]) -> Self {
        if sets.is_empty() {
            return Self::Needless;
        }
        let set_of = |index: &usize| &sets[payloads[*index] as usize];
        let mut asking: Vec<usize> =
            (0..nodes.len()).filter(|index| nodes[*index].input & ASKS_SET != 0).collect();
        asking.sort_by_key(|index| (nodes[*index].input, size(set_of(index))));
        let (mut inputs, mut ranks, mut splits) =
            (Vec::new(), Vec::new(), Vec::with_capacity(asking.len()));
        for of_input in asking.chunk_by(|a, b| nodes[*a].input == nodes[*b].input) {
            let mut chain: Vec<&LevelSet> = of_input.iter().map(set_of).collect();
            chain.dedup();
            if !chain.is_sorted_by(|inner, outer| is_part(inner, outer))
                || chain.len() > usize::from(u8::MAX)
            {
                return Self::Impossible;
            }
            let rank = |bin: u8| chain.partition_point(|set| !has(set, bin)) as u8;
            let behind = chain.len() as u8;
            let last = (0..MISSING_BIN).rfind(|level| rank(*level) != behind);
            let from = ranks.len() as u32;
            ranks.push(rank(MISSING_BIN));
            ranks.extend(last.iter().flat_map(|last| 0..=*last).map(rank));
            let input = nodes[of_input[0]].input & !ASKS_SET;
            inputs.push(RankedInput { input, behind, from, to: ranks.len() as u32 });
            let index_of =
                |set: &LevelSet| chain.partition_point(|other| size(other) < size(set)) as u8;
            splits.extend(of_input.iter().map(|index| index_of(set_of(index))));
        }
        asking.iter().zip(splits).for_each(|(index, split)| nodes[*index].split = split);
        Self::Tables { inputs, ranks }
    }

    /// Turns the levels of a row, of which `turned` is a copy whose levels another tree may have
    /// turned.
    pub(super) fn turn(&self, row: &[u8], turned: &mut [u8]) {
        match self {
            Self::Needless => {}
            Self::Tables { inputs, ranks } => {
                for ranked in inputs {
                    let bin = row[usize::from(ranked.input)].wrapping_add(1);
                    let table = &ranks[ranked.from as usize..ranked.to as usize];
                    turned[usize::from(ranked.input)] =
                        table.get(usize::from(bin)).copied().unwrap_or(ranked.behind);
                }
            }
            Self::Impossible => turned.copy_from_slice(row),
        }
    }
}

fn size(set: &LevelSet) -> u32 {
    set.iter().map(|bits| bits.count_ones()).sum()
}

fn is_part(inner: &LevelSet, outer: &LevelSet) -> bool {
    inner.iter().zip(outer).all(|(inner, outer)| inner & !outer == 0)
}
