use crate::record::parse_utc;
use crate::table::{Column, Kind, Table, Values};

/// A number column with at most this many distinct values is a set of levels: flags, ratings, area codes.
const FEW_VALUES: usize = 5;

/// A text column with more distinct values than this share of its rows names rows, not groups.
const IDENTIFIER_SHARE: f64 = 0.5;

/// So many levels tell whether a text column holds dates.
const DATES_LOOKED_AT: usize = 100;

/// Too few rows to call a column an identifier.
const IDENTIFIER_MIN_ROWS: usize = 20;

/// What the person who runs the job knows of the columns.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    /// Columns that name rows or customers.
    pub ids: Vec<String>,
    /// Columns that hold the outcome.
    pub targets: Vec<String>,
    /// Columns to treat as levels whatever they hold.
    pub categorical: Vec<String>,
    /// Columns to treat as numbers, however few values they have.
    pub numeric: Vec<String>,
}

/// A column that is compared with nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub column: String,
    /// In words.
    pub why: String,
}

/// The features of a reference table, with their kinds settled, and the columns that are none.
#[derive(Debug, Clone)]
pub struct FeatureSet {
    /// The reference's features.
    pub reference: Table,
    /// Columns left out.
    pub skipped: Vec<Skipped>,
}

impl FeatureSet {
    /// Sorts the columns of `reference` into features and others.
    ///
    /// Ids, targets and dates are no features, nor is a text column in which more than half the rows differ. A numeric
    /// column with at most five distinct values is taken as categorical, unless `roles` says otherwise.
    pub fn new(reference: Table, roles: &Roles) -> Self {
        let mut features = Table::default();
        let mut skipped = Vec::new();
        for column in reference.columns {
            match why_no_feature(&column, roles) {
                Some(why) => skipped.push(Skipped { column: column.name, why }),
                None if as_levels(&column, roles) => features.columns.push(column.into_kind(Kind::Categorical)),
                None => features.columns.push(column),
            }
        }
        Self { reference: features, skipped }
    }

    /// Whether the reference has a column of this name, be it a feature or not.
    pub fn knows(&self, column: &str) -> bool {
        self.reference.column(column).is_some() || self.skipped.iter().any(|skipped| skipped.column == column)
    }

    /// An empty table with the features' names and kinds, to take production's rows.
    pub fn empty_production(&self) -> Table {
        let columns = self.reference.columns.iter().map(|column| Column::new(&column.name, column.kind())).collect();
        Table { columns }
    }

    /// The features' columns of another table, each with the kind that it has in the reference.
    ///
    /// A column that `table` does not have is missing here too, and other columns are left out.
    pub fn align(&self, table: Table) -> Table {
        let mut found: Vec<Option<Column>> = table.columns.into_iter().map(Some).collect();
        let mut columns = Vec::with_capacity(self.reference.columns.len());
        for reference in &self.reference.columns {
            let column = found.iter_mut().find(|column| column.as_ref().is_some_and(|c| c.name == reference.name));
            if let Some(column) = column.and_then(Option::take) {
                columns.push(column.into_kind(reference.kind()));
            }
        }
        Table { columns }
    }
}

fn why_no_feature(column: &Column, roles: &Roles) -> Option<String> {
    if roles.ids.contains(&column.name) {
        return Some("an id".to_owned());
    }
    if roles.targets.contains(&column.name) {
        return Some("the target".to_owned());
    }
    if column.kind() == Kind::Date {
        return Some("a date".to_owned());
    }
    let is_text = column.kind() == Kind::Categorical && !roles.categorical.contains(&column.name);
    if is_text && names_dates(column) {
        return Some("a date".to_owned());
    }
    let present = column.len() - column.missing();
    let distinct = if is_text { column.distinct_up_to(usize::MAX) } else { 0 };
    if is_text && present >= IDENTIFIER_MIN_ROWS && distinct as f64 > IDENTIFIER_SHARE * present as f64 {
        return Some(format!(
            "an identifier: {distinct} distinct values in {present} rows (--categorical {} compares it all the same)",
            column.name
        ));
    }
    None
}

/// Whether all of the first levels are points in time.
fn names_dates(column: &Column) -> bool {
    let Values::Categorical { levels, .. } = &column.values else { return false };
    let first = levels.names().iter().take(DATES_LOOKED_AT);
    first.len() > 0 && first.clone().all(|name| parse_utc(name).is_some())
}

fn as_levels(column: &Column, roles: &Roles) -> bool {
    if roles.categorical.contains(&column.name) {
        return true;
    }
    let few = column.kind() == Kind::Numeric && column.distinct_up_to(FEW_VALUES + 1) <= FEW_VALUES;
    few && column.missing() < column.len() && !roles.numeric.contains(&column.name)
}
