/// How p-values of several tests are adjusted for their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Correction {
    /// Not at all: each test raises its own false alarms.
    None,
    /// Holds the chance of any false alarm, whatever the tests: each p-value times their number.
    Bonferroni,
    /// Holds the same chance, and finds more: the smallest p-value times their number, the next
    /// times one less, and so on.
    Holm,
    /// Holds the expected share of false alarms among all alarms.
    #[default]
    BenjaminiHochberg,
}

impl Correction {
    /// `none`, `bonferroni`, `holm` or `benjamini_hochberg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bonferroni => "bonferroni",
            Self::Holm => "holm",
            Self::BenjaminiHochberg => "benjamini_hochberg",
        }
    }

    /// Adjusts p-values so that each can be compared with the level that is to hold for all of
    /// them.
    ///
    /// `p_values` are those of the tests that were run, in any order; the result has the same
    /// order. Adjusted values are never below the raw ones and at most 1. Empty gives empty; a
    /// single one stays as it is. NaN is not allowed: leave out what was not tested.
    ///
    /// # Formula
    ///
    /// With p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted p₍ᵢ₎ is, cut at 1: m·p₍ᵢ₎ (Bonferroni); max over j ≤ i of
    /// (m − j + 1)·p₍ⱼ₎ (Holm); min over j ≥ i of m·p₍ⱼ₎/j (Benjamini and Hochberg). As
    /// `statsmodels.stats.multitest.multipletests` (0.14).
    ///
    /// # Source
    ///
    /// S. Holm (1979), Scandinavian Journal of Statistics 6, 65–70; Y. Benjamini and Y. Hochberg
    /// (1995), Journal of the Royal Statistical Society B 57, 289–300.
    ///
    /// ```
    /// use mlops_stats::Correction;
    /// let p_values = [0.01, 0.04, 0.03];
    /// assert_eq!(Correction::Holm.adjust(&p_values), [0.03, 0.06, 0.06]);
    /// assert_eq!(Correction::BenjaminiHochberg.adjust(&p_values), [0.03, 0.04, 0.04]);
    /// ```
    pub fn adjust(self, p_values: &[f64]) -> Vec<f64> {
        let count = p_values.len() as f64;
        let mut order: Vec<usize> = (0..p_values.len()).collect();
        order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
        let mut adjusted = p_values.to_vec();
        match self {
            Self::None => {}
            Self::Bonferroni => adjusted.iter_mut().for_each(|p| *p = (*p * count).min(1.0)),
            Self::Holm => {
                let mut largest: f64 = 0.0;
                for (rank, &index) in order.iter().enumerate() {
                    largest = largest.max((p_values[index] * (count - rank as f64)).min(1.0));
                    adjusted[index] = largest;
                }
            }
            Self::BenjaminiHochberg => {
                let mut smallest: f64 = 1.0;
                for (rank, &index) in order.iter().enumerate().rev() {
                    smallest = smallest.min(p_values[index] * count / (rank + 1) as f64);
                    adjusted[index] = smallest;
                }
            }
        }
        adjusted
    }
}
