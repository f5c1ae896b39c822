//! Splits of rows: into training rows and held-out rows, and into folds.
//!
//! An outcome never decides on which side a row is, and the rows of one customer stay together.

use std::cmp::Reverse;
use std::collections::HashMap;

use mlops_core::table::{Column, Table, Values};
use sha2::{Digest, Sha256};

use super::random::Random;

/// A value that a larger share of the rows has does not identify a customer: a month, a region.
const MAX_SHARE_OF_CUSTOMER: f64 = 0.05;

/// The customer of each row. Rows with the same key belong to one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    keys: Vec<u64>,
}

/// The part of a split that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The model is fitted to it.
    Training,
    /// The model is evaluated on it.
    HeldOut,
    /// Neither, since its customer has rows in the other part.
    Unused,
}

impl Groups {
    /// Returns groups of one row each.
    pub fn of_single_rows(rows: usize) -> Self {
        Self { keys: (0..rows as u64).collect() }
    }

    /// Returns groups with these keys, one a row.
    pub fn of_keys(keys: Vec<u64>) -> Self {
        Self { keys }
    }

    /// Returns the customers of a table with the ID columns `ids`. Rows that share a value of an ID
    /// column belong to one customer; a column with a value in more than 5% of the rows (a month, a
    /// region) does not count beside others. IDs are compared as texts.
    ///
    /// A row without an ID is a customer of its own, and so is every row if there are no ID columns.
    /// Its key is a digest of all columns but the target, and of the number of equal rows before it.
    ///
    /// The keys of two tables are equal for equal IDs.
    pub fn of(table: &Table, ids: &[String], target: &str) -> Self {
        let columns = identifying(table, ids);
        let of_columns: Vec<Vec<Option<u64>>> =
            columns.iter().map(|column| column_keys(column)).collect();
        let rows = table.rows();
        let has_id = |row: usize| of_columns.iter().any(|keys| keys[row].is_some());
        let without_id: Vec<usize> = (0..rows).filter(|row| !has_id(*row)).collect();
        let mut of_rows = vec![None; rows];
        for (row, key) in without_id.iter().zip(row_keys(table, target, &without_id)) {
            of_rows[*row] = Some(key);
        }
        let mut keys = of_columns;
        keys.push(of_rows);
        Self { keys: united(&keys) }
    }

    /// Returns the groups of these rows.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        Self { keys: rows.iter().map(|row| self.keys[*row]).collect() }
    }

    /// Adds the groups of further rows.
    pub fn extend(&mut self, others: &Self) {
        self.keys.extend_from_slice(&others.keys);
    }

    /// Returns the key of each row.
    pub fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// Returns the index of each row's group, in order of first appearance, and the sizes of the
    /// groups.
    fn numbered(&self) -> (Vec<usize>, Vec<usize>) {
        let mut indices = HashMap::with_capacity(self.keys.len());
        let mut sizes = Vec::new();
        let index = |key: &u64| {
            let index = *indices.entry(*key).or_insert(sizes.len());
            if index == sizes.len() {
                sizes.push(0);
            }
            sizes[index] += 1;
            index
        };
        (self.keys.iter().map(index).collect(), sizes)
    }
}

/// Holds out a random share of the customers: those with the smallest keys. They are the same in
/// every run.
pub fn hold_out(groups: &Groups, share: f64) -> Vec<Part> {
    let part = |key: &u64| if is_below(*key, share) { Part::HeldOut } else { Part::Training };
    groups.keys.iter().map(part).collect()
}

/// Holds out the newest rows, a `share` of all, of a random part of their customers. The older rows
/// of all other customers are the training rows.
///
/// If every customer has one row, all of the newest rows are held out. Customers with old and new
/// rows are held out up to a `share` of the older rows, which the training loses.
pub fn hold_out_newest(groups: &Groups, times: &[i64], share: f64) -> Vec<Part> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let Some(first) = sorted.get(((1.0 - share) * times.len() as f64) as usize) else {
        return Vec::new();
    };
    let (group_of, sizes) = groups.numbered();
    let (mut has_old, mut has_new) = (vec![false; sizes.len()], vec![false; sizes.len()]);
    for (group, time) in group_of.iter().zip(times) {
        let seen = if time < first { &mut has_old } else { &mut has_new };
        seen[*group] = true;
    }
    let old = || group_of.iter().zip(times).filter(|(_, time)| *time < first);
    let old_of_both = old().filter(|(group, _)| has_new[**group]).count();
    let part_of_customers = share * old().count() as f64 / old_of_both as f64;
    let rows = group_of.iter().zip(&groups.keys).zip(times);
    rows.map(|((group, key), time)| {
        let is_held_out =
            has_new[*group] && (old_of_both == 0 || is_below(*key, part_of_customers));
        match (time < first, is_held_out) {
            (true, false) => Part::Training,
            (false, true) => Part::HeldOut,
            _ => Part::Unused,
        }
    })
    .collect()
}

/// Returns the fold of each row. The folds have nearly equal sizes, and each customer is in one of
/// them.
pub fn folds(groups: &Groups, folds: usize, seed: u64) -> Vec<usize> {
    let (group_of, sizes) = groups.numbered();
    let all: Vec<usize> = (0..sizes.len()).collect();
    let mut of_groups = vec![0; sizes.len()];
    deal(&all, &sizes, folds, Random::new(seed, 0), &mut of_groups);
    group_of.into_iter().map(|group| of_groups[group]).collect()
}

/// Returns folds that have nearly equal numbers of rows of either side, for a classifier of two data
/// sets. The rows of a group are in one fold. Large groups are placed first, each where it is needed
/// most; chance decides the rest.
pub fn stratified_folds(sides: &[bool], groups: &Groups, folds: usize, seed: u64) -> Vec<usize> {
    let (group_of, sizes) = groups.numbered();
    let mut added = vec![[0.0; 2]; sizes.len()];
    for (group, side) in group_of.iter().zip(sides) {
        added[*group][usize::from(*side)] += 1.0;
    }
    let positives = sides.iter().filter(|side| **side).count();
    let all = [sides.len() - positives, positives].map(|rows| rows.max(1) as f64);
    let mut random = Random::new(seed, 2);
    let mut order = random.permutation(sizes.len());
    order.sort_by_key(|group| Reverse(sizes[*group as usize]));
    let mut filled = vec![[0.0; 2]; folds];
    let mut of_groups = vec![0; sizes.len()];
    for group in order {
        let added = added[group as usize];
        // The rise of the sum of squared shares, which is least where the folds become most equal.
        let rise = |fold: usize| -> f64 {
            let of_side = |side: usize| {
                added[side] * (added[side] + 2.0 * filled[fold][side]) / all[side].powi(2)
            };
            of_side(0) + of_side(1)
        };
        let first = random.below(folds.max(1));
        let candidates = (0..folds).map(|fold| (first + fold) % folds);
        let Some(fold) = candidates.min_by(|a, b| rise(*a).total_cmp(&rise(*b))) else { continue };
        for side in 0..2 {
            filled[fold][side] += added[side];
        }
        of_groups[group as usize] = fold;
    }
    group_of.into_iter().map(|group| of_groups[group]).collect()
}

/// Returns `wanted` of the indices `0..rows` at random, ascending.
pub fn sample_indices(rows: usize, wanted: usize, seed: u64) -> Vec<usize> {
    if wanted >= rows {
        return (0..rows).collect();
    }
    let order = Random::new(seed, u64::MAX).permutation(rows);
    let mut indices: Vec<usize> =
        order.into_iter().take(wanted).map(|index| index as usize).collect();
    indices.sort_unstable();
    indices
}

/// Deals groups out in random order, the largest first, each to the fold with the fewest rows.
fn deal(
    groups: &[usize],
    sizes: &[usize],
    folds: usize,
    mut random: Random,
    of_groups: &mut [usize],
) {
    let order = random.permutation(groups.len());
    let mut order: Vec<usize> = order.into_iter().map(|index| groups[index as usize]).collect();
    order.sort_by_key(|group| Reverse(sizes[*group]));
    let mut rows = vec![0; folds];
    for group in order {
        let fold = (0..folds).min_by_key(|fold| rows[*fold]).unwrap_or_default();
        rows[fold] += sizes[group];
        of_groups[group] = fold;
    }
}

/// Whether a key is among the smallest `share` of all possible keys.
fn is_below(key: u64, share: f64) -> bool {
    f64::from(key as u32) <= share * f64::from(u32::MAX)
}

/// Returns the ID columns that identify customers, those with the fewest values first.
pub(crate) fn identifying<'t>(table: &'t Table, ids: &[String]) -> Vec<&'t Column> {
    let columns: Vec<&Column> = ids.iter().filter_map(|id| table.column(id)).collect();
    if columns.len() < 2 {
        return columns;
    }
    let values = |column: &Column| {
        let keys = column_keys(column).into_iter().flatten().collect();
        Groups { keys }.numbered().1
    };
    let sizes: Vec<Vec<usize>> = columns.iter().map(|column| values(column)).collect();
    let most = (MAX_SHARE_OF_CUSTOMER * table.rows() as f64).max(1.0);
    let mut by_levels: Vec<(&Column, &Vec<usize>)> = columns.into_iter().zip(&sizes).collect();
    by_levels.sort_by_key(|(_, sizes)| sizes.len());
    let is_fine =
        |(_, sizes): &&(&Column, &Vec<usize>)| sizes.iter().all(|size| *size as f64 <= most);
    let fine: Vec<&Column> = by_levels.iter().filter(is_fine).map(|(column, _)| *column).collect();
    if fine.is_empty() {
        by_levels.last().map(|(column, _)| *column).into_iter().collect()
    } else {
        fine
    }
}

/// Returns the digest of each value as a text; `None` if it is missing.
pub(crate) fn column_keys(column: &Column) -> Vec<Option<u64>> {
    let key = |name: &str| {
        let mut digest = Sha256::new();
        digest.update(name);
        digest.update([0]);
        first_digits(digest)
    };
    match &column.values {
        Values::Categorical { levels, codes } => {
            let keys: Vec<u64> = levels.names().iter().map(|name| key(name)).collect();
            codes.iter().map(|code| code.map(|code| keys[code as usize])).collect()
        }
        _ => column.names().into_iter().map(|name| name.map(|name| key(&name))).collect(),
    }
}

/// Returns a digest of each of these rows, without the target. Equal rows have different digests.
fn row_keys(table: &Table, target: &str, rows: &[usize]) -> Vec<u64> {
    let columns: Vec<&Column> =
        table.columns.iter().filter(|column| column.name != target).collect();
    let mut equal: HashMap<[u8; 32], u64> = HashMap::new();
    let key = |row: &usize| {
        let mut digest = Sha256::new();
        columns.iter().for_each(|column| update(&mut digest, column, *row));
        let before = equal.entry(digest.clone().finalize().into()).or_default();
        digest.update(before.to_le_bytes());
        *before += 1;
        first_digits(digest)
    };
    rows.iter().map(key).collect()
}

fn update(digest: &mut Sha256, column: &Column, row: usize) {
    match &column.values {
        Values::Numeric(values) if values[row].is_nan() => {}
        Values::Numeric(values) => digest.update((values[row] + 0.0).to_le_bytes()),
        Values::Date(times) => {
            times[row].into_iter().for_each(|time| digest.update(time.to_le_bytes()));
        }
        Values::Categorical { levels, codes } => {
            digest.update(codes[row].map_or("", |code| levels.names()[code as usize].as_str()));
        }
    }
    digest.update([0]);
}

fn first_digits(digest: Sha256) -> u64 {
    let digest: [u8; 32] = digest.finalize().into();
    u64::from_le_bytes(digest.first_chunk().copied().unwrap_or_default())
}

/// Returns one key for all rows that are linked by equal keys of any column: the smallest one of the
/// first column that has any.
fn united(of_columns: &[Vec<Option<u64>>]) -> Vec<u64> {
    let rows = of_columns.first().map_or(0, Vec::len);
    let mut parents: Vec<usize> = (0..rows).collect();
    for keys in of_columns {
        let mut first: HashMap<u64, usize> = HashMap::with_capacity(rows);
        for (row, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let earlier = *first.entry(*key).or_insert(row);
            let (one, other) = (root(&mut parents, earlier), root(&mut parents, row));
            parents[one.max(other)] = one.min(other);
        }
    }
    let roots: Vec<usize> = (0..rows).map(|row| root(&mut parents, row)).collect();
    let mut of_roots: Vec<Option<u64>> = vec![None; rows];
    for keys in of_columns {
        let mut smallest = of_roots.clone();
        for (root, key) in roots.iter().zip(keys) {
            if of_roots[*root].is_none() {
                smallest[*root] = smallest[*root].into_iter().chain(*key).min();
            }
        }
        of_roots = smallest;
    }
    roots.into_iter().map(|root| of_roots[root].unwrap_or_default()).collect()
}

/// Returns the first row of the rows that a row is linked to.
fn root(parents: &mut [usize], mut row: usize) -> usize {
    while parents[row] != row {
        parents[row] = parents[parents[row]];
        row = parents[row];
    }
    row
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Kind};

    use super::*;

    fn column(name: &str, kind: Kind, cells: &[Cell<'_>]) -> Column {
        let mut column = Column::new(name, kind);
        cells.iter().for_each(|cell| column.push(*cell));
        column
    }

    /// Returns customers with up to five rows, a few features with few values, and a target; some
    /// rows have no ID.
    fn customers(seed: u64, rows: usize) -> Table {
        let mut random = Random::new(seed, 0);
        let names = ["client_id", "plan", "months", "churn"];
        let kinds = [Kind::Categorical, Kind::Categorical, Kind::Numeric, Kind::Categorical];
        let mut columns: Vec<Column> =
            names.into_iter().zip(kinds).map(|(name, kind)| Column::new(name, kind)).collect();
        for _ in 0..rows {
            let id = format!("C-{:05}", random.below(rows.div_ceil(3)));
            let id = if random.below(20) == 0 { "" } else { &id };
            columns[0].push(Cell::Text(id));
            columns[1].push(Cell::Text(["a", "b"][random.below(2)]));
            columns[2].push(Cell::Number(random.below(4) as f64));
            columns[3].push(Cell::Text(["no", "yes"][random.below(2)]));
        }
        Table { columns }
    }

    fn ids(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn assert_together<P: PartialEq + std::fmt::Debug>(groups: &Groups, parts: &[P], seed: u64) {
        let mut of_groups: HashMap<u64, &P> = HashMap::new();
        for (key, part) in groups.keys().iter().zip(parts) {
            let first = of_groups.entry(*key).or_insert(part);
            assert_eq!(*first, part, "seed {seed}: the customer {key} is in two parts");
        }
    }

    #[test]
    fn no_split_separates_a_customer_and_none_sees_the_outcome() {
        for seed in 0..60 {
            let rows = 40 + 37 * seed as usize;
            let table = customers(seed, rows);
            let by = if seed % 3 == 0 { ids(&[]) } else { ids(&["client_id"]) };
            let groups = Groups::of(&table, &by, "churn");
            let mut others = table.clone();
            others.columns[3] = table.columns[3].take(&(0..rows).rev().collect::<Vec<usize>>());
            assert_eq!(groups, Groups::of(&others, &by, "churn"), "seed {seed}");

            let mut random = Random::new(seed, 1);
            let times: Vec<i64> = (0..rows).map(|_| random.below(12) as i64).collect();
            let newest = hold_out_newest(&groups, &times, 0.25);
            let used: Vec<usize> = (0..rows).filter(|row| newest[*row] != Part::Unused).collect();
            let parts: Vec<Part> = used.iter().map(|row| newest[*row]).collect();
            assert_together(&groups.take(&used), &parts, seed);
            let times_of = |part| -> Vec<i64> {
                (0..rows).filter(|row| newest[*row] == part).map(|row| times[row]).collect()
            };
            let (before, after) = (times_of(Part::Training), times_of(Part::HeldOut));
            assert!(before.iter().max() < after.iter().min(), "seed {seed}");

            assert_together(&groups, &hold_out(&groups, 0.25), seed);
            let dealt = folds(&groups, 5, seed);
            assert_together(&groups, &dealt, seed);
            let in_fold = |fold| dealt.iter().filter(|it| **it == fold).count();
            let sizes: Vec<usize> = (0..5).map(in_fold).collect();
            let most = groups.numbered().1.into_iter().max().unwrap_or_default();
            let gap = sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0);
            assert!(gap <= most, "seed {seed}: {sizes:?}");
            let sides: Vec<bool> = (0..rows).map(|row| row % 2 == 0).collect();
            assert_together(&groups, &stratified_folds(&sides, &groups, 5, seed), seed);
        }
    }

    #[test]
    fn equal_rows_fall_on_both_sides() {
        let rows = 4000;
        let same = |name: &str| column(name, Kind::Numeric, &vec![Cell::Number(1.0); rows]);
        let churn: Vec<Cell<'_>> =
            (0..rows).map(|row| Cell::Text(if row < rows / 2 { "no" } else { "yes" })).collect();
        let table =
            Table { columns: vec![same("plan"), column("churn", Kind::Categorical, &churn)] };
        let parts = hold_out(&Groups::of(&table, &[], "churn"), 0.25);
        for class in [0..rows / 2, rows / 2..rows] {
            let held_out = parts[class].iter().filter(|part| **part == Part::HeldOut).count();
            assert!((450..550).contains(&held_out), "{held_out} of 2,000 equal rows");
        }
    }

    #[test]
    fn an_id_is_a_text_and_a_missing_one_is_nobody() {
        let numbers = [Cell::Number(12.0), Cell::Number(7.0), Cell::Missing, Cell::Missing];
        let texts = [Cell::Text("12"), Cell::Text("7.0"), Cell::Text(""), Cell::Missing];
        let of = |kind, cells: &[Cell<'_>]| {
            let table = Table { columns: vec![column("id", kind, cells)] };
            Groups::of(&table, &ids(&["id"]), "churn")
        };
        let groups = of(Kind::Numeric, &numbers);
        assert_eq!(groups, of(Kind::Categorical, &texts));
        assert_eq!(groups.numbered().1, [1, 1, 1, 1]);
        // The keys of earlier releases, so that the same customers are held out.
        let text = of(Kind::Categorical, &[Cell::Text("c1")]);
        let digest: [u8; 32] = Sha256::digest(b"c1\0").into();
        assert_eq!(text.keys()[0].to_le_bytes(), digest[..8]);
    }

    #[test]
    fn columns_that_name_a_month_do_not_join_customers() {
        let rows = 1200;
        let mut columns = vec![
            Column::new("uid", Kind::Categorical),
            Column::new("client_id", Kind::Categorical),
            Column::new("month", Kind::Categorical),
        ];
        for row in 0..rows {
            columns[0].push(Cell::Text(&format!("u{row}")));
            columns[1].push(Cell::Text(&format!("c{}", row / 12)));
            columns[2].push(Cell::Text(&format!("2026-{:02}", row % 12 + 1)));
        }
        let table = Table { columns };
        let by = |names: &[&str]| Groups::of(&table, &ids(names), "churn");
        let customers = by(&["client_id"]);
        for names in [
            &["client_id", "month"][..],
            &["month", "client_id"],
            &["uid", "client_id"],
            &["client_id", "uid", "month"],
        ] {
            assert_eq!(by(names), customers, "{names:?}");
        }
    }

    #[test]
    fn the_newest_rows_of_a_few_customers_are_held_out() {
        let rows = 12_000;
        // Each of 1,000 customers has a row in each of 12 months.
        let mut random = Random::new(3, 0);
        let of_customers: Vec<u64> = (0..1000).map(|_| random.next_u64()).collect();
        let groups = Groups { keys: (0..rows).map(|row| of_customers[row / 12]).collect() };
        let times: Vec<i64> = (0..rows).map(|row| (row % 12) as i64).collect();
        let parts = hold_out_newest(&groups, &times, 0.25);
        let count = |part| parts.iter().filter(|it| **it == part).count();
        let (training, held_out) = (count(Part::Training), count(Part::HeldOut));
        assert!((6300..7200).contains(&training), "{training} of 9,000 old rows");
        assert!((600..900).contains(&held_out), "{held_out} of 3,000 new rows");
        // Customers of one row each lose nothing.
        let parts = hold_out_newest(&Groups::of_single_rows(rows), &times, 0.25);
        assert_eq!(parts.iter().filter(|part| **part == Part::Unused).count(), 0);
    }
}
