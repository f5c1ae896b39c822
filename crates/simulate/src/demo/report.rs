use std::fmt::Write as _;
use std::path::PathBuf;

use mlops_job::{Report, number};
use serde::Serialize;

use super::event::{Event, line};

/// Percentage points that one block of a bar stands for.
const BLOCK: f64 = 0.5;

/// The report of a demo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DemoReport {
    /// The folder with all files.
    pub folder: PathBuf,
    /// Number of requests that `score` answered.
    pub requests: u64,
    /// Number of simulated weeks.
    pub weeks: u32,
    /// ID of the model at the end.
    pub model_uid: String,
    /// The events, by time.
    pub events: Vec<Event>,
    /// The effect of the model by month.
    pub impact: Vec<MonthImpact>,
    /// File names of the e-mails, by time.
    pub mails: Vec<String>,
    /// How to open the dashboard.
    pub look: String,
    /// Whether the events were printed when they happened.
    #[serde(skip)]
    pub(super) was_told: bool,
}

/// The effect of the model in one month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthImpact {
    /// The month, such as `2026-01`.
    pub month: String,
    /// Churn rate of the control group minus churn rate of the treatment group.
    pub benefit: f64,
    /// Lower bound of the 95% confidence interval.
    pub low: f64,
    /// Upper bound of the 95% confidence interval.
    pub high: f64,
    /// Number of clients that the model kept.
    pub clients_saved: f64,
}

impl DemoReport {
    /// Returns the text after the last event: the effect by month and the files.
    pub(super) fn ending(&self) -> String {
        let mut text = String::from(
            "\nReduction of churn in percentage points (treatment group against control group),\n\
             with the 95% confidence interval:\n\n",
        );
        for month in &self.impact {
            let blocks = "█".repeat((100.0 * month.benefit / BLOCK).round().max(0.0) as usize);
            let MonthImpact { month, benefit, low, high, .. } = month;
            let [benefit, low, high] = [benefit, low, high].map(|share| 100.0 * share);
            writeln!(text, "  {month}   {benefit:>4.1}  ({low:>4.1} to {high:>4.1})  {blocks}")
                .expect("writing to a String cannot fail");
        }
        let saved: f64 = self.impact.iter().map(|month| month.clients_saved).sum();
        write!(
            text,
            "\n{} requests in {} weeks; the model kept {} clients.\nFiles in {}:\n\n  \
             dashboard.html     the dashboard as one file\n  \
             first-model.html   the report of the first model\n  \
             mails/             {} e-mails; a mail program opens *.eml\n  \
             models/, logs/     all models and request logs\n\n{}",
            number(self.requests),
            self.weeks,
            number(saved.max(0.0) as u64),
            self.folder.display(),
            self.mails.len(),
            self.look
        )
        .expect("writing to a String cannot fail");
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
