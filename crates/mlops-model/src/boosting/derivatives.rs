//! First and second derivatives of the loss, in whole steps.

/// A row's second derivative is at most a quarter, so that it has four times as many steps.
pub(super) const HESSIAN_STEPS: f64 = 4.0;

/// Steps of a gradient of one, as long as sums over all rows fit into 31 bits.
const MAX_STEPS: f64 = 1024.0;

/// The largest step of a row's first derivative in 16 bits.
const MAX_ROW_STEPS: f64 = 32_767.0;

/// How derivatives become whole numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Number of steps of a gradient of one.
    pub(super) steps: f64,
    /// The same, of a row of mean weight.
    pub(super) row_steps: f64,
}

impl Scale {
    /// The derivatives of the heaviest row fit into 16 bits, and those of all rows into 31.
    pub(super) fn of(rows: usize, weights: Option<&[f64]>) -> Self {
        let Some(weights) = weights else {
            let steps = MAX_STEPS.min((f64::from(i32::MAX) / rows as f64).floor()).max(1.0);
            return Self { steps, row_steps: steps };
        };
        let sum: f64 = weights.iter().sum();
        let heaviest = weights.iter().copied().fold(0.0, f64::max);
        let mean = sum / rows as f64;
        let steps = (MAX_STEPS / mean).min(MAX_ROW_STEPS / heaviest).min(f64::from(i32::MAX) / sum);
        Self { steps, row_steps: steps * mean }
    }

    pub(super) fn hessian_steps(&self) -> f64 {
        HESSIAN_STEPS * self.steps
    }
}

/// A row's first derivative in the upper half, its second in the lower: sums of both are one
/// addition, and exact, so that they are the same in every order.
pub(super) type Packed = i64;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub(super) gradient: i64,
    pub(super) hessian: i64,
}

impl Sums {
    pub(super) fn unpack(packed: Packed) -> Self {
        Self { gradient: packed >> 32, hessian: packed & 0xFFFF_FFFF }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { gradient: self.gradient + other.gradient, hessian: self.hessian + other.hessian }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian }
    }
}

/// A row's derivatives as 16 bits each.
pub(super) fn unpack_row(row: u32) -> Packed {
    (i64::from(row as i32 >> 16) << 32) + i64::from(row & 0xFFFF)
}
