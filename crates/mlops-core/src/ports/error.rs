use std::error::Error;

/// The kind of a store's failure, by the remedy of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The object, the table or the column is not there.
    NotFound,
    /// The store refuses this caller.
    Denied,
    /// The store was named or set up wrongly; trying again changes nothing.
    Configuration,
    /// An invalid value in a column: NULL, another type, an unknown name.
    Invalid,
    /// Trying again later may work.
    Temporary,
    /// Anything else.
    Other,
}

/// A store's failure: what was being done, to what, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// The kind of the failure.
    pub kind: StoreErrorKind,
    /// The action, its object, and the remedy if there is one.
    pub message: String,
    /// The adapter's own error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// A failure without an error below it.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Returns whether the store did not answer in time. It then had as long as a job may wait.
    pub fn is_silence(&self) -> bool {
        std::iter::successors(self.source(), |&error| error.source()).any(|error| {
            error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::TimedOut)
        })
    }

    /// A failure with the error that caused it.
    pub fn caused(
        kind: StoreErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }
}
