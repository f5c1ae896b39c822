mod rules;
mod state;
mod texts;

use jiff::Timestamp;

use super::*;
use mlops_core::timestamp::parse_utc;

fn time(text: &str) -> Timestamp {
    parse_utc(text).unwrap()
}

/// The one rule of a file with these keys.
fn rules(keys: RuleFile) -> Rules {
    let rule = RuleFile {
        name: "r".to_owned(),
        to: vec!["a@b.example".to_owned(), "+4915112345678".to_owned()],
        ..keys
    };
    RulesFile { rules: vec![rule], ..RulesFile::default() }.check().unwrap()
}
