use jiff::{SignedDuration, Timestamp};
use mlops_table::TableError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::churn::{FeatureReader, probability};
use crate::dials::Dial;
use crate::layout::{Layout, Object};
use crate::request::{Columns, Request};
use crate::rows::{RowSource, Rows};

/// A late request arrives within this time.
const LATEST_MINUTES: i64 = 24 * 60;

/// Everything that decides the traffic.
pub(crate) struct Plan {
    pub(crate) source: RowSource,
    pub(crate) columns: Columns,
    pub(crate) dials: Vec<Dial>,
    pub(crate) requests: u64,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) layout: Layout,
    pub(crate) late: f64,
    pub(crate) duplicates: f64,
    pub(crate) bad: f64,
    pub(crate) seed: u64,
}

/// The progress of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Made {
    pub(crate) requests: u64,
    pub(crate) late: u64,
    pub(crate) duplicates: u64,
    pub(crate) bad: u64,
}

/// Makes the objects of a plan one after the other, in memory that one object bounds.
pub(crate) struct Traffic {
    plan: Plan,
    rows: Rows,
    rng: ChaCha8Rng,
    reader: Option<FeatureReader>,
    waiting: Vec<Request>,
    ready: Vec<Object>,
    pub(crate) made: Made,
}

/// An error of the traffic.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrafficError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the table has no rows to replay")]
    NoRows,
    #[error("compressing an object")]
    Compress(#[from] std::io::Error),
}

impl Traffic {
    pub(crate) fn new(plan: Plan) -> Result<Self, TableError> {
        Ok(Self {
            rows: plan.source.open()?,
            // Not the seed of the customers, whose draws must not come again here.
            rng: ChaCha8Rng::seed_from_u64(plan.seed ^ 0x7261_6666_6963),
            reader: FeatureReader::new(&plan.columns.names),
            waiting: Vec::new(),
            ready: Vec::new(),
            made: Made::default(),
            plan,
        })
    }

    /// The next object; `None` when all requests are made.
    pub(crate) fn next_object(&mut self) -> Result<Option<Object>, TrafficError> {
        while self.ready.is_empty() {
            if self.made.requests == self.plan.requests {
                self.close_object()?;
                break;
            }
            let request = self.next_request()?;
            self.schedule(request)?;
        }
        Ok(self.ready.pop())
    }

    fn next_row(&mut self) -> Result<Vec<String>, TrafficError> {
        if let Some(row) = self.rows.next()? {
            return Ok(row);
        }
        self.rows = self.plan.source.open()?;
        self.rows.next()?.ok_or(TrafficError::NoRows)
    }

    fn next_request(&mut self) -> Result<Request, TrafficError> {
        let mut row = self.next_row()?;
        for dial in &self.plan.dials {
            dial.turn(&mut row, &mut self.rng);
        }
        let prediction = match (self.plan.columns.prediction, &self.reader) {
            (Some(column), _) => row[column].trim().parse().ok(),
            (None, Some(reader)) => Some((probability(&reader.read(&row)) * 1e6).round() / 1e6),
            (None, None) => None,
        };
        // Evenly spread, each somewhere in its share of the span.
        let span = self.plan.until.as_microsecond() - self.plan.from.as_microsecond();
        let position =
            (self.made.requests as f64 + self.rng.random::<f64>()) / self.plan.requests as f64;
        let logged_at =
            self.plan.from + SignedDuration::from_micros((span as f64 * position) as i64);
        self.made.requests += 1;
        Ok(Request::new(&self.plan.columns, &row, prediction, logged_at, &mut self.rng))
    }

    /// Puts a request where its luck has it: damaged, late, twice, or simply next.
    fn schedule(&mut self, mut request: Request) -> Result<(), TrafficError> {
        if self.rng.random_bool(self.plan.bad) {
            request = request.damaged(&mut self.rng);
            self.made.bad += 1;
        } else if self.rng.random_bool(self.plan.duplicates) {
            let again = self.plan.layout.object(
                std::slice::from_ref(&request),
                request.logged_at,
                "-again",
            )?;
            self.ready.push(again);
            self.made.duplicates += 1;
        }
        if self.rng.random_bool(self.plan.late) {
            let delay = SignedDuration::from_mins(self.rng.random_range(1..=LATEST_MINUTES));
            let arrival = request.logged_at + delay;
            self.ready.push(self.plan.layout.object(
                std::slice::from_ref(&request),
                arrival,
                "",
            )?);
            self.made.late += 1;
            return Ok(());
        }
        if self
            .waiting
            .last()
            .is_some_and(|last| self.plan.layout.parts(last.logged_at, request.logged_at))
        {
            self.close_object()?;
        }
        self.waiting.push(request);
        if self.waiting.len() == self.plan.layout.per_object {
            self.close_object()?;
        }
        Ok(())
    }

    fn close_object(&mut self) -> Result<(), TrafficError> {
        if let Some(first) = self.waiting.first() {
            let object = self.plan.layout.object(&self.waiting, first.logged_at, "")?;
            self.ready.push(object);
            self.waiting.clear();
        }
        Ok(())
    }
}
