use std::collections::BTreeMap;

use mlops_core::verdict::Verdict;
use mlops_detect::shift::{
    Collected, DataShift, FeatureSet, ShiftPolicy, compare, compare_together,
};
use mlops_stats::profile::Profile;

use crate::production::without;
use crate::report::{ChunkReport, SegmentReport};

/// The findings of all rows, of the segments and of the chunks.
pub(crate) struct Comparison {
    pub(crate) verdict: Verdict,
    /// By segment; the first, without a name, is of all rows.
    pub(crate) shifts: Vec<(String, DataShift)>,
    pub(crate) segments: Vec<SegmentReport>,
    pub(crate) new_segments: Vec<String>,
    pub(crate) trend: Vec<ChunkReport>,
}

impl Comparison {
    pub(crate) fn of(
        features: &FeatureSet,
        reference: &BTreeMap<String, Profile>,
        production: &Collected,
        by: Option<String>,
        policy: &ShiftPolicy,
    ) -> Self {
        let whole = &production.profiles.whole;
        let by = by.unwrap_or_default();
        let empty = features.empty_production(|name| whole.column(name).is_some());
        let segments = reference.iter().map(|(name, profile)| {
            let sent = production.profiles.segments.get(name).unwrap_or(&empty);
            (name.clone(), without(&features.select(profile.clone()), &by), without(sent, &by))
        });
        let segments: Vec<(String, Profile, Profile)> = segments.collect();
        let mut pairs = vec![(&features.reference, whole)];
        pairs.extend(segments.iter().map(|(_, was, is)| (was, is)));
        let found = compare_together(&pairs, policy);
        let names =
            std::iter::once(String::new()).chain(segments.iter().map(|(name, ..)| name.clone()));
        let shifts: Vec<(String, DataShift)> = names.zip(found).collect();
        let each = shifts[1..].iter().zip(&segments);
        let reports = each.map(|((name, shift), (_, was, is))| {
            SegmentReport::new(name, shift, was.rows, is.rows)
        });
        let sent = production.profiles.segments.keys();
        let trend = production.chunks.iter().map(|(chunk, profile)| {
            ChunkReport::new(chunk, profile.rows, &compare(&features.reference, profile, policy))
        });
        let verdicts = shifts
            .iter()
            .map(|(name, shift)| (if name.is_empty() { "all rows" } else { name }, &shift.verdict));
        Self {
            // Of one part the verdict says more by itself.
            verdict: if shifts.len() == 1 {
                shifts[0].1.verdict.clone()
            } else {
                Verdict::over(verdicts)
            },
            segments: reports.collect(),
            new_segments: sent.filter(|name| !reference.contains_key(*name)).cloned().collect(),
            trend: trend.collect(),
            shifts,
        }
    }
}
