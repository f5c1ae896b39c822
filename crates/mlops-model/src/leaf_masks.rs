use super::bins::BinnedRows;
use super::node::{NodeView, Question};
use super::tree::Tree;
use super::walk::LANES;

/// A tree with more leaves is walked.
const MAX_LEAVES: usize = 64;

/// Fewer rows are not worth the making of tables.
const MIN_ROWS: usize = 4096;

/// Trees made ready to be asked for many rows.
pub(crate) enum Ready<'t> {
    /// A few reads of tables that do not wait for each other.
    Masked(Vec<LeafMasks>),
    /// Question after question.
    Walked(&'t [Tree]),
}

impl<'t> Ready<'t> {
    /// The faster way for so many rows.
    pub(crate) fn new(trees: &'t [Tree], rows: usize) -> Self {
        if rows < MIN_ROWS || trees.iter().any(|tree| tree.len() > 2 * MAX_LEAVES - 1) {
            return Self::Walked(trees);
        }
        Self::Masked(trees.iter().map(LeafMasks::of).collect())
    }

    /// For each row the sum over all trees of its leaf's value, in the order of the trees.
    pub(crate) fn sums(&self, rows: &BinnedRows, base: f64) -> Vec<f64> {
        let mut sums = vec![base; rows.rows];
        match self {
            Self::Masked(trees) => trees.iter().for_each(|tree| tree.add_to(rows, &mut sums)),
            Self::Walked(trees) if rows.rows < LANES => {
                let each = sums.iter_mut().zip(rows.bins.chunks_exact(rows.inputs));
                each.for_each(|(sum, row)| Tree::add_one(trees, row, sum));
            }
            Self::Walked(trees) => {
                let mut turned = vec![0; LANES * rows.inputs];
                trees
                    .iter()
                    .for_each(|tree| tree.add_to(&rows.bins, rows.inputs, &mut turned, &mut sums));
            }
        }
        sums
    }
}

/// A small tree as tables: for each bin of each input that it asks about, the leaves that a row
/// with this bin may end in.
///
/// The leaf of a row is the leftmost leaf that no answer excludes.
///
/// # Source
///
/// C. Lucchese et al., "QuickScorer: a fast algorithm to rank documents with additive ensembles of
/// regression trees", SIGIR 2015.
pub(crate) struct LeafMasks {
    tables: Vec<(usize, Box<[u64; 256]>)>,
    values: Vec<f64>,
}

impl LeafMasks {
    fn of(tree: &Tree) -> Self {
        let mut masks = Self { tables: Vec::new(), values: Vec::new() };
        masks.take(tree, 0);
        masks
    }

    /// Numbers the leaves below a node from left to right, and takes from each bin those that its
    /// answers rule out.
    fn take(&mut self, tree: &Tree, index: usize) {
        match tree.node(index) {
            NodeView::Leaf(value) => self.values.push(f64::from(value)),
            NodeView::Split { input, question, left } => {
                let first = self.values.len();
                self.take(tree, left);
                let below_left = bits(first, self.values.len());
                self.rule_out(input, &question, below_left);
                self.take(tree, left + 1);
            }
        }
    }

    fn rule_out(&mut self, input: usize, question: &Question, leaves: u64) {
        let known = self.tables.iter().position(|(other, _)| *other == input);
        let index = known.unwrap_or_else(|| {
            self.tables.push((input, Box::new([u64::MAX; 256])));
            self.tables.len() - 1
        });
        for (bin, mask) in self.tables[index].1.iter_mut().enumerate() {
            if !question.is_left(bin as u8) {
                *mask &= !leaves;
            }
        }
    }

    fn add_to(&self, rows: &BinnedRows, sums: &mut [f64]) {
        for (sum, row) in sums.iter_mut().zip(rows.bins.chunks_exact(rows.inputs)) {
            let left_over = |mask: u64, (input, table): &(usize, Box<[u64; 256]>)| {
                mask & table[usize::from(row[*input])]
            };
            let leaves = self.tables.iter().fold(u64::MAX, left_over);
            *sum += self.values[leaves.trailing_zeros() as usize];
        }
    }
}

/// The bits `from..to`, at most 64 of them.
fn bits(from: usize, to: usize) -> u64 {
    let up_to = |end: usize| if end == 64 { u64::MAX } else { (1 << end) - 1 };
    up_to(to) & !up_to(from)
}
