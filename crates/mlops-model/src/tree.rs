//! Binary trees over binned rows: the one form in which forests and boosting are fitted, kept, and
//! asked.

use super::bins::MISSING_BIN;
use super::node::{ASKS_SET, LevelSet, Node, NodeView, Question};
use super::ranks::Ranks;

/// A tree; its first node is the root.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// For each node the index of its set, or the bits of its value. A separate array, so that more
    /// nodes fit into the cache.
    pub(super) payloads: Vec<u32>,
    pub(super) sets: Vec<LevelSet>,
    /// Turns questions about levels into questions about ranks, where that can be.
    pub(super) ranks: Ranks,
    /// Maximum depth.
    pub(super) depth: usize,
}

impl Tree {
    /// A tree of one leaf.
    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::leaf(0)],
            payloads: vec![0],
            sets: Vec::new(),
            ranks: Ranks::default(),
            depth: 0,
        }
    }

    /// Sets the value of a leaf.
    pub(crate) fn set_value(&mut self, index: usize, value: f32) {
        self.payloads[index] = value.to_bits();
    }

    /// Turns a leaf into a question with two leaves, and returns the index of the left one.
    pub(crate) fn split(&mut self, index: usize, input: usize, question: Question) -> usize {
        let left = self.nodes.len();
        let at = left as u32;
        let input = input as u16;
        self.nodes[index] = match question {
            Question::UpTo { bin, missing_left } => {
                let shift = u8::from(missing_left);
                Node { left: at, input, split: bin + shift, shift }
            }
            Question::In(set) => {
                self.payloads[index] = self.sets.len() as u32;
                self.sets.push(set);
                Node { left: at, input: input | ASKS_SET, split: 0, shift: 0 }
            }
        };
        self.nodes.extend([Node::leaf(at), Node::leaf(at + 1)]);
        self.payloads.extend([0, 0]);
        left
    }

    /// A tree as it was taken apart; `None` where it could not be asked without a fault, or would
    /// have no end.
    pub(crate) fn of_arrays(
        left: &[u32],
        input: &[u16],
        split: &[u8],
        shift: &[u8],
        payloads: Vec<u32>,
        sets: Vec<LevelSet>,
        inputs: usize,
    ) -> Option<Self> {
        let nodes = left.iter().zip(input).zip(split).zip(shift).enumerate();
        let nodes = nodes.map(|(index, (((&left, &input), &split), &shift))| {
            let is_leaf = left as usize == index;
            // Children stand behind their parent, so that every way ends.
            let is_sound = if is_leaf {
                (input, split, shift) == (0, MISSING_BIN, 0)
            } else {
                let in_place = left as usize > index && (left as usize) < payloads.len() - 1;
                let has_set = input & ASKS_SET == 0 || (payloads[index] as usize) < sets.len();
                in_place
                    && has_set
                    && usize::from(input & !ASKS_SET) < inputs
                    && shift <= split.min(1)
            };
            is_sound.then_some(Node { left, input, split, shift })
        });
        let nodes =
            nodes.collect::<Option<Vec<Node>>>().filter(|nodes| !nodes.is_empty() && inputs > 0)?;
        if !is_tree(&nodes) {
            return None;
        }
        let mut tree = Self { nodes, payloads, sets, ranks: Ranks::default(), depth: 0 };
        tree.finish();
        Some(tree)
    }

    /// The nodes as they are kept.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node> {
        self.nodes.iter().map(|node| {
            if node.input & ASKS_SET == 0 { *node } else { Node { split: 0, shift: 0, ..*node } }
        })
    }

    /// For each node the index of its set, or the bits of its value.
    pub(crate) fn payloads(&self) -> &[u32] {
        &self.payloads
    }

    /// The sets of levels.
    pub(crate) fn sets(&self) -> &[LevelSet] {
        &self.sets
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A node.
    pub(crate) fn node(&self, index: usize) -> NodeView {
        let node = self.nodes[index];
        let input = usize::from(node.input & !ASKS_SET);
        let left = node.left as usize;
        if left == index {
            NodeView::Leaf(self.value(index as u32))
        } else if node.input & ASKS_SET != 0 {
            NodeView::Split {
                input,
                question: Question::In(self.sets[self.payloads[index] as usize]),
                left,
            }
        } else {
            let question =
                Question::UpTo { bin: node.split - node.shift, missing_left: node.shift == 1 };
            NodeView::Split { input, question, left }
        }
    }

    pub(super) fn value(&self, index: u32) -> f32 {
        f32::from_bits(self.payloads[index as usize])
    }

    /// Puts each question's children beside their own children, so that two steps of a row's way
    /// lie side by side in memory.
    fn order(&mut self) {
        let mut order = Vec::with_capacity(self.nodes.len());
        order.push(0);
        let mut open = vec![0];
        while let Some(top) = open.pop() {
            let Some(left) = self.children(top) else { continue };
            order.extend([left, left + 1]);
            for child in [left, left + 1] {
                if let Some(left) = self.children(child) {
                    order.extend([left, left + 1]);
                    open.extend([left, left + 1]);
                }
            }
        }
        let mut indices = vec![0u32; self.nodes.len()];
        order.iter().zip(0..).for_each(|(&node, index)| indices[node] = index);
        let moved = |node: &usize| Node {
            left: indices[self.nodes[*node].left as usize],
            ..self.nodes[*node]
        };
        self.nodes = order.iter().map(moved).collect();
        self.payloads = order.iter().map(|&node| self.payloads[node]).collect();
    }

    fn children(&self, index: usize) -> Option<usize> {
        let left = self.nodes[index].left as usize;
        (left != index).then_some(left)
    }

    /// Ends its growing.
    pub(crate) fn finish(&mut self) {
        self.order();
        let mut depths = vec![0; self.nodes.len()];
        for index in 0..self.nodes.len() {
            // Children stand behind their parent.
            let left = self.nodes[index].left as usize;
            if left != index {
                let below = depths[index] + 1;
                depths[left..left + 2].fill(below);
            }
        }
        self.depth = depths.into_iter().max().unwrap_or(0);
        self.ranks = Ranks::of(&mut self.nodes, &self.payloads, &self.sets);
        self.nodes.shrink_to_fit();
        self.payloads.shrink_to_fit();
        self.sets.shrink_to_fit();
    }
}

/// Whether each node but the first is the child of one question. Children stand behind their
/// parent.
fn is_tree(nodes: &[Node]) -> bool {
    let mut have_parent = vec![false; nodes.len()];
    have_parent[0] = true;
    for (index, node) in nodes.iter().enumerate() {
        let left = node.left as usize;
        if left != index
            && have_parent[left..left + 2].iter_mut().any(|has| std::mem::replace(has, true))
        {
            return false;
        }
    }
    have_parent.into_iter().all(|has| has)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_two_questions_share_or_none_has_is_no_tree() {
        let of = |left: [u32; 5]| {
            let is_leaf = |index: usize| left[index] as usize == index;
            let split =
                std::array::from_fn::<u8, 5, _>(
                    |index| if is_leaf(index) { MISSING_BIN } else { 7 },
                );
            Tree::of_arrays(&left, &[0; 5], &split, &[0; 5], vec![0; 5], Vec::new(), 1)
        };
        assert_eq!(of([1, 3, 2, 3, 4]).map(|tree| tree.depth), Some(2));
        for wrong in
            [[1, 3, 3, 3, 4], [1, 2, 2, 3, 4], [1, 1, 2, 3, 4], [1, 3, 4, 3, 4], [3, 1, 2, 3, 4]]
        {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
