//! The report on the terminal.

use std::cmp::Ordering;

use mlops_core::text::p_value;
use mlops_core::verdict::Verdict;
use mlops_detect::shift::{State, Test};
use mlops_job::{Exit, Metrics, Report, grid, number, percent};

use crate::report::{DriftReport, FeatureReport, Outcome};

impl Report for Outcome {
    fn human(&self) -> String {
        match self {
            Self::Compared(report) => report.human(),
            Self::Profile(report) => format!(
                "{}: {} columns of {} rows in {} bytes{}",
                report.profile,
                report.columns,
                number(report.rows),
                number(report.bytes as u64),
                if report.segments > 0 {
                    format!(", and {} segments", report.segments)
                } else {
                    String::new()
                },
            ),
        }
    }

    fn metrics(&self) -> Vec<Metrics> {
        match self {
            Self::Compared(report) => report.metrics(),
            Self::Profile(_) => Vec::new(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Compared(report) => report.exit(),
            Self::Profile(_) => Exit::Done,
        }
    }
}

impl DriftReport {
    /// Returns the table of features that are shifted or inconclusive in a segment.
    fn segments_text(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .segments
            .iter()
            .flat_map(|segment| segment.features.iter().map(move |feature| (segment, feature)))
            .filter(|(_, feature)| feature.verdict != Verdict::Stable)
            .map(|(segment, feature)| [vec![segment.segment.clone()], row(feature)].concat())
            .collect();
        let by = self.by.as_deref().unwrap_or_default();
        if rows.is_empty() {
            return format!("\n\nby {by}: stable in all {} segments", self.segments.len());
        }
        let header = [
            by,
            "feature",
            "verdict",
            "test",
            "statistic",
            "adjusted p",
            "effect",
            "missing",
            "why",
        ];
        format!("\n\n{}", grid(&header, &rows))
    }

    /// Returns the table of effects by chunk.
    fn trend_text(&self) -> String {
        let rows: Vec<Vec<String>> = sorted_by_urgency(&self.features)
            .into_iter()
            .map(|feature| {
                let effects: Vec<f64> = self
                    .trend_of(&feature.feature)
                    .iter()
                    .map(|chunk| chunk.effect.unwrap_or(0.0))
                    .collect();
                let shown = |effect: Option<&f64>| {
                    effect.map_or_else(String::new, |effect| format!("{effect:.3}"))
                };
                let since = self.shifted_since(&feature.feature);
                let since =
                    since.map_or_else(String::new, |chunk| format!("shifted since {chunk}"));
                vec![
                    feature.feature.clone(),
                    shown(effects.first()),
                    bars(&effects),
                    shown(effects.last()),
                    since,
                ]
            })
            .collect();
        let (Some(first), Some(last)) = (self.trend.first(), self.trend.last()) else {
            return String::new();
        };
        let header = ["effect over time", first.chunk.as_str(), "", last.chunk.as_str(), ""];
        format!("\n\n{}", grid(&header, &rows))
    }
}

fn sorted_by_urgency(features: &[FeatureReport]) -> Vec<&FeatureReport> {
    let mut sorted: Vec<&FeatureReport> = features.iter().collect();
    sorted.sort_by(|a, b| by_urgency((&a.verdict, a.effect), (&b.verdict, b.effect)));
    sorted
}

/// Effects as a row of bars; the tallest stands for a half or more.
fn bars(effects: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |effect: &f64| BARS[((effect * 16.0) as usize).min(BARS.len() - 1)];
    effects.iter().map(bar).collect()
}

impl Report for DriftReport {
    fn human(&self) -> String {
        let rows: Vec<Vec<String>> =
            sorted_by_urgency(&self.features).into_iter().map(row).collect();
        let header =
            ["feature", "verdict", "test", "statistic", "adjusted p", "effect", "missing", "why"];
        let mut text = grid(&header, &rows);
        if !self.outcomes.is_empty() {
            let rows: Vec<Vec<String>> = self.outcomes.iter().map(row).collect();
            let header = [
                "target",
                "verdict",
                "test",
                "statistic",
                "adjusted p",
                "effect",
                "missing",
                "why",
            ];
            text.push_str(&format!("\n\n{}\n", grid(&header, &rows)));
        }
        for skipped in &self.skipped {
            text.push_str(&format!("\nnot compared: {} ({})", skipped.column, skipped.why));
        }
        for column in &self.new_columns {
            text.push_str(&format!("\nnew column in production: {column} (not in the reference)"));
        }
        if self.by.is_some() {
            text.push_str(&self.segments_text());
        }
        for segment in &self.new_segments {
            text.push_str(&format!("\nnew segment in production: {segment}"));
        }
        text.push_str(&self.trend_text());
        text.push_str(&format!(
            "\n\n{}: {} of {} features shifted, {} inconclusive ({} training rows, {} production rows)",
            self.verdict.name().to_uppercase(),
            self.shifted(),
            self.features.len(),
            self.inconclusive(),
            number(self.rows_reference),
            number(self.rows_production),
        ));
        if let Some(unit) = &self.unit {
            text.push_str(&format!(
                "\none row per {unit}: {} repeated training rows and {} repeated production rows are ignored",
                number(self.repeated_reference),
                number(self.repeated_production)
            ));
        }
        if let Some(why) = &self.why {
            text.push_str(&format!("\n{why}"));
        }
        if !self.data_bugs.is_empty() {
            let features = self.data_bugs.join(", ");
            text.push_str(&format!(
                "\nDATA ERROR, not a shift: {features}; correct the data before a model is trained on it"
            ));
        }
        if let Some(retrain) = &self.retrain {
            text.push_str(&format!("\n{}", retrain.text()));
        }
        text
    }

    fn metrics(&self) -> Vec<Metrics> {
        let run = Metrics {
            dimensions: Vec::new(),
            values: vec![
                ("shifted_features", "Count", self.shifted() as f64),
                ("inconclusive_features", "Count", self.inconclusive() as f64),
                ("broken_features", "Count", self.data_bugs.len() as f64),
                ("rows_production", "Count", self.rows_production as f64),
            ],
        };
        let of_feature = |feature: &FeatureReport| Metrics {
            dimensions: vec![("feature", feature.feature.clone())],
            values: vec![
                ("effect", "None", feature.effect.unwrap_or(f64::NAN)),
                ("missing", "Percent", 100.0 * feature.missing_production),
            ],
        };
        std::iter::once(run).chain(self.features.iter().map(of_feature)).collect()
    }

    fn exit(&self) -> Exit {
        if self.fail_on_verdict && self.verdict == Verdict::Shifted {
            Exit::Verdict
        } else {
            Exit::Done
        }
    }
}

/// Orders features by urgency, then by effect, the largest first.
pub(crate) fn by_urgency(a: (&Verdict, Option<f64>), b: (&Verdict, Option<f64>)) -> Ordering {
    let by_effect = b.1.unwrap_or(0.0).total_cmp(&a.1.unwrap_or(0.0));
    a.0.urgency().cmp(&b.0.urgency()).then(by_effect)
}

fn row(feature: &FeatureReport) -> Vec<String> {
    let test = match feature.test {
        Test::KolmogorovSmirnov => "KS",
        Test::AndersonDarling => "AD",
        Test::MannWhitney => "MW",
        Test::ChiSquared => "chi²",
        Test::G => "G",
        Test::Psi => "PSI",
        Test::JensenShannon => "JS",
    };
    let missing = if feature.missing_reference == feature.missing_production {
        percent(feature.missing_reference)
    } else {
        format!("{} → {}", percent(feature.missing_reference), percent(feature.missing_production))
    };
    vec![
        feature.feature.clone(),
        match feature.state {
            State::Ok | State::ValueShift | State::Insufficient => feature.verdict.to_string(),
            state => format!("{}: {}", feature.verdict, state.name().replace('_', " ")),
        },
        test.to_owned(),
        feature.statistic.map_or_else(String::new, |statistic| format!("{statistic:.4}")),
        feature.p_value_adjusted.map_or_else(String::new, p_value),
        feature.effect.map_or_else(String::new, |effect| format!("{effect:.3}")),
        missing,
        feature.why.clone(),
    ]
}
