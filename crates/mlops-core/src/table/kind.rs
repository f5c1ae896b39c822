use serde::{Serialize, Serializer};

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers, compared by their order.
    Numeric,
    /// Levels without order.
    Categorical,
    /// Points in time, which move by their nature.
    Date,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Numeric, Self::Categorical, Self::Date];

    /// `numeric`, `categorical` or `date`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::Date => "date",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
