use serde::Serialize;

/// Lines are broken here, so that they are read and not scrolled.
const WIDTH: usize = 80;

/// Under the day.
const INDENT: &str = "            ";

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The day, in the demo's time.
    pub at: String,
    /// In words.
    pub says: String,
}

/// An event with its day before it, broken into lines.
pub(super) fn line(event: &Event) -> String {
    let mut text = format!("{}  ", event.at);
    let mut length = INDENT.len();
    for (place, word) in event.says.split(' ').enumerate() {
        let letters = word.chars().count();
        if length + letters >= WIDTH {
            text.push('\n');
            text.push_str(INDENT);
            length = INDENT.len();
        } else if place > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += letters;
    }
    text
}
