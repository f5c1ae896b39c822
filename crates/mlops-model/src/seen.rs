//! Which rows a model was fitted to, by the record of its training data.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use mlops_core::table::{Column, Kind, Table, Values};
use rayon::prelude::*;

use super::random::Random;
use super::split::{column_keys, identifying, sample_indices};

/// Rows of which it is estimated how often rows agree by chance.
const SAMPLE: usize = 500;

/// Pairs of rows that are compared at most: a second or two for 20 columns.
const MAX_PAIRS: usize = 1_000_000_000;

/// Rows of a block whose agreements are counted together.
const BLOCK: usize = 4096;

/// Two rows count as the same only if at most this share of the record's rows agree as well with
/// another row of it.
const MAX_CHANCE: f64 = 0.5;

/// What the record of a model says about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The model was not fitted to it.
    No,
    /// The record has a row of the same customer.
    ById,
    /// A row of the record may be the same, by its values.
    ByValues,
    /// There are too many rows to compare all of them.
    Unknown,
}

/// The rows of a data set that a model is evaluated on, and all others.
#[derive(Debug, Clone, Copy)]
pub struct NewData<'a> {
    /// The held-out rows.
    pub held_out: &'a Table,
    /// All other rows.
    pub others: &'a Table,
    /// Columns that may identify customers, in this data set or in the record.
    pub ids: &'a [String],
    /// The column with the times of the rows.
    pub time: Option<&'a str>,
}

/// Returns for each held-out row whether a model was fitted to it, by the `record` of the rows that
/// the model was fitted to.
///
/// - A row is seen if its customer is in the record. IDs are compared as texts.
/// - Other rows are new if their time is after all times of the record, or if the IDs of both tables
///   are of one kind: rows of equal ID agree more than other rows, or, if there are none, the
///   rows of both tables agree no more than rows of different customers do.
/// - What remains is compared by value over the columns that both tables have. Each row of the record
///   first accounts for one equal row, preferably not a held-out one. A row is seen if a row of the
///   record that remains agrees with it in most columns: in more than half of them, or in so many
///   more that at most half of the record's rows agree as well with another row of it, up to nine of
///   ten columns.
pub fn seen(record: &Table, new: NewData<'_>) -> Vec<Seen> {
    let rows = new.held_out.rows();
    let has = |name: &&String| record.column(name).is_some() && new.held_out.column(name).is_some();
    let ids: Vec<String> = new.ids.iter().filter(has).cloned().collect();
    let by_id = ById::of(record, new, &ids);
    let columns = Shared::of(record, new, &ids);
    let is_later = later(record, new);
    let trusts_ids = || by_id.are_of_one_kind(&columns);
    let mut found: Vec<Option<Seen>> = (0..rows)
        .map(|row| match by_id.held_out[row] {
            Some(true) => Some(Seen::ById),
            _ => is_later[row].then_some(Seen::No),
        })
        .collect();
    if found.iter().any(Option::is_none) && by_id.exist() && trusts_ids() {
        for (found, is_known) in found.iter_mut().zip(&by_id.held_out) {
            if found.is_none() && *is_known == Some(false) {
                *found = Some(Seen::No);
            }
        }
    }
    let open: Vec<usize> = (0..rows).filter(|row| found[*row].is_none()).collect();
    for (row, seen) in open.iter().zip(columns.seen(&open)) {
        found[*row] = Some(seen);
    }
    found.into_iter().flatten().collect()
}

/// Returns whether each held-out row is later than all rows of the record.
fn later(record: &Table, new: NewData<'_>) -> Vec<bool> {
    let times = |table: &Table| Some(table.column(new.time?)?.times());
    let latest = times(record).and_then(|times| times.into_iter().flatten().max());
    match (latest, times(new.held_out)) {
        (Some(latest), Some(times)) => {
            times.into_iter().map(|time| time.is_some_and(|time| time > latest)).collect()
        }
        _ => vec![false; new.held_out.rows()],
    }
}

/// The customers of the new rows, looked up in the record.
struct ById {
    /// Whether the record has the customer of each held-out row; `None` for a row without ID.
    held_out: Vec<Option<bool>>,
    /// New rows (held-out rows first) with a row of the record of the same ID.
    pairs: Vec<(usize, usize)>,
}

impl ById {
    fn of(record: &Table, new: NewData<'_>, ids: &[String]) -> Self {
        let whole = if new.others.rows() > 0 { new.others } else { new.held_out };
        let (mut held_out, mut pairs) = (vec![None; new.held_out.rows()], HashMap::new());
        for column in identifying(whole, ids) {
            let keys =
                |table: &Table| table.column(&column.name).map(column_keys).unwrap_or_default();
            let mut first: HashMap<u64, usize> = HashMap::new();
            for (row, key) in keys(record).into_iter().enumerate() {
                key.map(|key| first.entry(key).or_insert(row));
            }
            let new_keys = keys(new.held_out).into_iter().chain(keys(new.others));
            for (row, key) in new_keys.enumerate() {
                let Some(key) = key else { continue };
                let of_record = first.get(&key);
                if let Some(of_record) = of_record {
                    pairs.entry(row).or_insert(*of_record);
                }
                if let Some(is_known) = held_out.get_mut(row) {
                    *is_known = Some(*is_known == Some(true) || of_record.is_some());
                }
            }
        }
        let mut pairs: Vec<(usize, usize)> = pairs.into_iter().collect();
        pairs.sort_unstable();
        Self { held_out, pairs }
    }

    fn exist(&self) -> bool {
        self.held_out.iter().any(Option::is_some)
    }

    /// Whether equal IDs of both tables are the same customers, and other IDs are others.
    fn are_of_one_kind(&self, columns: &Shared) -> bool {
        if self.pairs.is_empty() {
            let most = columns.agreement_of_the_same();
            let among_new = columns.share_of_held_out(most);
            let error = (0.5 / SAMPLE.min(columns.held_out_rows).max(1) as f64).sqrt();
            return among_new <= columns.chance(most) + 3.0 * error;
        }
        let mut random = Random::new(1, 0);
        let gains = sample_indices(self.pairs.len(), SAMPLE, 0).into_iter().map(|index| {
            let (row, same) = self.pairs[index];
            let other = random.below(columns.record_rows);
            columns.agreement(row, same) as f64 - columns.agreement(row, other) as f64
        });
        let gains: Vec<f64> = gains.collect();
        let n = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let variance =
            gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        n >= 10.0 && mean > 3.0 * (variance / n).sqrt()
    }
}

/// The values of the columns that both tables have, without IDs: one code for equal values.
struct Shared {
    record: Vec<Vec<u32>>,
    /// The new rows, held-out rows first.
    new: Vec<Vec<u32>>,
    record_rows: usize,
    held_out_rows: usize,
    /// For a sample of the record's rows, in how many columns another row of it agrees.
    among_record: Vec<usize>,
}

impl Shared {
    fn of(record: &Table, new: NewData<'_>, ids: &[String]) -> Self {
        let (mut of_record, mut of_new) = (Vec::new(), Vec::new());
        for column in &record.columns {
            let (Some(held_out), false) =
                (new.held_out.column(&column.name), ids.contains(&column.name))
            else {
                continue;
            };
            let others = new.others.column(&column.name);
            let all = [Some(column), Some(held_out), others];
            let is_date = all.iter().flatten().any(|column| column.kind() == Kind::Date);
            of_record.push(codes(column, is_date));
            let mut all_new = codes(held_out, is_date);
            all_new.extend(others.map(|column| codes(column, is_date)).unwrap_or_default());
            of_new.push(all_new);
        }
        let record_rows = record.rows();
        let wanted = SAMPLE.min(MAX_PAIRS / 5 / record_rows.max(1)).max(20);
        let sample = sample_indices(record_rows, wanted, 0);
        let best = |row: &usize| best_agreement(&row_of(&of_record, *row), &of_record, Some(*row));
        let among_record = sample.par_iter().map(best).collect();
        Self {
            among_record,
            record: of_record,
            new: of_new,
            record_rows,
            held_out_rows: new.held_out.rows(),
        }
    }

    /// Returns in how many columns a new row agrees with a row of the record.
    fn agreement(&self, new: usize, record: usize) -> usize {
        let pairs = self.new.iter().zip(&self.record);
        pairs.filter(|(of_new, of_record)| of_new[new] == of_record[record]).count()
    }

    /// Returns the share of the record's rows that agree with another one in so many columns.
    fn chance(&self, columns: usize) -> f64 {
        let agree = self.among_record.iter().filter(|best| **best >= columns).count();
        agree as f64 / self.among_record.len().max(1) as f64
    }

    /// Returns the share of the held-out rows, of a sample, that agree with a row of the record in so
    /// many columns.
    fn share_of_held_out(&self, columns: usize) -> f64 {
        let sample = sample_indices(self.held_out_rows, self.among_record.len(), 0);
        let agrees =
            |row: &&usize| best_agreement(&row_of(&self.new, **row), &self.record, None) >= columns;
        sample.par_iter().filter(agrees).count() as f64 / sample.len().max(1) as f64
    }

    /// Returns the number of columns in which rows agree that may be the same.
    fn agreement_of_the_same(&self) -> usize {
        let columns = self.record.len();
        let most = columns - columns.div_ceil(10);
        let more_than_half = (columns / 2 + 1).min(most);
        (more_than_half..most).find(|agree| self.chance(*agree) <= MAX_CHANCE).unwrap_or(most)
    }

    /// Returns whether these held-out rows may be in the record, by their values.
    fn seen(&self, open: &[usize]) -> Vec<Seen> {
        // The target alone tells nothing.
        if self.record.len() < 2 {
            return vec![Seen::ByValues; open.len()];
        }
        let (equal, left) = self.account(open);
        let left: Vec<Vec<u32>> = self.record.iter().map(|column| take(column, &left)).collect();
        let rows = left[0].len();
        let most = self.agreement_of_the_same();
        let affordable = if rows == 0 { open.len() } else { MAX_PAIRS / rows };
        let compared: HashSet<usize> =
            sample_indices(open.len(), affordable, 0).into_iter().collect();
        let seen = |index: usize| {
            if equal[index] {
                Seen::ByValues
            } else if !compared.contains(&index) {
                Seen::Unknown
            } else if rows > 0
                && best_agreement(&row_of(&self.new, open[index]), &left, None) >= most
            {
                Seen::ByValues
            } else {
                Seen::No
            }
        };
        (0..open.len()).into_par_iter().map(seen).collect()
    }

    /// Lets each row of the record account for one equal new row, and for a held-out row only if there
    /// is no other. Returns whether each of the open held-out rows is accounted for, and the
    /// rows of the record that remain, one of each kind.
    fn account(&self, open: &[usize]) -> (Vec<bool>, Vec<usize>) {
        let mut left: HashMap<Vec<u32>, (usize, usize)> = HashMap::new();
        for row in 0..self.record_rows {
            left.entry(row_of(&self.record, row)).or_insert((0, row)).0 += 1;
        }
        let mut take_one = |row: usize| match left.get_mut(&row_of(&self.new, row)) {
            Some((count, _)) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        };
        let open_rows: HashSet<usize> = open.iter().copied().collect();
        let rows = self.new.first().map_or(0, Vec::len);
        for row in (0..rows).rev().filter(|row| !open_rows.contains(row)) {
            take_one(row);
        }
        let equal = open.iter().map(|row| take_one(*row)).collect();
        let mut left: Vec<usize> =
            left.into_values().filter(|(count, _)| *count > 0).map(|(_, row)| row).collect();
        left.sort_unstable();
        (equal, left)
    }
}

/// Returns the largest number of columns in which a row of `columns` agrees with `row`.
fn best_agreement(row: &[u32], columns: &[Vec<u32>], except: Option<usize>) -> usize {
    let rows = columns.first().map_or(0, Vec::len);
    let mut counts = [0u16; BLOCK];
    let mut best = 0;
    for from in (0..rows).step_by(BLOCK) {
        let counts = &mut counts[..BLOCK.min(rows - from)];
        counts.fill(0);
        for (column, value) in columns.iter().zip(row) {
            let block = &column[from..from + counts.len()];
            counts
                .iter_mut()
                .zip(block)
                .for_each(|(count, other)| *count += u16::from(other == value));
        }
        if let Some(own) = except.and_then(|row| row.checked_sub(from))
            && let Some(count) = counts.get_mut(own)
        {
            *count = 0;
        }
        best = counts.iter().copied().fold(best, u16::max);
    }
    usize::from(best)
}

fn row_of(columns: &[Vec<u32>], row: usize) -> Vec<u32> {
    columns.iter().map(|column| column[row]).collect()
}

fn take(column: &[u32], rows: &[usize]) -> Vec<u32> {
    rows.iter().map(|row| column[*row]).collect()
}

/// Returns a code of each value, equal for values that are written differently: a number as number
/// or text, in single or double precision; a time as time or text. 0 is missing.
fn codes(column: &Column, is_date: bool) -> Vec<u32> {
    let of_number =
        |number: f64| if number.is_nan() { 0 } else { code((number as f32 + 0.0).to_bits()) };
    if is_date {
        return column.times().into_iter().map(|time| time.map_or(0, code)).collect();
    }
    match &column.values {
        Values::Numeric(values) => values.iter().map(|value| of_number(*value)).collect(),
        Values::Categorical { levels, codes } => {
            let of_level = |name: &String| match name.as_str() {
                "true" => of_number(1.0),
                "false" => of_number(0.0),
                text => match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => of_number(number),
                    _ => code(text),
                },
            };
            let of_levels: Vec<u32> = levels.names().iter().map(of_level).collect();
            codes.iter().map(|code| code.map_or(0, |code| of_levels[code as usize])).collect()
        }
        Values::Date(_) => vec![0; column.len()],
    }
}

fn code(value: impl Hash) -> u32 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    (hasher.finish() as u32).max(1)
}
