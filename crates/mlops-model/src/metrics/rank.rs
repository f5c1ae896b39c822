use super::check::check_both;

/// The area under the ROC curve: the chance that a positive row has a higher score than a negative
/// one; a tie is half a chance.
///
/// # Source
///
/// J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology
/// 143 (1982) 29–36, by midranks.
pub fn roc_auc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let (positives, negatives) = check_both(labels, scores)?;
    let ranks = midranks(scores);
    let of_positives: f64 =
        ranks.iter().zip(labels).filter(|(_, label)| **label).map(|(rank, _)| rank).sum();
    Some((of_positives - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// The mean of precision over recall, step by step, without interpolation.
///
/// # Source
///
/// scikit-learn's `average_precision_score`: Σ (`R_n` - `R_{n-1}`) `P_n`.
pub fn average_precision(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let (positives, _) = check_both(labels, scores)?;
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut above, mut found, mut sum) = (0.0, 0.0, 0.0);
    for same in rows.chunk_by(|a, b| a.0 == b.0) {
        let new = same.iter().filter(|(_, label)| *label).count() as f64;
        above += same.len() as f64;
        found += new;
        sum += new / positives * found / above;
    }
    Some(sum)
}

/// The rank of each score from 1 on; equal ones share the mean of theirs.
pub(super) fn midranks(scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|a, b| scores[*a as usize].total_cmp(&scores[*b as usize]));
    let mut ranks = vec![0.0; scores.len()];
    let mut before = 0;
    for same in order.chunk_by(|a, b| scores[*a as usize] == scores[*b as usize]) {
        let rank = before as f64 + (same.len() as f64 + 1.0) / 2.0;
        same.iter().for_each(|row| ranks[*row as usize] = rank);
        before += same.len();
    }
    ranks
}
