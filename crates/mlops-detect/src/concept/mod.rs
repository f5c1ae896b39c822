//! Whether what a model learned is still true: whether production looks like other rows (`domain`),
//! and whether the target follows from the features as it did (`relation`).

mod alike;
mod cells;
mod domain;
mod folded_area;
mod likelihood;
mod line;
mod overlap;
mod relation;
mod side;
#[cfg(test)]
mod tests;

pub use domain::{Domain, DomainFeature, DomainPolicy, tell_apart};
pub use line::Recalibration;
pub use overlap::LabelGain;
pub use relation::{
    CellChange, FeatureRelation, Period, RecalibrationChange, Relation, RelationPolicy,
    compare_relations, relation_shift,
};
pub use side::Side;
