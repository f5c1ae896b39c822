//! Bounds of the values of leaves, which keep a constrained prediction monotone.

/// The minimum and the maximum of the leaves below a node, before the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { low: f64::NEG_INFINITY, high: f64::INFINITY }
    }
}

impl Bounds {
    pub(super) fn is_free(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn clamp(&self, value: f64) -> f64 {
        value.max(self.low).min(self.high)
    }

    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { low: self.low * factor, high: self.high * factor }
    }

    /// The bounds of both sides of a split: apart from each other if the split has a middle.
    pub(super) fn of_sides(self, monotone: i8, middle: Option<f64>) -> [Self; 2] {
        let Some(middle) = middle else { return [self, self] };
        let (below, above) = (Self { high: middle, ..self }, Self { low: middle, ..self });
        if monotone > 0 { [below, above] } else { [above, below] }
    }
}
