//! Settings that may change at run time: the cut-off, the heuristic and its share of the clients.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use mlops_core::address::DatabaseUrl;
use mlops_core::table::{Rules, Table};
use mlops_sql::Database;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::rule::Rule;

/// A database that takes longer to tell a few settings is as one that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a probability becomes a decision, and whose decision it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Settings {
    /// From this probability on a client is at high risk.
    pub(crate) cut_off: f64,
    /// The share of clients in the control group, for which the heuristic decides.
    pub(crate) heuristic_share: f64,
    /// The rule of the heuristic for a high risk.
    #[serde(serialize_with = "as_text")]
    pub(crate) heuristic: Option<Rule>,
    /// The name of the experiment, by which clients are assigned to groups.
    pub(crate) experiment: String,
}

/// A row of the table that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// The result of reading the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refreshed {
    pub(crate) settings: Arc<Settings>,
    /// Bad values, whose last good ones stay.
    pub(crate) refused: Vec<Refused>,
    /// Names that mean nothing here.
    pub(crate) unknown: Vec<String>,
}

/// The settings in force, and where they come from.
pub(crate) struct LiveSettings {
    /// Those of the arguments, for what the table does not say.
    first: Settings,
    live: ArcSwap<Settings>,
    table: Option<ConfigTable>,
    last_refresh: ArcSwap<Option<(Timestamp, Refreshed)>>,
}

struct ConfigTable {
    url: DatabaseUrl,
    name: String,
    /// Opened at the first refresh that reaches it; held by the one refresh at a time.
    database: Mutex<Option<Database>>,
}

impl ConfigTable {
    async fn read(&self) -> Result<Table> {
        let mut open = self.database.lock().await;
        // Taken out, so that one that fails is not asked again.
        let database = match open.take() {
            Some(database) => database,
            None => Database::connect(&self.url).await?,
        };
        let rows = database.query(&database.select_all(&self.name), &Rules::of_types()).await?;
        *open = Some(database);
        Ok(rows)
    }
}

impl LiveSettings {
    pub(crate) fn new(first: Settings, table: Option<(DatabaseUrl, String)>) -> Self {
        let table = table.map(|(url, name)| ConfigTable { url, name, database: Mutex::new(None) });
        let live = ArcSwap::from_pointee(first.clone());
        Self { first, live, table, last_refresh: ArcSwap::from_pointee(None) }
    }

    pub(crate) fn get(&self) -> Arc<Settings> {
        self.live.load_full()
    }

    pub(crate) fn has_table(&self) -> bool {
        self.table.is_some()
    }

    /// When the table was last read, and what came of it.
    pub(crate) fn last_refresh(&self) -> Arc<Option<(Timestamp, Refreshed)>> {
        self.last_refresh.load_full()
    }

    /// Reads the table. A bad value keeps the last good one, and so does a heuristic with a field
    /// that requests do not have.
    ///
    /// # Errors
    ///
    /// What the database says; all settings stay as they are.
    pub(crate) async fn refresh(
        &self,
        now: Timestamp,
        is_field: impl Fn(&str) -> bool,
    ) -> Result<Refreshed> {
        let Some(table) = &self.table else {
            let settings = self.get();
            return Ok(Refreshed { settings, refused: Vec::new(), unknown: Vec::new() });
        };
        let doing = || format!("reading the settings in {} of {}", table.name, table.url);
        let rows = tokio::time::timeout(PATIENCE, table.read()).await;
        let rows = rows.context("timed out").and_then(|rows| rows).with_context(doing)?;
        let refreshed = read(&rows, &self.first, &self.get(), is_field);
        self.live.store(refreshed.settings.clone());
        self.last_refresh.store(Arc::new(Some((now, refreshed.clone()))));
        for refused in &refreshed.refused {
            tracing::warn!(
                setting.name = refused.name,
                "the setting `{}` in {} is invalid and its last valid value is kept: {}",
                refused.name,
                table.name,
                refused.why
            );
        }
        Ok(refreshed)
    }
}

/// The settings that the rows say, of those that are well-formed; `first` is for names that have no
/// row, `last` for bad ones.
fn read(
    rows: &Table,
    first: &Settings,
    last: &Settings,
    is_field: impl Fn(&str) -> bool,
) -> Refreshed {
    let mut settings = first.clone();
    let (mut refused, mut unknown) = (Vec::new(), Vec::new());
    let column =
        |name: &str| rows.column(name).map(mlops_core::table::Column::names).unwrap_or_default();
    for (name, value) in column("name").into_iter().zip(column("value")) {
        let (Some(name), value) = (name, value.unwrap_or_default()) else { continue };
        let taken = match name.as_str() {
            "cut_off" => mlops_job::share(&value).map(|share| settings.cut_off = share),
            "heuristic_share" => {
                mlops_job::share(&value).map(|share| settings.heuristic_share = share)
            }
            "heuristic" => heuristic(&value)
                .and_then(|rule| known_fields(rule, &is_field))
                .map(|rule| settings.heuristic = rule),
            "experiment" if value.is_empty() => Err("must be a name".to_owned()),
            "experiment" => {
                settings.experiment = value;
                Ok(())
            }
            _ => {
                unknown.push(name);
                continue;
            }
        };
        if let Err(why) = taken {
            match name.as_str() {
                "cut_off" => settings.cut_off = last.cut_off,
                "heuristic_share" => settings.heuristic_share = last.heuristic_share,
                "heuristic" => settings.heuristic.clone_from(&last.heuristic),
                _ => settings.experiment.clone_from(&last.experiment),
            }
            refused.push(Refused { name, why });
        }
    }
    if let Err(why) = settings.check() {
        settings.heuristic_share =
            if settings.heuristic.is_some() { last.heuristic_share } else { 0.0 };
        refused.push(Refused { name: "heuristic_share".to_owned(), why });
    }
    Refreshed { settings: Arc::new(settings), refused, unknown }
}

/// Refuses a rule with other fields: it would never hold.
fn known_fields(
    rule: Option<Rule>,
    is_field: impl Fn(&str) -> bool,
) -> Result<Option<Rule>, String> {
    let unknown =
        rule.as_ref().and_then(|rule| rule.fields().into_iter().find(|name| !is_field(name)));
    match unknown {
        Some(name) => Err(format!("`{name}` is no feature of the model")),
        None => Ok(rule),
    }
}

/// A rule; an empty text is none.
pub(crate) fn heuristic(text: &str) -> Result<Option<Rule>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: crate::rule::RuleError| error.to_string())
}

impl Settings {
    /// Refuses clients for a heuristic that is not there.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.heuristic.is_none() && self.heuristic_share > 0.0 {
            true => Err(format!("the share is {}, but no heuristic is set", self.heuristic_share)),
            false => Ok(()),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn as_text<S: serde::Serializer>(rule: &Option<Rule>, serializer: S) -> Result<S::Ok, S::Error> {
    rule.as_ref().map(Rule::to_string).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use mlops_core::table::{Cell, Column, Kind};

    use super::*;

    fn settings(cut_off: f64, share: f64, rule: &str) -> Settings {
        let heuristic = heuristic(rule).unwrap();
        Settings { cut_off, heuristic_share: share, heuristic, experiment: "score".to_owned() }
    }

    fn read_rows(rows: &[(&str, &str)], last: &Settings) -> (Settings, Vec<String>) {
        let mut table = Table::default();
        for (doing, name) in ["name", "value"].into_iter().enumerate() {
            let mut column = Column::new(name, Kind::Categorical);
            rows.iter()
                .for_each(|row| column.push(Cell::Text(if doing == 0 { row.0 } else { row.1 })));
            table.columns.push(column);
        }
        let found = read(&table, &settings(0.5, 0.0, ""), last, |name| name == "x");
        let refused = found
            .refused
            .iter()
            .map(|refused| format!("{}: {}", refused.name, refused.why))
            .collect();
        ((*found.settings).clone(), refused)
    }

    #[test]
    fn good_values_are_taken_over_and_what_is_not_there_is_as_at_the_start() {
        let last = settings(0.9, 0.3, "x > 1");
        let rows = [
            ("cut_off", "0.25"),
            ("heuristic", "x > 2.0"),
            ("heuristic_share", "0.1"),
            ("colour", "red"),
        ];
        assert_eq!(read_rows(&rows, &last), (settings(0.25, 0.1, "x > 2.0"), vec![]));
        assert_eq!(read_rows(&[], &last), (settings(0.5, 0.0, ""), vec![]));
    }

    #[test]
    fn a_bad_value_keeps_the_last_good_one_and_says_so() {
        let last = settings(0.9, 0.3, "x > 1");
        let rows = [
            ("cut_off", "1.5"),
            ("heuristic", "x >"),
            ("heuristic_share", "many"),
            ("experiment", ""),
        ];
        let (found, refused) = read_rows(&rows, &last);
        assert_eq!(found, last);
        assert_eq!(
            refused,
            [
                "cut_off: must be a share between 0 and 1, such as 0.05",
                "heuristic: expected a field, a number or a text, found the end at character 4",
                "heuristic_share: must be a share between 0 and 1, such as 0.05",
                "experiment: must be a name",
            ]
        );
    }

    #[test]
    fn a_heuristic_of_an_unknown_field_is_refused() {
        let last = settings(0.5, 0.0, "x > 1");
        let (found, refused) = read_rows(&[("heuristic", "x > 1 and not y in ('a')")], &last);
        assert_eq!(
            (found, refused),
            (last, vec!["heuristic: `y` is no feature of the model".into()])
        );
    }

    #[test]
    fn a_share_without_a_heuristic_is_refused() {
        let (found, refused) = read_rows(&[("heuristic_share", "0.2")], &settings(0.5, 0.0, ""));
        assert_eq!(found, settings(0.5, 0.0, ""));
        assert_eq!(refused, ["heuristic_share: the share is 0.2, but no heuristic is set"]);
    }
}
