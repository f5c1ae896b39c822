//! Values of arguments that several jobs take.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use mlops_core::span::parse_span;
use mlops_core::timestamp::parse_utc;

/// A whole number and a unit: `7d`, `12h`, `90m`, `30s`, `250ms`, or `0`. A day has 24 hours.
///
/// # Errors
///
/// What to write instead.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    parse_span(text)
}

/// A [`duration`] that is not 0.
///
/// # Errors
///
/// What to write instead.
pub fn span(text: &str) -> Result<SignedDuration, String> {
    duration(text).and_then(|span| match span.is_zero() {
        true => Err("write a span such as 7d, 12h or 90m, longer than 0".to_owned()),
        false => Ok(span),
    })
}

/// A time, in UTC.
///
/// # Errors
///
/// What to write instead.
pub fn utc_time(text: &str) -> Result<Timestamp, String> {
    parse_utc(text)
        .ok_or_else(|| "write a time such as 2026-11-23 or 2026-11-23T05:30:00 (UTC)".to_owned())
}

/// A share between 0 and 1.
///
/// # Errors
///
/// What to write instead.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("must be a share between 0 and 1, such as 0.05".to_owned()),
    }
}

/// One part of a job that is split over several processes, such as the children of an AWS Batch
/// array job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u32,
    /// How many there are.
    pub count: u32,
}

impl Shard {
    /// The only one.
    pub const WHOLE: Self = Self { index: 0, count: 1 };
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => {
                Err("write the part and the number of parts, such as 0/4, 1/4, 2/4 and 3/4"
                    .to_owned())
            }
        }
    }
}
