use std::fmt::Write as _;
use std::path::PathBuf;

use mlops_job::{Report, number};
use serde::Serialize;

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
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The day, in the demo's time.
    pub at: String,
    /// The job that found it; empty where none did.
    #[serde(skip)]
    pub(super) job: &'static str,
    /// Its verdict.
    #[serde(skip)]
    pub(super) verdict: String,
    /// In words.
    pub says: String,
}

impl Report for DemoReport {
    fn human(&self) -> String {
        let mut text = String::new();
        for event in &self.events {
            writeln!(text, "{}  {}", event.at, event.says).expect("a text takes what is written");
        }
        let folder = self.folder.display();
        write!(
            text,
            "\n{} requests in {} weeks. Everything is in {folder}; the tracking page as one file is dashboard.html there.\n\
             To look around:  cd {folder} && MLOPS_CLOCK=clock dashboard --database sqlite://mlops.db   (http://127.0.0.1:8050)",
            number(self.requests),
            self.weeks
        )
        .expect("a text takes what is written");
        text
    }
}
