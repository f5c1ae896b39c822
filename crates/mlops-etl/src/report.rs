use std::fmt;

use mlops_job::{Exit, Metrics, Report, grid, number, percent};
use serde::Serialize;

use crate::unreadable::{UnreadableObject, lines};

/// The result of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// Objects read.
    pub objects: u64,
    /// Records found in them, good and bad.
    pub records: u64,
    /// Records written now.
    pub loaded: u64,
    /// Records that were there before.
    pub already_there: u64,
    /// Bad records, which became dead letters.
    pub bad: u64,
    /// Bad records whose uid was loaded before with another content.
    pub conflicts: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// The newest logging timestamp loaded so far; `None` before the first.
    pub watermark: Option<String>,
    /// How long before the run's start that was.
    pub lag_seconds: Option<f64>,
    /// Partitions by what was done with them.
    pub partitions: Partitions,
    /// The location of the dead letters; `None` without any.
    pub dead_letters: Option<String>,
    /// The run that holds the lease, where this one therefore did nothing.
    pub lease_held_by: Option<String>,
    /// There is more to do: the run was stopped, or its deadline came.
    pub stopped_early: bool,
    /// The number of objects that still cannot be read, whether this run tried them or not.
    pub unreadable: u64,
    /// The first of them.
    pub unreadable_objects: Vec<UnreadableObject>,
    /// Records loaded now whose time cannot be right; the watermark and the lag leave them out.
    pub outliers: Outliers,
    /// Numbers of what the run listed and did not load.
    pub left_out: LeftOut,
    #[serde(skip)]
    pub(crate) max_bad_ratio: f64,
    #[serde(skip)]
    pub(crate) max_unreadable: u64,
}

/// Numbers of records whose time cannot be right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outliers {
    /// Later than an hour after the start of the run.
    pub future: u64,
    /// Before the year 2000.
    pub past: u64,
}

/// Numbers of what was not loaded, by --include and --exclude or as a file that no logger writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Objects beside others that are loaded.
    pub objects: u64,
    /// Folders that were not listed.
    pub folders: u64,
}

impl LeftOut {
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Returns the line of a report; empty where nothing was left out.
    pub(crate) fn line(self) -> String {
        match self.is_empty() {
            true => String::new(),
            false => format!("\n\nleft out: {self}"),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "objects: {}, whole folders: {}", number(self.objects), number(self.folders))
    }
}

/// Partitions by what was done with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Partitions {
    /// Something new was read.
    pub read: u64,
    /// Nothing had changed.
    pub unchanged: u64,
    /// Unchanged partitions that were sealed now.
    pub sealed: u64,
    /// Sealed before.
    pub passed_over: u64,
}

impl RunReport {
    /// The report of a run that another was before.
    pub(crate) fn left_to(owner: String) -> Self {
        Self { lease_held_by: Some(owner), ..Self::default() }
    }

    fn nothing_new(&self) -> String {
        let seen = self.partitions.unchanged + self.partitions.read;
        let mut text = format!(
            "nothing new in {} open partitions, in {:.2} seconds",
            number(seen),
            self.seconds
        );
        if let (Some(watermark), Some(lag)) = (&self.watermark, self.lag_seconds) {
            text.push_str(&format!(
                "; the newest record is of {watermark} UTC, {lag:.0} seconds ago"
            ));
        }
        text
    }

    /// The share of bad records; 0 without records.
    pub fn bad_ratio(&self) -> f64 {
        if self.records == 0 { 0.0 } else { self.bad as f64 / self.records as f64 }
    }
}

impl Report for RunReport {
    fn human(&self) -> String {
        if let Some(owner) = &self.lease_held_by {
            return format!("nothing done: {owner} is at work and holds the lease");
        }
        if self.objects == 0 && !self.stopped_early {
            let unreadable = lines(self.unreadable, &self.unreadable_objects);
            return self.nothing_new() + &self.left_out.line() + &unreadable;
        }
        let rate = self.records as f64 / self.seconds.max(1e-9);
        let mut rows = vec![
            vec!["objects".to_owned(), number(self.objects)],
            vec!["records".to_owned(), number(self.records)],
            vec!["loaded".to_owned(), number(self.loaded)],
            vec!["already there".to_owned(), number(self.already_there)],
            vec!["bad".to_owned(), number(self.bad)],
            vec!["bytes".to_owned(), number(self.bytes)],
            vec!["seconds".to_owned(), format!("{:.2}", self.seconds)],
            vec!["records per second".to_owned(), number(rate as u64)],
        ];
        if let (Some(watermark), Some(lag)) = (&self.watermark, self.lag_seconds) {
            rows.push(vec!["newest record".to_owned(), format!("{watermark} UTC")]);
            rows.push(vec!["lag in seconds".to_owned(), format!("{lag:.0}")]);
        }
        let mut text = grid(&["loaded from logs", ""], &rows);
        if let Some(location) = &self.dead_letters {
            let share = percent(self.bad_ratio());
            text.push_str(&format!(
                "\n\n{} bad records ({share}) are dead letters in {location}",
                number(self.bad)
            ));
            if self.bad_ratio() > self.max_bad_ratio {
                text.push_str(&format!(": more than {} allow", percent(self.max_bad_ratio)));
            }
            if self.conflicts > 0 {
                let conflicts = number(self.conflicts);
                text.push_str(&format!(
                    "\n{conflicts} of them have a uid that was there with another content"
                ));
            }
        }
        let Outliers { future, past } = self.outliers;
        if future + past > 0 {
            text.push_str(&format!(
                "\n\nrecords with an impossible time: {} in the future, {} before 2000",
                number(future),
                number(past)
            ));
        }
        text.push_str(&self.left_out.line());
        text.push_str(&lines(self.unreadable, &self.unreadable_objects));
        if self.stopped_early {
            text.push_str("\n\nstopped before the end; the next run goes on from here");
        }
        text
    }

    fn metrics(&self) -> Vec<Metrics> {
        let values = vec![
            ("loaded", "Count", self.loaded as f64),
            ("bad", "Count", self.bad as f64),
            ("seconds", "Seconds", self.seconds),
            ("lag_seconds", "Seconds", self.lag_seconds.unwrap_or(f64::NAN)),
            ("unreadable", "Count", self.unreadable as f64),
        ];
        vec![Metrics { dimensions: Vec::new(), values }]
    }

    fn exit(&self) -> Exit {
        if self.stopped_early {
            Exit::Deadline
        } else if self.bad_ratio() > self.max_bad_ratio || self.unreadable > self.max_unreadable {
            Exit::BadInput
        } else {
            Exit::Done
        }
    }
}
