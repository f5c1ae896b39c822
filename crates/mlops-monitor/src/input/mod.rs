//! The rows that jobs read: tables, logged requests where they lie, and outcomes joined to them.

mod labels;
mod logged;
mod logs;
mod models;
mod outcomes;
mod reading;
mod source;
mod window;

pub use labels::{LabelCounts, Labelled, label};
pub use logged::{LogsAt, read_logged};
pub use logs::{LOG_TIME, LogColumns, LogFindings, LogReader, MAX_NEW_COLUMNS, rows_in_window};
pub use models::PublishedModel;
pub use outcomes::{OutcomeArgs, OutcomesOf, read_outcomes};
pub use reading::{BadCells, DateOrderArg, DecimalArg, ReadingArgs};
pub use source::{Source, TableSource, read_columns, read_table};
pub use window::window_of;
