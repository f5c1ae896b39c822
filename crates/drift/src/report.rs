use std::cmp::Ordering;

use mlops_core::verdict::Verdict;
use mlops_detect::shift::{DataShift, FeatureShift, Measures, Skipped};
use mlops_job::{Exit, Metrics, Report, grid, number, percent};
use mlops_monitor::RetrainReport;
use serde::Serialize;

use crate::run::Comparison;

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: &'static str,
    /// Why the verdict is inconclusive.
    pub why: Option<String>,
    /// Names the run in `data_shift`; `None` where nothing was written.
    pub run_uid: Option<String>,
    /// The first moment of the requests compared, where there is a limit.
    pub window_from: Option<String>,
    /// The first moment after them.
    pub window_to: Option<String>,
    /// Rows of the training file.
    pub rows_reference: u64,
    /// Rows of production.
    pub rows_production: u64,
    /// Logged requests that had no `input` and were passed over.
    pub without_input: u64,
    /// The column that says whose row it is, where it left rows out.
    pub unit: Option<String>,
    /// Training rows of a customer who had one already; they are not compared.
    pub repeated_reference: u64,
    /// Production rows of a customer who had one already.
    pub repeated_production: u64,
    /// The largest adjusted p-value of a shift.
    pub significance: f64,
    /// The smallest effect of a shift.
    pub min_effect: f64,
    /// The runs that share the significance; this one's part of it is `significance`.
    pub looks: u32,
    /// What was done about the model, with `--retrain-when`.
    pub retrain: Option<RetrainReport>,
    /// The target's columns, where production knows them too; their own tests, which are no part of
    /// the verdict.
    pub outcomes: Vec<FeatureReport>,
    /// The model whose training data they are, where `--models` was named.
    pub model_uid: Option<String>,
    /// How p-values were adjusted for their number.
    pub correction: &'static str,
    /// Features whose data are broken rather than shifted; a model must not be fitted to them.
    pub data_bugs: Vec<String>,
    /// Columns of production that the training data do not have.
    pub new_columns: Vec<String>,
    /// One entry a feature.
    pub features: Vec<FeatureReport>,
    /// Columns that were not compared.
    pub skipped: Vec<SkippedReport>,
    /// The column whose values are segments.
    pub by: Option<String>,
    /// One entry a segment of the training data, in the order of their names.
    pub segments: Vec<SegmentReport>,
    /// Segments that the training data do not have.
    pub new_segments: Vec<String>,
    /// One entry a chunk of production, in the order of time.
    pub trend: Vec<ChunkReport>,
    #[serde(skip)]
    pub(crate) fail_on_verdict: bool,
}

/// One segment of the JSON document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentReport {
    /// Its name.
    pub segment: String,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: &'static str,
    /// Rows of the training file.
    pub rows_reference: u64,
    /// Rows of production.
    pub rows_production: u64,
    /// One entry a feature.
    pub features: Vec<FeatureReport>,
}

/// One chunk of production, compared by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChunkReport {
    /// Its day, the Monday of its week, or its number.
    pub chunk: String,
    /// Rows of production.
    pub rows: u64,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: &'static str,
    /// One entry a feature.
    pub features: Vec<ChunkFeature>,
}

/// One feature of one chunk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChunkFeature {
    /// Its name.
    pub feature: String,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// The p-value, adjusted for the number of tests of this chunk.
    pub p_value_adjusted: Option<f64>,
    /// The share of rows without a value.
    pub missing: f64,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: &'static str,
}

/// What `drift profile` wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// Where it is.
    pub profile: String,
    /// Rows that it stands for.
    pub rows: u64,
    /// Its columns.
    pub columns: usize,
    /// Segments that have a profile of their own.
    pub segments: usize,
    /// Its size.
    pub bytes: usize,
}

/// What a command has to say.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Of a comparison.
    Compared(Box<DriftReport>),
    /// Of `drift profile`.
    Profile(ProfileReport),
}

impl Report for Outcome {
    fn human(&self) -> String {
        match self {
            Self::Compared(report) => report.human(),
            Self::Profile(report) => format!(
                "{}: {} columns of {} rows in {} bytes{}",
                report.profile,
                report.columns,
                number(report.rows),
                number(report.bytes as u64),
                if report.segments > 0 {
                    format!(", and {} segments", report.segments)
                } else {
                    String::new()
                },
            ),
        }
    }

    fn metrics(&self) -> Vec<Metrics> {
        match self {
            Self::Compared(report) => report.metrics(),
            Self::Profile(_) => Vec::new(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Compared(report) => report.exit(),
            Self::Profile(_) => Exit::Done,
        }
    }
}

/// One feature of the JSON document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureReport {
    /// Its name.
    pub feature: String,
    /// `numeric` or `categorical`.
    pub kind: &'static str,
    /// The test of its values.
    pub test: &'static str,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// The test's p-value.
    pub p_value: Option<f64>,
    /// The same, adjusted for the number of tests.
    pub p_value_adjusted: Option<f64>,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// What the effect is.
    pub effect_name: &'static str,
    /// How far the samples are apart by other measures.
    pub measures: Option<Measures>,
    /// The smallest shift that would have shown: in standard deviations of a numeric feature, else
    /// in shares of rows.
    pub smallest_shift: Option<f64>,
    /// The share of training rows without a value.
    pub missing_reference: f64,
    /// The share of production rows without a value.
    pub missing_production: f64,
    /// The adjusted p-value of the difference between these shares.
    pub missing_p_value_adjusted: Option<f64>,
    /// Training rows with a value.
    pub n_reference: u64,
    /// Production rows with a value.
    pub n_production: u64,
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: &'static str,
    /// What is the matter: `ok`, `value_shift`, `new_levels`, `constant`, `missing_shift`,
    /// `all_missing`, `vanished_column`, `type_changed`, `unit_changed` or `insufficient`.
    pub state: &'static str,
    /// What moved, or why nothing can be said.
    pub why: String,
}

/// A column that was not compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SkippedReport {
    /// Its name.
    pub column: String,
    /// Why.
    pub why: String,
}

impl From<&FeatureShift> for FeatureReport {
    fn from(found: &FeatureShift) -> Self {
        Self {
            feature: found.feature.clone(),
            kind: found.kind.name(),
            test: found.test.name(),
            statistic: found.statistic,
            p_value: found.p_value,
            p_value_adjusted: found.p_value_adjusted,
            effect: found.effect,
            effect_name: found.test.effect_name(),
            measures: found.measures,
            smallest_shift: Some(found.smallest_shift).filter(|shift| shift.is_finite()),
            missing_reference: found.missing_reference,
            missing_production: found.missing_production,
            missing_p_value_adjusted: found.missing_p_value_adjusted,
            n_reference: found.n_reference,
            n_production: found.n_production,
            verdict: found.verdict.name(),
            state: found.state.name(),
            why: found.why.clone(),
        }
    }
}

impl From<&Skipped> for SkippedReport {
    fn from(skipped: &Skipped) -> Self {
        Self { column: skipped.column.clone(), why: skipped.why.clone() }
    }
}

impl SegmentReport {
    pub(crate) fn new(
        segment: &str,
        found: &DataShift,
        rows_reference: u64,
        rows_production: u64,
    ) -> Self {
        let features = found.features.iter().map(FeatureReport::from).collect();
        Self {
            segment: segment.to_owned(),
            verdict: found.verdict.name(),
            rows_reference,
            rows_production,
            features,
        }
    }
}

impl ChunkReport {
    pub(crate) fn new(chunk: &str, rows: u64, found: &DataShift) -> Self {
        let features = found.features.iter().map(|feature| ChunkFeature {
            feature: feature.feature.clone(),
            effect: feature.effect,
            p_value_adjusted: feature.p_value_adjusted,
            missing: feature.missing_production,
            verdict: feature.verdict.name(),
        });
        Self {
            chunk: chunk.to_owned(),
            rows,
            verdict: found.verdict.name(),
            features: features.collect(),
        }
    }
}

impl DriftReport {
    pub(crate) fn set_findings(&mut self, found: &Comparison) {
        self.verdict = found.verdict.name();
        self.why = found.verdict.why().map(str::to_owned);
        let whole = &found.shifts[0].1;
        self.features = whole.features.iter().map(FeatureReport::from).collect();
        let bugs = whole.features.iter().filter(|feature| feature.state.is_data_bug());
        self.data_bugs = bugs.map(|feature| feature.feature.clone()).collect();
        self.segments = found.segments.clone();
        self.new_segments = found.new_segments.clone();
        self.trend = found.trend.clone();
    }

    /// The effects of a feature, chunk by chunk.
    pub(crate) fn trend_of(&self, feature: &str) -> Vec<&ChunkFeature> {
        let of_chunk = |chunk: &'_ ChunkReport| {
            chunk.features.iter().position(|other| other.feature == feature)
        };
        self.trend.iter().filter_map(|chunk| Some(&chunk.features[of_chunk(chunk)?])).collect()
    }

    /// The chunk from which on a feature was shifted in all of them.
    pub(crate) fn shifted_since(&self, feature: &str) -> Option<&str> {
        let trend = self.trend_of(feature);
        let last_other = trend.iter().rposition(|chunk| chunk.verdict != Verdict::Shifted.name());
        let first = last_other.map_or(0, |chunk| chunk + 1);
        self.trend.get(first).map(|chunk| chunk.chunk.as_str())
    }

    /// What moved or cannot be judged in the segments, for people.
    fn segments_text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .segments
            .iter()
            .flat_map(|segment| segment.features.iter().map(move |feature| (segment, feature)))
            .filter(|(_, feature)| feature.verdict != Verdict::Stable.name())
            .map(|(segment, feature)| [vec![segment.segment.clone()], row(feature)].concat())
            .collect();
        let by = self.by.as_deref().unwrap_or_default();
        if rows.is_empty() {
            return format!("\n\nby {by}: stable in all {} segments", self.segments.len());
        }
        let header = [
            by,
            "feature",
            "verdict",
            "test",
            "statistic",
            "adjusted p",
            "effect",
            "missing",
            "why",
        ];
        format!("\n\n{}", grid(&header, &rows))
    }

    /// The effect of each feature over the chunks, for people.
    fn trend_text(&self) -> String {
        let rows: Vec<Vec<String>> = sorted_by_urgency(&self.features)
            .into_iter()
            .map(|feature| {
                let effects: Vec<f64> = self
                    .trend_of(&feature.feature)
                    .iter()
                    .map(|chunk| chunk.effect.unwrap_or(0.0))
                    .collect();
                let shown = |effect: Option<&f64>| {
                    effect.map_or_else(String::new, |effect| format!("{effect:.3}"))
                };
                let since = self.shifted_since(&feature.feature);
                let since =
                    since.map_or_else(String::new, |chunk| format!("shifted since {chunk}"));
                vec![
                    feature.feature.clone(),
                    shown(effects.first()),
                    bars(&effects),
                    shown(effects.last()),
                    since,
                ]
            })
            .collect();
        let (Some(first), Some(last)) = (self.trend.first(), self.trend.last()) else {
            return String::new();
        };
        let header = ["effect over time", first.chunk.as_str(), "", last.chunk.as_str(), ""];
        format!("\n\n{}", grid(&header, &rows))
    }
}

fn sorted_by_urgency(features: &[FeatureReport]) -> Vec<&FeatureReport> {
    let mut sorted: Vec<&FeatureReport> = features.iter().collect();
    sorted.sort_by(|a, b| by_urgency((a.verdict, a.effect), (b.verdict, b.effect)));
    sorted
}

/// Effects as a row of bars; the tallest stands for a half or more.
fn bars(effects: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |effect: &f64| BARS[((effect * 16.0) as usize).min(BARS.len() - 1)];
    effects.iter().map(bar).collect()
}

impl Report for DriftReport {
    fn human(&self) -> String {
        let rows: Vec<Vec<String>> =
            sorted_by_urgency(&self.features).into_iter().map(row).collect();
        let header =
            ["feature", "verdict", "test", "statistic", "adjusted p", "effect", "missing", "why"];
        let mut text = grid(&header, &rows);
        if !self.outcomes.is_empty() {
            let rows: Vec<Vec<String>> = self.outcomes.iter().map(row).collect();
            let header = [
                "target",
                "verdict",
                "test",
                "statistic",
                "adjusted p",
                "effect",
                "missing",
                "why",
            ];
            text.push_str(&format!("\n\n{}\n", grid(&header, &rows)));
        }
        for skipped in &self.skipped {
            text.push_str(&format!("\nnot compared: {}, {}", skipped.column, skipped.why));
        }
        for column in &self.new_columns {
            text.push_str(&format!("\nnew in production: {column}, which the model does not know"));
        }
        if self.by.is_some() {
            text.push_str(&self.segments_text());
        }
        for segment in &self.new_segments {
            text.push_str(&format!("\nnew in production: the segment {segment}"));
        }
        text.push_str(&self.trend_text());
        let count = |verdict: &str| {
            self.features.iter().filter(|feature| feature.verdict == verdict).count()
        };
        text.push_str(&format!(
            "\n\n{}: {} of {} features shifted, {} inconclusive ({} training rows, {} production rows)",
            self.verdict.to_uppercase(),
            count(Verdict::Shifted.name()),
            self.features.len(),
            count("inconclusive"),
            number(self.rows_reference),
            number(self.rows_production),
        ));
        if let Some(unit) = &self.unit {
            text.push_str(&format!(
                "\none row a {unit}: {} further training rows and {} further production rows are left out",
                number(self.repeated_reference),
                number(self.repeated_production)
            ));
        }
        if let Some(why) = &self.why {
            text.push_str(&format!("\n{why}"));
        }
        if !self.data_bugs.is_empty() {
            let features = self.data_bugs.join(", ");
            text.push_str(&format!(
                "\nDATA BUG, not a shift: {features}; mend the data before a model is fitted to them"
            ));
        }
        if let Some(retrain) = &self.retrain {
            text.push_str(&format!("\n{}", retrain.text()));
        }
        text
    }

    fn metrics(&self) -> Vec<Metrics> {
        let count = |verdict: &str| {
            self.features.iter().filter(|feature| feature.verdict == verdict).count() as f64
        };
        let run = Metrics {
            dimensions: Vec::new(),
            values: vec![
                ("shifted_features", "Count", count("shifted")),
                ("inconclusive_features", "Count", count("inconclusive")),
                ("broken_features", "Count", self.data_bugs.len() as f64),
                ("rows_production", "Count", self.rows_production as f64),
            ],
        };
        let of_feature = |feature: &FeatureReport| Metrics {
            dimensions: vec![("feature", feature.feature.clone())],
            values: vec![
                ("effect", "None", feature.effect.unwrap_or(f64::NAN)),
                ("missing", "Percent", 100.0 * feature.missing_production),
            ],
        };
        std::iter::once(run).chain(self.features.iter().map(of_feature)).collect()
    }

    fn exit(&self) -> Exit {
        if self.fail_on_verdict && self.verdict == Verdict::Shifted.name() {
            Exit::Verdict
        } else {
            Exit::Done
        }
    }
}

/// What needs a person first; within that the largest effect first.
pub(crate) fn by_urgency(a: (&str, Option<f64>), b: (&str, Option<f64>)) -> Ordering {
    let severity =
        |verdict: &str| ["shifted", "inconclusive"].iter().position(|&v| v == verdict).unwrap_or(2);
    severity(a.0).cmp(&severity(b.0)).then(b.1.unwrap_or(0.0).total_cmp(&a.1.unwrap_or(0.0)))
}

fn row(feature: &FeatureReport) -> Vec<String> {
    let test = match feature.test {
        "kolmogorov_smirnov" => "KS",
        "anderson_darling" => "AD",
        "mann_whitney" => "MW",
        "chi_squared" => "chi²",
        "g_test" => "G",
        "psi" => "PSI",
        _ => "JS",
    };
    let missing = if feature.missing_reference == feature.missing_production {
        percent(feature.missing_reference)
    } else {
        format!("{} → {}", percent(feature.missing_reference), percent(feature.missing_production))
    };
    vec![
        feature.feature.clone(),
        match feature.state {
            "ok" | "value_shift" | "insufficient" => feature.verdict.to_owned(),
            state => format!("{}: {}", feature.verdict, state.replace('_', " ")),
        },
        test.to_owned(),
        feature.statistic.map_or_else(String::new, |statistic| format!("{statistic:.4}")),
        feature.p_value_adjusted.map_or_else(String::new, p_value),
        feature.effect.map_or_else(String::new, |effect| format!("{effect:.3}")),
        missing,
        feature.why.clone(),
    ]
}

pub(crate) fn p_value(p: f64) -> String {
    match p {
        0.0 => "<1e-300".to_owned(),
        small if small < 1e-3 => format!("{small:.1e}"),
        other => format!("{other:.3}"),
    }
}
