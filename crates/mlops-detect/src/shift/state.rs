use super::numbers::Numbers;
use mlops_stats::{KsMethod, Sample, ks_two_sample};
use serde::{Serialize, Serializer};

/// The state of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// Nothing moved that the policy minds.
    Ok,
    /// The values are distributed in another way.
    ValueShift,
    /// Levels appeared that the reference does not have.
    NewLevels,
    /// One value is all that production has, and not all that the reference has.
    Constant,
    /// The share of missing values moved.
    MissingShift,
    /// Production has the column, and no value in it.
    AllMissing,
    /// Production does not have the column.
    VanishedColumn,
    /// Most values are of another type: text where the reference has numbers.
    TypeChanged,
    /// The values agree once they are divided by this factor: another unit.
    UnitChanged(f64),
    /// Too few values to say anything.
    Insufficient,
}

impl State {
    /// All of them, by their names: the factor of another unit is not a number.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::ValueShift,
        Self::NewLevels,
        Self::Constant,
        Self::MissingShift,
        Self::AllMissing,
        Self::VanishedColumn,
        Self::TypeChanged,
        Self::UnitChanged(f64::NAN),
        Self::Insufficient,
    ];

    /// The name in reports and tables, such as `missing_shift`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ValueShift => "value_shift",
            Self::NewLevels => "new_levels",
            Self::Constant => "constant",
            Self::MissingShift => "missing_shift",
            Self::AllMissing => "all_missing",
            Self::VanishedColumn => "vanished_column",
            Self::TypeChanged => "type_changed",
            Self::UnitChanged(_) => "unit_changed",
            Self::Insufficient => "insufficient",
        }
    }

    /// Whether the data are broken rather than the world changed: a model that is fitted again
    /// would learn the break.
    pub fn is_data_bug(self) -> bool {
        matches!(
            self,
            Self::AllMissing | Self::VanishedColumn | Self::TypeChanged | Self::UnitChanged(_)
        )
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A shift is looked at for another unit only where the samples hardly overlap.
const MIN_DISTANCE: f64 = 0.5;

/// In the right unit the samples are no further apart than this, and than a quarter of what they
/// were.
const MAX_REST: f64 = 0.15;

/// The medians' ratio is a factor of [`FACTORS`] within this much of its logarithm.
const LOG_TOLERANCE: f64 = 0.3;

/// Powers of ten, minutes and hours in seconds, bytes in kibibytes, pounds, feet and miles; each
/// also the other way.
const FACTORS: [f64; 11] =
    [10.0, 100.0, 1e3, 1e4, 1e6, 1e9, 60.0, 3600.0, 1024.0, 2.204_622_6, 3.280_839_9];

/// The factor of another unit in production's values, if one makes them agree with the reference's.
pub(super) fn unit_factor(reference: &Numbers<'_>, production: &Numbers<'_>) -> Option<f64> {
    let distance = |production: Sample<'_>| {
        Some(ks_two_sample(reference.sample(), production, KsMethod::Asymptotic).ok()?.statistic)
    };
    let before = distance(production.sample())?;
    if before < MIN_DISTANCE {
        return None;
    }
    let ratio = production.sample().median() / reference.sample().median();
    if !(ratio > 0.0 && ratio.is_finite()) {
        return None;
    }
    let factors = FACTORS.into_iter().flat_map(|factor| [factor, 1.0 / factor]);
    let near = factors.filter(|factor| (ratio / factor).ln().abs() < LOG_TOLERANCE);
    let rests = near.filter_map(|factor| {
        let scaled = production.divided_by(factor);
        Some((factor, distance(Sample::from(&scaled))?))
    });
    let best = rests.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (best.1 <= MAX_REST.min(before / 4.0)).then_some(best.0)
}
