use std::collections::BTreeMap;

use jiff::Timestamp;
use mlops_core::ports::{Release, StoreError, StoreErrorKind};

use super::{Reader, Scope};
use crate::select::Bind;

/// A model that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub model_uid: String,
    /// When it was made.
    pub training_timestamp: Timestamp,
    /// Whether the gate let it pass.
    pub accepted: bool,
    /// Why not, in words.
    pub reasons: String,
    /// The kind of model.
    pub learner: String,
    /// Where its training data are from.
    pub source: String,
    /// Their rows.
    pub rows_training: u64,
    /// Its figures on held-out rows, by name.
    pub scores: BTreeMap<String, f64>,
}

/// A question about a new model, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// When it came up.
    pub requested_at: Timestamp,
    /// The job that asked, or who else did.
    pub job: String,
    /// Why.
    pub reason: String,
    /// `pending`, `submitted`, `failed`, `served`, `refused`, `waiting` or `kept`.
    pub status: String,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// The model that came of it.
    pub model_uid: Option<String>,
}

/// How far a pipeline of the ETL is.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineRow {
    /// Its name.
    pub pipeline: String,
    /// The time up to which all is loaded.
    pub watermark: Option<Timestamp>,
    /// The newest record.
    pub newest: Option<Timestamp>,
    /// How far the watermark is behind.
    pub lag_seconds: Option<f64>,
    /// Records that were loaded.
    pub records: u64,
    /// Records that were set aside.
    pub bad: u64,
    /// When it ran last.
    pub updated_at: Timestamp,
    /// Partitions, and those that are sealed.
    pub partitions: [u64; 2],
}

/// What the ETL loaded of the partitions whose newest record is of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtlDay {
    /// The day.
    pub day: Timestamp,
    /// Records.
    pub records: u64,
    /// Records that were set aside.
    pub bad: u64,
}

/// A partition with records that were set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPartition {
    /// Its pipeline.
    pub pipeline: String,
    /// Its name.
    pub partition: String,
    /// The newest record in it.
    pub newest: Option<Timestamp>,
    /// Records that were loaded.
    pub records: u64,
    /// Records that were set aside.
    pub bad: u64,
}

/// Where an alert stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    /// The rule.
    pub rule: String,
    /// What it is about, or nothing.
    pub group: String,
    /// `ok`, `pending`, `firing`, `recovering` or another word.
    pub state: String,
    /// How bad.
    pub severity: String,
    /// Since when.
    pub since: Timestamp,
    /// The newest value.
    pub value: Option<f64>,
}

/// A message about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertMessage {
    /// When it was written.
    pub created_at: Timestamp,
    /// The rule.
    pub rule: String,
    /// What it is about, or nothing.
    pub group: String,
    /// What happened.
    pub transition: String,
    /// `email` or `sms`.
    pub channel: String,
    /// How bad.
    pub severity: String,
    /// Its subject.
    pub subject: String,
    /// `sending`, `sent`, `failed` or `muted`.
    pub status: String,
    /// To how many.
    pub recipients: u64,
}

/// When a job left a trace last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// The job.
    pub job: &'static str,
    /// When; none if never, or where its table is missing.
    pub at: Option<Timestamp>,
    /// Whether the table may be read.
    pub is_readable: bool,
}

/// The jobs, each with the table and the column that say when it ran.
const TRACES: [(&str, &str, &str); 6] = [
    ("etl-mysql, etl-dynamo", "etl_watermark", "updated_at"),
    ("drift", "data_shift", "run_timestamp"),
    ("concept-shift", "concept_shift", "run_timestamp"),
    ("performance", "performance", "run_timestamp"),
    ("retrain", "model_metadata", "training_timestamp"),
    ("alert-email, alert-sms", "alert_state", "evaluated_at"),
];

impl Reader {
    /// The last run of each job before a moment. A job whose table is missing has none.
    ///
    /// # Errors
    ///
    /// What the server says of anything but a table that is missing or may not be read.
    pub async fn last_runs(&self, before: Timestamp) -> Result<Vec<LastRun>, StoreError> {
        let mut runs = Vec::with_capacity(TRACES.len());
        for (job, table, column) in TRACES {
            let select = format!("SELECT MAX({column}) FROM {table} WHERE {column} < ?");
            let found = self.select(table, &select, &[Bind::Time(before)]).await;
            let is_readable =
                !found.as_ref().is_err_and(|error| error.kind == StoreErrorKind::Denied);
            let at = match found {
                Ok(rows) => rows.first().and_then(|row| row.maybe_time(0)),
                Err(error)
                    if [StoreErrorKind::NotFound, StoreErrorKind::Denied].contains(&error.kind) =>
                {
                    None
                }
                Err(error) => return Err(error),
            };
            runs.push(LastRun { job, at, is_readable });
        }
        Ok(runs)
    }

    /// The newest fifty models that were made before a moment, the newest first.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn models(&self, before: Timestamp) -> Result<Vec<Model>, StoreError> {
        let select = "SELECT model_uid, training_timestamp, accepted, reasons, learner, source, rows_training FROM model_metadata \
                      WHERE training_timestamp < ? ORDER BY training_timestamp DESC, model_uid DESC LIMIT 50";
        let rows = self.select("model_metadata", select, &[Bind::Time(before)]).await?;
        let mut models: Vec<Model> = rows
            .iter()
            .map(|row| Model {
                model_uid: row.text(0),
                training_timestamp: row.time(1),
                accepted: row.is_true(2),
                reasons: row.text(3),
                learner: row.text(4),
                source: row.text(5),
                rows_training: row.count(6),
                scores: BTreeMap::new(),
            })
            .collect();
        if !models.is_empty() {
            let names: Vec<String> = models.iter().map(|model| model.model_uid.clone()).collect();
            let places = vec!["?"; names.len()].join(",");
            let select = format!(
                "SELECT model_uid, metric, value FROM model_score WHERE model_uid IN ({places})"
            );
            let binds: Vec<Bind<'_>> = names.iter().map(|name| Bind::Text(name)).collect();
            for row in self.select("model_score", &select, &binds).await? {
                let of = models.iter_mut().find(|model| model.model_uid == row.text(0));
                if let (Some(model), Some(value)) = (of, row.number(2)) {
                    model.scores.insert(row.text(1), value);
                }
            }
        }
        Ok(models)
    }

    /// The newest fifty releases before a moment, the newest first.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn releases(&self, before: Timestamp) -> Result<Vec<Release>, StoreError> {
        let select = "SELECT released_at, model_uid, replaced_model_uid, action, request_uid FROM model_release \
                      WHERE released_at < ? ORDER BY released_at DESC, model_uid DESC LIMIT 50";
        let rows = self.select("model_release", select, &[Bind::Time(before)]).await?;
        let releases = rows.iter().map(|row| Release {
            released_at: row.time(0),
            model_uid: row.text(1),
            replaced_model_uid: row.maybe_text(2),
            action: row.text(3),
            request_uid: row.maybe_text(4),
        });
        Ok(releases.collect())
    }

    /// The newest hundred questions about a new model within the scope, the newest first.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn requests(&self, scope: &Scope) -> Result<Vec<RequestRow>, StoreError> {
        let select = "SELECT requested_at, job, reason, status, settled_at, model_uid FROM retrain_request \
                      WHERE requested_at >= ? AND requested_at < ? ORDER BY requested_at DESC, request_uid DESC LIMIT 100";
        let binds = [Bind::Time(scope.from), Bind::Time(scope.to)];
        let rows = self.select("retrain_request", select, &binds).await?;
        let requests = rows.iter().map(|row| RequestRow {
            requested_at: row.time(0),
            job: row.text(1),
            reason: row.text(2),
            status: row.text(3),
            settled_at: row.maybe_time(4),
            model_uid: row.maybe_text(5),
        });
        Ok(requests.collect())
    }

    /// How far each pipeline of the ETL is.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn pipelines(&self) -> Result<Vec<PipelineRow>, StoreError> {
        let select = "SELECT w.pipeline, w.watermark, w.newest_logging_timestamp, w.lag_seconds, w.records, w.bad, w.updated_at, \
                      COALESCE(p.partitions, 0), COALESCE(p.sealed, 0) FROM etl_watermark w LEFT JOIN \
                      (SELECT pipeline, COUNT(*) AS partitions, SUM(sealed) AS sealed FROM etl_partition GROUP BY pipeline) p \
                      ON p.pipeline = w.pipeline ORDER BY w.pipeline";
        let rows = self.select("etl_watermark", select, &[]).await?;
        let pipelines = rows.iter().map(|row| PipelineRow {
            pipeline: row.text(0),
            watermark: row.maybe_time(1),
            newest: row.maybe_time(2),
            lag_seconds: row.number(3),
            records: row.count(4),
            bad: row.count(5),
            updated_at: row.time(6),
            partitions: [row.count(7), row.count(8)],
        });
        Ok(pipelines.collect())
    }

    /// What was loaded day by day.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn etl_days(&self, scope: &Scope) -> Result<Vec<EtlDay>, StoreError> {
        let select = "SELECT SUBSTR(newest_logging_timestamp, 1, 10) AS of_day, SUM(records), SUM(bad) FROM etl_partition \
                      WHERE newest_logging_timestamp >= ? AND newest_logging_timestamp < ? GROUP BY of_day ORDER BY of_day";
        let rows = self
            .select("etl_partition", select, &[Bind::Time(scope.from), Bind::Time(scope.to)])
            .await?;
        Ok(rows
            .iter()
            .map(|row| EtlDay { day: row.time(0), records: row.count(1), bad: row.count(2) })
            .collect())
    }

    /// The twenty partitions within the scope with the most records that were set aside.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn bad_partitions(&self, scope: &Scope) -> Result<Vec<BadPartition>, StoreError> {
        let select = "SELECT pipeline, partition_id, newest_logging_timestamp, records, bad FROM etl_partition WHERE bad > 0 \
                      AND newest_logging_timestamp >= ? AND newest_logging_timestamp < ? ORDER BY bad DESC, partition_id LIMIT 20";
        let rows = self
            .select("etl_partition", select, &[Bind::Time(scope.from), Bind::Time(scope.to)])
            .await?;
        let partitions = rows.iter().map(|row| BadPartition {
            pipeline: row.text(0),
            partition: row.text(1),
            newest: row.maybe_time(2),
            records: row.count(3),
            bad: row.count(4),
        });
        Ok(partitions.collect())
    }

    /// Where the alerts stand that are not at rest, and the others after them.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn alerts(&self) -> Result<Vec<AlertRow>, StoreError> {
        let select = "SELECT rule, alert_group, state, severity, since, value FROM alert_state \
                      ORDER BY CASE state WHEN 'firing' THEN 0 WHEN 'recovering' THEN 1 WHEN 'pending' THEN 2 WHEN 'ok' THEN 4 ELSE 3 END, \
                      since DESC, rule, alert_group LIMIT 100";
        let rows = self.select("alert_state", select, &[]).await?;
        let alerts = rows.iter().map(|row| AlertRow {
            rule: row.text(0),
            group: row.text(1),
            state: row.text(2),
            severity: row.text(3),
            since: row.time(4),
            value: row.number(5),
        });
        Ok(alerts.collect())
    }

    /// The newest hundred messages about alerts within the scope, the newest first.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn alert_messages(&self, scope: &Scope) -> Result<Vec<AlertMessage>, StoreError> {
        let select = "SELECT created_at, rule, alert_group, transition, channel, severity, subject, status, COUNT(*) FROM alert_outbox \
                      WHERE created_at >= ? AND created_at < ? \
                      GROUP BY created_at, rule, alert_group, transition, channel, severity, subject, status \
                      ORDER BY created_at DESC, rule, alert_group, channel LIMIT 100";
        let rows = self
            .select("alert_outbox", select, &[Bind::Time(scope.from), Bind::Time(scope.to)])
            .await?;
        let messages = rows.iter().map(|row| AlertMessage {
            created_at: row.time(0),
            rule: row.text(1),
            group: row.text(2),
            transition: row.text(3),
            channel: row.text(4),
            severity: row.text(5),
            subject: row.text(6),
            status: row.text(7),
            recipients: row.count(8),
        });
        Ok(messages.collect())
    }
}
