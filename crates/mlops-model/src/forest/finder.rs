use super::split::{Counts, Randomness, Split};
use crate::bins::{InputBins, MISSING_BIN};
use crate::node::{LevelSet, Question, has, insert};
use crate::random::Random;

/// Buffers for the search of splits.
pub(super) struct Finder<'a> {
    pub(super) bins: &'a [InputBins],
    /// For each categorical input, the position of each bin in the order of its levels.
    pub(super) ranks: &'a [Vec<u8>],
    pub(super) min_leaf: u32,
    pub(super) random: Random,
    pub(super) best: Option<Split>,
    pub(super) levels: Vec<(u8, Counts)>,
}

impl Finder<'_> {
    /// Looks for a better split among those of one input; `false` if its rows have all the same
    /// value.
    pub(super) fn look(
        &mut self,
        input: usize,
        filled: impl Iterator<Item = (u8, Counts)>,
        missing: Counts,
        all: Counts,
        randomness: Randomness,
    ) -> bool {
        match (self.bins[input].is_categorical(), randomness) {
            (false, Randomness::Bootstrap) => self.best_number(input, filled, missing, all),
            (false, Randomness::Splits) => self.random_number(input, filled, missing, all),
            (true, _) => {
                self.levels.clear();
                self.levels.extend(filled);
                if missing.rows > 0 {
                    self.levels.push((MISSING_BIN, missing));
                }
                if self.levels.len() < 2 {
                    return false;
                }
                match randomness {
                    Randomness::Bootstrap => self.best_levels(input, all),
                    Randomness::Splits => self.random_levels(input, all),
                }
                true
            }
        }
    }

    fn best_number(
        &mut self,
        input: usize,
        filled: impl Iterator<Item = (u8, Counts)>,
        missing: Counts,
        all: Counts,
    ) -> bool {
        let (mut below, mut varies) = (Counts::default(), false);
        let mut most = self.best.map_or(f64::MIN, |best| best.purity);
        let mut found = None;
        for (bin, counts) in filled {
            below = below.plus(counts);
            for missing_left in [false, true] {
                if missing_left && missing.rows == 0 {
                    continue;
                }
                let left = if missing_left { below.plus(missing) } else { below };
                let right = all.minus(left);
                if right.rows == 0 {
                    continue;
                }
                varies = true;
                let purity = left.purity() + right.purity();
                if purity > most && left.rows >= self.min_leaf && right.rows >= self.min_leaf {
                    most = purity;
                    found = Some((bin, missing_left, left));
                }
            }
        }
        if let Some((bin, missing_left, left)) = found {
            // Where nothing was missing, what is goes with most of the rows.
            let missing_left =
                if missing.rows == 0 { 2 * left.rows > all.rows } else { missing_left };
            self.best = Some(Split {
                purity: most,
                input,
                question: Question::UpTo { bin, missing_left },
                left,
            });
        }
        varies
    }

    fn random_number(
        &mut self,
        input: usize,
        filled: impl Iterator<Item = (u8, Counts)>,
        missing: Counts,
        all: Counts,
    ) -> bool {
        self.levels.clear();
        self.levels.extend(filled);
        let (Some(&(first, _)), Some(&(last, _))) = (self.levels.first(), self.levels.last())
        else {
            return false;
        };
        if first == last && missing.rows == 0 {
            return false;
        }
        let bin = self.random_bin(input, first, last);
        let missing_left =
            if missing.rows == 0 { None } else { Some(first != last && self.random.unit() < 0.5) };
        let below = self.levels.iter().filter(|(other, _)| *other <= bin);
        let below = below.fold(Counts::default(), |sum, (_, counts)| sum.plus(*counts));
        let left = if missing_left == Some(true) { below.plus(missing) } else { below };
        let missing_left = missing_left.unwrap_or(2 * left.rows > all.rows);
        self.offer(input, Question::UpTo { bin, missing_left }, left, all);
        true
    }

    /// The bin below a number that is as likely anywhere between the first and the last value.
    fn random_bin(&mut self, input: usize, first: u8, last: u8) -> u8 {
        let share = self.random.unit();
        if first == last {
            return first;
        }
        let even = first + (share * f64::from(last - first)) as u8;
        let InputBins::Numeric { edges } = &self.bins[input] else { return even };
        let (Some(low), Some(high)) =
            (edges.get(usize::from(first)), edges.get(usize::from(last) - 1))
        else {
            return even;
        };
        let number = low + (high - low) * share;
        if !number.is_finite() {
            return even;
        }
        (edges.partition_point(|edge| *edge < number) as u8).clamp(first, last - 1)
    }

    /// The best cut through the levels in their order, those that are not here among them. Where
    /// nothing is missing, what is goes with most of the rows.
    fn best_levels(&mut self, input: usize, all: Counts) {
        let ranks = &self.ranks[input];
        self.levels.sort_unstable_by_key(|(bin, _)| ranks[usize::from(*bin)]);
        let mut left = Counts::default();
        let mut best: Option<(f64, usize, Counts)> = None;
        for (index, (_, counts)) in self.levels[..self.levels.len() - 1].iter().enumerate() {
            left = left.plus(*counts);
            let right = all.minus(left);
            let purity = left.purity() + right.purity();
            let most = best.map_or(f64::MIN, |(purity, ..)| purity);
            if purity > most && left.rows >= self.min_leaf && right.rows >= self.min_leaf {
                best = Some((purity, index + 1, left));
            }
        }
        let Some((_, cut, left)) = best else { return };
        let last = ranks[usize::from(self.levels[cut - 1].0)];
        let mut set = LevelSet::default();
        let levels = (0..self.bins[input].len()).map(|level| level as u8);
        levels
            .filter(|level| ranks[usize::from(*level)] <= last)
            .for_each(|level| insert(&mut set, level));
        let missing = self.levels.iter().position(|(bin, _)| *bin == MISSING_BIN);
        if missing.map_or(2 * left.rows > all.rows, |index| index < cut) {
            insert(&mut set, MISSING_BIN);
        }
        self.offer(input, Question::In(set), left, all);
    }

    /// A random half of the levels.
    fn random_levels(&mut self, input: usize, all: Counts) {
        for index in (1..self.levels.len()).rev() {
            let other = self.random.below(index + 1);
            self.levels.swap(index, other);
        }
        let cut = 1 + self.random.below(self.levels.len() - 1);
        let left =
            self.levels[..cut].iter().fold(Counts::default(), |sum, (_, counts)| sum.plus(*counts));
        let question = self.question_of(cut, left, all, self.bins[input].len());
        self.offer(input, question, left, all);
    }

    /// The question that sends the first `cut` levels left; those that are not here go with most of
    /// the rows.
    fn question_of(&self, cut: usize, left: Counts, all: Counts, levels: usize) -> Question {
        let mut set = LevelSet::default();
        if 2 * left.rows > all.rows {
            let mut right = LevelSet::default();
            self.levels[cut..].iter().for_each(|(bin, _)| insert(&mut right, *bin));
            let every = (0..levels).map(|level| level as u8).chain([MISSING_BIN]);
            every.filter(|bin| !has(&right, *bin)).for_each(|bin| insert(&mut set, bin));
        } else {
            self.levels[..cut].iter().for_each(|(bin, _)| insert(&mut set, *bin));
        }
        Question::In(set)
    }

    /// Takes a split if it is better than those before.
    fn offer(&mut self, input: usize, question: Question, left: Counts, all: Counts) {
        let right = all.minus(left);
        if left.rows < self.min_leaf.max(1) || right.rows < self.min_leaf.max(1) {
            return;
        }
        let purity = left.purity() + right.purity();
        if self.best.is_none_or(|best| purity > best.purity) {
            self.best = Some(Split { purity, input, question, left });
        }
    }
}
