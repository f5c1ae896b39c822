use std::sync::atomic::{AtomicUsize, Ordering};

/// The progress of a fit: number of trees, rounds and folds done.
pub struct Progress<'a> {
    done: AtomicUsize,
    tell: Option<&'a (dyn Fn(usize) + Sync)>,
}

impl<'a> Progress<'a> {
    /// Creates a progress that reports nothing.
    pub fn none() -> Self {
        Self { done: AtomicUsize::new(0), tell: None }
    }

    /// Calls `tell` with the number of steps done, after each of them and from any thread.
    pub fn new(tell: &'a (dyn Fn(usize) + Sync)) -> Self {
        Self { done: AtomicUsize::new(0), tell: Some(tell) }
    }

    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(tell) = self.tell {
            tell(done);
        }
    }
}
