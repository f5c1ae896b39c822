//! Binary trees over binned rows: the one form in which forests and boosting are fitted, kept, and asked.

use super::bins::MISSING_BIN;

/// Rows that walk a tree side by side, or trees that a row walks, so that the processor waits for eight reads of memory at once.
pub(crate) const LANES: usize = 8;

/// Steps between two looks whether all lanes have arrived before the deepest leaf.
const STEPS: usize = 8;

/// The bit of [`Node::input`] that tells a question about levels.
const ASKS_SET: u16 = 1 << 15;

/// A node: a question, or an answer.
///
/// The children of a question stand side by side. A leaf is its own left child and asks what everything answers with left,
/// so that a row that has arrived may go on walking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Node {
    /// The left child's place; the right one's is the next.
    pub(crate) left: u32,
    /// The input that is asked about, and [`ASKS_SET`].
    pub(crate) input: u16,
    /// Up to this bin a row goes left, after `shift` was added.
    pub(crate) split: u8,
    /// 1 turns the missing bin to 0, and so sends it to the left.
    pub(crate) shift: u8,
}

impl Node {
    fn leaf(place: u32) -> Self {
        Self { left: place, input: 0, split: MISSING_BIN, shift: 0 }
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

/// What a node asks of a row; yes is left.
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

/// A tree; its first node is the root.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    /// For each node the place of its set, or the bits of its value. Apart from the nodes, of which more are near at hand so.
    payloads: Vec<u32>,
    sets: Vec<LevelSet>,
    /// The most questions to a leaf.
    depth: usize,
}

impl Tree {
    /// A tree of one leaf.
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::leaf(0)], payloads: vec![0], sets: Vec::new(), depth: 0 }
    }

    /// Sets the value of a leaf.
    pub(crate) fn set_value(&mut self, place: usize, value: f32) {
        self.payloads[place] = value.to_bits();
    }

    /// Turns a leaf into a question with two leaves, and returns the left one's place.
    pub(crate) fn split(&mut self, place: usize, input: usize, question: Question) -> usize {
        let left = self.nodes.len();
        let at = left as u32;
        let input = input as u16;
        self.nodes[place] = match question {
            Question::UpTo { bin, missing_left } => {
                let shift = u8::from(missing_left);
                Node { left: at, input, split: bin + shift, shift }
            }
            Question::In(set) => {
                self.payloads[place] = self.sets.len() as u32;
                self.sets.push(set);
                Node { left: at, input: input | ASKS_SET, split: 0, shift: 0 }
            }
        };
        self.nodes.extend([Node::leaf(at), Node::leaf(at + 1)]);
        self.payloads.extend([0, 0]);
        left
    }

    /// A tree as it was taken apart; `None` where it could not be asked without a fault, or would have no end.
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
        let nodes = nodes.map(|(place, (((&left, &input), &split), &shift))| {
            let is_leaf = left as usize == place;
            // Children stand behind their parent, so that every way ends.
            let is_sound = if is_leaf {
                (input, split, shift) == (0, MISSING_BIN, 0)
            } else {
                let in_place = left as usize > place && (left as usize) < payloads.len() - 1;
                let has_set = input & ASKS_SET == 0 || (payloads[place] as usize) < sets.len();
                in_place && has_set && usize::from(input & !ASKS_SET) < inputs && shift <= split.min(1)
            };
            is_sound.then_some(Node { left, input, split, shift })
        });
        let nodes = nodes.collect::<Option<Vec<Node>>>().filter(|nodes| !nodes.is_empty() && inputs > 0)?;
        let mut tree = Self { nodes, payloads, sets, depth: 0 };
        tree.finish();
        Some(tree)
    }

    /// The nodes as they are kept.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// For each node the place of its set, or the bits of its value.
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
    pub(crate) fn node(&self, place: usize) -> NodeView {
        let node = self.nodes[place];
        let input = usize::from(node.input & !ASKS_SET);
        let left = node.left as usize;
        if left == place {
            NodeView::Leaf(self.value(place as u32))
        } else if node.input & ASKS_SET != 0 {
            NodeView::Split { input, question: Question::In(self.sets[self.payloads[place] as usize]), left }
        } else {
            let question = Question::UpTo { bin: node.split - node.shift, missing_left: node.shift == 1 };
            NodeView::Split { input, question, left }
        }
    }

    fn value(&self, place: u32) -> f32 {
        f32::from_bits(self.payloads[place as usize])
    }

    /// Ends its growing.
    pub(crate) fn finish(&mut self) {
        let mut depths = vec![0; self.nodes.len()];
        for place in 0..self.nodes.len() {
            // Children stand behind their parent.
            let left = self.nodes[place].left as usize;
            if left != place {
                let below = depths[place] + 1;
                depths[left..left + 2].fill(below);
            }
        }
        self.depth = depths.into_iter().max().unwrap_or(0);
        self.nodes.shrink_to_fit();
        self.payloads.shrink_to_fit();
        self.sets.shrink_to_fit();
    }

    /// Adds the values of one row's leaves in all of `trees` to `sum`, in the order of the trees.
    pub(crate) fn add_one(trees: &[Self], row: &[u8], sum: &mut f64) {
        for trees in trees.chunks(LANES) {
            let mut places = [0u32; LANES];
            loop {
                let before = places;
                for _ in 0..STEPS / 2 {
                    for (place, tree) in places.iter_mut().zip(trees) {
                        *place = match tree.sets.is_empty() {
                            true => tree.next::<false>(*place, row),
                            false => tree.next::<true>(*place, row),
                        };
                    }
                }
                if places == before {
                    break;
                }
            }
            for (place, tree) in places.into_iter().zip(trees) {
                *sum += f64::from(tree.value(place));
            }
        }
    }

    /// The place of a row's leaf.
    pub(crate) fn leaf(&self, row: &[u8]) -> usize {
        let place = if self.sets.is_empty() { self.walk::<false>(row) } else { self.walk::<true>(row) };
        place as usize
    }

    /// Adds the value of each row's leaf to `sums`.
    pub(crate) fn add_to(&self, rows: &[u8], inputs: usize, sums: &mut [f64]) {
        if self.sets.is_empty() {
            self.add::<false>(rows, inputs, sums);
        } else {
            self.add::<true>(rows, inputs, sums);
        }
    }

    fn add<const SETS: bool>(&self, rows: &[u8], inputs: usize, sums: &mut [f64]) {
        let mut eights = sums.chunks_exact_mut(LANES);
        let mut blocks = rows.chunks_exact(LANES * inputs);
        for (sums, block) in eights.by_ref().zip(blocks.by_ref()) {
            let mut rows = [block; LANES];
            for (row, cells) in rows.iter_mut().zip(block.chunks_exact(inputs)) {
                *row = cells;
            }
            let mut places = [0u32; LANES];
            for step in 1..=self.depth {
                let before = places;
                for (place, row) in places.iter_mut().zip(rows) {
                    *place = self.next::<SETS>(*place, row);
                }
                if step % STEPS == 0 && places == before {
                    break;
                }
            }
            for (sum, place) in sums.iter_mut().zip(places) {
                *sum += f64::from(self.value(place));
            }
        }
        for (sum, row) in eights.into_remainder().iter_mut().zip(blocks.remainder().chunks_exact(inputs)) {
            *sum += f64::from(self.value(self.walk::<SETS>(row)));
        }
    }

    fn walk<const SETS: bool>(&self, row: &[u8]) -> u32 {
        let mut place = 0;
        loop {
            let next = self.next::<SETS>(place, row);
            if next == place {
                return place;
            }
            place = next;
        }
    }

    fn next<const SETS: bool>(&self, place: u32, row: &[u8]) -> u32 {
        let node = self.nodes[place as usize];
        let bin = row[usize::from(node.input & !ASKS_SET)];
        let is_above = u32::from(bin.wrapping_add(node.shift) > node.split);
        if !SETS {
            return node.left + is_above;
        }
        // Both questions are asked and one answer is taken, as the processor could not foretell which.
        let asks_set = u32::from(node.input >> 15);
        let is_in = u32::from(has(&self.sets[(self.payloads[place as usize] * asks_set) as usize], bin));
        node.left + (is_above & !asks_set | (is_in ^ 1) & asks_set)
    }
}
