use std::fmt::Write as _;
use std::path::PathBuf;

use mlops_job::{Report, number};
use serde::Serialize;

use super::event::{Event, line};

/// Percentage points that one block of a bar stands for.
const BLOCK: f64 = 0.5;

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemoReport {
    /// Where all of it was left.
    pub folder: PathBuf,
    /// Requests that were answered.
    pub requests: u64,
    /// Weeks that went by.
    pub weeks: u32,
    /// The model at the end.
    pub model_uid: String,
    /// What there is to tell.
    pub events: Vec<Event>,
    /// What the model was worth, month by month.
    pub impact: Vec<MonthImpact>,
    /// The mails that were written, by the names of their files.
    pub mails: Vec<String>,
    /// How to look at all of it.
    pub look: String,
    /// Whether it was told while it happened.
    #[serde(skip)]
    pub(super) was_told: bool,
}

/// What the model was worth in one month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthImpact {
    /// As `2026-01`.
    pub month: String,
    /// The control group's share of clients who left less the model's, with its interval.
    pub benefit: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Clients who stayed thanks to the model.
    pub clients_saved: f64,
}

impl DemoReport {
    /// What stands at the end of the story.
    pub(super) fn ending(&self) -> String {
        let mut text = String::from(
            "\nWhat the model keeps, in points of churn, beside the clients who were left alone:\n\n",
        );
        for month in &self.impact {
            let blocks = "█".repeat((100.0 * month.benefit / BLOCK).round().max(0.0) as usize);
            let MonthImpact { month, benefit, low, high, .. } = month;
            let [benefit, low, high] = [benefit, low, high].map(|share| 100.0 * share);
            writeln!(text, "  {month}   {benefit:>4.1}  ({low:>4.1} to {high:>4.1})  {blocks}")
                .expect("a text takes what is written");
        }
        let saved: f64 = self.impact.iter().map(|month| month.clients_saved).sum();
        write!(
            text,
            "\n{} requests in {} weeks; {} clients stayed thanks to the model. Left in {}:\n\n  \
             dashboard.html     the tracking page as one file\n  \
             first-model.html   what is known of the first model\n  \
             mails/             {} mails; *.eml opens in a mail program\n  \
             models/, logs/     what the programs keep, beside their tables in the database\n\n{}",
            number(self.requests),
            self.weeks,
            number(saved.max(0.0) as u64),
            self.folder.display(),
            self.mails.len(),
            self.look
        )
        .expect("a text takes what is written");
        text
    }
}

impl Report for DemoReport {
    fn human(&self) -> String {
        if self.was_told {
            return String::new();
        }
        let story: Vec<String> = self.events.iter().map(line).collect();
        format!("{}\n{}", story.join("\n"), self.ending())
    }
}
