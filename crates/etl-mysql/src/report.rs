use mlops_core::ports::Inserted;
use mlops_job::{Exit, Report, grid, number, percent};
use serde::Serialize;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EtlReport {
    /// Objects read.
    pub objects: u64,
    /// Records found in them, good and bad.
    pub records: u64,
    /// Rows written now.
    pub loaded: u64,
    /// Records whose uid was there before.
    pub already_there: u64,
    /// Records set aside.
    pub bad: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// The newest logging timestamp among the records read; `None` where there was none.
    pub watermark: Option<String>,
    /// How long before the run's start that was.
    pub lag_seconds: Option<f64>,
    /// Where the bad records are; `None` where there were none.
    pub dead_letters: Option<String>,
    #[serde(skip)]
    pub(crate) max_bad_ratio: f64,
}

impl EtlReport {
    /// Counts a transaction; returns the records that it settled.
    pub(crate) fn add(&mut self, inserted: Inserted) -> u64 {
        self.loaded += inserted.loaded;
        self.already_there += inserted.already_there;
        inserted.loaded + inserted.already_there
    }

    /// The share of bad records; 0 without records.
    pub fn bad_ratio(&self) -> f64 {
        if self.records == 0 { 0.0 } else { self.bad as f64 / self.records as f64 }
    }
}

impl Report for EtlReport {
    fn human(&self) -> String {
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
        let mut text = grid(&["etl-mysql", ""], &rows);
        if let Some(place) = &self.dead_letters {
            let share = percent(self.bad_ratio());
            text.push_str(&format!("\n\n{} bad records ({share}) are set aside in {place}", number(self.bad)));
            if self.exit() == Exit::BadInput {
                text.push_str(&format!(": more than {} allow", percent(self.max_bad_ratio)));
            }
        }
        text
    }

    fn exit(&self) -> Exit {
        if self.bad_ratio() > self.max_bad_ratio { Exit::BadInput } else { Exit::Done }
    }
}
