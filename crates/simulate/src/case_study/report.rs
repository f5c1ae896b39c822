use anyhow::Result;
use mlops_job::{Report, grid, number};
use mlops_model::metrics::Metrics;
use serde::Serialize;

use super::effect::{FIGURES, Moved, figure_of};
use super::monitors::Said;

/// The report of a case study.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseStudyReport {
    /// ID of the model; `None` if it was trained for the study.
    pub model_uid: Option<String>,
    /// Number of held-out rows.
    pub rows: u64,
    /// Number of rows of the reference data.
    pub rows_reference: u64,
    /// Number of bootstrap draws per change.
    pub seeds: u64,
    /// Metrics of the model before any change.
    pub baseline: Metrics,
    /// Verdicts of the monitors before any change.
    pub unchanged: Said,
    /// One finding per change.
    pub findings: Vec<Finding>,
}

/// The effect of one change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The features that changed.
    pub features: Vec<String>,
    /// A description of the change.
    pub change: String,
    /// Relative increase of numeric features.
    pub step: Option<f64>,
    /// Number of changed rows, or `all`.
    pub changed: String,
    /// Change of the ROC AUC.
    pub roc_auc: Option<Moved>,
    /// Change of the log loss, in nats.
    pub log_loss: Option<Moved>,
    /// Change of the Brier score.
    pub brier: Option<Moved>,
    /// Change of the expected calibration error.
    pub ece: Option<Moved>,
    /// Verdicts of the monitors after the change.
    #[serde(flatten)]
    pub said: Said,
}

impl Finding {
    /// Returns the changes in the order of [`FIGURES`].
    pub(super) fn figures(&self) -> [Option<Moved>; 4] {
        [self.roc_auc, self.log_loss, self.brier, self.ece]
    }

    /// Returns which metrics are significantly worse.
    pub(super) fn hurting(&self) -> [bool; 4] {
        let mut figures = self.figures().into_iter().zip(FIGURES);
        let mut hurts = |(moved, (_, more_is_worse)): (Option<Moved>, (&str, bool))| {
            moved.is_some_and(|moved| moved.hurts(more_is_worse))
        };
        std::array::from_fn(|_| figures.next().is_some_and(&mut hurts))
    }

    /// Returns whether any metric is significantly worse.
    pub(super) fn hurts(&self) -> bool {
        self.hurting().contains(&true)
    }

    /// Returns the verdict of `drift`, with the shifted features.
    pub(super) fn drift(&self) -> String {
        match self.said.drifted.as_slice() {
            [] => self.said.drift.to_owned(),
            drifted => format!("{}: {}", self.said.drift, drifted.join(", ")),
        }
    }
}

/// Names of the metrics.
pub(super) const TITLES: [&str; 4] = ["ROC AUC", "log loss", "Brier score", "calibration error"];

/// Returns a change with half of its confidence interval, such as `+0.0120 ±0.0030`.
pub(super) fn moved_text(moved: Option<Moved>) -> String {
    moved.map_or_else(
        || "–".to_owned(),
        |moved| format!("{:+.4} ±{:.4}", moved.mean, moved.high - moved.mean),
    )
}

impl CaseStudyReport {
    /// Returns the metrics before any change as a text.
    pub(super) fn baseline_text(&self) -> String {
        let figures = TITLES.iter().zip(FIGURES).filter_map(|(title, (figure, _))| {
            Some(format!("{title} {:.4}", figure_of(&self.baseline, figure)?))
        });
        figures.collect::<Vec<String>>().join(", ")
    }

    /// Returns the table as CSV.
    pub(super) fn csv(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let moved = FIGURES.iter().flat_map(|(figure, _)| {
            ["", "_low", "_high"].map(|end| format!("{figure}_change{end}"))
        });
        let mut header = ["features", "change", "changed"].map(str::to_owned).to_vec();
        header.extend(moved);
        header.extend(
            ["drift", "drifted", "concept_shift", "domain_roc_auc", "performance", "policy"]
                .map(str::to_owned),
        );
        writer.write_record(header)?;
        for finding in &self.findings {
            let mut record =
                vec![finding.features.join(";"), finding.change.clone(), finding.changed.clone()];
            for moved in finding.figures() {
                let ends = moved
                    .map(|Moved { mean, low, high }| [mean, low, high].map(|end| end.to_string()));
                record.extend(ends.unwrap_or_default());
            }
            let Said { drift, drifted, concept_shift, domain_roc_auc, performance, policy } =
                &finding.said;
            let auc = domain_roc_auc.map(|auc| auc.to_string()).unwrap_or_default();
            record.extend([
                (*drift).to_owned(),
                drifted.join(";"),
                (*concept_shift).to_owned(),
                auc,
            ]);
            record.extend([(*performance).to_owned(), policy.clone()]);
            writer.write_record(record)?;
        }
        Ok(writer.into_inner()?)
    }
}

impl Report for CaseStudyReport {
    fn human(&self) -> String {
        let header = [
            "feature",
            "change",
            "rows",
            "ROC AUC",
            "log loss",
            "Brier score",
            "calibration error",
            "drift",
            "concept-shift",
            "performance",
            "policy",
        ];
        let line = |finding: &Finding| {
            let mut cells =
                vec![finding.features.join(" + "), finding.change.clone(), finding.changed.clone()];
            cells.extend(finding.figures().map(moved_text));
            cells.extend([finding.drift(), finding.said.concept_shift.to_owned()]);
            cells.extend([finding.said.performance.to_owned(), finding.said.policy.clone()]);
            cells
        };
        let rows: Vec<Vec<String>> = self.findings.iter().map(line).collect();
        let hurting = self.findings.iter().filter(|finding| finding.hurts()).count();
        let seen = self
            .findings
            .iter()
            .filter(|finding| finding.hurts() && finding.said.policy != "keep")
            .count();
        format!(
            "Before any change: {}, on {} held-out rows.\nChange of each metric (± half of the 95% confidence interval, {} bootstrap draws) and verdicts of the monitors:\n\n{}\n\n\
             {hurting} of {} changes make the model significantly worse; the policy requests a retrain in {seen} of these.",
            self.baseline_text(),
            number(self.rows),
            self.seeds,
            grid(&header, &rows),
            rows.len()
        )
    }
}
