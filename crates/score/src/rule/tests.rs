use std::borrow::Cow;

use super::{Operand, Rule};

/// A request with a number, a text, a flag, and a field without a value.
fn field(name: &str) -> Operand<'static> {
    match name {
        "score" => Operand::Number(0.2),
        "days" => Operand::Number(-3.0),
        "device type" => Operand::Text(Cow::Borrowed("it's")),
        "device" => Operand::Text(Cow::Borrowed("level_1")),
        "active" => Operand::Bool(true),
        _ => Operand::Missing,
    }
}

#[track_caller]
fn check(rule: &str, expected: bool) {
    let rule: Rule = rule.parse().unwrap_or_else(|error| panic!("{rule}: {error}"));
    assert_eq!(rule.holds(field), expected, "{rule}");
}

#[track_caller]
fn check_refused(rule: &str, expected: &str) {
    let error = rule.parse::<Rule>().expect_err(rule).to_string();
    assert_eq!(error, expected, "{rule}");
}

#[test]
fn values_are_compared() {
    for (rule, expected) in [
        ("score < 0.3", true),
        ("score <= 0.2", true),
        ("score = 2e-1", true),
        ("score == .2", true),
        ("score <> 0.2", false),
        ("score != 0.3", true),
        ("0.1 > score", false),
        ("days >= -3", true),
        ("device = 'level_1'", true),
        ("device = \"level_2\"", false),
        ("device > 'level_0'", true),
        ("`device type` = 'it''s'", true),
        ("active", true),
        ("active = false", false),
        ("not active", false),
        ("! (score > 1)", true),
    ] {
        check(rule, expected);
    }
}

#[test]
fn conditions_are_joined_with_and_before_or() {
    check("score > 1 and days > 1 or active", true);
    check("score > 1 and (days > 1 or active)", false);
    check("NOT score > 1 AND active", true);
    check("active or score > 1 and days > 1", true);
}

#[test]
fn lists_are_searched() {
    check("device in ('level_1', 'level_2')", true);
    check("device not in ('level_1', 'level_2')", false);
    check("days in (-3)", true);
    check("device in (1, 2)", false);
    check("nothing in (1, 2)", false);
    check("nothing not in (1, 2)", false);
}

#[test]
fn numbers_are_reckoned_with() {
    check("score * 10 + 1 = 3", true);
    check("(score + days) / 2 < 0", true);
    check("-score - -days < 0", true);
    check("1 - 1 - 1 = -1", true);
    check("score / 0 > 1", false);
    check("score / 0 is missing", true);
}

#[test]
fn what_is_missing_is_unknown() {
    check("nothing < 1", false);
    check("not nothing < 1", false);
    check("nothing is missing", true);
    check("score is not missing", true);
    check("nothing < 1 or score < 1", true);
    check("nothing < 1 and score < 1", false);
    check("not (nothing < 1 and score > 1)", true);
    // A number is not compared with a text.
    check("score != 'level_1'", false);
    check("device", false);
}

#[test]
fn the_fields_are_known() {
    let rule: Rule =
        "score < 1 and device in ('a') or not `device type` is missing and days + 1 > 2"
            .parse()
            .unwrap();
    assert_eq!(rule.fields(), ["score", "device", "device type", "days"]);
}

#[test]
fn an_error_says_what_and_where() {
    check_refused("", "expected a field, a number or a text, found the end at character 1");
    check_refused("score <", "expected a field, a number or a text, found the end at character 8");
    check_refused(
        "score < 0.2 activity",
        "expected `and`, `or` or the end, found `activity` at character 13",
    );
    check_refused("(score < 0.2", "expected `)`, found the end at character 13");
    check_refused("device = 'level", "a ' that is never closed at character 10");
    check_refused("score < 1.2.3", "`1.2.3`, which is not a number, at character 9");
    check_refused("score & 1", "unexpected `&` at character 7");
    check_refused(
        "0.5",
        "a value instead of a condition such as `activity_score < 0.2`, at character 1",
    );
    check_refused("1 < 2 < 3", "expected `and`, `or` or the end, found `<` at character 7");
    check_refused(
        "(score < 1) + 2 > 3",
        "an operand of arithmetic that is not a number at character 1",
    );
    check_refused(
        "(score < 1) = true",
        "a condition instead of a value (join conditions with `and` or `or`) at character 1",
    );
    check_refused("score is small", "expected `missing`, found `small` at character 10");
    check_refused("device not 'a'", "expected `in`, found the text 'a' at character 12");
    check_refused(
        "device in ('a', score)",
        "expected a number, a text, `true` or `false`, found `score` at character 17",
    );
    check_refused("1 = 'a'", "a text is compared with a number at character 1");
    check_refused("and score", "expected a field, a number or a text, found `and` at character 1");
    check_refused(&" ".repeat(5000), "a rule of more than 4096 bytes at character 1");
    check_refused(&"(".repeat(100), "more than 64 levels of nesting at character 65");
    check_refused(&"not ".repeat(100), "more than 64 levels of nesting at character 257");
    check_refused(&"-".repeat(100), "more than 64 levels of nesting at character 65");
}
