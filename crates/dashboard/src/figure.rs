//! Pictures with the figures behind them, which are a table on the page, CSV and JSON.

use jiff::Timestamp;
use maud::{Markup, html};
use mlops_core::timestamp::to_sql_text;
use mlops_job::{number, percent};
use serde_json::Value as Json;

use crate::words::{Badge, day, figure, moment};

/// A table behind a picture shows so many rows, the newest; the files have all.
const SHOWN: usize = 120;

/// A picture, or a table that is one.
pub(crate) struct Figure {
    /// The name of its files.
    pub(crate) name: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// An explanation: the meaning of the figure, and the action that may follow.
    pub(crate) sentence: Markup,
    /// The visible part.
    pub(crate) shown: Shown,
    /// Whether it has the whole width.
    pub(crate) is_wide: bool,
    /// The figures.
    pub(crate) grid: Grid,
}

/// The visible part of a figure.
pub(crate) enum Shown {
    /// A picture, with the table behind it.
    Picture(Markup),
    /// The table itself.
    Table,
    /// Nothing but its title until it is opened; the picture is elsewhere.
    Folded,
}

/// Rows of figures.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grid {
    /// The names of the columns, as files have them.
    pub(crate) columns: Vec<&'static str>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Badge(Badge),
    Count(u64),
    Number(f64),
    Share(f64),
    Time(Timestamp),
    /// A day in UTC, by its first moment.
    Day(Timestamp),
    Nothing,
}

impl Value {
    pub(crate) fn number(value: Option<f64>) -> Self {
        value.map_or(Self::Nothing, Self::Number)
    }

    pub(crate) fn share(value: Option<f64>) -> Self {
        value.map_or(Self::Nothing, Self::Share)
    }

    pub(crate) fn time(value: Option<Timestamp>) -> Self {
        value.map_or(Self::Nothing, Self::Time)
    }

    pub(crate) fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Nothing, |text| Self::Text(text.to_owned()))
    }

    pub(crate) fn badge(badge: impl Into<Badge>) -> Self {
        Self::Badge(badge.into())
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Badge(_) | Self::Time(_) | Self::Day(_))
    }

    fn shown(&self) -> Markup {
        match self {
            Self::Text(text) => html! { (text) },
            Self::Badge(badge) => badge.show(),
            Self::Count(count) => html! { (number(*count)) },
            Self::Number(value) => html! { (figure(*value)) },
            Self::Share(share) => html! { (percent(*share)) },
            Self::Time(time) => moment(*time),
            Self::Day(time) => html! { (day(*time)) },
            Self::Nothing => html! { "—" },
        }
    }

    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Badge(badge) => badge.word.to_owned(),
            Self::Count(count) => count.to_string(),
            Self::Number(value) | Self::Share(value) => value.to_string(),
            Self::Time(time) => to_sql_text(*time),
            Self::Day(time) => day(*time),
            Self::Nothing => String::new(),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Count(count) => Json::from(*count),
            Self::Number(value) | Self::Share(value) => Json::from(*value),
            Self::Nothing => Json::Null,
            other => Json::from(other.plain()),
        }
    }
}

impl Grid {
    /// One line a row, after the names of the columns. A text that a spreadsheet would take for a
    /// formula has a `'` before it.
    pub(crate) fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let safe = |value: &Value| {
            let text = value.plain();
            let is_formula = matches!(value, Value::Text(_))
                && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            if is_formula { format!("'{text}") } else { text }
        };
        let written = writer.write_record(&self.columns).and_then(|()| {
            self.rows.iter().try_for_each(|row| writer.write_record(row.iter().map(safe)))
        });
        written.expect("rows have a value for each column, and memory takes them");
        String::from_utf8(writer.into_inner().expect("memory takes them")).expect("texts are UTF-8")
    }

    /// A list of objects.
    pub(crate) fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let fields = self
                .columns
                .iter()
                .zip(row)
                .map(|(name, value)| ((*name).to_owned(), value.json()));
            Json::Object(fields.collect())
        };
        Json::Array(self.rows.iter().map(object).collect()).to_string()
    }

    /// The rows after the first ones that are hidden, the newest first where they are in order of
    /// time.
    fn newest_first(&self, hidden: usize) -> Box<dyn Iterator<Item = &Vec<Value>> + '_> {
        let rows = self.rows[hidden..].iter();
        let time = |row: &Vec<Value>| match row.first() {
            Some(Value::Time(time) | Value::Day(time)) => Some(*time),
            _ => None,
        };
        let is_ascending = self.rows.first().and_then(time) < self.rows.last().and_then(time);
        if is_ascending { Box::new(rows.rev()) } else { Box::new(rows) }
    }

    fn table(&self, caption: &str) -> Markup {
        let is_text = |index: usize| self.rows.iter().any(|row| row[index].is_text());
        let hidden = self.rows.len().saturating_sub(SHOWN);
        html! {
            div.scroll tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption.unseen { (caption) }
                    thead { tr {
                        @for (index, column) in self.columns.iter().enumerate() {
                            th.text[is_text(index)] scope="col" { (column.replace('_', " ")) }
                        }
                    } }
                    tbody {
                        @for row in self.newest_first(hidden) {
                            tr { @for (index, value) in row.iter().enumerate() { td.text[is_text(index)] { (value.shown()) } } }
                        }
                    }
                }
            }
            @if hidden > 0 { p.muted { (number(hidden as u64)) " earlier rows are in the CSV and JSON files." } }
        }
    }
}

impl Figure {
    /// The figure on the page; with `address`, what follows the `?` of its files.
    pub(crate) fn show(&self, address: Option<&str>) -> Markup {
        let files = |ending: &str, address: &str| format!("api/{}.{ending}?{address}", self.name);
        let links = html! {
            @if let Some(address) = address {
                p.files {
                    a href=(files("csv", address)) download { "CSV" span.unseen { " of " (self.title) } }
                    " · "
                    a href=(files("json", address)) { "JSON" span.unseen { " of " (self.title) } }
                }
            }
        };
        html! {
            figure.wide[self.is_wide] id=(self.name) {
                @if !matches!(self.shown, Shown::Folded) { figcaption { h3 { (self.title) } p { (self.sentence) } } }
                @match &self.shown {
                    Shown::Picture(drawing) => {
                        (drawing)
                        details.behind id={ (self.name) "-table" } {
                            summary { "Table" span.unseen { " of " (self.title) } }
                            (self.grid.table(self.title))
                            (links)
                        }
                    }
                    Shown::Table => { (self.grid.table(self.title)) (links) }
                    Shown::Folded => details.behind id={ (self.name) "-table" } {
                        summary { "Table: " (self.title) }
                        (self.grid.table(self.title))
                        (links)
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let row = |name: &str, share: f64| {
            vec![Value::Text(name.to_owned()), Value::Share(share), Value::Nothing]
        };
        Grid {
            columns: vec!["feature", "missing", "effect"],
            rows: vec![row("=1+1", 0.25), row("a,\"b\"", f64::NAN)],
        }
    }

    #[test]
    fn csv_quotes_and_leaves_no_formula() {
        assert_eq!(grid().csv(), "feature,missing,effect\n'=1+1,0.25,\n\"a,\"\"b\"\"\",NaN,\n");
    }

    #[test]
    fn json_has_null_where_there_is_no_number() {
        let rows: Json = serde_json::from_str(&grid().json()).unwrap();
        assert_eq!(
            rows[0],
            serde_json::json!({"feature": "=1+1", "missing": 0.25, "effect": null})
        );
        assert_eq!(rows[1]["missing"], Json::Null);
    }

    #[test]
    fn what_is_shown_is_escaped() {
        let grid =
            Grid { columns: vec!["feature"], rows: vec![vec![Value::Text("<script>".to_owned())]] };
        let shown = grid.table("<b>").into_string();
        assert!(
            !shown.contains("<script>")
                && !shown.contains("<b>")
                && shown.contains("&lt;script&gt;"),
            "{shown}"
        );
    }
}
