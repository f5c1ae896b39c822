//! The way of rows through trees.

use super::node::{ASKS_SET, NodeView, has};
use super::ranks::Ranks;
use super::tree::Tree;

/// Rows that walk a tree side by side, or trees that a row walks, so that the processor waits for
/// eight reads of memory at once.
pub(crate) const LANES: usize = 8;

/// Steps between two looks whether all lanes have arrived before the deepest leaf.
const STEPS: usize = 8;

impl Tree {
    /// Adds the values of one row's leaves in all of `trees` to `sum`, in the order of the trees.
    pub(crate) fn add_one(trees: &[Self], row: &[u8], sum: &mut f64) {
        let mut turned = row.repeat(LANES);
        for trees in trees.chunks(LANES) {
            let rows = turned.chunks_exact_mut(row.len());
            trees.iter().zip(rows).for_each(|(tree, turned)| tree.ranks.turn(row, turned));
            let indices = if trees.iter().any(Self::asks_sets) {
                walk_trees(trees, row.len(), |tree, index, from| {
                    tree.next_of_any(index, &turned, from)
                })
            } else {
                walk_trees(trees, row.len(), |tree, index, from| tree.next(index, &turned, from))
            };
            for (index, tree) in indices.into_iter().zip(trees) {
                *sum += f64::from(tree.value(index));
            }
        }
    }

    /// Adds the value of each row's leaf to `sums`. There is room for [`LANES`] rows in `turned`.
    pub(crate) fn add_to(&self, rows: &[u8], inputs: usize, turned: &mut [u8], sums: &mut [f64]) {
        if self.asks_sets() {
            self.add(rows, inputs, turned, sums, |index, block, from| {
                self.next_of_any(index, block, from)
            });
        } else {
            self.add(rows, inputs, turned, sums, |index, block, from| {
                self.next(index, block, from)
            });
        }
    }

    /// Returns the index of the leaf of a row.
    pub(crate) fn leaf(&self, row: &[u8]) -> usize {
        let mut index = 0;
        while let NodeView::Split { input, question, left } = self.node(index) {
            index = left + usize::from(!question.is_left(row[input]));
        }
        index
    }

    fn add(
        &self,
        rows: &[u8],
        inputs: usize,
        turned: &mut [u8],
        sums: &mut [f64],
        next: impl Fn(u32, &[u8], usize) -> u32,
    ) {
        for (sums, block) in sums.chunks_mut(LANES).zip(rows.chunks(LANES * inputs)) {
            let block = match &self.ranks {
                Ranks::Needless | Ranks::Impossible => block,
                Ranks::Tables { .. } => {
                    let turned = &mut turned[..block.len()];
                    turned.copy_from_slice(block);
                    let each = block.chunks_exact(inputs).zip(turned.chunks_exact_mut(inputs));
                    each.for_each(|(row, turned)| self.ranks.turn(row, turned));
                    turned
                }
            };
            // Of a last block that is short, the first row walks more than once.
            let rows = std::array::from_fn::<usize, LANES, _>(|lane| {
                if lane < sums.len() { lane * inputs } else { 0 }
            });
            let mut indices = [0u32; LANES];
            for step in 1..=self.depth {
                let before = indices;
                for (index, from) in indices.iter_mut().zip(rows) {
                    *index = next(*index, block, from);
                }
                if step % STEPS == 0 && indices == before {
                    break;
                }
            }
            for (sum, index) in sums.iter_mut().zip(indices) {
                *sum += f64::from(self.value(index));
            }
        }
    }

    fn asks_sets(&self) -> bool {
        self.ranks == Ranks::Impossible
    }

    /// The child that the row that begins at `from` goes to, of a tree that asks about no set.
    fn next(&self, index: u32, rows: &[u8], from: usize) -> u32 {
        let node = self.nodes[index as usize];
        let bin = rows[from + usize::from(node.input & !ASKS_SET)];
        node.left + u32::from(bin.wrapping_add(node.shift) > node.split)
    }

    /// The same of any tree.
    fn next_of_any(&self, index: u32, rows: &[u8], from: usize) -> u32 {
        let node = self.nodes[index as usize];
        let asks_set = u32::from(node.input >> 15) & u32::from(self.asks_sets());
        let bin = rows[from + usize::from(node.input & !ASKS_SET)];
        let is_above = u32::from(bin.wrapping_add(node.shift) > node.split);
        if self.sets.is_empty() {
            return node.left + is_above;
        }
        // Both questions are evaluated and one answer is used, as the branch is unpredictable.
        let is_in =
            u32::from(has(&self.sets[(self.payloads[index as usize] * asks_set) as usize], bin));
        node.left + (is_above & !asks_set | (is_in ^ 1) & asks_set)
    }
}

/// Returns the indices of the leaves of a row in at most [`LANES`] trees, each of which has its own form of the
/// row.
fn walk_trees(
    trees: &[Tree],
    inputs: usize,
    next: impl Fn(&Tree, u32, usize) -> u32,
) -> [u32; LANES] {
    let mut indices = [0u32; LANES];
    let deepest = trees.iter().map(|tree| tree.depth).max().unwrap_or(0);
    for step in 1..=deepest {
        let before = indices;
        for (lane, (index, tree)) in indices.iter_mut().zip(trees).enumerate() {
            *index = next(tree, *index, lane * inputs);
        }
        if step % STEPS == 0 && indices == before {
            break;
        }
    }
    indices
}
