//! A classifier that is to tell production from training.

use rayon::prelude::*;
use serde::Serialize;

use super::alike::{alike_groups, keyed};
use super::folded_area::FoldedArea;
use super::side::Side;
use mlops_core::verdict::Verdict;
use mlops_model::split::stratified_folds;
use mlops_model::{
    ForestParams, Input, InputValues, Learner, ModelError, NO_LEVEL, Progress, Recipe, Schema,
    cross_validate, sample_indices,
};

/// A feature that tells the two apart this well by itself is a mistake in a pipeline: an id, a
/// constant, another unit.
const ARTIFACT: f64 = 0.95;

/// The parts of a number's values by which it tells the two apart by itself.
const PARTS: usize = 20;

/// How production and training are to be told apart, and when they are other rows.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainPolicy {
    /// The verdict is shifted if the confidence interval of the AUC is above this threshold.
    pub threshold: f64,
    /// The confidence of the interval.
    pub confidence: f64,
    /// Fewer rows a side say nothing.
    pub min_rows: usize,
    /// More rows a side are left out, at random.
    pub max_rows: usize,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// The classifier.
    pub forest: ForestParams,
    /// The random seed.
    pub seed: u64,
}

impl Default for DomainPolicy {
    /// A forest of 100 trees ten questions deep, five folds, 0.55.
    fn default() -> Self {
        let forest = ForestParams { trees: 100, max_depth: Some(10), ..ForestParams::default() };
        Self {
            threshold: 0.55,
            confidence: 0.95,
            min_rows: 200,
            max_rows: 200_000,
            folds: 5,
            forest,
            seed: 0,
        }
    }
}

/// How well production and training can be told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Domain {
    /// The area under the ROC curve on held-out rows, averaged over the folds: 0.5 if both data sets are
    /// alike, 1 if every row is classified correctly.
    pub score: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How likely at least this score is where the two are rows of one kind.
    pub p_value: f64,
    /// The rows of either side that were compared.
    pub rows: usize,
    /// Customers with rows on both sides, as far as the rows name them.
    pub customers_on_both_sides: usize,
    /// The features by importance, the largest first.
    pub features: Vec<DomainFeature>,
    /// A feature that tells the two apart almost alone: a mistake in a pipeline, and no shift.
    pub artifact: Option<String>,
    /// The verdict.
    #[serde(skip)]
    pub verdict: Verdict,
}

/// The importance of one feature for the classifier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DomainFeature {
    /// Its name.
    pub feature: String,
    /// Its share in the classifier.
    pub importance: f64,
    /// The area under the ROC curve of this feature alone.
    pub auc: f64,
}

/// Tells production from training by a forest, asked by cross-validation.
///
/// Both tables have the same columns. The larger side is thinned out at random to the size of the
/// smaller one, and both to the policy's most rows. All rows of a customer, and rows that are most
/// alike, are in one fold: otherwise, the forest is trained on the twin of a held-out row, votes for
/// the twin's side, and the score is below 0.5 where the same customers are on both sides.
///
/// A score on rows of one fold is an honest one, but the folds share their training rows: the
/// variance of the mean score is that within the folds times 1/k + 1/(k−1), and not times 1/k;
/// Mann–Whitney's test over the scores of all folds together, which is what it looks like, raises
/// false alarms.
///
/// # Errors
///
/// [`ModelError`] where there is no column, or a parameter cannot be.
///
/// # Source
///
/// C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003)
/// 239–281; the variance within a fold as [`mlops_model::metrics::auc_with_parts`].
pub fn tell_apart(
    reference: Side,
    production: Side,
    policy: &DomainPolicy,
    progress: &Progress<'_>,
) -> Result<Domain, ModelError> {
    let least = reference.rows().min(production.rows());
    let rows = least.min(policy.max_rows);
    if rows < policy.min_rows.max(2 * policy.folds) {
        let why = format!(
            "too few rows: {least} in the smaller data set, at least {} needed",
            policy.min_rows
        );
        return Ok(Domain::unknown(rows, why));
    }
    let thinned = |side: Side| {
        let is_larger = side.rows() > rows;
        if is_larger { side.take(&sample_indices(side.rows(), rows, policy.seed)) } else { side }
    };
    let both = thinned(reference).followed_by(thinned(production));
    let customers_on_both_sides = both.customers_in_both_parts(rows);
    let Side { table, customers } = both;
    let labels: Vec<bool> = (0..2 * rows).map(|row| row >= rows).collect();
    let schema = Schema::of_features(&table)?;
    let recipe = Recipe {
        folds: policy.folds,
        seed: policy.seed,
        ..Recipe::new(Learner::RandomForest(policy.forest.clone()))
    };
    let inputs = schema.into_inputs(table)?;
    let known = (customers.as_slice(), customers_on_both_sides > 0);
    let groups = alike_groups(&inputs, known, policy.folds, policy.seed);
    let folds = stratified_folds(&labels, &keyed(&groups), policy.folds, policy.seed);
    if !has_both(&labels, &folds, policy.folds) {
        let why = "too few customers: a fold of the cross-validation has rows of one data set only";
        return Ok(Domain::unknown(rows, why.to_owned()));
    }
    let found = cross_validate(folds, &inputs, &labels, &schema, &recipe, progress)?;
    let Some(area) = FoldedArea::of(&labels, &found.probabilities, &found.folds) else {
        let why = "the scores of the cross-validation cannot be compared";
        return Ok(Domain::unknown(rows, why.to_owned()));
    };
    let spread = area.spread(&groups);
    let alone = alone(&inputs, &labels, &found.folds, policy.folds);
    let mut features: Vec<DomainFeature> = schema
        .features
        .iter()
        .enumerate()
        .map(|(index, feature)| {
            let inputs = schema.features_of_inputs();
            let own =
                inputs.iter().zip(&alone).filter(|(of, _)| **of == index).map(|(_, auc)| *auc);
            let auc = own.fold(0.5, f64::max);
            DomainFeature {
                feature: feature.name.clone(),
                importance: found.importances[index],
                auc,
            }
        })
        .collect();
    features.sort_by(|a, b| b.importance.total_cmp(&a.importance));
    let artifact =
        features.iter().max_by(|a, b| a.auc.total_cmp(&b.auc)).filter(|most| most.auc > ARTIFACT);
    let artifact = artifact.map(|most| most.feature.clone());
    let [low, high] = spread.interval(policy.confidence).map(|end| end.clamp(0.0, 1.0));
    let verdict = match &artifact {
        Some(feature) => Verdict::Inconclusive(format!(
            "{feature} alone separates production from training data almost perfectly: check the data pipeline for an error in this feature"
        )),
        None if spread.is_below_chance() => Verdict::Inconclusive(format!(
            "AUC {:.3} is below 0.5 by more than chance: rows of the same customers are on both sides, and cannot be matched; name the column of the customer with --unit",
            area.score
        )),
        None if low > policy.threshold => Verdict::Shifted,
        None if high <= policy.threshold => Verdict::Stable,
        None => Verdict::Inconclusive(format!(
            "AUC {:.3}: the confidence interval ({low:.3} to {high:.3}) contains the threshold {}; more rows are needed",
            area.score, policy.threshold
        )),
    };
    Ok(Domain {
        score: area.score,
        low,
        high,
        p_value: spread.p_value(),
        rows,
        customers_on_both_sides,
        features,
        artifact,
        verdict,
    })
}

impl Domain {
    fn unknown(rows: usize, why: String) -> Self {
        let (features, artifact, verdict) = (Vec::new(), None, Verdict::Inconclusive(why));
        Self {
            score: 0.5,
            low: 0.0,
            high: 1.0,
            p_value: 1.0,
            rows,
            customers_on_both_sides: 0,
            features,
            artifact,
            verdict,
        }
    }
}

/// Whether each fold has rows of both classes.
pub(super) fn has_both(labels: &[bool], folds: &[usize], count: usize) -> bool {
    let mut rows = vec![[0usize; 2]; count];
    labels.iter().zip(folds).for_each(|(label, fold)| rows[*fold][usize::from(*label)] += 1);
    rows.iter().flatten().all(|rows| *rows > 0)
}

/// For each input the area under the ROC curve of a rule that knows nothing else: how often each
/// part of its values is production's in the other folds.
fn alone(inputs: &[Input<'_>], labels: &[bool], folds: &[usize], count: usize) -> Vec<f64> {
    let of_input = |input: &Input<'_>| {
        let parts = parts(input);
        let most = parts.iter().copied().max().unwrap_or(0) + 1;
        let mut counts = vec![[0.0; 2]; count * most];
        for ((part, label), fold) in parts.iter().zip(labels).zip(folds) {
            counts[fold * most + part][usize::from(*label)] += 1.0;
        }
        let mut all = vec![[0.0; 2]; most];
        counts.iter().enumerate().for_each(|(index, [no, yes])| {
            all[index % most][0] += no;
            all[index % most][1] += yes;
        });
        let share = |part: usize, fold: usize| {
            let own = counts[fold * most + part];
            let [no, yes] = [all[part][0] - own[0], all[part][1] - own[1]];
            (yes + 1.0) / (yes + no + 2.0)
        };
        let shares = parts.iter().zip(folds).map(|(part, fold)| share(*part, *fold));
        let shares: Vec<f64> = shares.collect();
        FoldedArea::of(labels, &shares, folds).map_or(0.5, |area| area.score)
    };
    inputs.par_iter().map(of_input).collect()
}

/// The part of each row's value: a level, or one of some parts of equally many numbers; what is
/// missing is a part of its own.
fn parts(input: &Input<'_>) -> Vec<usize> {
    match &input.values {
        InputValues::Categorical { levels, codes } => codes
            .iter()
            .map(|code| if *code == NO_LEVEL { *levels } else { usize::from(*code) })
            .collect(),
        InputValues::Numeric(values) => {
            let edges = edges(values, PARTS);
            values.iter().map(|value| part(&edges, *value)).collect()
        }
    }
}

/// Edges between parts of about equally many values each.
pub(super) fn edges(values: &[f64], parts: usize) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> =
        (1..parts).filter_map(|part| sorted.get(part * sorted.len() / parts).copied()).collect();
    edges.dedup();
    edges
}

/// The part that a value lies in: below the first edge, from the first on, …; behind all of them
/// what is missing.
pub(super) fn part(edges: &[f64], value: f64) -> usize {
    if value.is_nan() { edges.len() + 1 } else { edges.partition_point(|edge| *edge <= value) }
}
