use std::fmt;
use std::str::FromStr;

/// The path of a value in a logged record: `output.prediction`, `input.device_type`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonPath(Vec<String>);

impl JsonPath {
    /// The names from the outside in; at least one.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// As SQL's JSON functions take it: `$."output"."prediction"`.
    pub fn sql(&self) -> String {
        self.0.iter().fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
    }
}

impl FromStr for JsonPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        let is_name = |name: &String| {
            !name.is_empty()
                && !name
                    .chars()
                    .any(|character| character.is_control() || ['"', '\\'].contains(&character))
        };
        match names.iter().all(is_name) {
            true => Ok(Self(names)),
            false => Err("write names separated by dots, such as output.prediction".to_owned()),
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// How the values of a window become one number.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// How many there are.
    Count,
    /// Their mean.
    Mean,
    /// The minimum.
    Min,
    /// The maximum.
    Max,
    /// Their sum.
    Sum,
    /// The value that this share of them lies below, by linear interpolation between neighbours;
    /// 0.5 is the median.
    Quantile(f64),
    /// The share of requests whose value reads like this.
    ShareEqual(String),
    /// The share of requests that have the value, and not null.
    ShareSet,
    /// The share of requests that lack the value, or have null.
    ShareMissing,
}

impl Aggregate {
    /// Whether it is a share of all requests, which a value that is missing takes part in.
    pub fn is_share(&self) -> bool {
        matches!(self, Self::ShareEqual(_) | Self::ShareSet | Self::ShareMissing)
    }
}

/// A monitor job whose verdicts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitor {
    /// `drift`, in `data_shift`.
    DataShift,
    /// `concept-shift`, in `concept_shift`.
    ConceptShift,
    /// `performance`, in `performance`.
    Performance,
}

impl Monitor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DataShift, Self::ConceptShift, Self::Performance];

    /// The job: `drift`, `concept-shift` or `performance`.
    pub fn job(self) -> &'static str {
        match self {
            Self::DataShift => "drift",
            Self::ConceptShift => "concept-shift",
            Self::Performance => "performance",
        }
    }
}

/// A number that the database gives for a window.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// A figure of the requests logged in the window; without a path, their number.
    Logs {
        /// The value that is looked at.
        path: Option<JsonPath>,
        /// The aggregate over the window.
        aggregate: Aggregate,
        /// One number for each value of this, instead of one for all.
        by: Option<JsonPath>,
    },
    /// The share of nulls among all input values of the requests logged in the window.
    MissingInputs,
    /// Minutes from the last request before the window's end to that end.
    Silence,
    /// Findings `shifted` of the latest run in the window.
    Shifted(Monitor),
    /// Minutes from the last run of the ETL that has waited longest to the window's end.
    EtlSilence,
    /// Dead letters of the ETL, in partitions whose newest request lies in the window.
    DeadLetters,
}

/// The measured value of one group. The group is empty for a rule without groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The value that the requests are grouped by.
    pub group: String,
    /// The number; `None` where there is nothing to measure.
    pub value: Option<f64>,
    /// How many rows it was made of.
    pub n: u64,
}

/// How a number is written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole things.
    Count,
    /// A share, written as per cent.
    Share,
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
    /// A bare number.
    Number,
    /// A change, written as per cent with its sign.
    Change,
}

impl Unit {
    /// The number in words: `1,234`, `12.3 %`, `0.471 s`, `35 min`, `0.143`, `+50 %`.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Count if value.abs() < 1e15 => thousands(value),
            Self::Share => format!("{} %", rounded(100.0 * value)),
            Self::Seconds => format!("{} s", rounded(value)),
            Self::Minutes => format!("{} min", rounded(value)),
            Self::Change => {
                format!("{}{} %", if value >= 0.0 { "+" } else { "" }, rounded(100.0 * value))
            }
            Self::Number | Self::Count => rounded(value),
        }
    }
}

/// At most four significant digits behind a point, and all that stand before it.
fn rounded(value: f64) -> String {
    let whole_digits =
        if value.abs() >= 1.0 { value.abs().log10().floor() as usize + 1 } else { 1 };
    let text = format!("{value:.*}", 4_usize.saturating_sub(whole_digits));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value <= -0.5 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
