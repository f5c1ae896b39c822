//! The rows of `data_shift`, the same in both databases.

/// Replaces a run's rows, over whichever driver the transaction is of.
macro_rules! write_data_shift {
    ($transaction:expr, $run:expr, $time:expr) => {{
        sqlx::query("DELETE FROM data_shift WHERE run_uid = ?")
            .bind($run.run_uid)
            .execute(&mut **$transaction)
            .await?;
        for (segment, shift) in $run.segments {
            for found in &shift.features {
                sqlx::query($crate::shift_rows::INSERT)
                    .bind($run.run_uid)
                    .bind(segment)
                    .bind(&found.feature)
                    .bind($run.model_uid)
                    .bind($time($run.run_timestamp))
                    .bind($run.window.from.map($time))
                    .bind($run.window.to.map($time))
                    .bind(found.kind.name())
                    .bind(found.test.name())
                    .bind(found.statistic)
                    .bind(found.p_value)
                    .bind(found.p_value_adjusted)
                    .bind($run.significance)
                    .bind(found.effect)
                    .bind(found.test.effect_name())
                    .bind(found.missing_reference)
                    .bind(found.missing_production)
                    .bind(found.n_reference as i64)
                    .bind(found.n_production as i64)
                    .bind(found.verdict.name())
                    .bind(found.state.name())
                    .bind(&found.why)
                    .bind(found.verdict == mlops_core::verdict::Verdict::Shifted)
                    .bind(found.picture.as_ref().map(mlops_detect::shift::Picture::to_json))
                    .execute(&mut **$transaction)
                    .await?;
            }
        }
    }};
}
pub(crate) use write_data_shift;

pub(crate) const INSERT: &str = "INSERT INTO data_shift \
    (run_uid, segment, feature, model_uid, run_timestamp, window_from, window_to, kind, test, statistic, p_value, p_value_adjusted, cutoff, \
     effect, effect_name, missing_reference, missing_production, n_reference, n_production, verdict, state, why, shift_occurred, picture) \
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
