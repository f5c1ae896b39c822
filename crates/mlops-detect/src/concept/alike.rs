//! Rows that may belong to one customer.

use mlops_model::random::Random;
use mlops_model::{Input, InputValues, NO_LEVEL};

/// Maximum number of rows of a group that is found by likeness.
const MAX_ROWS: usize = 20;

/// Trees that divide the rows; rows that are alike share a leaf of some of them.
const TREES: u64 = 10;

/// The same for more than [`MANY_ROWS`] rows, where each twin matters less.
const TREES_OF_MANY_ROWS: u64 = 5;

const MANY_ROWS: usize = 50_000;

/// Maximum number of rows of a leaf.
const LEAF: usize = 8;

/// The nearest rows of each row.
const NEIGHBORS: usize = 6;

/// Codes of numbers; further distinct numbers share them.
const CODES: usize = 65_000;

const MISSING: u16 = u16::MAX;

/// Returns the group of each row: rows of one customer, and rows that are most alike.
///
/// A cross-validation that holds out whole groups is never asked for a row whose twin it was trained
/// on. Groups are formed without looking at the data set that a row comes from. Where rows are
/// independent, this changes nothing: their labels are as random within the groups as without them.
///
/// `customers` has the customer of each row, or nothing for all rows. Rows that are equal in all
/// inputs form groups of at most half of a fold's rows; other rows that are alike form groups of at
/// most 20 rows. The most alike pairs join first. Likeness is not looked at if each row has a customer
/// and `are_shared` says that customers have rows in both data sets.
///
/// # Formula
///
/// The likeness of two rows is the probability that a random row agrees with the first one as well as
/// the second one does, as if the inputs were independent: the product over the inputs of the share
/// of rows with a value from the one to the other, both included. A level and a missing value agree
/// only with themselves. Neighbors are searched in the leaves of random k-d trees.
pub(super) fn alike_groups(
    inputs: &[Input<'_>],
    (customers, are_shared): (&[Option<u64>], bool),
    folds: usize,
    seed: u64,
) -> Vec<usize> {
    let rows = inputs.first().map_or(0, Input::rows);
    // In random order, since ties are broken by the order.
    let order = Random::new(seed, 0).permutation(rows);
    let mut groups = Groups::new(rows);
    let mut first_of: std::collections::HashMap<u64, usize> = std::collections::HashMap::new();
    for (row, of) in order.iter().enumerate() {
        if let Some(customer) = customers.get(*of as usize).copied().flatten() {
            let first = *first_of.entry(customer).or_insert(row);
            groups.join(first, row, rows);
        }
    }
    if !are_shared || customers.iter().any(Option::is_none) {
        join_alike(&mut groups, &Codes::of(inputs, &order), folds, seed);
    }
    let mut of_rows = vec![0; rows];
    for (row, of) in order.iter().enumerate() {
        of_rows[*of as usize] = groups.find(row);
    }
    of_rows
}

fn join_alike(groups: &mut Groups, codes: &Codes, folds: usize, seed: u64) {
    let rows = codes.rows();
    let most_equal = (rows / (2 * folds)).max(2);
    let most = MAX_ROWS.min(rows / (8 * folds)).max(2);
    let mut pairs = neighbors(codes, seed);
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    for (_, one, other) in pairs {
        let (one, other) = (one as usize, other as usize);
        let is_equal = codes.of_row(one) == codes.of_row(other);
        groups.join(one, other, if is_equal { most_equal } else { most });
    }
}

/// The values of all rows as codes in the order of the values.
struct Codes {
    inputs: usize,
    /// Row after row.
    of_rows: Vec<u16>,
    /// For each input, how many rows have a code below each code.
    below: Vec<Vec<u32>>,
    /// Whether the codes of an input have an order.
    is_ordered: Vec<bool>,
    /// For each input, the rows without a value.
    missing: Vec<u32>,
}

impl Codes {
    fn of(inputs: &[Input<'_>], order: &[u32]) -> Self {
        let mut codes = Self {
            inputs: inputs.len(),
            of_rows: vec![0; inputs.len() * order.len()],
            below: Vec::with_capacity(inputs.len()),
            is_ordered: Vec::with_capacity(inputs.len()),
            missing: Vec::with_capacity(inputs.len()),
        };
        for (number, input) in inputs.iter().enumerate() {
            let of_input = codes_of(input);
            let mut counts = vec![0u32; of_input.iter().map(count_of).max().unwrap_or(0) + 1];
            let mut missing = 0;
            for (row, of) in order.iter().enumerate() {
                let code = of_input[*of as usize];
                codes.of_rows[row * inputs.len() + number] = code;
                if code == MISSING {
                    missing += 1;
                } else {
                    counts[usize::from(code) + 1] += 1;
                }
            }
            for code in 1..counts.len() {
                counts[code] += counts[code - 1];
            }
            codes.below.push(counts);
            codes.missing.push(missing);
            codes.is_ordered.push(matches!(input.values, InputValues::Numeric(_)));
        }
        codes
    }

    fn rows(&self) -> usize {
        self.of_rows.len().checked_div(self.inputs).unwrap_or(0)
    }

    fn of_row(&self, row: usize) -> &[u16] {
        &self.of_rows[row * self.inputs..(row + 1) * self.inputs]
    }

    fn code(&self, row: u32, input: usize) -> u16 {
        self.of_rows[row as usize * self.inputs + input]
    }

    /// The logarithm of the probability that a random row agrees as well: the smaller, the more alike.
    fn chance(&self, one: usize, other: usize) -> f64 {
        let rows = self.rows() as f64;
        let (mut logarithm, mut product) = (0.0, 1.0);
        for (input, (&one, &other)) in self.of_row(one).iter().zip(self.of_row(other)).enumerate() {
            let agreeing = match (one.min(other), one.max(other)) {
                (MISSING, MISSING) => self.missing[input],
                (_, MISSING) => continue,
                (low, high) if low == high || self.is_ordered[input] => {
                    let below = &self.below[input];
                    below[usize::from(high) + 1] - below[usize::from(low)]
                }
                _ => continue,
            };
            product *= f64::from(agreeing) / rows;
            // Of many inputs, before the product is rounded to zero.
            if product < 1e-250 {
                logarithm += product.ln();
                product = 1.0;
            }
        }
        logarithm + product.ln()
    }
}

fn count_of(code: &u16) -> usize {
    if *code == MISSING { 0 } else { usize::from(*code) + 1 }
}

fn codes_of(input: &Input<'_>) -> Vec<u16> {
    match &input.values {
        // The code of no level is that of a missing value.
        InputValues::Categorical { codes, .. } => {
            codes.iter().map(|code| if *code == NO_LEVEL { MISSING } else { *code }).collect()
        }
        InputValues::Numeric(values) => {
            let mut distinct: Vec<f64> =
                values.iter().copied().filter(|value| !value.is_nan()).collect();
            distinct.sort_unstable_by(f64::total_cmp);
            distinct.dedup();
            let shared = distinct.len().div_ceil(CODES).max(1);
            let code = |value: &f64| match value.is_nan() {
                true => MISSING,
                false => (distinct.partition_point(|other| other < value) / shared) as u16,
            };
            values.iter().map(code).collect()
        }
    }
}

/// The pairs of near rows, each with the logarithm of its chance.
fn neighbors(codes: &Codes, seed: u64) -> Vec<(f64, u32, u32)> {
    let rows = codes.rows();
    let mut nearest: Vec<Vec<(f64, u32)>> = vec![Vec::new(); rows];
    let trees = if rows > MANY_ROWS { TREES_OF_MANY_ROWS } else { TREES };
    for tree in 0..trees {
        let mut random = Random::new(seed, tree + 1);
        let mut order = random.permutation(rows);
        divide(codes, &mut order, &mut random, &mut nearest);
    }
    let pairs = nearest.into_iter().enumerate();
    pairs
        .flat_map(|(row, nearest)| {
            let row = row as u32;
            nearest.into_iter().map(move |(chance, other)| (chance, row.min(other), row.max(other)))
        })
        .collect()
}

/// Divides rows at the median of a random input, until few are left.
fn divide(codes: &Codes, rows: &mut [u32], random: &mut Random, nearest: &mut [Vec<(f64, u32)>]) {
    let mut left_to_divide = vec![rows];
    while let Some(rows) = left_to_divide.pop() {
        if rows.len() > LEAF
            && let Some(middle) = split(codes, rows, random)
        {
            let (low, high) = rows.split_at_mut(middle);
            left_to_divide.push(low);
            left_to_divide.push(high);
            continue;
        }
        // Rows of a larger leaf are equal: one neighbor says it.
        let reach = if rows.len() > LEAF { 1 } else { rows.len() };
        for (place, &one) in rows.iter().enumerate() {
            for &other in rows[place + 1..].iter().take(reach) {
                let chance = codes.chance(one as usize, other as usize);
                keep(&mut nearest[one as usize], chance, other);
                keep(&mut nearest[other as usize], chance, one);
            }
        }
    }
}

/// Moves the rows below the median of an input to the front, and returns how many there are. None if
/// the rows are equal.
fn split(codes: &Codes, rows: &mut [u32], random: &mut Random) -> Option<usize> {
    for input in random.permutation(codes.inputs) {
        let input = input as usize;
        let middle = rows.len() / 2;
        let (_, median, _) = rows.select_nth_unstable_by_key(middle, |row| codes.code(*row, input));
        let median = codes.code(*median, input);
        for is_low in [|code: u16, median: u16| code < median, |code, median| code <= median] {
            let low = partition(rows, |row| is_low(codes.code(row, input), median));
            if low > 0 && low < rows.len() {
                return Some(low);
            }
        }
    }
    None
}

fn partition(rows: &mut [u32], is_low: impl Fn(u32) -> bool) -> usize {
    let mut low = 0;
    for place in 0..rows.len() {
        if is_low(rows[place]) {
            rows.swap(low, place);
            low += 1;
        }
    }
    low
}

fn keep(nearest: &mut Vec<(f64, u32)>, chance: f64, other: u32) {
    if nearest.iter().any(|(_, known)| *known == other) {
        return;
    }
    if nearest.len() == NEIGHBORS {
        let furthest = (0..NEIGHBORS).max_by(|a, b| nearest[*a].0.total_cmp(&nearest[*b].0));
        match furthest {
            Some(furthest) if nearest[furthest].0 > chance => nearest[furthest] = (chance, other),
            _ => {}
        }
    } else {
        nearest.push((chance, other));
    }
}

/// The groups of rows, for their folds.
pub(super) fn keyed(groups: &[usize]) -> mlops_model::split::Groups {
    mlops_model::split::Groups::of_keys(groups.iter().map(|group| *group as u64).collect())
}

/// Disjoint groups of rows.
struct Groups {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl Groups {
    fn new(rows: usize) -> Self {
        Self { parents: (0..rows as u32).collect(), sizes: vec![1; rows] }
    }

    fn find(&mut self, mut row: usize) -> usize {
        while self.parents[row] as usize != row {
            let parent = self.parents[row] as usize;
            self.parents[row] = self.parents[parent];
            row = parent;
        }
        row
    }

    /// Joins two groups if they have at most so many rows together.
    fn join(&mut self, one: usize, other: usize, most: usize) {
        let (one, other) = (self.find(one), self.find(other));
        if one == other || (self.sizes[one] + self.sizes[other]) as usize > most {
            return;
        }
        self.parents[other] = one as u32;
        self.sizes[one] += self.sizes[other];
    }
}
