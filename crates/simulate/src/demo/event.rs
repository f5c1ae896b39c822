use serde::Serialize;

/// Maximum length of a line in characters.
const WIDTH: usize = 80;

/// Indent of continuation lines: the width of the date.
const INDENT: &str = "            ";

/// An event of the demo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The simulated day, such as `2026-05-07`.
    pub at: String,
    /// The description.
    pub says: String,
}

/// Returns an event as lines of at most [`WIDTH`] characters that begin with the day.
pub(super) fn line(event: &Event) -> String {
    let mut text = format!("{}  ", event.at);
    let mut length = INDENT.len();
    for (index, word) in event.says.split(' ').enumerate() {
        let letters = word.chars().count();
        if length + letters >= WIDTH {
            text.push('\n');
            text.push_str(INDENT);
            length = INDENT.len();
        } else if index > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += letters;
    }
    text
}
