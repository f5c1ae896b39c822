use mlops_job::{Report, number};
use mlops_monitor::BadCells;
use mlops_web::Healthy;
use serde::Serialize;
use std::fmt::Write as _;

/// The output of a command.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The service has ended.
    Served(Served),
    /// A file was gone through.
    Predicted(Predicted),
    /// The service of this machine is well.
    Healthy(Healthy),
}

/// Counts of the service.
#[derive(Debug, Clone, Serialize)]
pub struct Served {
    /// The model that answered last.
    pub model_uid: String,
    /// Records written to the spool.
    pub logged: u64,
    /// Bytes that are still there.
    pub spooled_bytes: u64,
}

/// The probabilities of rows.
#[derive(Debug, Clone, Serialize)]
pub struct Predicted {
    /// The model that was asked.
    pub model_uid: String,
    /// Their number.
    pub rows: usize,
    /// Their mean; nothing without rows.
    pub mean: Option<f64>,
    /// Values that are missing since they are not of their column's kind.
    pub bad_cells: Vec<BadCells>,
    /// One a row, in their order.
    pub predictions: Vec<f64>,
}

impl Report for Outcome {
    fn human(&self) -> String {
        match self {
            Self::Served(served) if served.spooled_bytes == 0 => {
                format!("{} requests were logged and uploaded", number(served.logged))
            }
            Self::Served(served) => format!(
                "{} requests were logged; {} bytes remain in the spool and are uploaded after the next start",
                number(served.logged),
                number(served.spooled_bytes)
            ),
            Self::Predicted(predicted) => {
                let mean = predicted
                    .mean
                    .map_or_else(String::new, |mean| format!(", mean probability {mean:.4}"));
                let mut text = format!(
                    "{} rows by {}{mean}; --output csv gives each",
                    number(predicted.rows as u64),
                    predicted.model_uid
                );
                for bad in &predicted.bad_cells {
                    text.push_str(&format!("\n{}", bad.text()));
                }
                text
            }
            Self::Healthy(healthy) => format!("{} is healthy", healthy.healthy),
        }
    }

    fn csv(&self) -> String {
        let Self::Predicted(predicted) = self else { return String::new() };
        let mut csv = String::from("prediction");
        for prediction in &predicted.predictions {
            write!(csv, "\n{prediction}").expect("a string takes any text");
        }
        csv
    }
}
