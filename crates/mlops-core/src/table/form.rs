//! The form of a column's texts: one rule by which all of them are read.

use serde::{Deserialize, Serialize};

use super::date::{DateOrder, WrittenDate};
use super::level::boolean;
use super::number::{Decimal, Written};

/// The form of a column's texts. What is `None` each text must say for itself: `1,234` is then no
/// number, since it may be 1234 or 1.234.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// The sign between the whole and the fractional part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<Decimal>,
    /// Whether numbers have a percent sign, beside zeros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_percent: Option<bool>,
    /// The currency of numbers that name one.
    #[serde(skip)]
    pub currency: Option<&'static str>,
    /// The order of day and month.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// Whether `true` and `1` are one value, and `false` and `0`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_flags: bool,
}

impl Form {
    /// Returns the number that a text is; `None` if it is none in this form.
    pub fn number(&self, text: &str) -> Option<f64> {
        if self.decimal != Some(Decimal::Comma)
            && self.is_percent != Some(true)
            && let Ok(number) = text.trim().parse()
        {
            return Some(number);
        }
        match Written::read(text) {
            Some(written) => self.number_of(&written),
            None if self.has_flags => boolean(text).map(|flag| f64::from(u8::from(flag))),
            None => None,
        }
    }

    pub(super) fn number_of(&self, written: &Written) -> Option<f64> {
        let number = match self.decimal {
            Some(Decimal::Point) => written.point,
            Some(Decimal::Comma) => written.comma,
            None if written.is_plain => written.point,
            None => match (written.point, written.comma) {
                (Some(point), Some(comma)) if point != comma => None,
                (point, comma) => point.or(comma),
            },
        }?;
        let is_of_currency = match (self.currency, written.currency) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        let is_of_unit =
            number == 0.0 || self.is_percent.is_none_or(|percent| percent == written.is_percent);
        (is_of_currency && is_of_unit).then_some(number)
    }

    /// Returns the point in time that a text is, in microseconds since 1970 in UTC; `None` if it is
    /// none in this form.
    pub fn time(&self, text: &str) -> Option<i64> {
        self.time_of(&WrittenDate::read(text)?)
    }

    pub(super) fn time_of(&self, written: &WrittenDate) -> Option<i64> {
        match (self.date_order, written.day_first, written.month_first) {
            (Some(DateOrder::DayFirst), day_first, _) => day_first,
            (Some(DateOrder::MonthFirst), _, month_first) => month_first,
            (None, Some(day_first), Some(month_first)) => {
                (day_first == month_first).then_some(day_first)
            }
            (None, day_first, month_first) => day_first.or(month_first),
        }
    }
}
