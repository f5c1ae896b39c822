/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at}")]
pub(crate) struct RuleError {
    pub(super) what: String,
    /// From 1.
    pub(super) at: usize,
}
