use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::Channel;

/// Hours of each day in which nothing but what is critical goes out on some channels.
#[derive(Debug, Clone, PartialEq)]
pub struct QuietHours {
    /// The first moment of them, by the clock of [`Rules::time_zone`](super::Rules::time_zone).
    pub from: Time,
    /// The first moment after; before `from` if midnight lies between.
    pub to: Time,
    /// The channels that are quiet.
    pub channels: Vec<Channel>,
}

impl QuietHours {
    /// Whether `at` lies in them, by the clock of `zone`; both sides of a change to summer time go
    /// by the clock.
    pub fn contains(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let time = at.to_zoned(zone.clone()).time();
        match self.from <= self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }
}
