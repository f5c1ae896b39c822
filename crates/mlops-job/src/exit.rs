use std::error::Error;
use std::fmt;

use mlops_core::ports::{StoreError, StoreErrorKind};

use mlops_core::text::chain;

/// How a job ended: the contract with AWS Batch's `evaluateOnExit`, and with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or there was nothing to do.
    Done,
    /// A failure that trying again will not mend, and that is not the caller's.
    Failed,
    /// Wrong arguments or configuration.
    Usage,
    /// A verdict against the model, with `--fail-on-verdict`.
    Verdict,
    /// More bad input than was allowed.
    BadInput,
    /// A temporary failure outside the job; run it again.
    Temporary,
    /// The job's own deadline came with work left; run it again.
    Deadline,
    /// Stopped by SIGTERM with its work in flight committed; run it again.
    Terminated,
}

impl Exit {
    /// All of them, by their number.
    pub(crate) const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Verdict,
        Self::BadInput,
        Self::Temporary,
        Self::Deadline,
        Self::Terminated,
    ];

    /// Whether running the job again may end otherwise.
    pub fn is_retried(self) -> bool {
        matches!(self, Self::Temporary | Self::Deadline | Self::Terminated)
    }

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Verdict => 10,
            Self::BadInput => 65,
            Self::Temporary => 75,
            Self::Deadline => 76,
            Self::Terminated => 143,
        }
    }

    /// The exit for an error, by the first of its causes that says whose fault it is.
    pub(crate) fn for_error(error: &anyhow::Error) -> Self {
        for cause in error.chain() {
            if cause.is::<UsageError>() {
                return Self::Usage;
            }
            if let Some(store) = cause.downcast_ref::<StoreError>() {
                return match store.kind {
                    StoreErrorKind::Temporary => Self::Temporary,
                    StoreErrorKind::Configuration
                    | StoreErrorKind::Denied
                    | StoreErrorKind::NotFound => Self::Usage,
                    StoreErrorKind::Invalid | StoreErrorKind::Other => Self::Failed,
                };
            }
        }
        Self::Failed
    }
}

/// A wrong argument or setting, in words that name it and what to write instead.
#[derive(Debug)]
pub struct UsageError(String);

impl UsageError {
    /// An error that ends the job with the exit code 2.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same for an error that is the caller's to mend, with its causes.
    pub fn because(error: impl Error + Send + Sync + 'static) -> Self {
        Self(chain(&error))
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for UsageError {}
