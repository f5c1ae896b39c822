//! A year of a churn model, the same at each run: a slow start, a drift in spring that a new model
//! mends, a refused model, a benefit that decays in autumn, a day on which the ETL found much that
//! it could not read, and a feature with a name that is no good.

mod shift;

use jiff::{SignedDuration, Timestamp};
use mlops_core::etl::ObjectId;
use mlops_core::etl::{Batch, Claim, EndedObject, EtlStore, Settled, Watermark};
use mlops_core::etl::{Listing, Totals};
use mlops_core::ports::{
    ModelRecord, ModelStore, Release, RetrainRequest, RetrainStatus, RetrainStore,
};
use mlops_core::record::{LogRecord, RecordKey};
use mlops_core::timestamp::parse_utc;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{Arm, ImpactPolicy, Subject, estimate, impact, realised};
use mlops_detect::store::{ImpactRows, PerformanceRow, PerformanceRun, PeriodKind, VerdictStore};
use mlops_sql::Database;

/// Where the year ends, which tests look back from.
pub(crate) const UNTIL: &str = "2026-11-23";

/// The name of a feature, which is no good.
pub(crate) const SCRIPT: &str = "<script>alert(1)</script>";

/// The models, in the order in which they were made, and the days of the year.
pub(crate) const MODELS: [(&str, i64); 3] =
    [("churn-20251120", 0), ("churn-20260618", 206), ("churn-20261019", 329)];

const DAYS: i64 = 364;
const PIPELINE: &str = "s3://acme-logs/churn";

/// The day on which the ETL found much that it could not read.
pub(crate) const BAD_DAY: i64 = 297;

/// Nothing was logged on these days.
const OUTAGE: [i64; 2] = [318, 319];

/// Random numbers between 0 and 1 that are the same at each run.
struct Units(u64);

impl Units {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About a standard normal one.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

/// A day of the year, at an hour.
pub(crate) fn day(day: i64, hour: i64) -> Timestamp {
    parse_utc(UNTIL).unwrap() + SignedDuration::from_hours((day - DAYS) * 24 + hour)
}

/// How far the inputs are from what the model of that day was trained on, from 0 to 1.
fn drift(day: i64) -> f64 {
    match day {
        0..170 => 0.0,
        170..206 => (day - 170) as f64 / 36.0,
        206..320 => 0.0,
        _ => 0.9 * (day - 320) as f64 / 44.0,
    }
}

/// Writes the year.
pub(crate) async fn seed(database: &Database) {
    models(database).await;
    logs(database).await;
    shift::data_shift(database).await;
    shift::concept_shift(database).await;
    performance(database).await;
    requests(database).await;
}

async fn models(database: &Database) {
    let made = [
        (MODELS[0].0, 0, true, "", 0.781),
        (
            "churn-20260310",
            106,
            false,
            "the ROC AUC is 0.041 lower than the present model's, surely (p 0.002)",
            0.740,
        ),
        (MODELS[1].0, 206, true, "", 0.792),
        (MODELS[2].0, 329, false, "the calibration error is 0.08, and 0.05 is borne", 0.766),
    ];
    for (model_uid, when, accepted, reasons, auc) in made {
        let scores = [("roc_auc", auc), ("log_loss", 0.452 - 0.3 * (auc - 0.78)), ("brier", 0.143)];
        let record = ModelRecord {
            model_uid,
            training_timestamp: day(when, 3),
            accepted,
            reasons,
            learner: "gradient-boosting",
            recipe: "{}",
            source: "s3://acme-data/churn/2026.parquet",
            rows: 48_211 + when as u64 * 130,
            data_sha256: &"0".repeat(64),
            scores: &scores,
        };
        database.write_model(record).await.unwrap();
    }
    for (index, (model_uid, when)) in MODELS[..2].iter().enumerate() {
        let release = Release {
            released_at: day(*when, 4),
            model_uid: (*model_uid).to_owned(),
            replaced_model_uid: index.checked_sub(1).map(|before| MODELS[before].0.to_owned()),
            action: "retrain".to_owned(),
            request_uid: (index > 0).then(|| "drift-205".to_owned()),
        };
        database.write_release(&release).await.unwrap();
    }
}

fn model_of(day: i64) -> &'static str {
    if day < MODELS[1].1 { MODELS[0].0 } else { MODELS[1].0 }
}

async fn logs(database: &Database) {
    let mut units = Units(3);
    let days: Vec<i64> = (0..DAYS).filter(|day| !OUTAGE.contains(day)).collect();
    let name = |of: i64| format!("dt={}/*", day(of, 0).strftime("%Y-%m-%d"));
    let names: Vec<String> = days.iter().map(|of| name(*of)).collect();
    database.register(PIPELINE, &names).await.unwrap();
    let claims = database.claim(PIPELINE, &names, "seed").await.unwrap();
    let fence = |id: &str| claims.iter().find(|claim| claim.id == id).unwrap().fence;
    let (mut settled, mut all) = (Vec::new(), Totals::default());
    for of in days {
        let weekend = (of + 1).rem_euclid(7) >= 5;
        let rows = 24 + of / 20 + if weekend { -10 } else { (4.0 * units.next()) as i64 };
        let records: Vec<LogRecord> = (0..rows)
            .map(|row| {
                let prediction = (0.16 + 0.05 * drift(of) + 0.07 * units.normal()).clamp(0.01, 0.99);
                let used = if row % 10 == 0 { "heuristic" } else { "model" };
                let high = if prediction > 0.25 { "yes" } else { "no" };
                let payload = format!(
                    r#"{{"input":{{"uid":"u{of}-{row}","client_id":"c{of}-{row}"}},"output":{{"prediction":{prediction:.6},"high_risk":"{high}","model_used":"{used}","model_uid":"{}"}}}}"#,
                    model_of(of)
                );
                LogRecord {
                    key: RecordKey::of_default_model(format!("u{of}-{row}")),
                    logging_timestamp: day(of, row % 24),
                    payload,
                }
            })
            .collect();
        let bad = if of == BAD_DAY { 412 } else { u64::from(units.next() < 0.06) };
        let id = name(of);
        let claim = Claim { fence: fence(&id), id };
        let totals = Totals {
            objects: 1,
            records: rows as u64 + bad,
            bad,
            bytes: 700 * rows as u64,
            newest: records.iter().map(|record| record.logging_timestamp).max(),
        };
        let ended = [EndedObject {
            claim: claim.clone(),
            id: ObjectId((of as u128).to_be_bytes()),
            totals,
        }];
        let records: Vec<&LogRecord> = records.iter().collect();
        database
            .commit(Batch { pipeline: PIPELINE, records: &records, ended: &ended })
            .await
            .unwrap();
        settled.push(Settled {
            claim,
            listing: Listing { objects: 1, bytes: 1, digest: 1 },
            seal: of < DAYS - 2,
        });
        all.objects += 1;
        all.records += totals.records;
        all.bad += bad;
        all.newest = totals.newest;
    }
    database.settle(PIPELINE, &settled).await.unwrap();
    let watermark = Watermark {
        partition: Some(name(DAYS - 2)),
        position: Some(day(DAYS - 2, 0)),
        totals: all,
        updated: Some(day(DAYS - 1, 21)),
        version: 1,
        ..Watermark::default()
    };
    assert!(database.advance(PIPELINE, &watermark).await.unwrap());
}

/// Weeks with outcomes, and all.
const KNOWN_WEEKS: i64 = 48;
const WEEKS: i64 = 52;

async fn performance(database: &Database) {
    let mut units = Units(13);
    let mut rows = Vec::new();
    for week in 0..WEEKS {
        let n = if week < 4 { 40 } else { 600 };
        let blur = 0.5 * drift(week * 7 + 3);
        let predictions: Vec<f64> =
            (0..n).map(|_| (0.02 + 0.5 * units.next() * units.next()).min(0.98)).collect();
        let chance = |p: f64| (1.0 - blur) * p + blur * 0.2;
        let labels: Vec<bool> = predictions.iter().map(|p| units.next() < chance(*p)).collect();
        let is_high: Vec<bool> = predictions.iter().map(|p| *p > 0.25).collect();
        let (from, to) = (day(week * 7, 0), day(week * 7 + 7, 0));
        let expected = estimate(&predictions, &is_high, None, 0.95).unwrap();
        let row = |kind, details: String| PerformanceRow {
            kind,
            from,
            to,
            n: expected.n,
            positives: None,
            base_rate: expected.base_rate,
            mean_prediction: None,
            roc_auc: expected.roc_auc,
            log_loss: expected.log_loss.value,
            brier: expected.brier.value,
            ece: None,
            high_risk_precision: None,
            high_risk_recall: None,
            details,
            verdict: Verdict::Stable,
            why: String::new(),
            is_decisive: false,
        };
        rows.push(row(PeriodKind::Estimated, serde_json::to_string(&expected).unwrap()));
        if week < KNOWN_WEEKS {
            let found = realised(&labels, &predictions, &is_high, 0.95).unwrap();
            let verdict = match week {
                0..4 => Verdict::Inconclusive(
                    "40 rows with an outcome, 5 of them with the rarer one".to_owned(),
                ),
                _ if found.roc_auc.unwrap().high < 0.72 => Verdict::Shifted,
                _ => Verdict::Stable,
            };
            rows.push(PerformanceRow {
                n: found.n,
                positives: Some(found.positives),
                roc_auc: found.roc_auc,
                log_loss: found.log_loss.value,
                brier: found.brier.value,
                ece: Some(found.ece.value),
                why: if verdict == Verdict::Shifted {
                    "the ROC AUC is lower than at training".to_owned()
                } else {
                    String::new()
                },
                verdict,
                is_decisive: week == KNOWN_WEEKS - 1,
                ..row(PeriodKind::Realised, serde_json::to_string(&found).unwrap())
            });
        }
    }
    let mut subjects = Vec::new();
    let mut assigned = Vec::new();
    for week in 0..KNOWN_WEEKS {
        let clients = if week < 4 { 60 } else { 1100 };
        for client in 0..clients {
            let arm = if client % 10 == 0 { Arm::Heuristic } else { Arm::Model };
            let gain = if week >= 44 { -0.1 } else { 0.07 };
            let chance = 0.22 - if arm == Arm::Model { gain } else { 0.0 };
            let left = units.next() < chance;
            subjects.push(Subject {
                period: week as usize,
                arm,
                left,
                ltv: Some(80.0 + 40.0 * units.next()),
            });
        }
        assigned.push([clients as u64 * 9 / 10, clients as u64 / 10]);
    }
    let found = impact(&subjects, KNOWN_WEEKS as usize, &assigned, &[], &ImpactPolicy::default());
    let periods: Vec<_> = (0..)
        .zip(&found.periods)
        .map(|(week, it)| (day(week * 7, 0), day(week * 7 + 7, 0), *it))
        .collect();
    let run = PerformanceRun {
        run_uid: "performance-1",
        run_timestamp: day(DAYS - 1, 7),
        model_uid: Some(MODELS[1].0),
        periods: &rows,
        impact: ImpactRows { periods: &periods, verdict: &found.verdict, says: &found.says },
    };
    database.write_performance(run).await.unwrap();
}

async fn requests(database: &Database) {
    let ask = |uid: &'static str, of: i64, job: &'static str, reason: &'static str| {
        RetrainRequest { request_uid: uid, requested_at: day(of, 5), job, reason }
    };
    let asked = [
        (
            ask(
                "performance-104",
                104,
                "performance",
                "the ROC AUC is 0.05 lower than at training",
            ),
            RetrainStatus::Refused,
            "churn-20260310",
        ),
        (
            ask(
                "drift-205",
                205,
                "drift",
                "activity_score and device_type shifted by 0.27 and more",
            ),
            RetrainStatus::Served,
            MODELS[1].0,
        ),
        (
            ask(
                "calendar-328",
                328,
                "calendar",
                "scheduled retrain: the model is 122 days old (interval 120 days)",
            ),
            RetrainStatus::Refused,
            MODELS[2].0,
        ),
    ];
    for (request, status, model_uid) in asked {
        database.claim_retrain(request, request.requested_at).await.unwrap();
        database
            .finish_retrain(request.request_uid, status, Some(model_uid), request.requested_at)
            .await
            .unwrap();
    }
    let questions = [
        (
            ask(
                "drift-198",
                198,
                "drift",
                "activity_score shifted; consecutive runs of drift with a finding: 1, needed: 2",
            ),
            RetrainStatus::Waiting,
        ),
        (
            ask(
                "drift-362",
                362,
                "drift",
                "activity_score shifted; 140 outcomes since the current model (200 needed)",
            ),
            RetrainStatus::Waiting,
        ),
        (ask("drift-290", 290, "drift", "no feature of weight shifted"), RetrainStatus::Kept),
    ];
    for (question, status) in questions {
        database.note_question(question, status).await.unwrap();
    }
}

/// What the alert jobs would have left, in SQL that both databases take.
pub(crate) fn alerts() -> [String; 2] {
    let time = |of: i64, hour: i64| day(of, hour).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let state = |rule: &str, state: &str, severity: &str, value: f64, since: String| {
        format!(
            "('{rule}', '', '{state}', '{severity}', '{since}', {value}, '', '', '{}', 1)",
            time(363, 22)
        )
    };
    let message = |uid: &str,
                   at: String,
                   rule: &str,
                   what: &str,
                   channel: &str,
                   severity: &str,
                   subject: &str,
                   status: &str,
                   to: &str| {
        format!(
            "('{uid}', '{at}', 'run-1', '{rule}', '', '{what}', '{channel}', '{severity}', '{to}', '{subject}', '{{}}', '{status}', '')"
        )
    };
    let states = [
        state("mean_prediction", "firing", "critical", 0.204, time(352, 9)),
        state("dead_letters", "ok", "warning", 0.0, time(299, 9)),
        state("requests_per_day", "pending", "warning", 28.0, time(363, 9)),
    ];
    let messages = [
        message(
            "m1",
            time(297, 9),
            "dead_letters",
            "fired",
            "email",
            "warning",
            "412 records could not be read",
            "sent",
            "ops@example.org",
        ),
        message(
            "m2",
            time(352, 9),
            "mean_prediction",
            "fired",
            "sms",
            "critical",
            "Mean prediction 20.4% > 19%",
            "failed",
            "+4915112345678",
        ),
        message(
            "m3",
            time(352, 9),
            "mean_prediction",
            "fired",
            "email",
            "critical",
            "Mean prediction <b>20.4%</b> > 19%",
            "sent",
            "ops@example.org",
        ),
        message(
            "m4",
            time(352, 9),
            "mean_prediction",
            "fired",
            "email",
            "critical",
            "Mean prediction <b>20.4%</b> > 19%",
            "sent",
            "ann@example.org",
        ),
    ];
    [
        format!(
            "INSERT INTO alert_state (rule, alert_group, state, severity, since, value, recent, why, evaluated_at, version) VALUES {}",
            states.join(",")
        ),
        format!(
            "INSERT INTO alert_outbox (message_uid, created_at, run_uid, rule, alert_group, transition, channel, severity, recipient, \
             subject, content, status, why) VALUES {}",
            messages.join(",")
        ),
    ]
}
