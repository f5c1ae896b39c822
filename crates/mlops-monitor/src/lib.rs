#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod database;
mod input;
mod run;
mod trigger;

pub use database::open_database;
pub use input::{
    BadCells, DateOrderArg, DecimalArg, LOG_TIME, LabelCounts, Labelled, LogColumns, LogFindings,
    LogReader, LogsAt, MAX_NEW_COLUMNS, OutcomeArgs, OutcomesOf, PublishedModel, ReadingArgs,
    Source, TableSource, label, read_columns, read_logged, read_outcomes, read_table,
    rows_in_window, window_of,
};
pub use run::MonitorRun;
pub use trigger::{RETRAIN_GRANTS, Requester, RetrainAction, RetrainArgs, RetrainReport, Trigger};
