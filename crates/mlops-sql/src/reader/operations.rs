use std::collections::BTreeMap;

use jiff::Timestamp;
use mlops_core::ports::{Release, RetrainStatus, StoreError, StoreErrorKind};
use mlops_rules::{Channel, KeptAlert, MessageStatus, Severity, Transition};

use super::scope::{Reader, Scope};
use crate::alerts::{ALERT, alert_of};
use crate::insert::list;
use crate::models::{RELEASE, release_of};
use crate::row::Row;
use crate::statement::sql;

/// A model that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub model_uid: String,
    /// When it was made.
    pub training_timestamp: Timestamp,
    /// Whether the gate let it pass.
    pub accepted: bool,
    /// Why not, in words.
    pub reasons: String,
    /// The kind of model.
    pub learner: String,
    /// The source of its training data.
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
    /// How far it has come.
    pub status: RetrainStatus,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// The model that came of it.
    pub model_uid: Option<String>,
}

/// How far a pipeline of the ETL is.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineRow {
    pub pipeline: String,
    /// The time up to which all is loaded.
    pub watermark: Option<Timestamp>,
    /// The newest record.
    pub newest: Option<Timestamp>,
    /// How far the watermark is behind.
    pub lag_seconds: Option<f64>,
    /// Records that were loaded.
    pub records: u64,
    /// Dead letters.
    pub bad: u64,
    /// When it ran last.
    pub updated_at: Timestamp,
    /// Partitions, and those that are sealed.
    pub partitions: [u64; 2],
}

/// Records of the ETL in partitions whose newest record is of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtlDay {
    pub day: Timestamp,
    pub records: u64,
    /// Dead letters.
    pub bad: u64,
}

/// A partition with dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPartition {
    pub pipeline: String,
    pub partition: String,
    /// The newest record in it.
    pub newest: Option<Timestamp>,
    /// Records that were loaded.
    pub records: u64,
    /// Dead letters.
    pub bad: u64,
}

/// A message about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertMessage {
    /// When it was written.
    pub created_at: Timestamp,
    pub rule: String,
    /// The group; empty without groups.
    pub group: String,
    /// The transition.
    pub transition: Transition,
    /// How it is sent.
    pub channel: Channel,
    pub severity: Severity,
    pub subject: String,
    /// How far it has come.
    pub status: MessageStatus,
    /// To how many.
    pub recipients: u64,
}

/// When a job left a trace last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    pub job: &'static str,
    /// When; none if never, or where its table is missing.
    pub at: Option<Timestamp>,
    /// Whether the table may be read.
    pub is_readable: bool,
}

/// The jobs, each with the table and the column that say when it ran, and whether it runs for one
/// model.
const TRACES: [(&str, &str, &str, bool); 6] = [
    ("etl-mysql, etl-dynamo", "etl_watermark", "updated_at", false),
    ("drift", "data_shift", "run_timestamp", true),
    ("concept-shift", "concept_shift", "run_timestamp", true),
    ("performance", "performance", "run_timestamp", true),
    ("retrain", "model_metadata", "training_timestamp", true),
    ("alert-email, alert-sms", "alert_state", "evaluated_at", true),
];

impl Reader {
    /// The last run of each job before a moment. A job whose table is missing or cannot be
    /// read has none.
    pub async fn last_runs(&self, before: Timestamp) -> Result<Vec<LastRun>, StoreError> {
        use StoreErrorKind::{Denied, Invalid, NotFound};
        let mut runs = Vec::with_capacity(TRACES.len());
        for (job, table, column, is_of_model) in TRACES {
            let of_model = if is_of_model { "model_name = :model AND " } else { "" };
            let select =
                format!("SELECT MAX({column}) AS last FROM {table} WHERE {of_model}{column} < ?");
            let row = self.0.connection.one(self.0.sql(&select).bind(before)).await;
            let (at, is_readable) = match row.and_then(|row| row.get("last")) {
                Ok(at) => (at, true),
                Err(error) if [NotFound, Denied, Invalid].contains(&error.kind) => {
                    (None, error.kind == NotFound)
                }
                Err(error) => return Err(error),
            };
            runs.push(LastRun { job, at, is_readable });
        }
        Ok(runs)
    }

    /// The newest fifty models that were made before a moment, the newest first.
    pub async fn models(&self, before: Timestamp) -> Result<Vec<Model>, StoreError> {
        let select = self.0.sql(
            "SELECT model_uid, training_timestamp, accepted, reasons, learner, source, rows_training \
                          FROM model_metadata WHERE model_name = :model AND training_timestamp < ? \
                          ORDER BY training_timestamp DESC, model_uid DESC LIMIT 50",
        );
        let model = |row: &Row| {
            Ok(Model {
                model_uid: row.get("model_uid")?,
                training_timestamp: row.get("training_timestamp")?,
                accepted: row.get("accepted")?,
                reasons: row.get("reasons")?,
                learner: row.get("learner")?,
                source: row.get("source")?,
                rows_training: row.get("rows_training")?,
                scores: BTreeMap::new(),
            })
        };
        let mut models = self.read(select.bind(before), model).await?;
        if models.is_empty() {
            return Ok(models);
        }
        let select = format!(
            "SELECT model_uid, metric, value FROM model_score WHERE model_name = :model AND model_uid IN ({})",
            list(models.len())
        );
        let select = self.0.sql(&select).bind_all(models.iter().map(|model| &model.model_uid));
        let score = |row: &Row| Ok((row.get("model_uid")?, row.get("metric")?, row.get("value")?));
        let scores: Vec<(String, String, f64)> = self.read(select, score).await?;
        for (model_uid, metric, value) in scores {
            if let Some(model) = models.iter_mut().find(|model| model.model_uid == model_uid) {
                model.scores.insert(metric, value);
            }
        }
        Ok(models)
    }

    /// The newest fifty releases before a moment, the newest first.
    pub async fn releases(&self, before: Timestamp) -> Result<Vec<Release>, StoreError> {
        let select = format!(
            "SELECT {RELEASE} FROM model_release WHERE model_name = :model AND released_at < ? \
             ORDER BY released_at DESC, model_uid DESC LIMIT 50"
        );
        self.read(self.0.sql(&select).bind(before), release_of).await
    }

    /// The newest hundred questions about a new model within the scope, the newest first.
    pub async fn requests(&self, scope: &Scope) -> Result<Vec<RequestRow>, StoreError> {
        let select = self.0.sql(
            "SELECT requested_at, job, reason, status, settled_at, model_uid FROM retrain_request \
                          WHERE model_name = :model AND requested_at >= ? AND requested_at < ? ORDER BY requested_at DESC, request_uid DESC LIMIT 100",
        );
        self.read(scope.bind_span(select), |row| {
            Ok(RequestRow {
                requested_at: row.get("requested_at")?,
                job: row.get("job")?,
                reason: row.get("reason")?,
                status: row.one_of("status", &RetrainStatus::ALL, RetrainStatus::name)?,
                settled_at: row.get("settled_at")?,
                model_uid: row.get("model_uid")?,
            })
        })
        .await
    }

    /// How far each pipeline of the ETL is.
    pub async fn pipelines(&self) -> Result<Vec<PipelineRow>, StoreError> {
        let select = sql(
            "SELECT w.pipeline, w.watermark, w.newest_logging_timestamp, w.lag_seconds, w.records, w.bad, w.updated_at, \
                          COALESCE(p.partitions, 0) AS partitions, COALESCE(p.sealed, 0) AS sealed FROM etl_watermark w LEFT JOIN \
                          (SELECT pipeline, COUNT(*) AS partitions, SUM(sealed) AS sealed FROM etl_partition GROUP BY pipeline) p \
                          ON p.pipeline = w.pipeline ORDER BY w.pipeline",
        );
        self.read(select, |row| {
            Ok(PipelineRow {
                pipeline: row.get("pipeline")?,
                watermark: row.get("watermark")?,
                newest: row.get("newest_logging_timestamp")?,
                lag_seconds: row.get("lag_seconds")?,
                records: row.get("records")?,
                bad: row.get("bad")?,
                updated_at: row.get("updated_at")?,
                partitions: [row.get("partitions")?, row.get("sealed")?],
            })
        })
        .await
    }

    /// Returns the loaded records by day.
    pub async fn etl_days(&self, scope: &Scope) -> Result<Vec<EtlDay>, StoreError> {
        let select = sql(
            "SELECT SUBSTR(newest_logging_timestamp, 1, 10) AS of_day, SUM(records) AS records, SUM(bad) AS bad \
                          FROM etl_partition WHERE newest_logging_timestamp >= ? AND newest_logging_timestamp < ? \
                          GROUP BY of_day ORDER BY of_day",
        );
        self.read(scope.bind_span(select), |row| {
            Ok(EtlDay {
                day: row.get("of_day")?,
                records: row.get("records")?,
                bad: row.get("bad")?,
            })
        })
        .await
    }

    /// Returns the twenty partitions within the scope with the highest number of dead letters.
    pub async fn bad_partitions(&self, scope: &Scope) -> Result<Vec<BadPartition>, StoreError> {
        let select = sql(
            "SELECT pipeline, partition_id, newest_logging_timestamp, records, bad FROM etl_partition WHERE bad > 0 \
                          AND newest_logging_timestamp >= ? AND newest_logging_timestamp < ? ORDER BY bad DESC, partition_id LIMIT 20",
        );
        self.read(scope.bind_span(select), |row| {
            Ok(BadPartition {
                pipeline: row.get("pipeline")?,
                partition: row.get("partition_id")?,
                newest: row.get("newest_logging_timestamp")?,
                records: row.get("records")?,
                bad: row.get("bad")?,
            })
        })
        .await
    }

    /// The alerts that are not at rest, and the others after them.
    pub async fn alerts(&self) -> Result<Vec<KeptAlert>, StoreError> {
        let select = format!(
            "SELECT {ALERT} FROM alert_state WHERE model_name = :model \
             ORDER BY CASE state WHEN 'firing' THEN 0 WHEN 'recovering' THEN 1 WHEN 'pending' THEN 2 WHEN 'ok' THEN 4 ELSE 3 END, \
             since DESC, rule, alert_group LIMIT 100"
        );
        self.read(self.0.sql(&select), alert_of).await
    }

    /// The newest hundred messages about alerts within the scope, the newest first.
    pub async fn alert_messages(&self, scope: &Scope) -> Result<Vec<AlertMessage>, StoreError> {
        let select = self.0.sql(
            "SELECT created_at, rule, alert_group, transition, channel, severity, subject, status, \
                          COUNT(*) AS recipients FROM alert_outbox WHERE model_name = :model AND created_at >= ? AND created_at < ? \
                          GROUP BY created_at, rule, alert_group, transition, channel, severity, subject, status \
                          ORDER BY created_at DESC, rule, alert_group, channel LIMIT 100",
        );
        self.read(scope.bind_span(select), |row| {
            Ok(AlertMessage {
                created_at: row.get("created_at")?,
                rule: row.get("rule")?,
                group: row.get("alert_group")?,
                transition: row.one_of("transition", &Transition::ALL, Transition::name)?,
                channel: row.one_of("channel", &Channel::ALL, Channel::name)?,
                severity: row.one_of("severity", &Severity::ALL, Severity::name)?,
                subject: row.get("subject")?,
                status: row.one_of("status", &MessageStatus::ALL, MessageStatus::name)?,
                recipients: row.get("recipients")?,
            })
        })
        .await
    }
}
