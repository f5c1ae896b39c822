//! The rows of `concept_shift`, the same in both databases.

/// Replaces a run's rows, over whichever driver the transaction is of.
macro_rules! write_concept_shift {
    ($transaction:expr, $run:expr, $time:expr) => {{
        let delete = sqlx::query("DELETE FROM concept_shift WHERE run_uid = ?");
        delete.bind($run.run_uid).execute(&mut **$transaction).await?;
        for found in $run.findings {
            sqlx::query($crate::concept_rows::INSERT)
                .bind($run.run_uid)
                .bind(found.metric_used)
                .bind(&found.feature)
                .bind($run.model_uid)
                .bind($time($run.run_timestamp))
                .bind($run.window.from.map($time))
                .bind($run.window.to.map($time))
                .bind(found.threshold)
                .bind(found.score)
                .bind(found.interval.map(|[low, _]| low))
                .bind(found.interval.map(|[_, high]| high))
                .bind(found.p_value)
                .bind(found.p_value_adjusted)
                .bind(found.n_reference as i64)
                .bind(found.n_production as i64)
                .bind(found.verdict.name())
                .bind(&found.why)
                .bind(found.verdict == mlops_core::verdict::Verdict::Shifted)
                .execute(&mut **$transaction)
                .await?;
        }
    }};
}
pub(crate) use write_concept_shift;

pub(crate) const INSERT: &str = "INSERT INTO concept_shift \
    (run_uid, metric_used, feature, model_uid, run_timestamp, window_from, window_to, scoring_threshold, model_score, score_low, score_high, \
     p_value, p_value_adjusted, n_reference, n_production, verdict, why, shift_occurred) \
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
