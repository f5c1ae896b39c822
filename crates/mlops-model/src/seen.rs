//! Which rows a model was fitted to, by the record of its training data.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use mlops_core::table::{Column, Kind, Table, Values};
use rayon::prelude::*;

use super::random::Random;
use super::split::{column_keys, identifying, sample_indices};

/// Rows whose best agreement with other rows is counted, of each side.
const SAMPLE: usize = 1000;

/// Pairs of rows that are compared at most in each step: a second or two for 20 columns.
const MAX_PAIRS: usize = 1_000_000_000;

/// Rows of a block whose agreements are counted together.
const BLOCK: usize = 4096;

/// More agreement than by chance: a number of standard errors.
const SIGNIFICANT: f64 = 2.5;

/// Two rows count as the same only if at most this share of the record's rows agree as well with
/// another row of it.
const MAX_CHANCE: f64 = 0.5;

/// A column that agrees in fewer of the pairs of most alike rows has new values in all rows.
const MIN_AGREEMENT: f64 = 0.05;

/// Minimum number of such pairs.
const MIN_PAIRS: usize = 20;

/// Whether a row is in the record of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is new to the model.
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
///   held-out rows agree with the record no more than the rows of the record with each other.
/// - What remains is compared by value over the columns that both tables have. Each row of the record
///   first accounts for one equal row, preferably not a held-out one. If the remaining rows agree
///   with what remains of the record no more than the rows of the record do, they are new. Otherwise
///   columns that have new values in all rows are left out, and all is done again.
/// - At last a row is seen if a remaining row of the record agrees with it in most columns: in more
///   than half of them, or in so many more that at most half of the record's rows agree as well with
///   another row of it, up to nine of ten columns.
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
    for (row, seen) in open.iter().zip(columns.seen(&open, true)) {
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
            let all: Vec<usize> = (0..columns.record_rows).collect();
            let held_out: Vec<usize> = (0..self.held_out.len()).collect();
            return !columns.alike(&held_out, &all).exceed_chance();
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
#[derive(Clone)]
struct Shared {
    record: Vec<Vec<u32>>,
    /// The new rows, held-out rows first.
    new: Vec<Vec<u32>>,
    record_rows: usize,
}

/// The largest number of columns in which rows agree with a row of the record.
struct Alike {
    columns: usize,
    /// One for each new row.
    new: Vec<usize>,
    /// One for each row of the record, compared with the others.
    record: Vec<usize>,
}

impl Alike {
    /// Whether new rows agree with the record more than its rows agree with each other, in any
    /// number of columns.
    fn exceed_chance(&self) -> bool {
        let share = |best: &[usize], agree: usize| {
            best.iter().filter(|best| **best >= agree).count() as f64 / best.len().max(1) as f64
        };
        let (n_new, n_record) = (self.new.len() as f64, self.record.len() as f64);
        (self.columns / 2 + 1..=self.columns).any(|agree| {
            let (of_new, of_record) = (share(&self.new, agree), share(&self.record, agree));
            let both = (n_new * of_new + n_record * of_record) / (n_new + n_record);
            let variance = both * (1.0 - both) * (1.0 / n_new + 1.0 / n_record);
            of_new - of_record > SIGNIFICANT * variance.sqrt()
        })
    }

    /// Returns the number of columns in which rows agree that may be the same.
    fn agreement_of_the_same(&self) -> usize {
        let most = self.columns - self.columns.div_ceil(10);
        let more_than_half = (self.columns / 2 + 1).min(most);
        let is_rare = |agree: &usize| {
            let by_chance = self.record.iter().filter(|best| *best >= agree).count();
            by_chance as f64 <= MAX_CHANCE * self.record.len() as f64
        };
        (more_than_half..most).find(is_rare).unwrap_or(most)
    }
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
        Self { record: of_record, new: of_new, record_rows: record.rows() }
    }

    /// Returns in how many columns a new row agrees with a row of the record.
    fn agreement(&self, new: usize, record: usize) -> usize {
        let pairs = self.new.iter().zip(&self.record);
        pairs.filter(|(of_new, of_record)| of_new[new] == of_record[record]).count()
    }

    /// Returns how much these new rows, and rows of the record, agree with these rows of the record.
    fn alike(&self, new: &[usize], record: &[usize]) -> Alike {
        let among: Vec<Vec<u32>> = self.record.iter().map(|column| take(column, record)).collect();
        let wanted = SAMPLE.min(MAX_PAIRS / 2 / record.len().max(1)).max(MIN_PAIRS);
        let best_of_new = |index: &usize| best(&row_of(&self.new, new[*index]), &among, None).0;
        let best_of_record = |row: &usize| {
            best(&row_of(&self.record, *row), &among, record.binary_search(row).ok()).0
        };
        Alike {
            columns: self.record.len(),
            new: sample_indices(new.len(), wanted, 0).par_iter().map(best_of_new).collect(),
            record: sample_indices(self.record_rows, wanted, 0)
                .par_iter()
                .map(best_of_record)
                .collect(),
        }
    }

    /// Returns whether these held-out rows may be in the record, by their values.
    fn seen(&self, open: &[usize], may_change: bool) -> Vec<Seen> {
        // The target alone tells nothing.
        if self.record.len() < 2 {
            return vec![Seen::ByValues; open.len()];
        }
        let (equal, left) = self.account(open);
        let of_equal = |equal: &bool| if *equal { Seen::ByValues } else { Seen::No };
        let others: Vec<usize> =
            open.iter().zip(&equal).filter(|(_, equal)| !**equal).map(|(row, _)| *row).collect();
        if left.is_empty() || others.is_empty() {
            return equal.iter().map(of_equal).collect();
        }
        let alike = self.alike(&others, &left);
        if !alike.exceed_chance() {
            return equal.iter().map(of_equal).collect();
        }
        if may_change && let Some(unchanged) = self.without_changed_columns(&left) {
            return unchanged.seen(open, false);
        }
        let left: Vec<Vec<u32>> = self.record.iter().map(|column| take(column, &left)).collect();
        let most = alike.agreement_of_the_same();
        let affordable = MAX_PAIRS / left[0].len().max(1);
        let compared: HashSet<usize> =
            sample_indices(open.len(), affordable, 0).into_iter().collect();
        let seen = |index: usize| {
            if equal[index] {
                Seen::ByValues
            } else if !compared.contains(&index) {
                Seen::Unknown
            } else if best(&row_of(&self.new, open[index]), &left, None).0 >= most {
                Seen::ByValues
            } else {
                Seen::No
            }
        };
        (0..open.len()).into_par_iter().map(seen).collect()
    }

    /// Leaves out the columns that agree in nearly none of the pairs of a remaining row of the record
    /// and the new row that is most like it: their unit, precision or coding changed, or
    /// time passed.
    fn without_changed_columns(&self, left: &[usize]) -> Option<Self> {
        let new_rows = self.new.first().map_or(0, Vec::len);
        let wanted = (SAMPLE / 5).min(MAX_PAIRS / 2 / new_rows.max(1)).max(MIN_PAIRS);
        let pair = |index: &usize| {
            let row = left[*index];
            let (agree, most_alike) = best(&row_of(&self.record, row), &self.new, None);
            (2 * agree > self.record.len()).then_some((row, most_alike))
        };
        let pairs: Vec<(usize, usize)> =
            sample_indices(left.len(), wanted, 0).par_iter().filter_map(pair).collect();
        let agrees = |column: &usize| {
            let (of_record, of_new) = (&self.record[*column], &self.new[*column]);
            let agree = pairs.iter().filter(|(row, new)| of_record[*row] == of_new[*new]).count();
            agree as f64 >= MIN_AGREEMENT * pairs.len() as f64
        };
        let kept: Vec<usize> = (0..self.record.len()).filter(agrees).collect();
        let of =
            |columns: &[Vec<u32>]| kept.iter().map(|column| columns[*column].clone()).collect();
        (pairs.len() >= MIN_PAIRS && kept.len() < self.record.len()).then(|| Self {
            record: of(&self.record),
            new: of(&self.new),
            ..self.clone()
        })
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

/// Returns the largest number of columns in which a row of `columns` agrees with `row`, and its index.
fn best(row: &[u32], columns: &[Vec<u32>], except: Option<usize>) -> (usize, usize) {
    let rows = columns.first().map_or(0, Vec::len);
    let mut counts = [0u16; BLOCK];
    let mut best = (0, 0);
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
        let most = counts.iter().copied().max().unwrap_or_default();
        if usize::from(most) > best.0 {
            let index = counts.iter().position(|count| *count == most).unwrap_or_default();
            best = (usize::from(most), from + index);
        }
    }
    best
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

#[cfg(test)]
mod tests {
    use mlops_core::table::Cell;

    use super::*;

    /// Returns the rows `from..to` of a table with a customer number and `numbers` columns of this
    /// many values.
    fn table(from: usize, to: usize, numbers: usize, values: usize) -> Table {
        let mut id = Column::new("id", Kind::Categorical);
        (from..to).for_each(|row| id.push(Cell::Text(&format!("c{row}"))));
        let number = |number: usize| {
            let value = |row| Random::new(row as u64, number as u64).below(values) as f64;
            let mut column = Column::new(format!("n{number}"), Kind::Numeric);
            (from..to).for_each(|row| column.push(Cell::Number(value(row))));
            column
        };
        Table { columns: std::iter::once(id).chain((0..numbers).map(number)).collect() }
    }

    fn count(record: &Table, held_out: &Table, others: &Table, ids: &[&str]) -> [usize; 3] {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let found = seen(record, NewData { held_out, others, ids: &ids, time: None });
        [Seen::No, Seen::ById, Seen::ByValues]
            .map(|wanted| found.iter().filter(|seen| **seen == wanted).count())
    }

    #[test]
    fn rows_are_found_by_id_or_by_value() {
        let (values, none) = (1000, table(0, 0, 6, 1000));
        let (record, half_known) = (table(0, 600, 6, values), table(400, 800, 6, values));
        assert_eq!(count(&record, &half_known, &none, &["id"]), [200, 200, 0]);
        assert_eq!(count(&record, &half_known, &none, &[]), [200, 0, 200]);
        let mut changed = half_known.clone();
        changed.columns[2] = table(5000, 5400, 6, values).columns[2].clone();
        assert_eq!(count(&record, &changed, &none, &[]), [200, 0, 200]);
        // A value of each row changed, in another column each time.
        for row in 0..400 {
            if let Values::Numeric(values) = &mut changed.columns[1 + row % 6].values {
                values[row] += 0.5;
            }
        }
        let [new, _, known] = count(&record, &changed, &none, &[]);
        assert!((198..=202).contains(&known) && new + known == 400, "{new} and {known}");
        // IDs that were given anew prove nothing.
        let mut anew = half_known;
        anew.columns[0] = table(0, 400, 0, 1).columns[0].clone();
        assert_eq!(count(&record, &anew, &none, &["id"])[0], 0);
        let mut hashed = table(400, 800, 6, values);
        hashed.columns[0] = table(70_000, 70_400, 0, 1).columns[0].clone();
        assert_eq!(count(&record, &hashed, &none, &["id"]), [200, 0, 200]);
        let others = table(9000, 9400, 6, values);
        assert_eq!(count(&record, &others, &none, &["id"]), [400, 0, 0]);
        assert_eq!(count(&record, &others, &none, &[]), [400, 0, 0]);
    }

    #[test]
    fn each_row_of_the_record_accounts_for_one_equal_row() {
        // 8 kinds of rows.
        let (record, fitted) = (table(0, 900, 3, 2), table(0, 900, 3, 2));
        let held_out = table(900, 1200, 3, 2);
        assert_eq!(count(&record, &held_out, &table(900, 1100, 3, 2), &["id"]), [300, 0, 0]);
        let without_id = |table: Table| Table { columns: table.columns[1..].to_vec() };
        let [record, held_out, fitted] = [record, held_out, fitted].map(without_id);
        assert_eq!(count(&record, &held_out, &fitted, &[]), [300, 0, 0]);
        // Without the fitted rows, any row may be one of them.
        assert_eq!(count(&record, &held_out, &table(0, 0, 3, 2), &[]), [0, 0, 300]);
        let one_column = Table { columns: vec![record.columns[0].clone()] };
        assert_eq!(count(&one_column, &held_out, &fitted, &[]), [0, 0, 300]);
    }
}
