use mlops_core::table::Kind;
use mlops_core::timestamp::parse_utc;
use mlops_stats::profile::{ColumnProfile, LevelProfile, Profile, ValueProfile};

/// A number column with at most this many distinct values is a set of levels: flags, ratings, area
/// codes.
const FEW_VALUES: usize = 5;

/// A text column with more distinct values than this share of its rows names rows, not groups.
const IDENTIFIER_SHARE: f64 = 0.5;

/// So many levels tell whether a text column holds dates.
const DATES_LOOKED_AT: usize = 100;

/// Too few rows to call a column an identifier.
const IDENTIFIER_MIN_ROWS: u64 = 20;

/// The roles of columns that the user named.
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
    /// The inputs of the model, if known; other columns are not features.
    pub taken: Option<Vec<String>>,
}

impl Roles {
    /// Returns the kind of a column for the profile; `kind` is the one of its source.
    pub fn kind(&self, column: &str, kind: Kind) -> Kind {
        if self.categorical.iter().any(|name| name == column) { Kind::Categorical } else { kind }
    }
}

/// A column that is compared with nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub column: String,
    /// In words.
    pub why: String,
}

/// The features of a reference profile, with their kinds settled, and the columns that are none.
#[derive(Debug, Clone)]
pub struct FeatureSet {
    /// The reference's features.
    pub reference: Profile,
    /// The reference's targets, which are no features and may be compared by themselves.
    pub targets: Profile,
    /// Columns left out.
    pub skipped: Vec<Skipped>,
}

impl FeatureSet {
    /// Sorts the columns of `reference` into features and others.
    ///
    /// Ids, targets and dates are no features, nor is a text column in which more than half the
    /// rows differ. A numeric column with at most five distinct values is taken as categorical,
    /// unless `roles` says otherwise.
    pub fn new(reference: Profile, roles: &Roles) -> Self {
        let mut features = Profile { rows: reference.rows, columns: Vec::new() };
        let mut targets = features.clone();
        let mut skipped = Vec::new();
        for column in reference.columns {
            let as_settled =
                |column: ColumnProfile| levels_if_few(&column, roles).unwrap_or(column);
            match why_no_feature(&column, roles) {
                None => features.columns.push(as_settled(column)),
                Some(why) => {
                    skipped.push(Skipped { column: column.name.clone(), why });
                    if roles.targets.contains(&column.name) {
                        targets.columns.push(as_settled(column));
                    }
                }
            }
        }
        Self { reference: features, targets, skipped }
    }

    /// The features, each with the kind as which it is compared: what
    /// [`Table::select`](mlops_core::table::Table::select) takes.
    pub fn kinds(&self) -> Vec<(String, Kind)> {
        self.reference.columns.iter().map(|column| (column.name.clone(), column.kind())).collect()
    }

    /// Whether the reference has a column of this name, be it a feature or not.
    pub fn knows(&self, column: &str) -> bool {
        self.reference.column(column).is_some()
            || self.skipped.iter().any(|skipped| skipped.column == column)
    }

    /// An empty profile to take the rows of production, with those of the features and targets that
    /// it has.
    ///
    /// Levels of the reference are known from the start, so that however many others come first,
    /// these are told apart.
    pub fn empty_production(&self, has: impl Fn(&str) -> bool) -> Profile {
        let columns = self.columns().filter(|column| has(&column.name)).map(|column| {
            let mut empty = ColumnProfile::new(&column.name, column.kind());
            if let (ValueProfile::Categorical(empty), ValueProfile::Categorical(levels)) =
                (&mut empty.values, &column.values)
            {
                levels.iter().for_each(|(name, _)| empty.count(name, 0));
            }
            empty
        });
        Profile { rows: 0, columns: columns.collect() }
    }

    /// The features' and targets' columns of another profile, each with the kind that it has in the
    /// reference where it can have it.
    ///
    /// A column that `profile` does not have is missing here too, and other columns are left out.
    #[must_use]
    pub fn select(&self, profile: Profile) -> Profile {
        let mut found: Vec<Option<ColumnProfile>> = profile.columns.into_iter().map(Some).collect();
        let mut columns = Vec::with_capacity(self.reference.columns.len());
        for reference in self.columns() {
            let column = found
                .iter_mut()
                .find(|column| column.as_ref().is_some_and(|c| c.name == reference.name));
            if let Some(column) = column.and_then(Option::take) {
                let levels =
                    if reference.kind() == Kind::Categorical { column.as_levels() } else { None };
                columns.push(levels.unwrap_or(column));
            }
        }
        Profile { rows: profile.rows, columns }
    }

    fn columns(&self) -> impl Iterator<Item = &ColumnProfile> {
        self.reference.columns.iter().chain(&self.targets.columns)
    }
}

fn why_no_feature(column: &ColumnProfile, roles: &Roles) -> Option<String> {
    if roles.ids.contains(&column.name) {
        return Some("an ID".to_owned());
    }
    if roles.targets.contains(&column.name) {
        return Some("the target".to_owned());
    }
    if column.kind() == Kind::Date {
        return Some("a date".to_owned());
    }
    if roles.taken.as_ref().is_some_and(|taken| !taken.contains(&column.name)) {
        return Some("not an input of the model".to_owned());
    }
    let ValueProfile::Categorical(levels) = &column.values else { return None };
    if roles.categorical.contains(&column.name) {
        return None;
    }
    if name_dates(levels) {
        return Some("a date".to_owned());
    }
    let present = column.present();
    let (distinct, rest) = (levels.len() as u64, levels.others());
    if present >= IDENTIFIER_MIN_ROWS
        && (distinct + rest) as f64 > IDENTIFIER_SHARE * present as f64
    {
        let more_than = if rest > 0 { "more than " } else { "" };
        return Some(format!(
            "an identifier: {more_than}{distinct} distinct values in {present} rows; compare it with --categorical {}",
            column.name
        ));
    }
    None
}

/// Whether all of the first levels are points in time.
fn name_dates(levels: &LevelProfile) -> bool {
    let mut first = levels.iter().map(|(name, _)| name).take(DATES_LOOKED_AT).peekable();
    first.peek().is_some() && first.all(|name| parse_utc(name).is_some())
}

/// The column as levels, where it is to be one.
fn levels_if_few(column: &ColumnProfile, roles: &Roles) -> Option<ColumnProfile> {
    let ValueProfile::Numeric(numbers) = &column.values else { return None };
    let few = numbers.distinct().is_some_and(|distinct| (1..=FEW_VALUES).contains(&distinct));
    let is_levels =
        roles.categorical.contains(&column.name) || (few && !roles.numeric.contains(&column.name));
    if is_levels { column.as_levels() } else { None }
}
