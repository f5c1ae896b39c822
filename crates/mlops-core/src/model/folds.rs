use super::random::Random;

/// The fold of each row: as many positives in each as can be, the rest at random.
pub fn stratified_folds(labels: &[bool], folds: usize, seed: u64) -> Vec<usize> {
    let mut of_rows = vec![0; labels.len()];
    for class in [false, true] {
        let rows: Vec<usize> = (0..labels.len()).filter(|row| labels[*row] == class).collect();
        let order = Random::new(seed, u64::from(class)).permutation(rows.len());
        for (place, row) in order.into_iter().enumerate() {
            of_rows[rows[row as usize]] = place % folds;
        }
    }
    of_rows
}
