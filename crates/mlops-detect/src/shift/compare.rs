use super::level_counts::LevelCounts;
use super::numbers::Numbers;
use super::parts::{Atom, rare_levels_test};
use super::state::unit_factor;
use super::test::TestResult;
use super::{Measures, Picture, ShiftPolicy, State, Test, smallest_shift};
use mlops_core::table::Kind;
use mlops_core::text::four_digits;
use mlops_core::verdict::Verdict;
use mlops_stats::Sample;
use mlops_stats::profile::{ColumnProfile, NumberProfile, Profile, ValueProfile};

/// The findings of one feature.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureShift {
    /// Its name.
    pub feature: String,
    /// The kind.
    pub kind: Kind,
    /// The test of its values.
    pub test: Test,
    /// The test's statistic; `None` where nothing was tested.
    pub statistic: Option<f64>,
    /// The test's p-value.
    pub p_value: Option<f64>,
    /// The p-value adjusted for all tests of this comparison, as the policy says.
    pub p_value_adjusted: Option<f64>,
    /// The size of the difference, from 0; see [`Test`].
    pub effect: Option<f64>,
    /// How far the samples are apart by other measures; `None` where nothing was tested.
    pub measures: Option<Measures>,
    /// The distributions; `None` if nothing was tested.
    pub picture: Option<Picture>,
    /// The smallest shift that this many values would have shown: of a numeric feature's mean in
    /// standard deviations, of a level's share for the others. See [`smallest_shift`].
    pub smallest_shift: f64,
    /// The share of reference rows without a value.
    pub missing_reference: f64,
    /// The share of production rows without a value.
    pub missing_production: f64,
    /// The adjusted p-value of the test that these two shares are one; `None` where neither side
    /// misses a value.
    pub missing_p_value_adjusted: Option<f64>,
    /// Reference rows with a value.
    pub n_reference: u64,
    /// Production rows with a value.
    pub n_production: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// The state.
    pub state: State,
    /// The change in words, or why the result is inconclusive; empty for a stable feature.
    pub why: String,
}

/// The findings of all features.
#[derive(Debug, Clone, PartialEq)]
pub struct DataShift {
    /// The verdict over the features.
    pub verdict: Verdict,
    /// One entry a feature, in the order of the reference.
    pub features: Vec<FeatureShift>,
}

/// Compares production with the reference, feature by feature.
///
/// Both have columns as [`super::FeatureSet::select`] and [`super::FeatureSet::empty_production`]
/// give them. A feature is shifted if its values or its share of missing values moved as `policy`
/// says: by an adjusted p-value and by an effect. All tests of one call are adjusted together. A
/// feature with fewer values a side than the policy asks for, or none, is inconclusive; it stops no
/// other.
pub fn compare(reference: &Profile, production: &Profile, policy: &ShiftPolicy) -> DataShift {
    compare_together(&[(reference, production)], policy).remove(0)
}

/// Compares the target's columns. A row without an outcome is one whose outcome is not known yet:
/// that more of them are missing is no shift.
pub fn compare_outcomes(
    mut reference: Profile,
    mut production: Profile,
    policy: &ShiftPolicy,
) -> DataShift {
    let columns = reference.columns.iter_mut().chain(&mut production.columns);
    columns.for_each(ColumnProfile::forget_missing);
    compare(&reference, &production, policy)
}

/// Compares several pairs of reference and production, such as segments; the tests of all of them
/// are adjusted together.
pub fn compare_together(pairs: &[(&Profile, &Profile)], policy: &ShiftPolicy) -> Vec<DataShift> {
    let outcomes: Vec<Vec<Outcome>> = pairs
        .iter()
        .map(|(reference, production)| outcomes(reference, production, policy))
        .collect();
    let each = outcomes
        .iter()
        .flatten()
        .flat_map(|outcome| [outcome.p_value(), outcome.missing.map(|test| test.p_value)]);
    let p_values: Vec<f64> = each.flatten().collect();
    let mut adjusted = policy.correction().adjust(&p_values).into_iter();
    // The same order as above: each p-value that is there takes the next adjusted one.
    let mut judge = |outcome: Outcome| {
        let value_adjusted = outcome.p_value().and_then(|_| adjusted.next());
        let missing_adjusted = outcome.missing.and_then(|_| adjusted.next());
        outcome.judge(value_adjusted, missing_adjusted, policy)
    };
    let shifts = outcomes.into_iter().map(|outcomes| {
        let features: Vec<FeatureShift> = outcomes.into_iter().map(&mut judge).collect();
        let verdict = Verdict::over(
            features.iter().map(|feature| (feature.feature.as_str(), &feature.verdict)),
        );
        DataShift { verdict, features }
    });
    shifts.collect()
}

fn outcomes(reference: &Profile, production: &Profile, policy: &ShiftPolicy) -> Vec<Outcome> {
    let columns = reference.columns.iter();
    let outcome = |reference: &ColumnProfile| match production.column(&reference.name) {
        Some(column) => Outcome::of(reference, column, policy),
        None => Outcome::absent(reference, policy),
    };
    columns.map(outcome).collect()
}

/// A feature's tests, before the adjustment for their number.
struct Outcome {
    feature: String,
    kind: Kind,
    test: Test,
    values: Result<Tested, String>,
    missing: Option<TestResult>,
    reference: Side,
    production: Side,
    unreadable: u64,
    is_absent: bool,
}

struct Tested {
    result: TestResult,
    measures: Measures,
    picture: Option<Picture>,
    /// The state in case of a shift.
    state: State,
    /// The largest change in words.
    change: String,
}

struct Side {
    rows: u64,
    missing: u64,
}

impl Side {
    fn of(column: &ColumnProfile) -> Self {
        Self { rows: column.rows, missing: column.missing }
    }

    fn present(&self) -> u64 {
        self.rows - self.missing
    }

    fn missing_share(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.missing as f64 / self.rows as f64 }
    }
}

impl Outcome {
    fn of(reference: &ColumnProfile, production: &ColumnProfile, policy: &ShiftPolicy) -> Self {
        let test = policy.test(reference.kind());
        let (reference_side, production_side) = (Side::of(reference), Side::of(production));
        let values = enough(&reference_side, &production_side, policy)
            .and_then(|()| test_values(test, reference, production, policy));
        Self {
            feature: reference.name.clone(),
            kind: reference.kind(),
            test,
            values,
            missing: test_missing(&reference_side, &production_side, policy),
            reference: reference_side,
            production: production_side,
            unreadable: production.unreadable,
            is_absent: false,
        }
    }

    /// Returns the outcome of a feature that is missing in production.
    fn absent(reference: &ColumnProfile, policy: &ShiftPolicy) -> Self {
        Self {
            values: Err("the column is missing in production".to_owned()),
            missing: None,
            is_absent: true,
            ..Self::of(reference, &ColumnProfile::new(&reference.name, reference.kind()), policy)
        }
    }

    fn p_value(&self) -> Option<f64> {
        self.values.as_ref().ok().map(|tested| tested.result.p_value)
    }

    fn judge(
        self,
        adjusted: Option<f64>,
        missing_adjusted: Option<f64>,
        policy: &ShiftPolicy,
    ) -> FeatureShift {
        let missing_shifted = missing_adjusted
            .zip(self.missing)
            .is_some_and(|(p, missing)| policy.shifted(p, missing.effect));
        let tested = self.values.as_ref().ok();
        let values_shifted = tested
            .filter(|tested| adjusted.is_some_and(|p| policy.shifted(p, tested.result.effect)));
        let mut reasons = Vec::new();
        if let Some(tested) = values_shifted {
            reasons.push(tested.change.clone());
        }
        if missing_shifted {
            let (was, is) = (self.reference.missing_share(), self.production.missing_share());
            reasons.push(format!("missing {:.1}% → {:.1}%", 100.0 * was, 100.0 * is));
        }
        if let Err(why) = &self.values {
            reasons.push(why.clone());
        }
        if self.unreadable > 0 {
            reasons
                .push(format!("{} values are not numbers and count as missing", self.unreadable));
        }
        let why = reasons.join("; ");
        let verdict = if values_shifted.is_some() || missing_shifted {
            Verdict::Shifted
        } else if self.values.is_err() {
            Verdict::Inconclusive(why.clone())
        } else {
            Verdict::Stable
        };
        let state = self.state(values_shifted.map(|tested| tested.state), missing_shifted, policy);
        let smallest = smallest_shift(
            self.reference.present(),
            self.production.present(),
            policy.significance(),
        );
        FeatureShift {
            statistic: tested.map(|tested| tested.result.statistic),
            p_value: self.p_value(),
            p_value_adjusted: adjusted,
            effect: tested.map(|tested| tested.result.effect),
            measures: tested.map(|tested| tested.measures),
            picture: tested.and_then(|tested| tested.picture.clone()),
            smallest_shift: if self.kind == Kind::Numeric { smallest.sds } else { smallest.share },
            state,
            missing_reference: self.reference.missing_share(),
            missing_production: self.production.missing_share(),
            missing_p_value_adjusted: missing_adjusted,
            n_reference: self.reference.present(),
            n_production: self.production.present(),
            feature: self.feature,
            kind: self.kind,
            test: self.test,
            verdict,
            why,
        }
    }
}

impl Outcome {
    fn state(&self, values: Option<State>, missing_shifted: bool, policy: &ShiftPolicy) -> State {
        let with_value = self.production.present() + self.unreadable;
        if self.is_absent {
            State::VanishedColumn
        } else if self.unreadable >= policy.min_rows() && 2 * self.unreadable >= with_value {
            State::TypeChanged
        } else if self.production.rows >= policy.min_rows()
            && with_value == 0
            && self.reference.present() > 0
        {
            State::AllMissing
        } else if let Some(state) = values {
            state
        } else if missing_shifted {
            State::MissingShift
        } else if self.values.is_err() {
            State::Insufficient
        } else {
            State::Ok
        }
    }
}

fn enough(reference: &Side, production: &Side, policy: &ShiftPolicy) -> Result<(), String> {
    for (name, side) in [("reference", reference), ("production", production)] {
        let present = side.present();
        if present < policy.min_rows() {
            return Err(match (side.rows, present) {
                (0, _) => format!("no {name} rows"),
                (_, 0) => format!("all {} {name} values are missing", side.rows),
                _ => {
                    let least = smallest_shift(
                        reference.present(),
                        production.present(),
                        policy.significance(),
                    )
                    .sds;
                    let needed = policy.min_rows();
                    format!(
                        "too few {name} values: {present}, at least {needed} needed; smallest detectable shift {least:.2} standard deviations"
                    )
                }
            });
        }
    }
    Ok(())
}

fn test_missing(reference: &Side, production: &Side, policy: &ShiftPolicy) -> Option<TestResult> {
    let too_few = reference.rows.min(production.rows) < policy.min_rows();
    if too_few || reference.missing + production.missing == 0 {
        return None;
    }
    let counts = |side: &Side| [side.missing, side.present()];
    Test::ChiSquared.of_counts(&counts(reference), &counts(production)).ok()
}

fn test_values(
    test: Test,
    reference: &ColumnProfile,
    production: &ColumnProfile,
    policy: &ShiftPolicy,
) -> Result<Tested, String> {
    match (&reference.values, &production.values) {
        (ValueProfile::Numeric(reference), ValueProfile::Numeric(production)) => {
            test_numbers(test, reference, production, policy)
        }
        (ValueProfile::Categorical(reference), ValueProfile::Categorical(production)) => {
            test_levels(test, &LevelCounts::new(reference, production), policy)
        }
        _ => Err("the column has a different type in production".to_owned()),
    }
}

fn test_numbers(
    test: Test,
    reference: &NumberProfile,
    production: &NumberProfile,
    policy: &ShiftPolicy,
) -> Result<Tested, String> {
    let (Some(reference), Some(production)) = (Numbers::of(reference), Numbers::of(production))
    else {
        return Err("no values".to_owned());
    };
    let (was, is) = (reference.sample(), production.sample());
    let mut result = test.of_numbers(was, is).map_err(|error| error.to_string())?;
    let atom = if test.takes_levels() { None } else { Atom::of(was, is) };
    let mut atom_change = None;
    if let Some(atom) = atom {
        let of_atom = atom.test().map_err(|error| error.to_string())?;
        let taken = result.or(of_atom, policy.min_effect());
        result = taken.result;
        // A median that is the atom says nothing of the change.
        let median_is_atom = was.median() == is.median();
        let says_more =
            taken.is_second || (median_is_atom && policy.shifted(of_atom.p_value, of_atom.effect));
        atom_change = says_more.then(|| atom.change());
    }
    let measures =
        Measures::of_numbers(&reference, &production).map_err(|error| error.to_string())?;
    let mut change = atom_change.unwrap_or_else(|| largest_change(was, is));
    let state = if let Some(factor) = unit_factor(&reference, &production) {
        change.push_str(&format!(", probably a changed unit: ×{}", four_digits(factor)));
        State::UnitChanged(factor)
    } else if production.is_constant() && !reference.is_constant() {
        change.push_str(", constant");
        State::Constant
    } else {
        State::ValueShift
    };
    Ok(Tested { result, measures, picture: Picture::of_numbers(was, is), state, change })
}

/// Returns the change of the median, or of the interquartile range if it changed by more.
fn largest_change(reference: Sample<'_>, production: Sample<'_>) -> String {
    let quartiles = |sample: Sample<'_>| {
        let n = sample.size();
        sample.at_rank((3 * n).div_ceil(4)) - sample.at_rank(n.div_ceil(4))
    };
    let medians = (reference.median(), production.median());
    let ranges = (quartiles(reference), quartiles(production));
    let spread_moved = (ranges.1 - ranges.0).abs() / 2.0 > (medians.1 - medians.0).abs();
    let (name, (was, is)) =
        if spread_moved { ("interquartile range", ranges) } else { ("median", medians) };
    format!("{name} {} → {}", four_digits(was), four_digits(is))
}

fn test_levels(test: Test, counts: &LevelCounts, policy: &ShiftPolicy) -> Result<Tested, String> {
    let (rare_reference, rare_production) = counts.rare();
    let rows = |counts: &[u64]| counts.iter().sum::<u64>() as f64;
    let rare_share = rows(&rare_production) / rows(&counts.production);
    let of_rare = rare_levels_test(test, (&rare_reference, &rare_production), rare_share);
    let of_common = counts.folded().map(|(reference, production)| {
        test.of_counts(&reference, &production).map_err(|error| error.to_string())
    });
    let result = match (of_common.transpose()?, of_rare) {
        (Some(common), Some(rare)) => common.or(rare, policy.min_effect()).result,
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => {
            return Err(
                "all levels are too rare to compare; use more rows or coarser levels".to_owned()
            );
        }
    };
    let measures = Measures::of_levels(counts).map_err(|error| error.to_string())?;
    let state = if counts.became_constant() {
        State::Constant
    } else if counts.new_level_share() > 0.0 && counts.new_level_share() >= policy.min_effect() {
        State::NewLevels
    } else {
        State::ValueShift
    };
    let picture = Some(Picture::of_levels(counts));
    Ok(Tested { result, measures, picture, state, change: counts.largest_change() })
}
