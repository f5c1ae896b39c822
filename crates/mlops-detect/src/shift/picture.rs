use serde::{Deserialize, Serialize};

use super::level_counts::LevelCounts;
use mlops_stats::{Sample, bin_counts};

/// Bins of a picture.
const BINS: usize = 24;

/// Levels of a picture; the rest is one more.
const LEVELS: usize = 10;

/// The outermost values have no room of their own: they lie in the first and the last bin.
const OUTERMOST: f64 = 0.005;

/// The distributions of reference and production for a plot, in shares of the values that are not missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// Numbers in bins of equal width.
    Bins {
        /// The start of the first bin, which also counts all smaller values.
        from: f64,
        /// The end of the last bin, which also counts all larger values.
        to: f64,
        /// Shares of the reference.
        reference: Vec<f64>,
        /// Shares of production.
        production: Vec<f64>,
    },
    /// The most frequent levels, and the others together.
    Levels {
        /// Their names; `None` for the rest.
        names: Vec<Option<String>>,
        /// Shares of the reference.
        reference: Vec<f64>,
        /// Shares of production.
        production: Vec<f64>,
    },
}

impl Picture {
    /// The picture as a short text; shares are rounded to a hundredth of a per cent, which no plot
    /// shows.
    pub fn to_json(&self) -> String {
        let mut rounded = self.clone();
        let (Self::Bins { reference, production, .. } | Self::Levels { reference, production, .. }) =
            &mut rounded;
        reference
            .iter_mut()
            .chain(production)
            .for_each(|share| *share = (*share * 1e4).round() / 1e4);
        serde_json::to_string(&rounded).expect("strings and finite numbers always serialise")
    }

    /// Reads [`to_json`](Self::to_json) again; `None` for any other text.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Returns the distributions of samples, which must not be empty; `None` if too many values are
    /// infinite.
    pub(super) fn of_numbers(reference: Sample<'_>, production: Sample<'_>) -> Option<Self> {
        let at = |sample: Sample<'_>, share: f64| {
            sample.at_rank(1 + ((sample.size() - 1) as f64 * share).round() as u64)
        };
        let from = at(reference, OUTERMOST).min(at(production, OUTERMOST));
        let to = at(reference, 1.0 - OUTERMOST).max(at(production, 1.0 - OUTERMOST));
        let (from, to) = if from < to { (from, to) } else { (from - 0.5, to + 0.5) };
        if !(to - from).is_finite() {
            return None;
        }
        let edges: Vec<f64> =
            (1..BINS).map(|i| from + (to - from) * i as f64 / BINS as f64).collect();
        let shares_of = |sample: Sample<'_>| shares(&bin_counts(sample, &edges));
        Some(Self::Bins {
            from,
            to,
            reference: shares_of(reference),
            production: shares_of(production),
        })
    }

    pub(super) fn of_levels(counts: &LevelCounts) -> Self {
        let (reference, production) = (shares(&counts.reference), shares(&counts.production));
        let mut order: Vec<usize> = (0..reference.len()).collect();
        order.sort_by(|&a, &b| {
            (reference[b] + production[b]).total_cmp(&(reference[a] + production[a]))
        });
        let (shown, rest) = order.split_at(order.len().min(LEVELS));
        let mut names: Vec<Option<String>> =
            shown.iter().map(|&level| Some(counts.names()[level].clone())).collect();
        let pick = |shares: &[f64]| -> Vec<f64> {
            let rest_share: f64 = rest.iter().map(|&level| shares[level]).sum();
            let shown = shown.iter().map(|&level| shares[level]);
            shown.chain((!rest.is_empty()).then_some(rest_share)).collect()
        };
        let (reference, production) = (pick(&reference), pick(&production));
        names.resize(reference.len(), None);
        Self::Levels { names, reference, production }
    }
}

fn shares(counts: &[u64]) -> Vec<f64> {
    let total: u64 = counts.iter().sum();
    counts.iter().map(|&count| count as f64 / total.max(1) as f64).collect()
}
