use super::*;

#[track_caller]
fn check(text: &str, encoding: Encoding, count: usize) {
    let start: String = text.chars().take(20).collect();
    assert_eq!(segments(text), SegmentCount { encoding, segments: count }, "{start:?}…");
}

#[test]
fn segments_are_those_of_gsm() {
    use Encoding::{Gsm7, Ucs2};
    check("", Gsm7, 1);
    check(&"a".repeat(160), Gsm7, 1);
    check(&"a".repeat(161), Gsm7, 2);
    check(&"a".repeat(306), Gsm7, 2);
    check(&"a".repeat(307), Gsm7, 3);
    // Characters of the extension table count two, and are not torn: 152 and an escaped one begin a
    // second segment.
    check(&"€".repeat(80), Gsm7, 1);
    check(&"€".repeat(81), Gsm7, 2);
    check(&format!("{}€{}", "a".repeat(152), "a".repeat(152)), Gsm7, 3);
    check("Größe: Ç, é, £, Ω", Gsm7, 1);
    check(&"ж".repeat(70), Ucs2, 1);
    check(&"ж".repeat(71), Ucs2, 2);
    check(&"😀".repeat(35), Ucs2, 1);
    // 33 pairs fit into 67 units, and the 67th stays free.
    check(&"😀".repeat(67), Ucs2, 3);
}

#[test]
fn a_text_is_cut_with_care() {
    assert_eq!(cut("short", " #12345678", 1), "short #12345678");
    let long = "many requests ".repeat(20);
    let text = cut(&long, " #12345678", 1);
    assert!(
        text.ends_with("requests... #12345678") || text.ends_with("many... #12345678"),
        "{text}"
    );
    assert_eq!(segments(&text).segments, 1);
    for most in 1..4 {
        for text in [
            "ж".repeat(500),
            "😀".repeat(500),
            "a".repeat(2000),
            format!("{}ж", "a".repeat(900)),
            "€".repeat(900),
        ] {
            let cut = cut(&text, " #12345678", most);
            assert!(
                segments(&cut).segments <= most && cut.ends_with("... #12345678"),
                "{most}: {cut}"
            );
        }
    }
}

#[test]
fn typography_does_not_halve_a_segment() {
    let plain = plain_characters("“rate” – 5\u{a0}× more…\r\nnow");
    assert_eq!(plain, "\"rate\" - 5 x more...  now");
    check(&plain, Encoding::Gsm7, 1);
}

#[test]
fn a_text_message_has_nothing_that_stood_in_a_record() {
    let rules = rules(RuleFile {
        above: Some(1.0),
        by: Some("input.name".to_owned()),
        ..RuleFile::default()
    });
    let seen = Observation { value: Ok(5.0), baseline: None, n: 5 };
    let at = time("2026-03-02 10:00");
    let step = advance(&rules, &rules.rules[0], None, &seen, at);
    let group = "Jane\r\nBcc: all@example.org";
    let context =
        Context { requests: Some(5), mean_prediction: Some(0.25), run_uid: "run".to_owned() };
    let message = compose(
        &rules,
        &rules.rules[0],
        group,
        &step.state,
        Transition::Fired,
        &seen,
        &context,
        at,
    );
    assert!(!message.short.contains("Jane"), "{}", message.short);
    assert!(message.subject.contains("[Jane  Bcc: all@example.org]"), "{}", message.subject);
    let short = "WARNING r (one of its groups): 5 requests in 10m, above 1. Mean prediction 0.25. Since 2026-03-02 10:00 UTC.";
    assert_eq!(message.short, short);
}

#[test]
fn a_message_has_one_name_for_all_runs() {
    let to = |address: &str| Recipient { channel: Channel::Email, address: address.to_owned() };
    let uid = |rule: &str, group: &str, address: &str| {
        message_uid(rule, group, Transition::Fired, time("2026-03-02 10:00"), &to(address))
    };
    assert_eq!(uid("r", "g", "a@b"), uid("r", "g", "a@b"));
    assert_ne!(uid("r", "g", "a@b"), uid("rg", "", "a@b"));
    assert_ne!(uid("r", "g", "a@b"), uid("r", "g", "c@b"));
    assert_eq!(uid("r", "g", "a@b").len(), 32);
}
