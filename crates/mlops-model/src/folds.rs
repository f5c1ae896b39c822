use super::random::Random;

/// The fold of each row: as many positives in each as can be, the rest at random.
pub fn stratified_folds(labels: &[bool], folds: usize, seed: u64) -> Vec<usize> {
    let mut of_rows = vec![0; labels.len()];
    for class in [false, true] {
        let rows: Vec<usize> = (0..labels.len()).filter(|row| labels[*row] == class).collect();
        let order = Random::new(seed, u64::from(class)).permutation(rows.len());
        for (index, row) in order.into_iter().enumerate() {
            of_rows[rows[row as usize]] = index % folds;
        }
    }
    of_rows
}

/// So many of `0..rows`, ascending: all of them, or some at random.
pub fn sample_indices(rows: usize, wanted: usize, seed: u64) -> Vec<usize> {
    if wanted >= rows {
        return (0..rows).collect();
    }
    let order = Random::new(seed, u64::MAX).permutation(rows);
    let mut indices: Vec<usize> =
        order.into_iter().take(wanted).map(|index| index as usize).collect();
    indices.sort_unstable();
    indices
}
