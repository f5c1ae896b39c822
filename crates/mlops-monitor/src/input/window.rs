use jiff::{SignedDuration, Timestamp};
use mlops_core::window::Window;
use mlops_job::UsageError;

/// The time from `since`, or from `span` before the end, up to `until`.
///
/// # Errors
///
/// [`UsageError`] for a window that has no time in it.
pub fn window_of(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    span: Option<SignedDuration>,
    now: Timestamp,
) -> Result<Window, UsageError> {
    let from = match span {
        Some(span) => {
            let end = until.unwrap_or(now);
            Some(end.checked_sub(span).map_err(|_| UsageError::new("--window is too long"))?)
        }
        None => since,
    };
    if let (Some(from), Some(to)) = (from, until)
        && from >= to
    {
        return Err(UsageError::new(format!("--since {from} must be before --until {to}")));
    }
    Ok(Window { from, to: until })
}
