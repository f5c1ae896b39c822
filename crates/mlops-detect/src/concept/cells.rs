//! Logistic regressions on the values of one feature in two periods, on top of a score.

use super::domain::{edges, part};
use super::likelihood::log_likelihood_of;
use mlops_model::{Feature, FeatureKind, Input, InputValues, NO_LEVEL};

/// A value with fewer rows in either period is joined with others.
const MIN_ROWS: usize = 30;

/// The parts of a number's values.
const PARTS: usize = 5;

/// The cell of rows that are left out.
const LEFT_OUT: u16 = u16::MAX;

/// The limit of log-odds: beyond it, a probability is practically 0 or 1.
const MAX_ABS_INTERCEPT: f64 = 20.0;

const MAX_STEPS: usize = 60;

/// Which value each row has, and which period it is of.
pub(super) struct Cells {
    /// One a row, those of the reference first; [`LEFT_OUT`] where the value is too rare.
    pub(super) of_row: Vec<u16>,
    /// The names of the cells.
    pub(super) names: Vec<String>,
    /// How many rows are of the reference.
    reference: usize,
}

impl Cells {
    /// The values of a feature; none where there are not two with enough rows.
    pub(super) fn of(
        feature: &Feature,
        reference: &Input<'_>,
        production: &Input<'_>,
    ) -> Option<Self> {
        let (values, mut names) = values(feature, reference, production);
        let rows_reference = reference.rows();
        let mut counts = vec![[0usize; 2]; names.len()];
        for (row, value) in values.iter().enumerate() {
            counts[*value][usize::from(row >= rows_reference)] += 1;
        }
        let is_enough = |[then, now]: [usize; 2]| then >= MIN_ROWS && now >= MIN_ROWS;
        let rare = counts
            .iter()
            .filter(|count| !is_enough(**count))
            .fold([0; 2], |[then, now], count| [then + count[0], now + count[1]]);
        let mut indices = vec![LEFT_OUT; names.len()];
        let mut kept = Vec::new();
        for (value, count) in counts.iter().enumerate() {
            if is_enough(*count) {
                indices[value] = kept.len() as u16;
                kept.push(std::mem::take(&mut names[value]));
            }
        }
        if is_enough(rare) {
            let of_rare = kept.len() as u16;
            indices
                .iter_mut()
                .filter(|index| **index == LEFT_OUT)
                .for_each(|index| *index = of_rare);
            kept.push("other levels".to_owned());
        }
        let of_row = values.iter().map(|value| indices[*value]).collect();
        (kept.len() > 1).then_some(Self { of_row, names: kept, reference: rows_reference })
    }
}

impl Cells {
    /// Adds what was found of each row's value to its score.
    pub(super) fn explain(&self, scores: &mut [f64], fits: &Fits) {
        for (row, (cell, score)) in self.of_row.iter().zip(scores).enumerate() {
            if let Some(fits) = fits.cells.get(usize::from(*cell)) {
                *score += fits[usize::from(row >= self.reference)].intercept;
            }
        }
    }
}

/// The value of each row by its number, and what the numbers mean.
fn values(
    feature: &Feature,
    reference: &Input<'_>,
    production: &Input<'_>,
) -> (Vec<usize>, Vec<String>) {
    match (&reference.values, &production.values) {
        (InputValues::Numeric(then), InputValues::Numeric(now)) => {
            let edges = edges(then, PARTS);
            let of_rows = then.iter().chain(now.iter()).map(|value| part(&edges, *value)).collect();
            let between = edges
                .windows(2)
                .map(|pair| format!("from {} to {}", shown(pair[0]), shown(pair[1])));
            let mut names: Vec<String> = edges
                .first()
                .map(|edge| format!("below {}", shown(*edge)))
                .into_iter()
                .chain(between)
                .collect();
            names.push(edges.last().map_or_else(
                || "all values".to_owned(),
                |edge| format!("at least {}", shown(*edge)),
            ));
            names.push("missing".to_owned());
            (of_rows, names)
        }
        (
            InputValues::Categorical { levels, codes: then },
            InputValues::Categorical { codes: now, .. },
        ) => {
            let code = |code: &u16| if *code == NO_LEVEL { *levels } else { usize::from(*code) };
            let mut names = match &feature.kind {
                FeatureKind::Categorical { levels } => levels.clone(),
                _ => Vec::new(),
            };
            names.push("missing or unseen".to_owned());
            (then.iter().chain(now).map(code).collect(), names)
        }
        // One schema gives both the same kind.
        _ => (Vec::new(), Vec::new()),
    }
}

fn shown(number: f64) -> String {
    mlops_core::text::four_digits(number)
}

/// The regressions with and without a change of the values' part between the periods.
pub(super) struct Fits {
    /// The likelihood-ratio statistic of the two.
    pub(super) statistic: f64,
    /// The fits of each cell: training and production.
    pub(super) cells: Vec<[CellFit; 2]>,
}

/// The log-odds that a cell adds in one period.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CellFit {
    pub(super) intercept: f64,
    pub(super) rows: f64,
    pub(super) positives: f64,
}

/// Fits log-odds = score + (value, period), and log-odds = score + value + period. None where one
/// does not arrive.
///
/// One pass gives for each cell and period the sums that both of Newton's steps need. The second's
/// Hessian is a diagonal with one full row, which is solved by elimination.
pub(super) fn fit(scores: &[f64], labels: &[bool], cells: &Cells) -> Option<Fits> {
    let count = cells.names.len();
    let mut free = vec![[CellFit::default(); 2]; count];
    for (row, (cell, label)) in cells.of_row.iter().zip(labels).enumerate() {
        if *cell != LEFT_OUT {
            let fit = &mut free[usize::from(*cell)][usize::from(row >= cells.reference)];
            fit.rows += 1.0;
            fit.positives += f64::from(u8::from(*label));
        }
    }
    let (mut of_free, mut of_joint) = (None, None);
    let (mut joint, mut period) = (vec![0.0; count], 0.0);
    for _ in 0..MAX_STEPS {
        if of_free.is_none() {
            let sums = Sums::of(scores, labels, cells, |cell, period| free[cell][period].intercept);
            let mut longest: f64 = 0.0;
            for (fits, sums) in free.iter_mut().zip(&sums.cells) {
                for (fit, sums) in fits.iter_mut().zip(sums) {
                    let step =
                        (sums.gradient / sums.weight.max(f64::MIN_POSITIVE)).clamp(-2.0, 2.0);
                    let next = (fit.intercept + step).clamp(-MAX_ABS_INTERCEPT, MAX_ABS_INTERCEPT);
                    longest = longest.max((next - fit.intercept).abs());
                    fit.intercept = next;
                }
            }
            of_free = (longest < 1e-7).then_some(sums.log_likelihood);
        }
        if of_joint.is_none() {
            let sums = Sums::of(scores, labels, cells, |cell, of| {
                joint[cell] + if of == 1 { period } else { 0.0 }
            });
            let (mut gradient, mut weight) = (0.0, 0.0);
            for [then, now] in &sums.cells {
                let both = (then.weight + now.weight).max(f64::MIN_POSITIVE);
                gradient += now.gradient - now.weight * (then.gradient + now.gradient) / both;
                weight += now.weight - now.weight * now.weight / both;
            }
            let step = (gradient / weight.max(f64::MIN_POSITIVE)).clamp(-2.0, 2.0);
            let mut longest = step.abs();
            period += step;
            for (intercept, [then, now]) in joint.iter_mut().zip(&sums.cells) {
                let both = (then.weight + now.weight).max(f64::MIN_POSITIVE);
                let step =
                    ((then.gradient + now.gradient - now.weight * step) / both).clamp(-2.0, 2.0);
                let next = (*intercept + step).clamp(-MAX_ABS_INTERCEPT, MAX_ABS_INTERCEPT);
                longest = longest.max((next - *intercept).abs());
                *intercept = next;
            }
            of_joint = (longest < 1e-7).then_some(sums.log_likelihood);
        }
        if let (Some(free_fit), Some(joint_fit)) = (of_free, of_joint) {
            return Some(Fits { statistic: (2.0 * (free_fit - joint_fit)).max(0.0), cells: free });
        }
    }
    None
}

/// The derivatives of the log-likelihood by what each cell adds.
struct Sums {
    cells: Vec<[CellSums; 2]>,
    log_likelihood: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct CellSums {
    gradient: f64,
    weight: f64,
}

impl Sums {
    fn of(
        scores: &[f64],
        labels: &[bool],
        cells: &Cells,
        intercept: impl Fn(usize, usize) -> f64,
    ) -> Self {
        let mut sums =
            Self { cells: vec![[CellSums::default(); 2]; cells.names.len()], log_likelihood: 0.0 };
        for (row, ((cell, score), label)) in cells.of_row.iter().zip(scores).zip(labels).enumerate()
        {
            if *cell == LEFT_OUT {
                continue;
            }
            let (cell, period) = (usize::from(*cell), usize::from(row >= cells.reference));
            let odds = score + intercept(cell, period);
            let share = 1.0 / (1.0 + (-odds).exp());
            let of_cell = &mut sums.cells[cell][period];
            of_cell.gradient += f64::from(u8::from(*label)) - share;
            of_cell.weight += share * (1.0 - share);
            sums.log_likelihood += log_likelihood_of(odds, *label);
        }
        sums
    }
}
