use std::collections::HashMap;

use mlops_stats::profile::LevelProfile;

/// Below this many expected rows the χ² law does not hold (Cochran's rule).
const MIN_EXPECTED: f64 = 5.0;

/// The counts of both sides over the reference's levels, followed by those that only production
/// has.
pub(super) struct LevelCounts {
    names: Vec<String>,
    pub(super) reference: Vec<u64>,
    pub(super) production: Vec<u64>,
}

impl LevelCounts {
    pub(super) fn new(reference: &LevelProfile, production: &LevelProfile) -> Self {
        let (mut names, mut was): (Vec<String>, Vec<u64>) =
            reference.iter().map(|(name, rows)| (name.to_owned(), rows)).unzip();
        let indices: HashMap<&str, usize> =
            reference.iter().enumerate().map(|(index, (name, _))| (name, index)).collect();
        let mut is = vec![0; names.len()];
        for (name, rows) in production.iter() {
            match indices.get(name) {
                Some(&index) => is[index] = rows,
                None => {
                    names.push(name.to_owned());
                    was.push(0);
                    is.push(rows);
                }
            }
        }
        if reference.others() + production.others() > 0 {
            names.push("(other levels)".to_owned());
            was.push(reference.others());
            is.push(production.others());
        }
        Self { names, reference: was, production: is }
    }

    /// Returns the names of the levels.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the counts with all rare levels as one: those of which fewer than five rows are
    /// expected on the smaller side. `None` where that leaves one level of several.
    pub(super) fn folded(&self) -> Option<(Vec<u64>, Vec<u64>)> {
        let (mut reference, mut production) = self.levels(false);
        let (rare_reference, rare_production) = self.levels(true);
        let is_one = reference.len() + rare_reference.len() == 1;
        if !rare_reference.is_empty() {
            reference.push(rare_reference.iter().sum());
            production.push(rare_production.iter().sum());
        }
        (reference.len() > 1 || is_one).then_some((reference, production))
    }

    /// Returns the counts of the rare levels, without the sum of those that the profiles do not
    /// name.
    pub(super) fn rare(&self) -> (Vec<u64>, Vec<u64>) {
        self.levels(true)
    }

    fn levels(&self, is_rare: bool) -> (Vec<u64>, Vec<u64>) {
        let (n, m) = (self.reference.iter().sum::<u64>(), self.production.iter().sum::<u64>());
        let smaller_side = n.min(m) as f64 / (n + m) as f64;
        let counts = self.reference.iter().zip(&self.production);
        let counts = counts.filter(|(was, is)| {
            let rows = *was + *is;
            rows > 0 && (rows as f64 * smaller_side < MIN_EXPECTED) == is_rare
        });
        counts.unzip()
    }

    /// The share of production rows whose level the reference does not have.
    pub(super) fn new_level_share(&self) -> f64 {
        let new: u64 = self
            .reference
            .iter()
            .zip(&self.production)
            .filter(|(was, _)| **was == 0)
            .map(|(_, is)| is)
            .sum();
        new as f64 / self.production.iter().sum::<u64>() as f64
    }

    /// Whether production has one level, and the reference more.
    pub(super) fn became_constant(&self) -> bool {
        let levels = |counts: &[u64]| counts.iter().filter(|&&count| count > 0).count();
        levels(&self.production) == 1 && levels(&self.reference) > 1
    }

    /// The level whose share moved most, with both shares.
    pub(super) fn largest_change(&self) -> String {
        let (n_reference, n_production) =
            (self.reference.iter().sum::<u64>(), self.production.iter().sum::<u64>());
        let shares = self.reference.iter().zip(&self.production).map(|(&was, &is)| {
            (100.0 * was as f64 / n_reference as f64, 100.0 * is as f64 / n_production as f64)
        });
        let distance = |(was, is): (f64, f64)| (was - is).abs();
        let largest =
            shares.zip(&self.names).max_by(|a, b| distance(a.0).total_cmp(&distance(b.0)));
        largest.map_or_else(String::new, |((was, is), name)| match (was, is) {
            (0.0, is) => format!("unseen level `{name}`: {is:.1}%"),
            (was, 0.0) => format!("level `{name}` disappeared, was {was:.1}%"),
            (was, is) => format!("`{name}` {was:.1}% → {is:.1}%"),
        })
    }
}
