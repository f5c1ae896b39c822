use mlops_job::{Report, grid, number};
use serde::Serialize;

use crate::{CaseStudyReport, DemoReport};

/// The report of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SimulateReport {
    /// The report of `customers` and `traffic`.
    Written(Written),
    /// The report of `case-study`.
    CaseStudy(Box<CaseStudyReport>),
    /// The report of `demo`.
    Demo(DemoReport),
}

impl Report for SimulateReport {
    fn human(&self) -> String {
        match self {
            Self::Written(written) => written.human(),
            Self::CaseStudy(study) => study.human(),
            Self::Demo(demo) => demo.human(),
        }
    }
}

/// The report of written data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Written {
    /// Location.
    pub to: String,
    /// Customers, or requests.
    pub rows: u64,
    /// Objects written.
    pub objects: u64,
    /// Requests that arrive late.
    pub late: u64,
    /// Requests that are logged twice.
    pub duplicates: u64,
    /// Requests whose log is damaged.
    pub bad: u64,
    /// Bytes written.
    pub bytes: u64,
}

impl Written {
    fn human(&self) -> String {
        let mut rows = vec![
            vec!["rows".to_owned(), number(self.rows)],
            vec!["objects".to_owned(), number(self.objects)],
            vec!["bytes".to_owned(), number(self.bytes)],
        ];
        for (name, count) in
            [("late", self.late), ("duplicates", self.duplicates), ("bad", self.bad)]
        {
            if count > 0 {
                rows.push(vec![name.to_owned(), number(count)]);
            }
        }
        format!("{}\n\nwritten to {}", grid(&["simulate", ""], &rows), self.to)
    }
}
