//! Numbers as people and programs write them: with currency, thousands and percent signs.

use serde::{Deserialize, Serialize};

/// The sign between the whole and the fractional part of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decimal {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

/// A number as it is written, by either decimal sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Written {
    /// Its value, if the decimal sign is a point.
    pub(super) point: Option<f64>,
    /// Its value, if the decimal sign is a comma.
    pub(super) comma: Option<f64>,
    /// Whether it has digits only, with a sign, a point or an exponent.
    pub(super) is_plain: bool,
    /// Whether it has a percent sign.
    pub(super) is_percent: bool,
    pub(super) currency: Option<&'static str>,
}

/// Signs and words beside a number, and the currency that each names.
const CURRENCIES: [(&str, &str); 89] = [
    ("US$", "USD"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("R$", "BRL"),
    ("HK$", "HKD"),
    ("NZ$", "NZD"),
    ("S$", "SGD"),
    ("$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₺", "TRY"),
    ("₪", "ILS"),
    ("฿", "THB"),
    ("₫", "VND"),
    ("₴", "UAH"),
    ("₦", "NGN"),
    ("₱", "PHP"),
    ("₡", "CRC"),
    ("₲", "PYG"),
    ("₸", "KZT"),
    ("SFr.", "CHF"),
    ("Fr.", "CHF"),
    ("Fr", "CHF"),
    ("kr.", "kr"),
    ("kr", "kr"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("lei", "RON"),
    ("Rs.", "INR"),
    ("Rs", "INR"),
    ("RM", "MYR"),
    ("руб.", "RUB"),
    ("руб", "RUB"),
    ("лв.", "BGN"),
    ("лв", "BGN"),
    ("USD", "USD"),
    ("EUR", "EUR"),
    ("GBP", "GBP"),
    ("CHF", "CHF"),
    ("JPY", "JPY"),
    ("CNY", "CNY"),
    ("RMB", "CNY"),
    ("INR", "INR"),
    ("AUD", "AUD"),
    ("CAD", "CAD"),
    ("NZD", "NZD"),
    ("SGD", "SGD"),
    ("HKD", "HKD"),
    ("TWD", "TWD"),
    ("KRW", "KRW"),
    ("BRL", "BRL"),
    ("MXN", "MXN"),
    ("ARS", "ARS"),
    ("CLP", "CLP"),
    ("COP", "COP"),
    ("PEN", "PEN"),
    ("SEK", "SEK"),
    ("NOK", "NOK"),
    ("DKK", "DKK"),
    ("ISK", "ISK"),
    ("PLN", "PLN"),
    ("CZK", "CZK"),
    ("HUF", "HUF"),
    ("RON", "RON"),
    ("BGN", "BGN"),
    ("RSD", "RSD"),
    ("UAH", "UAH"),
    ("RUB", "RUB"),
    ("TRY", "TRY"),
    ("ILS", "ILS"),
    ("AED", "AED"),
    ("SAR", "SAR"),
    ("QAR", "QAR"),
    ("EGP", "EGP"),
    ("ZAR", "ZAR"),
    ("NGN", "NGN"),
    ("KES", "KES"),
    ("THB", "THB"),
    ("VND", "VND"),
    ("IDR", "IDR"),
    ("MYR", "MYR"),
    ("PHP", "PHP"),
    ("PKR", "PKR"),
    ("KZT", "KZT"),
];

impl Written {
    /// Reads a text; `None` if it is no number in either way.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse::<f64>() {
            let comma = match text.split_once('.') {
                // Only groups of three digits may be thousands.
                Some((_, rest)) if rest.len() == 3 => value(text, Decimal::Comma),
                Some(_) => None,
                None => Some(number),
            };
            return Some(Self {
                point: Some(number),
                comma,
                is_plain: true,
                is_percent: false,
                currency: None,
            });
        }
        if !text.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (text, in_brackets) = match text.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            // As accountants write what is negative.
            Some(inside) => (inside.trim(), true),
            None => (text, false),
        };
        let mut beside =
            Beside { rest: text, is_negative: None, is_percent: false, currency: None };
        beside.strip();
        let is_negative = match (in_brackets, beside.is_negative) {
            (true, Some(_)) => return None,
            (in_brackets, sign) => in_brackets || sign == Some(true),
        };
        let signed = |decimal| {
            let number = value(beside.rest, decimal)?;
            let number = if is_negative { -number } else { number };
            Some(if beside.is_percent { number / 100.0 } else { number })
        };
        let (point, comma) = (signed(Decimal::Point), signed(Decimal::Comma));
        (point.is_some() || comma.is_some()).then_some(Self {
            point,
            comma,
            is_plain: false,
            is_percent: beside.is_percent,
            currency: beside.currency,
        })
    }
}

/// A number without what was found beside it.
struct Beside<'t> {
    rest: &'t str,
    is_negative: Option<bool>,
    is_percent: bool,
    currency: Option<&'static str>,
}

impl Beside<'_> {
    /// Takes off a sign and a currency in front, a currency or a percent sign behind, each once.
    fn strip(&mut self) {
        loop {
            let before = self.rest.len();
            let signs = [("-", true), ("\u{2212}", true), ("+", false)];
            if let Some((rest, sign)) =
                signs.iter().find_map(|(sign, is)| Some((self.rest.strip_prefix(sign)?, *is)))
                && self.is_negative.is_none()
            {
                self.is_negative = Some(sign);
                self.rest = rest.trim_start();
            }
            if let Some(rest) = self.rest.strip_suffix('%')
                && !self.is_percent
                && self.currency.is_none()
            {
                self.is_percent = true;
                self.rest = rest.trim_end();
            }
            if self.currency.is_none() && !self.is_percent {
                let found = CURRENCIES.iter().find_map(|(text, name)| {
                    let front = self.rest.strip_prefix(text).map(str::trim_start);
                    let rest = front.or_else(|| self.rest.strip_suffix(text).map(str::trim_end))?;
                    Some((rest, *name))
                });
                if let Some((rest, name)) = found {
                    self.currency = Some(name);
                    self.rest = rest;
                }
            }
            if self.rest.len() == before {
                return;
            }
        }
    }
}

/// Reads digits with separators of thousands and an exponent, without a sign.
fn value(text: &str, decimal: Decimal) -> Option<f64> {
    let (text, sign) = match text.strip_prefix('-') {
        Some(text) => (text, -1.0),
        None => (text.strip_prefix('+').unwrap_or(text), 1.0),
    };
    let (body, exponent) = match text.split_once(['e', 'E']) {
        Some((body, exponent)) => (body, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign_of_decimals, other) = match decimal {
        Decimal::Point => ('.', ','),
        Decimal::Comma => (',', '.'),
    };
    let (whole, fraction) = match body.split_once(sign_of_decimals) {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (body, ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut digits = grouped(whole, other)?;
    if digits.is_empty() && fraction.is_empty() {
        return None;
    }
    digits.push('.');
    digits.push_str(fraction);
    digits.push_str(&format!("e{exponent}"));
    digits.parse::<f64>().ok().map(|number| sign * number)
}

/// Returns the digits of a whole number, with or without separators of thousands; also in groups of
/// two before the last three digits, as in India.
fn grouped(text: &str, other: char) -> Option<String> {
    let is_separator = |c: char| c == other || matches!(c, '\'' | '\u{2019}') || c.is_whitespace();
    let Some(separator) = text.chars().find(|c| is_separator(*c)) else {
        return text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned());
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let (first, others) = groups.split_first()?;
    let (last, middle) = others.split_last()?;
    let all_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let size = middle.first().map_or(3, |group| group.len());
    let fits = all_digits
        && last.len() == 3
        && (1..=size).contains(&first.len())
        && !first.starts_with('0')
        && matches!(size, 2 | 3)
        && middle.iter().all(|group| group.len() == size);
    fits.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, point: Option<f64>, comma: Option<f64>) {
        let written = Written::read(text);
        assert_eq!(
            written.map_or((None, None), |written| (written.point, written.comma)),
            (point, comma),
            "{text}"
        );
    }

    #[test]
    fn numbers_are_read_by_either_sign() {
        let both = |text: &str, number: f64| check(text, Some(number), Some(number));
        both("12", 12.0);
        both(" -12 ", -12.0);
        both("1e3", 1000.0);
        both("$12", 12.0);
        both("12 %", 0.12);
        both("12\u{a0}%", 0.12);
        both("32 CHF", 32.0);
        both("CHF 32", 32.0);
        both("EUR -5", -5.0);
        both("-$5", -5.0);
        both("$-5", -5.0);
        both("\u{2212}5", -5.0);
        both("(12)", -12.0);
        both("($12)", -12.0);
        both("1 234 567", 1_234_567.0);
        both("1\u{202f}234", 1234.0);
        both("1'234", 1234.0);
        both("1\u{2019}234", 1234.0);
        both("+7 %", 0.07);
        let point = |text: &str, number: f64| check(text, Some(number), None);
        point("$1,234.50", 1234.5);
        point("1'234.50", 1234.5);
        point("1.5", 1.5);
        point("-1.5e-3", -0.0015);
        point("1,234,567", 1_234_567.0);
        point("12,34,567.5", 1_234_567.5);
        point("12.5%", 0.125);
        point("\u{2212}0.5", -0.5);
        point("US$ 1,000.00", 1000.0);
        let comma = |text: &str, number: f64| check(text, None, Some(number));
        comma("1.234,50 €", 1234.5);
        comma("1 234,5", 1234.5);
        comma("12,5 %", 0.125);
        comma("0,123", 0.123);
        comma("1,23E-05", 1.23e-5);
        comma("1.234.567", 1_234_567.0);
        comma(",5", 0.5);
        check("1,234", Some(1234.0), Some(1.234));
        check("1.234 €", Some(1.234), Some(1234.0));
        check("1.234", Some(1.234), Some(1234.0));
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "",
            "-",
            "?",
            "abc",
            "12 kg",
            "1,2,3",
            "1.2.3",
            "12,34.5.6",
            "$",
            "%",
            "5 % 5",
            "1-2",
            "2026-01-01",
            "12 $ €",
            "(-5)",
            "1,",
            "1 23",
            "CHF",
            "12a",
            "0x10",
            "1_000",
            "#DIV/0!",
        ] {
            assert_eq!(Written::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_currency_is_known_by_sign_and_by_code() {
        for text in ["$5", "5 USD", "US$5"] {
            assert_eq!(Written::read(text).unwrap().currency, Some("USD"), "{text}");
        }
        assert_eq!(Written::read("5 €").unwrap().currency, Some("EUR"));
        assert_eq!(Written::read("5 Fr.").unwrap().currency, Some("CHF"));
        assert_eq!(Written::read("5").unwrap().currency, None);
    }
}
