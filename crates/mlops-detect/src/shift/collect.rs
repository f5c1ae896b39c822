use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use mlops_core::table::Table;
use mlops_core::window::Window;
use mlops_stats::profile::{Profile, ProfileError, Profiles};

/// So many segments are told apart; the rows of what comes after them are one more.
const MAX_SEGMENTS: usize = 100;

/// The segment of rows that do not say where they belong.
const NO_SEGMENT: &str = "(missing)";

/// The segment of all that come after the first hundred.
const FURTHER_SEGMENTS: &str = "(other segments)";

/// How rows are told apart on their way into profiles.
#[derive(Debug, Clone, Default)]
pub struct Split {
    /// The column that says whose row it is; of each one row is taken.
    pub unit: Option<String>,
    /// The column whose values are segments.
    pub by: Option<String>,
    /// The column that says when a row was.
    pub time: Option<String>,
    /// Only rows of this time are taken; without a limit, also those that do not say when they
    /// were.
    pub window: Window,
    /// Parts along time, or along the rows.
    pub chunk: Option<Chunk>,
}

/// Parts of a data set of which each is compared by itself, for a trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// Days in UTC.
    Days,
    /// Weeks from Monday on, in UTC.
    Weeks,
    /// So many rows each, in the order in which they come.
    Rows(u64),
}

impl Chunk {
    /// The name of the chunk of a moment: its day, or the Monday of its week.
    fn of_time(self, microseconds: i64) -> Option<String> {
        let day = Timestamp::from_microsecond(microseconds).ok()?.to_zoned(TimeZone::UTC).date();
        match self {
            Self::Weeks if day.weekday() != Weekday::Monday => {
                day.nth_weekday(-1, Weekday::Monday).ok().map(|monday| monday.to_string())
            }
            _ => Some(day.to_string()),
        }
    }
}

/// Rows as profiles: of all of them, of each segment, and of each chunk.
#[derive(Debug)]
pub struct Collector {
    split: Split,
    empty: Profile,
    profiles: Profiles,
    chunks: BTreeMap<String, Profile>,
    units: HashSet<u64>,
    repeated: u64,
    taken: u64,
}

/// The result of a [`Collector`].
#[derive(Debug)]
pub struct Collected {
    /// The profiles of all rows and of the segments.
    pub profiles: Profiles,
    /// By their names, which sort by time. Rows without a time are in none.
    pub chunks: BTreeMap<String, Profile>,
    /// Rows left out, as an earlier one is of the same unit.
    pub repeated: u64,
}

impl Collected {
    /// Creates the result from existing profiles.
    pub fn of(profiles: Profiles) -> Self {
        Self { profiles, chunks: BTreeMap::new(), repeated: 0 }
    }

    /// Takes the columns of these names out, and returns their profile over all rows.
    pub fn split_off(&mut self, names: &[String]) -> Profile {
        let parts = self.profiles.segments.values_mut().chain(self.chunks.values_mut());
        parts.for_each(|part| drop(part.split_off(names)));
        self.profiles.whole.split_off(names)
    }
}

impl Collector {
    /// Starts with an empty profile, which says what columns are wanted.
    pub fn new(empty: Profile, split: Split) -> Self {
        let profiles =
            Profiles { whole: empty.clone(), by: split.by.clone(), segments: BTreeMap::new() };
        Self {
            split,
            empty,
            profiles,
            chunks: BTreeMap::new(),
            units: HashSet::new(),
            repeated: 0,
            taken: 0,
        }
    }

    /// How rows are told apart.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// Whether it has a use for a column.
    pub fn wants(&self, column: &str) -> bool {
        let named = [&self.split.unit, &self.split.by, &self.split.time];
        self.empty.column(column).is_some()
            || named.into_iter().flatten().any(|name| name == column)
    }

    /// Takes the time of the rows that follow from another column.
    pub fn set_time(&mut self, time: Option<String>) {
        self.split.time = time;
    }

    /// Adds what others have collected of other rows, once `select` has brought it to the columns
    /// of this one.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] where the columns differ all the same.
    pub fn join(
        &mut self,
        profiles: Profiles,
        select: impl Fn(Profile) -> Profile,
    ) -> Result<(), ProfileError> {
        self.profiles.whole.join(&select(profiles.whole))?;
        if self.split.by.is_some() {
            for (name, segment) in profiles.segments {
                let segments = &mut self.profiles.segments;
                segments
                    .entry(name)
                    .or_insert_with(|| self.empty.clone())
                    .join(&select(segment))?;
            }
        }
        Ok(())
    }

    /// Adds the rows of a table.
    pub fn add(&mut self, table: &Table) {
        let times = self
            .split
            .time
            .as_ref()
            .and_then(|time| table.column(time))
            .map(|column| column.times());
        let times = times.unwrap_or_else(|| vec![None; table.rows()]);
        let units = self
            .split
            .unit
            .as_ref()
            .and_then(|unit| table.column(unit))
            .map(|column| column.names());
        let has_window = self.split.window != Window::default();
        let mut rows = Vec::with_capacity(table.rows());
        for row in 0..table.rows() {
            let moment = times[row].and_then(|time| Timestamp::from_microsecond(time).ok());
            if has_window && !moment.is_some_and(|moment| self.split.window.contains(moment)) {
                continue;
            }
            if let Some(Some(unit)) = units.as_ref().map(|units| &units[row])
                && !self.is_new(unit)
            {
                self.repeated += 1;
                continue;
            }
            rows.push(row);
        }
        if rows.len() == table.rows() {
            self.take(table, &times);
        } else {
            let times: Vec<Option<i64>> = rows.iter().map(|&row| times[row]).collect();
            self.take(&table.take(&rows), &times);
        }
    }

    /// All that was added.
    pub fn finish(self) -> Collected {
        Collected { profiles: self.profiles, chunks: self.chunks, repeated: self.repeated }
    }

    /// Whether no row of this unit was there before.
    fn is_new(&mut self, unit: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        unit.hash(&mut hasher);
        self.units.insert(hasher.finish())
    }

    fn take(&mut self, table: &Table, times: &[Option<i64>]) {
        self.profiles.whole.add(table);
        if let Some(by) = &self.split.by {
            let names =
                table.column(by).map_or_else(|| vec![None; table.rows()], |column| column.names());
            for (name, rows) in
                grouped(names.into_iter().map(|name| name.or_else(|| Some(NO_SEGMENT.to_owned()))))
            {
                let segments = &mut self.profiles.segments;
                let is_room = segments.len() < MAX_SEGMENTS || segments.contains_key(&name);
                let name = if is_room { name } else { FURTHER_SEGMENTS.to_owned() };
                segments.entry(name).or_insert_with(|| self.empty.clone()).add(&table.take(&rows));
            }
        }
        if let Some(chunk) = self.split.chunk {
            let before = self.taken;
            let names: Vec<Option<String>> = match chunk {
                // Padded, so that names sort as numbers do.
                Chunk::Rows(size) => (0..table.rows() as u64)
                    .map(|row| Some(format!("{:06}", (before + row) / size + 1)))
                    .collect(),
                Chunk::Days | Chunk::Weeks => {
                    times.iter().map(|time| time.and_then(|time| chunk.of_time(time))).collect()
                }
            };
            for (name, rows) in grouped(names) {
                self.chunks
                    .entry(name)
                    .or_insert_with(|| self.empty.clone())
                    .add(&table.take(&rows));
            }
        }
        self.taken += table.rows() as u64;
    }
}

/// The rows of each name.
fn grouped(names: impl IntoIterator<Item = Option<String>>) -> BTreeMap<String, Vec<usize>> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (row, name) in names.into_iter().enumerate() {
        if let Some(name) = name {
            groups.entry(name).or_default().push(row);
        }
    }
    groups
}
