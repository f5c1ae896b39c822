use super::measures::quantile_bins;
use mlops_stats::{
    Continuity, KsMethod, Sample, StatisticError, anderson_darling, chi_squared_homogeneity,
    distribution_v, fisher_exact, g_test_homogeneity, jensen_shannon, ks_ties_p_value,
    ks_two_sample, mann_whitney, psi, smallest_expected,
};
use serde::{Serialize, Serializer};

/// Below this p-value, the Kolmogorov–Smirnov test for ties is not asked: for large samples, it is
/// scaled down and has no far tail.
const FAR_TAIL: f64 = 1e-9;

/// Below this smallest expected count the χ² law does not hold in its far tail.
const SMALL_COUNT: f64 = 20.0;

/// A statistic that a feature can be judged by, with the effect that stands beside its p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Two-sample Kolmogorov–Smirnov; the effect is D itself.
    KolmogorovSmirnov,
    /// Two-sample Anderson–Darling, which sees the tails better; the effect is D of Kolmogorov and
    /// Smirnov.
    AndersonDarling,
    /// Mann–Whitney, which sees values that are larger or smaller on the whole; the effect is the
    /// rank-biserial correlation.
    MannWhitney,
    /// Chi-squared test of homogeneity; the effect is Cramér's V of the two distributions, whatever
    /// the sizes of the samples. Where levels are rare, [`mlops_stats::level_overlap`] is tested,
    /// too.
    ChiSquared,
    /// G-test of homogeneity, with the same effect and the same second test.
    G,
    /// Population stability index, of numbers over ten bins of the reference; the effect is the
    /// index.
    Psi,
    /// Jensen–Shannon, of numbers over the same bins; the effect is the distance.
    JensenShannon,
}

/// The result of a test.
#[derive(Debug, Clone, Copy)]
pub(super) struct TestResult {
    pub(super) statistic: f64,
    pub(super) p_value: f64,
    pub(super) effect: f64,
}

impl TestResult {
    /// Returns the result of two tests of one question: the smaller p-value, doubled for the two
    /// attempts. A result whose effect matters goes before one whose effect does not.
    pub(super) fn or(self, other: Self, min_effect: f64) -> Taken {
        let matters = |result: &Self| result.effect >= min_effect;
        let is_second = match (matters(&self), matters(&other)) {
            (true, false) => false,
            (false, true) => true,
            _ => other.p_value < self.p_value,
        };
        let taken = if is_second { other } else { self };
        let result = Self { p_value: (2.0 * taken.p_value).min(1.0), ..taken };
        Taken { result, is_second }
    }
}

/// The result of two tests, and whether it is that of the second one.
pub(super) struct Taken {
    pub(super) result: TestResult,
    pub(super) is_second: bool,
}

impl Test {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::KolmogorovSmirnov,
        Self::AndersonDarling,
        Self::MannWhitney,
        Self::ChiSquared,
        Self::G,
        Self::Psi,
        Self::JensenShannon,
    ];

    /// The name in reports and tables, such as `kolmogorov_smirnov`.
    pub fn name(self) -> &'static str {
        match self {
            Self::KolmogorovSmirnov => "kolmogorov_smirnov",
            Self::AndersonDarling => "anderson_darling",
            Self::MannWhitney => "mann_whitney",
            Self::ChiSquared => "chi_squared",
            Self::G => "g_test",
            Self::Psi => "psi",
            Self::JensenShannon => "jensen_shannon",
        }
    }

    /// The name that people know, such as Kolmogorov–Smirnov.
    pub fn title(self) -> &'static str {
        match self {
            Self::KolmogorovSmirnov => "Kolmogorov–Smirnov",
            Self::AndersonDarling => "Anderson–Darling",
            Self::MannWhitney => "Mann–Whitney",
            Self::ChiSquared => "chi-squared",
            Self::G => "G-test",
            Self::Psi => "PSI",
            Self::JensenShannon => "Jensen–Shannon",
        }
    }

    /// The name of the effect, such as `ks_distance`.
    pub fn effect_name(self) -> &'static str {
        match self {
            Self::KolmogorovSmirnov | Self::AndersonDarling => "ks_distance",
            Self::MannWhitney => "rank_biserial",
            Self::ChiSquared | Self::G => "cramers_v",
            Self::Psi => "psi",
            Self::JensenShannon => "jensen_shannon_distance",
        }
    }

    /// Whether it compares numbers by their order.
    pub fn takes_numbers(self) -> bool {
        !matches!(self, Self::ChiSquared | Self::G)
    }

    /// Whether it compares counts of levels.
    pub fn takes_levels(self) -> bool {
        !matches!(self, Self::KolmogorovSmirnov | Self::AndersonDarling | Self::MannWhitney)
    }

    pub(super) fn of_numbers(
        self,
        reference: Sample<'_>,
        production: Sample<'_>,
    ) -> Result<TestResult, StatisticError> {
        let distance = || ks_two_sample(reference, production, KsMethod::Auto);
        match self {
            Self::AndersonDarling => {
                let test = anderson_darling(reference, production)?;
                let effect = distance()?.statistic;
                Ok(TestResult { statistic: test.statistic, p_value: test.p_value, effect })
            }
            Self::MannWhitney => {
                let test = mann_whitney(reference, production)?;
                let effect = (2.0 * test.superiority - 1.0).abs();
                Ok(TestResult { statistic: test.statistic, p_value: test.p_value, effect })
            }
            Self::Psi | Self::JensenShannon => {
                let (reference, production) = quantile_bins(reference, production)?;
                self.of_counts(&reference, &production)
            }
            Self::KolmogorovSmirnov | Self::ChiSquared | Self::G => {
                let test = distance()?;
                // Ties make the p-value smaller. In the far tail the law without ties is bound enough.
                let p_value = match ks_ties_p_value(reference, production)? {
                    Some(of_ties) if test.p_value > FAR_TAIL => of_ties,
                    _ => test.p_value,
                };
                Ok(TestResult { statistic: test.statistic, p_value, effect: test.statistic })
            }
        }
    }

    /// Compares counts of levels. The p-value is by the χ² law where it holds: where each expected
    /// count is at least 20. Two levels with smaller counts are compared by Fisher's exact test. For
    /// more levels, the p-value is the largest of the test's own, the chi-squared test's and the
    /// G-test's, whose errors in the far tail are of opposite kinds.
    pub(super) fn of_counts(
        self,
        reference: &[u64],
        production: &[u64],
    ) -> Result<TestResult, StatisticError> {
        let result = self.of_large_counts(reference, production)?;
        if smallest_expected(reference, production)? >= SMALL_COUNT {
            return Ok(result);
        }
        let rows = reference.iter().zip(production).map(|(&a, &b)| (a, b));
        let levels: Vec<(u64, u64)> = rows.filter(|(a, b)| a + b > 0).collect();
        let p_value = match levels[..] {
            [_] => result.p_value,
            [first, second] => fisher_exact([first.0, second.0], [first.1, second.1]),
            _ => {
                let chi_squared =
                    chi_squared_homogeneity(reference, production, Continuity::None)?.p_value;
                let g = g_test_homogeneity(reference, production)?.p_value;
                result.p_value.max(chi_squared).max(g)
            }
        };
        Ok(TestResult { p_value, ..result })
    }

    fn of_large_counts(
        self,
        reference: &[u64],
        production: &[u64],
    ) -> Result<TestResult, StatisticError> {
        match self {
            Self::Psi => {
                let index = psi(reference, production)?;
                Ok(TestResult {
                    statistic: index.statistic,
                    p_value: index.p_value,
                    effect: index.statistic,
                })
            }
            Self::JensenShannon => {
                let apart = jensen_shannon(reference, production)?;
                Ok(TestResult {
                    statistic: apart.distance,
                    p_value: apart.p_value,
                    effect: apart.distance,
                })
            }
            _ => {
                let test = chi_squared_homogeneity(reference, production, Continuity::Yates)?;
                let chi_squared = TestResult {
                    statistic: test.statistic,
                    p_value: test.p_value,
                    effect: distribution_v(reference, production)?,
                };
                if self != Self::G {
                    return Ok(chi_squared);
                }
                let test = g_test_homogeneity(reference, production)?;
                Ok(TestResult { statistic: test.statistic, p_value: test.p_value, ..chi_squared })
            }
        }
    }
}

impl Serialize for Test {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
