//! The words that readers have to guess, and the term to write instead.

/// A word or phrase with the term of the field. A trailing `*` stands for any ending of the word.
pub(super) const WORDS: &[(&str, &str)] = &[
    ("absent", "missing, or unseen for a level"),
    ("arm", "treatment group or control group"),
    ("arms", "treatment group and control group"),
    ("at the least", "at least"),
    ("at the most", "at most"),
    ("at worst", "the highest value (or the lowest)"),
    ("cannot be had", "unreachable, or timed out"),
    ("doubles and", "duplicates and"),
    ("doubles nothing", "creates no duplicates"),
    ("no doubles", "no duplicates"),
    ("for the 1. time", "for the first time, or once"),
    ("foretell*", "predict"),
    ("foretold", "predicted"),
    ("has another name", "renamed"),
    ("how far a step goes", "learning rate"),
    ("how long ago", "lateness, lag or delay"),
    ("is no word of it", "unknown option"),
    ("is taken for granted", "is assumed"),
    ("is not taken", "fails, is refused or is ignored"),
    ("are not taken", "fail, are refused or are ignored"),
    ("was not taken", "was refused or ignored"),
    ("least rows", "minimum samples per leaf, or minimum rows"),
    ("left alone", "control group, or unchanged"),
    ("made anew", "rebuilt"),
    ("most questions", "maximum depth"),
    ("nobody", "no user, no client or nothing"),
    ("not fitted to", "held-out rows"),
    ("not there at training", "unseen level"),
    ("one that is there", "current model, or existing row"),
    ("over after {", "resolved after"),
    ("parts of the cross-validation", "number of folds"),
    ("place", "column, path, index, position, URL or storage location"),
    ("places", "columns, paths, positions, URLs or storage locations"),
    ("pull the trigger", "submit a retrain job"),
    ("pulls the trigger", "submits a retrain job"),
    ("random numbers begin", "random seed"),
    ("rows of one side", "reference data or production data"),
    ("set aside", "dead letter"),
    ("somebody", "the operator, the user or the client"),
    ("surely", "confidence interval 95%, or significantly"),
    ("the least", "at least, or the minimum"),
    ("the matter", "status: healthy, degraded or failing"),
    ("the new one", "candidate model, or new model"),
    ("there is no verdict", "inconclusive"),
    ("until when it is looked at", "lookback window"),
    ("what it was", "reference distribution"),
    ("whoever", "the operator, the user or the client"),
    ("whom", "the user, the client or the customer"),
    ("wish", "retrain request"),
    ("wished", "requested"),
    ("wishes", "retrain requests, or requests"),
    ("[without", "[default: …]"),
    ("woo*", "attract"),
];

/// Usual phrases that hold one of the words.
const USUAL: &[&str] = &[
    "decimal place",
    "decimal places",
    "first place",
    "in one place",
    "in place",
    "last place",
    "one place that",
    "take place",
    "takes place",
    "taking place",
    "the least squares",
    "took place",
    "wooden",
];

/// The words of the list that stand in a line, each with the term to write.
pub(super) fn found(line: &str) -> Vec<(&'static str, &'static str)> {
    let mut line = line.to_owned();
    for phrase in USUAL {
        line = line.replace(phrase, &" ".repeat(phrase.len()));
    }
    WORDS.iter().filter(|(word, _)| holds(&line, word)).copied().collect()
}

/// Whether the line holds the phrase as whole words, also with a capital letter at its start. (`ARM`
/// is no `arm`.)
fn holds(line: &str, phrase: &str) -> bool {
    let (phrase, any_ending) = match phrase.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (phrase, false),
    };
    let capital = phrase[..1].to_uppercase() + &phrase[1..];
    [phrase, &capital].into_iter().any(|phrase| {
        line.match_indices(phrase).any(|(at, _)| {
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            let before = line[..at].chars().next_back();
            let after = line[at + phrase.len()..].chars().next();
            let starts = phrase.starts_with('[') || !before.is_some_and(is_part);
            starts && (any_ending || !after.is_some_and(is_part))
        })
    })
}
