//! First and second derivatives of the loss, in whole steps.

/// A row's second derivative is at most a quarter, so that it has four times as many steps.
pub(super) const HESSIAN_STEPS: f64 = 4.0;

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
