//! The verdicts of the monitors, for alerts and the daily report.

use mlops_core::ports::StoreError;
use mlops_core::verdict::Verdict;
use mlops_core::window::Window;
use mlops_rules::{Monitor, MonitorVerdict};

use crate::Database;
use crate::row::Row;

/// How the findings of a monitor stand in its table.
struct Findings {
    table: &'static str,
    /// The feature or metric of a finding.
    about: &'static str,
    /// Which findings are about all rows.
    of_all: &'static str,
    /// Which of these make the run's verdict.
    decides: &'static str,
    order: &'static str,
}

fn findings_of(monitor: Monitor) -> Findings {
    match monitor {
        Monitor::DataShift => Findings {
            table: "data_shift",
            about: "feature",
            of_all: "segment = ''",
            decides: "TRUE",
            order: "feature",
        },
        Monitor::ConceptShift => Findings {
            table: "concept_shift",
            about: "CASE WHEN feature = '' THEN metric_used ELSE feature END",
            of_all: "TRUE",
            decides: "TRUE",
            order: "feature",
        },
        Monitor::Performance => Findings {
            table: "performance",
            about: "SUBSTR(CAST(period_from AS CHAR(30)), 1, 10)",
            of_all: "TRUE",
            decides: "is_decisive",
            order: "period_from",
        },
    }
}

impl Findings {
    /// The condition for the latest run in a window, whose two ends are bound.
    fn of_latest_run(&self) -> String {
        let Self { table, of_all, .. } = self;
        format!(
            "model_name = :model AND {of_all} AND run_uid = (SELECT run_uid FROM {table} WHERE model_name = :model AND run_timestamp >= ? AND run_timestamp < ? \
             ORDER BY run_timestamp DESC, run_uid LIMIT 1)"
        )
    }
}

impl Database {
    /// How many findings of a monitor's latest run in a window are `shifted`, and how many there
    /// are; no number where no run was.
    pub(crate) async fn shifted(
        &self,
        monitor: Monitor,
        window: Window,
    ) -> Result<(Option<f64>, u64), StoreError> {
        let findings = findings_of(monitor);
        let select = format!(
            "SELECT SUM(CASE WHEN verdict = 'shifted' AND {} THEN 1E0 ELSE 0E0 END) AS shifted, COUNT(*) AS n \
             FROM {} WHERE {}",
            findings.decides,
            findings.table,
            findings.of_latest_run()
        );
        let row = self.connection.one(self.sql(&select).bind_window(window)).await?;
        Ok((row.get("shifted")?, row.get("n")?))
    }

    /// The verdict of a monitor's latest run in a window, as [`Verdict::over`] has it; none where no
    /// run was.
    pub(crate) async fn latest_verdict(
        &self,
        monitor: Monitor,
        window: Window,
    ) -> Result<Option<MonitorVerdict>, StoreError> {
        let findings = findings_of(monitor);
        let select = format!(
            "SELECT verdict, {} AS about, why FROM {} WHERE {} AND {} ORDER BY {}",
            findings.about,
            findings.table,
            findings.decides,
            findings.of_latest_run(),
            findings.order
        );
        let rows = self.connection.fetch(self.sql(&select).bind_window(window)).await?;
        let finding = |row: &Row| Ok((row.verdict()?, row.get("about")?));
        let found = rows.iter().map(finding).collect::<Result<Vec<_>, StoreError>>()?;
        Ok(verdict_over(monitor, &found))
    }
}

fn verdict_over(monitor: Monitor, found: &[(Verdict, String)]) -> Option<MonitorVerdict> {
    let names = |of: &[&(Verdict, String)]| {
        let names: Vec<&str> = of.iter().take(5).map(|(_, about)| about.as_str()).collect();
        let more = of.len() - names.len();
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    let of = |is: fn(&Verdict) -> bool| {
        found.iter().filter(|(verdict, _)| is(verdict)).collect::<Vec<_>>()
    };
    let shifted = of(|verdict| *verdict == Verdict::Shifted);
    let inconclusive = of(|verdict| matches!(verdict, Verdict::Inconclusive(_)));
    let all = found.len();
    let (verdict, why) = match (shifted.as_slice(), inconclusive.as_slice()) {
        _ if all == 0 => return None,
        ([], []) => (Verdict::Stable, format!("{all} checked")),
        ([], inconclusive) => {
            let why = match inconclusive {
                [(Verdict::Inconclusive(why), _)] if all == 1 => why.clone(),
                several => format!("{} of {all} inconclusive: {}", several.len(), names(several)),
            };
            (Verdict::Inconclusive(why.clone()), why)
        }
        (shifted, _) => {
            (Verdict::Shifted, format!("{} of {all}: {}", shifted.len(), names(shifted)))
        }
    };
    Some(MonitorVerdict { monitor, verdict, why })
}
