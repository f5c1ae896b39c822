//! What `drift` and `concept-shift` found in the year.

use mlops_core::table::{Cell, Column, Kind, Table};
use mlops_core::verdict::Verdict;
use mlops_core::window::Window;
use mlops_detect::shift::{DataShift, ShiftPolicy, compare};
use mlops_detect::store::{ConceptFinding, ConceptMetric, ConceptRun, ShiftRun, VerdictStore};
use mlops_sql::Database;
use mlops_stats::profile::Profile;

use super::{DAYS, SCRIPT, Units, day, drift, model_of};

const NUMBERS: [&str; 7] = [
    "activity_score",
    "propensity_score",
    "xp_points",
    "profile_score",
    "portfolio_score",
    "mouse_movement",
    "average_stars",
];
const LEVELS: [&str; 5] =
    ["device_type", "marketing_channel", "coupon_code", "browser_type", SCRIPT];

/// Rows with these inputs; some features go with the drift, and one breaks.
fn inputs(rows: usize, drift: f64, is_broken: bool, units: &mut Units) -> Profile {
    let mut columns: Vec<Column> =
        NUMBERS.iter().map(|name| Column::new(*name, Kind::Numeric)).collect();
    columns.extend(LEVELS.iter().map(|name| Column::new(*name, Kind::Categorical)));
    for _ in 0..rows {
        for (index, name) in NUMBERS.iter().enumerate() {
            let value = match *name {
                "activity_score" => 0.5 + 0.15 * units.normal() - 0.12 * drift,
                "propensity_score" => 0.3 + 0.1 * units.normal() + 0.03 * drift,
                "xp_points" => (4000.0 + 900.0 * units.normal()).max(0.0).round(),
                _ => 10.0 * units.next(),
            };
            let missing = match *name {
                "mouse_movement" => 0.04 + 0.10 * drift,
                "profile_score" if is_broken => 1.0,
                _ => 0.0,
            };
            columns[index].push(if units.next() < missing {
                Cell::Missing
            } else {
                Cell::Number(value)
            });
        }
        for (index, name) in LEVELS.iter().enumerate() {
            let bias = if *name == "device_type" { 0.25 * drift } else { 0.0 };
            let share = (units.next() + bias).min(0.999);
            let level = format!("level_{}", 1 + (share * share * 5.0) as usize);
            let level =
                if *name == SCRIPT && units.next() < 0.2 * drift { "<img src=x>" } else { &level };
            columns[NUMBERS.len() + index].push(Cell::Text(level));
        }
    }
    let names = NUMBERS.iter().map(|name| (*name, Kind::Numeric));
    let mut profile =
        Profile::of_columns(names.chain(LEVELS.iter().map(|name| (*name, Kind::Categorical))));
    profile.add(&Table { columns });
    profile
}

pub(super) async fn data_shift(database: &Database) {
    let mut units = Units(7);
    let policy = ShiftPolicy::default();
    let reference = inputs(1200, 0.0, false, &mut units);
    let days = (7..300).step_by(7).chain(300..DAYS);
    for of in days {
        // In the first weeks there are few requests.
        let rows = if of < 30 { 35 } else { 450 };
        let found =
            compare(&reference, &inputs(rows, drift(of), of >= DAYS - 3, &mut units), &policy);
        let mut segments: Vec<(String, DataShift)> = vec![(String::new(), found)];
        if of == DAYS - 1 {
            for (plan, more) in [("basic", 0.0), ("premium & more", 0.1)] {
                let found =
                    compare(&reference, &inputs(300, drift(of) + more, false, &mut units), &policy);
                segments.push((plan.to_owned(), found));
            }
        }
        let run = ShiftRun {
            run_uid: &format!("drift-{of}"),
            run_timestamp: day(of, 5),
            window: Window { from: Some(day(of - 1, 5)), to: Some(day(of, 5)) },
            significance: 0.05,
            model_uid: Some(model_of(of)),
            segments: &segments,
        };
        database.write_data_shift(run).await.unwrap();
    }
}

pub(super) async fn concept_shift(database: &Database) {
    let mut units = Units(11);
    for of in (6..DAYS).step_by(7) {
        let score = 0.505 + 0.012 * units.normal() + 0.17 * drift(of);
        let is_few = of < 30;
        let half = if is_few { 0.12 } else { 0.025 };
        let verdict = match () {
            () if is_few => {
                Verdict::Inconclusive("35 rows of production, and 200 are needed".to_owned())
            }
            () if score - half > 0.55 => Verdict::Shifted,
            () => Verdict::Stable,
        };
        let finding =
            |metric_used, feature: &str, score: f64, verdict: Verdict, why: &str| ConceptFinding {
                metric_used,
                feature: feature.to_owned(),
                score,
                interval: None,
                threshold: 0.55,
                p_value: None,
                p_value_adjusted: None,
                n_reference: 2000,
                n_production: if is_few { 35 } else { 450 },
                verdict,
                why: why.to_owned(),
            };
        let why = verdict.why().unwrap_or_default().to_owned();
        let mut findings = vec![ConceptFinding {
            interval: Some([score - half, score + half]),
            p_value: Some(0.01),
            ..finding(ConceptMetric::RocAuc, "", score, verdict, &why)
        }];
        let importances = [
            ("activity_score", 0.42),
            ("device_type", 0.27),
            (SCRIPT, 0.15),
            ("mouse_movement", 0.1),
        ];
        findings.extend(importances.map(|(feature, share)| {
            finding(
                ConceptMetric::Importance,
                feature,
                share,
                Verdict::Stable,
                "AUC 0.571 with this feature alone",
            )
        }));
        let changed = if drift(of) > 0.7 { Verdict::Shifted } else { Verdict::Stable };
        findings.push(ConceptFinding {
            p_value_adjusted: Some(0.004),
            ..finding(
                ConceptMetric::Interaction,
                "activity_score",
                0.21,
                changed,
                "below 0.4 outcomes are yes in 31% instead of 22%",
            )
        });
        findings.push(ConceptFinding {
            p_value_adjusted: Some(0.61),
            ..finding(ConceptMetric::Interaction, "device_type", 0.02, Verdict::Stable, "")
        });
        let run = ConceptRun {
            run_uid: &format!("concept-{of}"),
            run_timestamp: day(of, 6),
            window: Window { from: Some(day(of - 6, 0)), to: Some(day(of, 0)) },
            model_uid: Some(model_of(of)),
            findings: &findings,
        };
        database.write_concept_shift(run).await.unwrap();
    }
}
