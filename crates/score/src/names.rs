//! The name that a client may have meant.

/// Names are alike from this similarity on.
const ALIKE: f64 = 0.85;

/// Returns the candidate that is most like a name; `None` if no one is.
///
/// Case and punctuation do not count, and neither does what stands before the last dot: `ActivityScore`
/// and `input.activity_score` are like `activity_score`.
pub(crate) fn nearest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let last = name.rsplit('.').next().unwrap_or(name);
    let (whole, last) = (plain(name), plain(last));
    let likeness = |candidate: &str| {
        let candidate = plain(candidate);
        [&whole, &last]
            .map(|name| strsim::jaro_winkler(name, &candidate))
            .into_iter()
            .fold(0.0, f64::max)
    };
    let rated = candidates.iter().map(|candidate| (*candidate, likeness(candidate)));
    let best = rated.max_by(|(_, one), (_, other)| one.total_cmp(other));
    best.filter(|(_, likeness)| *likeness >= ALIKE).map(|(candidate, _)| candidate)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_punctuation_prefixes_and_typing_errors_are_seen_through() {
        let names = ["activity_score", "device_type", "acquired_date", "Alter (Jahre)"];
        for (name, found) in [
            ("ActivityScore", Some("activity_score")),
            ("ACTIVITY SCORE", Some("activity_score")),
            ("input.activity_score", Some("activity_score")),
            ("activty_score", Some("activity_score")),
            ("devicetype", Some("device_type")),
            ("acquired-date", Some("acquired_date")),
            ("alter_jahre", Some("Alter (Jahre)")),
            ("height", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, &names), found, "{name}");
        }
        assert_eq!(nearest("anything", &[]), None);
    }
}
