use std::io::IsTerminal;

use jiff::Timestamp;
use mlops_job::Progress;

use super::event::{Event, line};

/// Collects the events, and prints them at once on a terminal.
pub(super) struct Teller {
    progress: Progress,
    is_watched: bool,
    events: Vec<Event>,
}

impl Teller {
    pub(super) fn new(progress: Progress) -> Self {
        Self { progress, is_watched: std::io::stdout().is_terminal(), events: Vec::new() }
    }

    /// Records an event, and prints it on a terminal.
    pub(super) fn tell(&mut self, at: Timestamp, says: impl Into<String>) {
        let event = Event { at: at.strftime("%Y-%m-%d").to_string(), says: says.into() };
        self.show(&line(&event));
        self.events.push(event);
    }

    /// Prints text that belongs to no event.
    pub(super) fn show(&mut self, text: &str) {
        self.is_watched = self.is_watched && self.progress.say(text);
    }

    /// Returns whether all events were printed at once.
    pub(super) fn is_watched(&self) -> bool {
        self.is_watched
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }
}
