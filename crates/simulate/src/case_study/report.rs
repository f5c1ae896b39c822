use anyhow::Result;
use mlops_job::{Report, grid, number};
use mlops_model::metrics::Metrics;
use serde::Serialize;

use super::effect::{FIGURES, Moved, figure_of};
use super::monitors::Said;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseStudyReport {
    /// The model; none where it was fitted on the spot.
    pub model_uid: Option<String>,
    /// The rows that it was tried on.
    pub rows: u64,
    /// The rows that the monitors compared with.
    pub rows_reference: u64,
    /// How often each change was tried.
    pub seeds: u64,
    /// Its figures before any change.
    pub baseline: Metrics,
    /// What the monitors say before any change.
    pub unchanged: Said,
    /// One a change.
    pub findings: Vec<Finding>,
}

/// What one change does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The features that changed.
    pub features: Vec<String>,
    /// How, in words.
    pub change: String,
    /// By which share of itself a number grew.
    pub step: Option<f64>,
    /// In how many rows; `all`.
    pub changed: String,
    /// How far the area under the ROC curve moved.
    pub roc_auc: Option<Moved>,
    /// How far the log loss moved, in nats.
    pub log_loss: Option<Moved>,
    /// How far the Brier score moved.
    pub brier: Option<Moved>,
    /// How far the expected calibration error moved.
    pub ece: Option<Moved>,
    /// What the monitors would have said.
    #[serde(flatten)]
    pub said: Said,
}

impl Finding {
    /// In the order of [`FIGURES`].
    pub(super) fn figures(&self) -> [Option<Moved>; 4] {
        [self.roc_auc, self.log_loss, self.brier, self.ece]
    }

    /// Which of them are surely worse.
    pub(super) fn hurting(&self) -> [bool; 4] {
        let mut figures = self.figures().into_iter().zip(FIGURES);
        let mut hurts = |(moved, (_, more_is_worse)): (Option<Moved>, (&str, bool))| {
            moved.is_some_and(|moved| moved.hurts(more_is_worse))
        };
        std::array::from_fn(|_| figures.next().is_some_and(&mut hurts))
    }

    /// Whether any is.
    pub(super) fn hurts(&self) -> bool {
        self.hurting().contains(&true)
    }

    /// What `drift` says, with the features that it finds.
    pub(super) fn drift(&self) -> String {
        match self.said.drifted.as_slice() {
            [] => self.said.drift.to_owned(),
            drifted => format!("{}: {}", self.said.drift, drifted.join(", ")),
        }
    }
}

/// The figures' names on a page and a terminal.
pub(super) const TITLES: [&str; 4] = ["ROC AUC", "log loss", "Brier score", "calibration error"];

/// How far a figure moved, with the half of its interval.
pub(super) fn moved_text(moved: Option<Moved>) -> String {
    moved.map_or_else(
        || "–".to_owned(),
        |moved| format!("{:+.4} ±{:.4}", moved.mean, moved.high - moved.mean),
    )
}

impl CaseStudyReport {
    /// The figures before any change, in words.
    pub(super) fn baseline_text(&self) -> String {
        let figures = TITLES.iter().zip(FIGURES).filter_map(|(title, (figure, _))| {
            Some(format!("{title} {:.4}", figure_of(&self.baseline, figure)?))
        });
        figures.collect::<Vec<String>>().join(", ")
    }

    /// The table as CSV.
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
            "Before any change: {}, on {} rows.\nHow far each figure moves, with its 95% interval over {} draws, and what the monitors say of it:\n\n{}\n\n\
             {hurting} of {} changes surely hurt; the policy would have asked for a new model in {seen} of these.",
            self.baseline_text(),
            number(self.rows),
            self.seeds,
            grid(&header, &rows),
            rows.len()
        )
    }
}
