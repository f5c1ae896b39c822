use mlops_core::timestamp::to_sql_text;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{
    Check, CurvePoint, Estimate, Estimated, Impact, Realised, TrainingFigures,
};
use mlops_detect::store::{ImpactRows, PerformanceRow, PeriodKind};
use mlops_job::{Exit, Metrics, Report, grid, number, percent};
use mlops_monitor::LabelCounts;
use mlops_monitor::RetrainReport;
use serde::Serialize;

use crate::judge::{Judged, Period, Span};
use crate::rows::Rows;

/// The findings.
#[derive(Debug, Clone, Serialize)]
pub struct PerformanceReport {
    /// `stable`, `shifted` or `inconclusive`: of predictions and of the business impact.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: Option<String>,
    /// The verdict of predictions alone.
    pub performance_verdict: Verdict,
    /// The figures at training.
    pub training: Option<TrainingFigures>,
    /// The quality of predictions by period.
    pub periods: Vec<PeriodReport>,
    /// The business impact, if a heuristic decides for a control group.
    pub impact: Option<ImpactReport>,
    /// Numbers of requests with and without an outcome.
    pub labels: Option<LabelCounts>,
    /// Rows without a prediction that is a probability.
    pub without_prediction: usize,
    /// Whether predictions were turned into probabilities before performance was estimated from
    /// them.
    pub calibrated: bool,
    /// The model.
    pub model_uid: Option<String>,
    /// The run's rows in `performance` and `business_impact`.
    pub run_uid: Option<String>,
    /// The retrain decision.
    pub retrain: Option<RetrainReport>,
    #[serde(skip)]
    fail_on_verdict: bool,
}

/// The quality of predictions in one period.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodReport {
    /// The period's first moment, UTC.
    pub from: Option<String>,
    /// The first moment after it.
    pub to: Option<String>,
    /// Rows with an outcome.
    pub n: u64,
    /// Rows whose outcome is still to come.
    pub waiting: usize,
    /// Those with the positive outcome, of `n`.
    pub positives: u64,
    /// The area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// The mean log loss, in nats.
    pub log_loss: Option<f64>,
    /// The mean squared error.
    pub brier: Option<f64>,
    /// The expected calibration error, without the bias of small samples.
    pub ece: Option<f64>,
    /// The share of the positive outcome.
    pub base_rate: Option<f64>,
    /// All figures with intervals.
    pub realised: Option<Realised>,
    /// The estimate for all rows, without their outcomes.
    pub estimated: Option<Estimated>,
    /// Whether it can be expected to be worse than training by more than is borne.
    pub expected_worse: bool,
    /// The checks behind the verdict.
    pub checks: Vec<Check>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: Option<String>,
    /// Whether the verdict of the run is this one.
    pub is_decisive: bool,
    #[serde(skip)]
    span: Span,
}

/// The business impact of the model.
#[derive(Debug, Clone, Serialize)]
pub struct ImpactReport {
    /// The verdict.
    pub verdict: Verdict,
    /// The periods' first moments, UTC.
    pub from: Vec<Option<String>>,
    /// The findings.
    #[serde(flatten)]
    pub found: Impact,
    #[serde(skip)]
    spans: Vec<Span>,
}

fn moment(
    span: Span,
    of: fn((jiff::Timestamp, jiff::Timestamp)) -> jiff::Timestamp,
) -> Option<String> {
    span.map(|span| to_sql_text(of(span)))
}

impl PeriodReport {
    fn new(period: Period, is_decisive: bool) -> Self {
        let Period { span, realised, estimated, expected_worse, waiting } = period;
        let (realised, judged) = realised.unzip();
        let said = match (&judged, waiting) {
            (None, _) => Verdict::Inconclusive("no outcomes".to_owned()),
            (Some(judged), _) => judged.verdict.clone(),
        };
        let why = match &judged {
            Some(judged) if said == Verdict::Shifted => Some(judged.summary()),
            _ => said.why().map(str::to_owned),
        };
        Self {
            from: moment(span, |(from, _)| from),
            to: moment(span, |(_, to)| to),
            n: realised.as_ref().map_or(0, |found| found.n),
            waiting,
            positives: realised.as_ref().map_or(0, |found| found.positives),
            roc_auc: realised.as_ref().and_then(|found| found.roc_auc).map(|it| it.value),
            log_loss: realised.as_ref().map(|found| found.log_loss.value),
            brier: realised.as_ref().map(|found| found.brier.value),
            ece: realised.as_ref().map(|found| found.ece.value),
            base_rate: realised.as_ref().map(|found| found.base_rate.value),
            realised,
            estimated,
            expected_worse,
            checks: judged.map(|judged| judged.checks).unwrap_or_default(),
            verdict: said,
            why,
            is_decisive,
            span,
        }
    }

    /// The first day, for people.
    pub(crate) fn day(&self) -> &str {
        self.from.as_deref().map_or("all rows", |from| from.get(..10).unwrap_or(from))
    }

    fn rows(&self) -> Vec<PerformanceRow> {
        let Some((from, to)) = self.span else { return Vec::new() };
        let json = |value: serde_json::Result<String>| value.unwrap_or_else(|_| "null".to_owned());
        let realised = self.realised.as_ref().map(|found| PerformanceRow {
            kind: PeriodKind::Realised,
            from,
            to,
            n: found.n,
            positives: Some(found.positives),
            base_rate: found.base_rate.value,
            mean_prediction: Some(found.mean_prediction),
            roc_auc: found.roc_auc,
            log_loss: found.log_loss.value,
            brier: found.brier.value,
            ece: Some(found.ece.value),
            high_risk_precision: found.precision.map(|it| it.value),
            high_risk_recall: found.recall.map(|it| it.value),
            details: json(serde_json::to_string(found)),
            verdict: self.verdict.clone(),
            why: self.why.clone().unwrap_or_default(),
            is_decisive: self.is_decisive,
        });
        let estimated = self.estimated.as_ref().map(|expected| PerformanceRow {
            kind: PeriodKind::Estimated,
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
            high_risk_precision: expected.precision.map(|it| it.value),
            high_risk_recall: expected.recall.map(|it| it.value),
            details: json(serde_json::to_string(expected)),
            verdict: if self.expected_worse { Verdict::Shifted } else { Verdict::Stable },
            why: String::new(),
            is_decisive: false,
        });
        realised.into_iter().chain(estimated).collect()
    }
}

/// A run: its IDs, and what its verdict does to the exit code.
pub(crate) struct RunFacts {
    pub(crate) run_uid: Option<String>,
    pub(crate) model_uid: Option<String>,
    pub(crate) fail_on_verdict: bool,
}

impl PerformanceReport {
    pub(crate) fn new(judged: Judged, rows: Rows, run: RunFacts) -> Self {
        let Judged { periods, decisive, verdict, impact } = judged;
        let periods = periods.into_iter().enumerate();
        let periods: Vec<PeriodReport> = periods
            .map(|(index, period)| PeriodReport::new(period, decisive == Some(index)))
            .collect();
        let impact = impact.map(|(spans, found)| ImpactReport {
            verdict: found.verdict.clone(),
            from: spans.iter().map(|span| moment(*span, |(from, _)| from)).collect(),
            found,
            spans,
        });
        let all = match (&verdict, impact.as_ref().map(|impact| &impact.found.verdict)) {
            (Verdict::Shifted, _) | (_, Some(Verdict::Shifted)) => Verdict::Shifted,
            (Verdict::Inconclusive(why), _) => Verdict::Inconclusive(why.clone()),
            (_, Some(Verdict::Inconclusive(why))) => {
                Verdict::Inconclusive(format!("business impact: {why}"))
            }
            _ => Verdict::Stable,
        };
        let mut report = Self {
            why: all.why().map(str::to_owned),
            verdict: all,
            performance_verdict: verdict,
            training: rows.training,
            periods,
            impact,
            labels: rows.labels,
            without_prediction: rows.without_prediction,
            calibrated: rows.calibration.is_some(),
            model_uid: run.model_uid,
            run_uid: run.run_uid,
            retrain: None,
            fail_on_verdict: run.fail_on_verdict,
        };
        if report.verdict == Verdict::Shifted {
            report.why = Some(report.summary());
        }
        report
    }

    /// Returns the period that decides the verdict.
    pub(crate) fn decisive(&self) -> Option<&PeriodReport> {
        self.periods.iter().find(|period| period.is_decisive)
    }

    /// Returns the findings in one line.
    pub(crate) fn summary(&self) -> String {
        let mut parts = Vec::new();
        if let Some(period) = self.decisive().filter(|period| period.verdict == Verdict::Shifted) {
            parts.push(format!(
                "period from {} (n = {}): {}",
                period.day(),
                number(period.n),
                period.why.as_deref().unwrap_or_default()
            ));
        }
        if let Some(impact) =
            self.impact.as_ref().filter(|impact| impact.found.verdict == Verdict::Shifted)
        {
            parts.push(impact.found.says.clone());
        }
        parts.join("; ")
    }

    pub(crate) fn performance_rows(&self) -> Vec<PerformanceRow> {
        self.periods.iter().flat_map(PeriodReport::rows).collect()
    }
}

impl ImpactReport {
    pub(crate) fn periods(
        &self,
    ) -> Vec<(jiff::Timestamp, jiff::Timestamp, mlops_detect::performance::PeriodImpact)> {
        let periods = self.spans.iter().zip(&self.found.periods);
        periods.filter_map(|(span, period)| span.map(|(from, to)| (from, to, *period))).collect()
    }

    pub(crate) fn rows<'a>(
        &'a self,
        periods: &'a [(
            jiff::Timestamp,
            jiff::Timestamp,
            mlops_detect::performance::PeriodImpact,
        )],
    ) -> ImpactRows<'a> {
        ImpactRows { periods, verdict: &self.found.verdict, says: &self.found.says }
    }

    /// Returns the benefit as text.
    pub(crate) fn text(&self) -> Option<String> {
        let saved = self.found.clients_saved?;
        let mut text = format!(
            "clients saved {} ({} to {})",
            whole(saved.value),
            whole(saved.low),
            whole(saved.high)
        );
        if let Some(money) = self.found.money_saved {
            text.push_str(&format!(
                ", worth {} ({} to {})",
                whole(money.value),
                whole(money.low),
                whole(money.high)
            ));
        }
        Some(text)
    }
}

impl Report for PerformanceReport {
    fn human(&self) -> String {
        let rows = self.periods.iter().map(|period| {
            let interval =
                |it: Option<Estimate>| it.map_or_else(|| "—".to_owned(), |it| estimate(&it));
            let figure = |value: Option<f64>| {
                value.map_or_else(|| "—".to_owned(), |value| format!("{value:.3}"))
            };
            vec![
                period.day().to_owned(),
                number(period.n),
                number(period.waiting as u64),
                interval(period.realised.as_ref().and_then(|found| found.roc_auc)),
                interval(period.estimated.as_ref().and_then(|expected| expected.roc_auc)),
                figure(period.log_loss),
                figure(period.ece),
                format!("{}{}", period.verdict, if period.is_decisive { " ◀" } else { "" }),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let mut text = String::new();
        if !rows.is_empty() {
            let header = [
                "period",
                "rows",
                "no outcome",
                "AUC",
                "AUC estimated",
                "log loss",
                "ECE",
                "verdict",
            ];
            text.push_str(&grid(&header, &rows));
            text.push_str("\n\n");
        }
        if let Some(training) = &self.training {
            text.push_str(&format!(
                "at training: AUC {:.3}, log loss {:.3}, {} rows\n",
                training.roc_auc,
                training.log_loss,
                number(training.n)
            ));
        }
        if let Some(labels) = &self.labels {
            text.push_str(&format!("{}\n", labels.text()));
        }
        if let Some(impact) = &self.impact {
            let group = |group: &mlops_detect::performance::ArmRate| {
                let rate =
                    group.churn_rate.map_or_else(|| "none".to_owned(), |rate| percent(rate.value));
                format!("{rate} of {} clients", number(group.clients))
            };
            text.push_str(&format!(
                "churn rate: {} with the model, {} with the heuristic",
                group(&impact.found.model),
                group(&impact.found.heuristic)
            ));
            if let Some(worth) = impact.text() {
                text.push_str(&format!("; {worth}"));
            }
            text.push_str(&format!(
                "\nbusiness impact {}: {}\n",
                impact.verdict, impact.found.says
            ));
        }
        text.push_str(&self.verdict.name().to_uppercase());
        if let Some(why) = &self.why {
            text.push_str(&format!(": {why}"));
        }
        if let Some(retrain) = &self.retrain {
            text.push_str(&format!("\n{}", retrain.text()));
        }
        text
    }

    fn metrics(&self) -> Vec<Metrics> {
        let mut values = Vec::new();
        if let Some(found) = self.decisive().and_then(|period| period.realised.as_ref()) {
            values.extend(found.roc_auc.map(|auc| ("roc_auc", "None", auc.value)));
            values.push(("log_loss", "None", found.log_loss.value));
            values.push(("ece", "None", found.ece.value));
        }
        let saved = self.impact.as_ref().and_then(|impact| impact.found.clients_saved);
        values.extend(saved.map(|saved| ("clients_saved", "Count", saved.value)));
        vec![Metrics { dimensions: Vec::new(), values }]
    }

    fn exit(&self) -> Exit {
        if self.fail_on_verdict && self.verdict == Verdict::Shifted {
            Exit::Verdict
        } else {
            Exit::Done
        }
    }
}

/// For people.
pub(crate) fn estimate(it: &Estimate) -> String {
    format!("{:.3} ({:.3}–{:.3})", it.value, it.low, it.high)
}

/// A number that may be below 0, without decimals.
pub(crate) fn whole(value: f64) -> String {
    let sign = if value <= -0.5 { "−" } else { "" };
    format!("{sign}{}", number(value.abs().round() as u64))
}

/// Returns the calibration curve of the newest period with outcomes.
pub(crate) fn curve(report: &PerformanceReport) -> &[CurvePoint] {
    let newest =
        report.decisive().or_else(|| report.periods.iter().rev().find(|period| period.n > 0));
    newest.and_then(|period| period.realised.as_ref()).map_or(&[], |found| &found.calibration_curve)
}
