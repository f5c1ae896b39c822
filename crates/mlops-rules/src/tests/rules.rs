use super::*;

/// The error of a file, by its TOML text.
#[track_caller]
fn check_refused(toml: &str, words: &[&str]) {
    let file: RulesFile = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}"));
    let error = file.check().expect_err(toml).to_string();
    assert!(words.iter().all(|word| error.contains(word)), "{toml}: {error}");
}

#[test]
fn a_wrong_file_is_refused_by_place_and_remedy() {
    let rule = |keys: &str| format!("[[rule]]\nname = 'r'\nto = ['a@b.example']\n{keys}");
    check_refused("every = '10 minutes'", &["`every`", "write a span such as 7d"]);
    check_refused("every = '0'", &["`every`", "longer than 0"]);
    check_refused("time-zone = 'Mars/Base'", &["`time-zone`", "Europe/Berlin"]);
    check_refused("[quiet-hours]\nfrom = '25:00'\nto = '07:00'", &["quiet-hours.from", "22:00"]);
    check_refused(
        "[recipients.ops]\nsms = ['0151 1234']",
        &["recipients.ops.sms", "+4915112345678"],
    );
    check_refused(
        "[recipients.ops]\nemail = [\"a@b.example\\r\\nBcc: x@y\"]",
        &["is not an e-mail address", "\\r\\n"],
    );
    check_refused("[recipients.ops]\nemail = ['+4915112345678']", &["recipients.ops.email"]);
    check_refused("[[rule]]\nname = ''\nabove = 1", &["needs a name"]);
    check_refused(&rule(""), &["rule `r`, `above`", "set `above`, `below` or `outside`"]);
    check_refused(&rule("outside = [2, 1]"), &["lower bound 2 is above"]);
    check_refused(&rule("outside = [1, 2]\nabove = 3"), &["both an upper and a lower bound"]);
    check_refused(&rule("above = 10\ncritical-above = 5"), &["critical-above", "beyond"]);
    check_refused(&rule("above = nan"), &["finite"]);
    check_refused(&rule("above = 1\nmargin = -1"), &["margin"]);
    check_refused(&rule("above = 1\nfor = '3 of 2'"), &["`for`", "2 of 3"]);
    check_refused(&rule("above = 1\nmetric = 'json'"), &["`path`"]);
    check_refused(&rule("above = 1\nmetric = 'json'\npath = 'a..b'"), &["`path`", "dots"]);
    check_refused(&rule("above = 1\naggregate = 'mean'"), &["remove the key"]);
    check_refused(&rule("above = 1\nmetric = 'prediction'\naggregate = 'p101'"), &["p95"]);
    check_refused(&rule("above = 1\nmetric = 'silence'\nby = 'a'"), &["no groups"]);
    check_refused("[[rule]]\nname = 'r'\nabove = 1", &["the rule has no recipient"]);
    check_refused(
        "[[rule]]\nname = 'r'\nabove = 1\nto = ['ops']",
        &["`ops` is neither an address nor a group", "none"],
    );
    check_refused(&format!("{}\n{}", rule("above = 1"), rule("above = 1")), &["two rules"]);
}

#[test]
fn a_key_that_is_none_is_refused_with_those_that_are() {
    let error =
        toml::from_str::<RulesFile>("[[rule]]\nname = 'r'\nabov = 1").unwrap_err().to_string();
    assert!(
        error.contains("abov") && error.contains("`above`") && error.contains("abov = 1"),
        "{error}"
    );
}

#[test]
fn what_is_not_said_has_a_default() {
    let rules = rules(RuleFile { above: Some(5.0), ..RuleFile::default() });
    let rule = &rules.rules[0];
    assert_eq!(rule.measure, Measure::Logs { path: None, aggregate: Aggregate::Count, by: None });
    assert_eq!((rule.k, rule.n, rule.recover_after, rule.severity), (1, 1, 2, Severity::Warning));
    assert_eq!(rule.window, rules.every);
    assert_eq!(rule.recipients[0].masked(), "a…@b.example");
    assert_eq!(rule.recipients[1].masked(), "+49…78");
}

#[test]
fn a_path_is_written_for_sql() {
    let path: JsonPath = "output.prediction".parse().unwrap();
    assert_eq!(path.sql(), "$.\"output\".\"prediction\"");
    for text in ["", ".", "a.", "a\"b", "a\\b", "a\nb"] {
        assert!(text.parse::<JsonPath>().is_err(), "{text:?}");
    }
}

#[test]
fn numbers_are_written_for_people() {
    for (unit, value, text) in [
        (Unit::Count, 1234.0, "1,234"),
        (Unit::Count, 0.0, "0"),
        (Unit::Share, 0.1234, "12.34 %"),
        (Unit::Number, 0.14286, "0.143"),
        (Unit::Number, 12345.6, "12346"),
        (Unit::Seconds, 0.4712, "0.471 s"),
        (Unit::Minutes, 35.0, "35 min"),
        (Unit::Change, 0.5, "+50 %"),
        (Unit::Change, -0.25, "-25 %"),
    ] {
        assert_eq!(unit.text(value), text, "{unit:?} {value}");
    }
}
