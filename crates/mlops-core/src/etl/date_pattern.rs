use std::fmt;
use std::str::FromStr;

use super::TimeSpan;
use super::time_span::day;

/// A layout of folders below the logs, such as `{*}/%Y%m%d/%H`.
///
/// Each part between slashes stands for one folder: `{*}` for any name, and otherwise a name with
/// `%Y` (4 digits), `%m`, `%d` and `%H` (2 digits each) in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatePattern {
    text: String,
    folders: Vec<Folder>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Folder {
    Any,
    Name(Vec<Part>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Literal(char),
    Number(Unit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Day,
    Hour,
}

/// A text is no date pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; write a pattern such as {{*}}/%Y%m%d/%H, with %Y, %m, %d and, if there are hours, %H"
)]
pub struct DatePatternError(String);

/// The digits of each unit that were found so far.
#[derive(Default)]
struct Found<'n> {
    numbers: [Option<&'n str>; 4],
}

impl DatePattern {
    /// Returns the time span of a folder, given the names of its path.
    pub(super) fn span(&self, names: &[&str]) -> Option<TimeSpan> {
        let mut found = Found::default();
        for (folder, name) in self.folders.iter().zip(names) {
            let Folder::Name(parts) = folder else { continue };
            // A folder that differs below the day is still inside that day.
            if found.read(parts, name).is_none() {
                break;
            }
        }
        let [year, month, of_month, hour] = found.numbers;
        let hour = hour.and_then(|hour| hour.parse().ok()).filter(|hour| *hour < 24);
        TimeSpan::new(day(year?, month?, of_month?)?, hour)
    }
}

impl<'n> Found<'n> {
    /// Reads the numbers of one folder's name, all or none.
    fn read(&mut self, parts: &[Part], mut name: &'n str) -> Option<()> {
        let mut numbers = self.numbers;
        for part in parts {
            match *part {
                Part::Literal(character) => name = name.strip_prefix(character)?,
                Part::Number(unit) => {
                    let digits = name.get(..unit.digits())?;
                    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
                    numbers[unit as usize] = Some(digits);
                    name = &name[unit.digits()..];
                }
            }
        }
        name.is_empty().then_some(())?;
        self.numbers = numbers;
        Some(())
    }
}

impl Unit {
    fn digits(self) -> usize {
        if self == Self::Year { 4 } else { 2 }
    }
}

impl FromStr for DatePattern {
    type Err = DatePatternError;

    fn from_str(text: &str) -> Result<Self, DatePatternError> {
        let trimmed = text.trim_matches('/');
        let folders = trimmed.split('/').map(folder).collect::<Result<Vec<_>, _>>()?;
        for (unit, sign) in [(Unit::Year, "%Y"), (Unit::Month, "%m"), (Unit::Day, "%d")] {
            let has = |folder: &Folder| matches!(folder, Folder::Name(parts) if parts.contains(&Part::Number(unit)));
            if !folders.iter().any(has) {
                return Err(DatePatternError(format!("`{text}` has no {sign}")));
            }
        }
        Ok(Self { text: trimmed.to_owned(), folders })
    }
}

fn folder(name: &str) -> Result<Folder, DatePatternError> {
    if name == "{*}" {
        return Ok(Folder::Any);
    }
    let mut parts = Vec::new();
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '%' => Part::Number(match characters.next() {
                Some('Y') => Unit::Year,
                Some('m') => Unit::Month,
                Some('d') => Unit::Day,
                Some('H') => Unit::Hour,
                other => {
                    let sign = other.map(String::from).unwrap_or_default();
                    return Err(DatePatternError(format!("`%{sign}` is unknown")));
                }
            }),
            '{' | '}' | '*' => {
                return Err(DatePatternError(format!("`{name}` must be {{*}} or a name")));
            }
            literal => Part::Literal(literal),
        });
    }
    if parts.is_empty() {
        return Err(DatePatternError("a folder of the pattern has no name".to_owned()));
    }
    Ok(Folder::Name(parts))
}

impl fmt::Display for DatePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
