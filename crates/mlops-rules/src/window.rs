use jiff::{SignedDuration, Timestamp};

use mlops_core::window::Window;

/// The last multiple of `every` since 1970 at or before `now`: the time that a run judges at.
///
/// Two runs that start within the same step judge at the same time, and so see the same windows,
/// whatever moment the scheduler chose. `every` is positive.
pub fn aligned(now: Timestamp, every: SignedDuration) -> Timestamp {
    let step = every.as_millis().max(1);
    let millisecond = i128::from(now.as_millisecond()).div_euclid(step) * step;
    i64::try_from(millisecond).ok().and_then(|m| Timestamp::from_millisecond(m).ok()).unwrap_or(now)
}

/// The half-open window `[at − length, at)`, in UTC.
pub fn window_before(at: Timestamp, length: SignedDuration) -> Window {
    Window { from: Some(earlier(at, length)), to: Some(at) }
}

/// `span` before `at`, or the first moment that there is.
pub fn earlier(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}
