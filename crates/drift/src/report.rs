use mlops_core::table::Kind;
use mlops_core::verdict::Verdict;
use mlops_detect::shift::{DataShift, FeatureShift, Measures, Skipped, State, Test};
use mlops_monitor::RetrainReport;
use serde::Serialize;

/// The findings of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriftReport {
    /// `stable`, `shifted` or `inconclusive`.
    pub verdict: Verdict,
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
    /// The retrain decision, with `--retrain-when`.
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
    pub verdict: Verdict,
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
    pub verdict: Verdict,
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
    pub verdict: Verdict,
}

/// The output of `drift profile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileReport {
    /// The location of the profile.
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

/// The output of a command.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// The output of a comparison.
    Compared(Box<DriftReport>),
    /// The output of `drift profile`.
    Profile(ProfileReport),
}

/// One feature of the JSON document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureReport {
    /// Its name.
    pub feature: String,
    /// `numeric` or `categorical`.
    pub kind: Kind,
    /// The test of its values.
    pub test: Test,
    /// The test's statistic.
    pub statistic: Option<f64>,
    /// The test's p-value.
    pub p_value: Option<f64>,
    /// The same, adjusted for the number of tests.
    pub p_value_adjusted: Option<f64>,
    /// The size of the difference.
    pub effect: Option<f64>,
    /// The name of the effect.
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
    pub verdict: Verdict,
    /// The state: `ok`, `value_shift`, `new_levels`, `constant`, `missing_shift`,
    /// `all_missing`, `vanished_column`, `type_changed`, `unit_changed` or `insufficient`.
    pub state: State,
    /// The change, or why the result is inconclusive.
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
            kind: found.kind,
            test: found.test,
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
            verdict: found.verdict.clone(),
            state: found.state,
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
            verdict: found.verdict.clone(),
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
            verdict: feature.verdict.clone(),
        });
        Self {
            chunk: chunk.to_owned(),
            rows,
            verdict: found.verdict.clone(),
            features: features.collect(),
        }
    }
}

impl DriftReport {
    /// Returns the number of features that shifted.
    pub(crate) fn shifted(&self) -> usize {
        self.features.iter().filter(|feature| feature.verdict == Verdict::Shifted).count()
    }

    /// Returns the number of features without a verdict.
    pub(crate) fn inconclusive(&self) -> usize {
        self.features.iter().filter(|feature| feature.verdict.is_inconclusive()).count()
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
        let last_other = trend.iter().rposition(|chunk| chunk.verdict != Verdict::Shifted);
        let first = last_other.map_or(0, |chunk| chunk + 1);
        self.trend.get(first).map(|chunk| chunk.chunk.as_str())
    }
}
