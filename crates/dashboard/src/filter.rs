//! The window, the model and the segment of a page, from its URL.

use jiff::{SignedDuration, Timestamp};
use mlops_core::timestamp::to_sql_text;
use mlops_job::{span, utc_time};
use serde::Deserialize;

use crate::args::PageArgs;

/// The spans that the page offers.
pub(crate) const WINDOWS: [(&str, &str); 5] = [
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("30d", "30 days"),
    ("90d", "90 days"),
    ("365d", "1 year"),
];

/// The longest name that a database has.
const MAX_NAME: usize = 255;

/// The selection of a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    /// How long.
    pub(crate) window: SignedDuration,
    /// Up to when; none: now.
    pub(crate) until: Option<Timestamp>,
    /// The model; none: all.
    pub(crate) model: Option<String>,
    /// The segment of `drift --by`; the empty name is for all rows.
    pub(crate) segment: String,
}

/// The address as it came.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    window: Option<String>,
    until: Option<String>,
    model: Option<String>,
    segment: Option<String>,
}

impl Filter {
    pub(crate) fn of_args(args: &PageArgs) -> Self {
        Self {
            window: args.window,
            until: args.until,
            model: args.model_uid.clone(),
            segment: args.segment.clone().unwrap_or_default(),
        }
    }

    /// The same with what an address says instead. A form sends what is not chosen as an empty
    /// text, which says nothing.
    ///
    /// # Errors
    ///
    /// Which part cannot be read, and what to write instead.
    pub(crate) fn with(&self, query: &Query) -> Result<Self, String> {
        let said = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let read = |name: &str, error: String| format!("{name}: {error}");
        for (name, text) in [("model", &query.model), ("segment", &query.segment)] {
            if text.as_ref().is_some_and(|text| text.len() > MAX_NAME) {
                return Err(format!("{name}: longer than {MAX_NAME} bytes"));
            }
        }
        Ok(Self {
            window: match said(&query.window) {
                Some(window) => span(&window).map_err(|error| read("window", error))?,
                None => self.window,
            },
            until: match said(&query.until) {
                Some(until) => Some(utc_time(&until).map_err(|error| read("until", error))?),
                None => self.until,
            },
            model: if query.model.is_some() { said(&query.model) } else { self.model.clone() },
            segment: if query.segment.is_some() {
                said(&query.segment).unwrap_or_default()
            } else {
                self.segment.clone()
            },
        })
    }

    /// The window as an address has it.
    pub(crate) fn window_text(&self) -> String {
        let hours = self.window.as_hours();
        match (self.window.as_secs() % 3600, hours % 24) {
            (0, 0) if hours > 24 => format!("{}d", hours / 24),
            (0, _) => format!("{hours}h"),
            _ => format!("{}s", self.window.as_secs()),
        }
    }

    /// The address of the same page: what follows its `?`.
    pub(crate) fn address(&self) -> String {
        let mut parts = vec![format!("window={}", self.window_text())];
        let mut add = |name: &str, value: &str| parts.push(format!("{name}={}", encoded(value)));
        if let Some(until) = self.until {
            add("until", to_sql_text(until).trim_end_matches(" 00:00:00.000000"));
        }
        if let Some(model) = &self.model {
            add("model", model);
        }
        if !self.segment.is_empty() {
            add("segment", &self.segment);
        }
        parts.join("&")
    }
}

/// A text as a part of an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Args;

    fn read(window: &str, until: &str, model: &str) -> Result<Filter, String> {
        let some = |text: &str| Some(text.to_owned());
        let query =
            Query { window: some(window), until: some(until), model: some(model), segment: None };
        Filter::of_args(&Args::try_parse_from(["dashboard", "--model-uid", "m1"]).unwrap().page)
            .with(&query)
    }

    #[test]
    fn an_address_says_what_is_shown() {
        let filter = read("7d", "2026-11-23", "m 2&x").unwrap();
        assert_eq!(filter.address(), "window=7d&until=2026-11-23&model=m%202%26x");
        assert_eq!(read("24h", "", "").unwrap().address(), "window=24h");
    }

    #[test]
    fn what_it_does_not_say_comes_from_the_arguments() {
        let args =
            Args::try_parse_from(["dashboard", "--model-uid", "m1", "--window", "30d"]).unwrap();
        let filter = Filter::of_args(&args.page).with(&Query::default()).unwrap();
        assert_eq!(filter.address(), "window=30d&model=m1");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (window, until, model, name) in [
            ("7 days", "", "", "window"),
            ("", "yesterday", "", "until"),
            ("", "", &*"m".repeat(256), "model"),
        ] {
            let error = read(window, until, model).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
