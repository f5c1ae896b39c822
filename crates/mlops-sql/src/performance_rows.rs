//! The rows of `performance` and `business_impact`, the same in both databases.

/// Replaces a run's rows, over whichever driver the transaction is of.
macro_rules! write_performance {
    ($transaction:expr, $run:expr, $time:expr) => {{
        for delete in [
            "DELETE FROM performance WHERE run_uid = ?",
            "DELETE FROM business_impact WHERE run_uid = ?",
        ] {
            sqlx::query(delete).bind($run.run_uid).execute(&mut **$transaction).await?;
        }
        for row in $run.periods {
            sqlx::query($crate::performance_rows::INSERT_PERFORMANCE)
                .bind($run.run_uid)
                .bind(row.kind)
                .bind($time(row.from))
                .bind($time(row.to))
                .bind($run.model_uid)
                .bind($time($run.run_timestamp))
                .bind(row.n as i64)
                .bind(row.positives.map(|n| n as i64))
                .bind(row.base_rate)
                .bind(row.mean_prediction)
                .bind(row.roc_auc.map(|it| it.value))
                .bind(row.roc_auc.map(|it| it.low))
                .bind(row.roc_auc.map(|it| it.high))
                .bind(row.log_loss)
                .bind(row.brier)
                .bind(row.ece)
                .bind(row.high_risk_precision)
                .bind(row.high_risk_recall)
                .bind(&row.details)
                .bind(row.verdict.name())
                .bind(&row.why)
                .bind(row.is_decisive)
                .execute(&mut **$transaction)
                .await?;
        }
        for (from, to, of_period) in $run.impact.periods {
            let effect = of_period.effect;
            let estimates = [
                effect.map(|effect| effect.benefit),
                effect.map(|effect| effect.clients_saved),
                effect.and_then(|effect| effect.money_saved),
                of_period.cumulated_clients,
                of_period.cumulated_money,
            ];
            let mut insert = sqlx::query($crate::performance_rows::INSERT_IMPACT)
                .bind($run.run_uid)
                .bind($time(*from))
                .bind($time(*to))
                .bind($time($run.run_timestamp))
                .bind(of_period.model.clients as i64)
                .bind(of_period.model.left as i64)
                .bind(of_period.heuristic.clients as i64)
                .bind(of_period.heuristic.left as i64);
            for estimate in estimates {
                insert = insert
                    .bind(estimate.map(|it| it.value))
                    .bind(estimate.map(|it| it.low))
                    .bind(estimate.map(|it| it.high));
            }
            insert
                .bind($run.impact.verdict.name())
                .bind($run.impact.says)
                .execute(&mut **$transaction)
                .await?;
        }
    }};
}
pub(crate) use write_performance;

pub(crate) const INSERT_PERFORMANCE: &str = "INSERT INTO performance \
    (run_uid, kind, period_from, period_to, model_uid, run_timestamp, n, positives, base_rate, mean_prediction, roc_auc, \
     roc_auc_low, roc_auc_high, log_loss, brier, ece, high_risk_precision, high_risk_recall, details, verdict, why, \
     is_decisive) \
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

pub(crate) const INSERT_IMPACT: &str = "INSERT INTO business_impact \
    (run_uid, period_from, period_to, run_timestamp, model_clients, model_left, heuristic_clients, heuristic_left, \
     benefit, benefit_low, benefit_high, clients_saved, clients_saved_low, clients_saved_high, money_saved, \
     money_saved_low, money_saved_high, cumulated_clients, cumulated_clients_low, cumulated_clients_high, \
     cumulated_money, cumulated_money_low, cumulated_money_high, verdict, why) \
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
