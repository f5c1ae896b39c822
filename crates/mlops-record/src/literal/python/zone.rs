use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::literal::Value;
use crate::literal::cursor::LiteralError;
use crate::literal::reader::Reader;

/// The `tzinfo` of a Python object.
#[derive(Debug, Clone, Default)]
pub(super) enum Zone {
    /// There is none; the time is UTC, as in every log.
    #[default]
    None,
    Of(TimeZone),
}

impl Zone {
    /// A zone of the IANA database, or an offset such as `UTC+01:00`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let offset = name.strip_prefix("UTC").filter(|rest| rest.starts_with(['+', '-']));
        match offset {
            Some(offset) => clock_seconds(offset).and_then(Self::seconds),
            None => TimeZone::get(name).ok().map(Self::Of),
        }
    }

    fn seconds(seconds: i32) -> Option<Self> {
        Offset::from_seconds(seconds).ok().map(|offset| Self::Of(TimeZone::fixed(offset)))
    }

    /// The offset of a local time, as `+01:00`. A time that is there twice is the first one, unless
    /// `is_second`.
    pub(super) fn offset_of(&self, local: DateTime, is_second: bool) -> Option<String> {
        let Self::Of(zone) = self else { return None };
        let offset = match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                if is_second {
                    after
                } else {
                    before
                }
            }
        };
        let seconds = offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let (minutes, rest) = (seconds.abs() / 60, seconds.abs() % 60);
        let mut text = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        if rest > 0 {
            text.push_str(&format!(":{rest:02}"));
        }
        Some(text)
    }
}

impl<'a> Reader<'a> {
    /// The value of `tzinfo=`, as the standard library, pytz and dateutil print it.
    pub(super) fn zone(&mut self) -> Result<Zone, LiteralError> {
        let start = self.cursor.at;
        let zone = match self.cursor.peek() {
            Some(b'<') => angle_zone(self.cursor.angle()?),
            _ => {
                let name = self.cursor.name();
                if self.cursor.is_at_end() {
                    return self.cursor.unexpected("a time zone");
                }
                match name {
                    "None" => Some(Zone::None),
                    _ if self.cursor.peek() == Some(b'(') => {
                        self.nested(|reader| reader.zone_call(name))?
                    }
                    _ if name.to_ascii_lowercase().ends_with("utc") => Zone::seconds(0),
                    _ => None,
                }
            }
        };
        zone.map_or_else(
            || {
                let text = &self.cursor.source[start..self.cursor.at];
                self.cursor.fail(format!("the unknown time zone `{text}`"))
            },
            Ok,
        )
    }

    /// After the name and the opening bracket.
    fn zone_call(&mut self, name: &str) -> Result<Option<Zone>, LiteralError> {
        let class = name.rsplit('.').next().unwrap_or(name);
        if class == "timedelta" {
            return Ok(self.timedelta()?.and_then(Zone::seconds));
        }
        self.cursor.skip_space();
        let mut texts = Vec::new();
        let mut zone = None;
        while !self.cursor.eat(b')') {
            self.argument_name();
            match self.cursor.peek() {
                Some(b'd') => zone = Some(self.zone()?),
                _ => texts.push(self.argument()?),
            }
            self.cursor.skip_space();
            if !self.cursor.eat(b',') && self.cursor.peek() != Some(b')') {
                return self.cursor.unexpected("`,` or `)`");
            }
            self.cursor.skip_space();
        }
        let number = |value: Option<&Value<'_>>| value?.as_text()?.parse::<i32>().ok();
        let text = || texts.first().and_then(Value::as_text);
        Ok(match class {
            "tzutc" => Zone::seconds(0),
            "timezone" if zone.is_some() => zone,
            "timezone" | "ZoneInfo" => text().and_then(Zone::named),
            "tzfile" => {
                let name = text().and_then(|path| path.rsplit_once("zoneinfo/"));
                name.and_then(|(_, name)| Zone::named(name))
            }
            "tzoffset" => number(texts.get(1)).and_then(Zone::seconds),
            "FixedOffset" => number(texts.first()).and_then(|m| Zone::seconds(m.checked_mul(60)?)),
            _ => None,
        })
    }

    /// The seconds of a `timedelta`, after its opening bracket.
    fn timedelta(&mut self) -> Result<Option<i32>, LiteralError> {
        let arguments = self.arguments()?;
        let part = |index: usize, name: &str| {
            let value = arguments.positional.get(index).or_else(|| arguments.named(name));
            value.map_or(Some(0), |value| value.as_text()?.parse::<i32>().ok())
        };
        let (days, seconds) = (part(0, "days"), part(1, "seconds"));
        Ok(days.and_then(|days| days.checked_mul(86_400)?.checked_add(seconds?)))
    }
}

/// The zone in `<…>`: `UTC`, `DstTzInfo 'Europe/Berlin' CET+1:00:00 STD`, `StaticTzInfo 'GMT'`.
fn angle_zone(text: &str) -> Option<Zone> {
    let (class, rest) = text.split_once(' ').unwrap_or((text, ""));
    match class {
        "UTC" => Zone::seconds(0),
        "DstTzInfo" => {
            // Its own offset counts: that is the one that the time was made with.
            let (_, offset) = rest.strip_prefix('\'')?.split_once("' ")?;
            let (offset, _) = offset.rsplit_once(' ')?;
            let offset = &offset[offset.find(['+', '-'])?..];
            // One that is behind UTC is written as `-1 day, 19:00:00`.
            let seconds = match offset.split_once(" day, ") {
                Some((days, clock)) => clock_seconds(clock)?
                    .checked_add(days.parse::<i32>().ok()?.checked_mul(86_400)?)?,
                None => clock_seconds(offset)?,
            };
            Zone::seconds(seconds)
        }
        "StaticTzInfo" => Zone::named(rest.trim_matches('\'')),
        _ => None,
    }
}

/// The seconds of `+1:00:00`, `-05:30`, `19:00:00`.
fn clock_seconds(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut seconds = 0;
    for (part, weight) in text.trim_start_matches(['+', '-']).split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i32>().ok().filter(|part| (0..100).contains(part))? * weight;
    }
    Some(sign * seconds)
}
