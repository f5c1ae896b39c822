use jiff::SignedDuration;

use super::*;

/// What a rule makes of a row of values, ten minutes apart: a word a run, `+` and the transition
/// where it is told.
fn replay(rules: &Rules, begin: &str, values: &[f64]) -> Vec<String> {
    let rule = &rules.rules[0];
    let mut state: Option<AlertState> = None;
    let mut words = Vec::new();
    for (run, &value) in values.iter().enumerate() {
        let at = time(begin) + SignedDuration::from_mins(10 * run as i64);
        let value = if value.is_nan() { Err("nothing came".to_owned()) } else { Ok(value) };
        let step =
            advance(rules, rule, state.as_ref(), &Observation { value, baseline: None, n: 1 }, at);
        let told =
            step.transition.map_or(String::new(), |transition| format!("+{}", transition.name()));
        words.push(format!("{}{told}", step.state.status.name()));
        state = Some(step.state);
    }
    words
}

#[track_caller]
fn check(keys: RuleFile, values: &[f64], expected: &[&str]) {
    assert_eq!(replay(&rules(keys), "2026-03-02 10:00", values), expected, "{values:?}");
}

fn above(bound: f64) -> RuleFile {
    RuleFile { above: Some(bound), ..RuleFile::default() }
}

#[test]
fn the_plain_rule_fires_at_once_and_recovers_after_two_runs() {
    let states = ["ok", "firing+fired", "firing", "recovering", "ok+recovered", "ok"];
    check(above(10.0), &[5.0, 11.0, 12.0, 5.0, 5.0, 5.0], &states);
}

#[test]
fn a_value_at_the_bound_is_right() {
    check(above(10.0), &[10.0, 10.0], &["ok", "ok"]);
}

#[test]
fn a_rule_waits_for_k_of_n_runs() {
    let keys = RuleFile { for_runs: Some("2 of 3".to_owned()), ..above(10.0) };
    check(keys.clone(), &[11.0, 5.0, 5.0, 5.0], &["pending", "pending", "pending", "ok"]);
    check(keys, &[11.0, 5.0, 11.0], &["pending", "pending", "firing+fired"]);
}

#[test]
fn a_flap_is_told_once() {
    let states = [
        "firing+fired",
        "recovering",
        "firing",
        "recovering",
        "firing",
        "recovering",
        "ok+recovered",
    ];
    check(above(10.0), &[11.0, 5.0, 11.0, 5.0, 11.0, 5.0, 5.0], &states);
}

#[test]
fn a_value_must_come_back_by_the_margin() {
    let keys = RuleFile { margin: Some(3.0), ..above(10.0) };
    let states = ["firing+fired", "firing", "firing", "recovering", "ok+recovered"];
    check(keys, &[11.0, 9.0, 8.0, 7.0, 6.0], &states);
}

#[test]
fn what_becomes_critical_is_told_at_once() {
    let keys = RuleFile { critical_above: Some(20.0), ..above(10.0) };
    check(
        keys,
        &[11.0, 21.0, 11.0, 22.0],
        &["firing+fired", "firing+escalated", "firing", "firing"],
    );
}

#[test]
fn firing_anew_stays_quiet_for_the_cooldown() {
    let keys = RuleFile { recover_after: Some(1), cooldown: Some("30m".to_owned()), ..above(10.0) };
    // The recovery is told at 10:10, and so firing anew at 10:40 and not before.
    let values = [11.0, 5.0, 11.0, 5.0, 11.0];
    check(keys.clone(), &values, &["firing+fired", "ok+recovered", "firing", "ok", "firing+fired"]);
    // What is critical does not wait.
    let critical = RuleFile { severity: Some(Severity::Critical), ..keys };
    check(critical, &[11.0, 5.0, 11.0], &["firing+fired", "ok+recovered", "firing+fired"]);
}

#[test]
fn it_is_told_again_as_often_as_it_says() {
    let every = |repeat: &str| RuleFile { repeat: Some(repeat.to_owned()), ..above(10.0) };
    let high = [11.0; 4];
    check(every("20m"), &high, &["firing+fired", "firing", "firing+repeated", "firing"]);
    check(
        every("0"),
        &high,
        &["firing+fired", "firing+repeated", "firing+repeated", "firing+repeated"],
    );
    check(every("never"), &high, &["firing+fired", "firing", "firing", "firing"]);
}

#[test]
fn without_a_value_nothing_is_ok() {
    let nan = f64::NAN;
    check(above(10.0), &[nan, 5.0, nan, 5.0], &["unknown", "ok", "unknown", "ok"]);
    let states = [
        "firing+fired",
        "firing",
        "firing",
        "recovering",
        "recovering",
        "recovering",
        "ok+recovered",
    ];
    check(above(10.0), &[11.0, nan, nan, 5.0, nan, 5.0, 5.0], &states);
    let alert = RuleFile { no_data: NoData::Alert, ..above(10.0) };
    check(alert, &[5.0, nan, 5.0, 5.0], &["ok", "firing+fired", "recovering", "ok+recovered"]);
    let ok = RuleFile { no_data: NoData::Ok, ..above(10.0) };
    check(ok, &[nan, 11.0, nan, nan], &["ok", "firing+fired", "recovering", "ok+recovered"]);
}

#[test]
fn runs_that_were_missed_do_not_count() {
    let rules = rules(RuleFile { for_runs: Some("2 of 3".to_owned()), ..above(10.0) });
    let rule = &rules.rules[0];
    let seen = Observation { value: Ok(11.0), baseline: None, n: 1 };
    let first = advance(&rules, rule, None, &seen, time("2026-03-02 10:00"));
    let soon = advance(&rules, rule, Some(&first.state), &seen, time("2026-03-02 10:20"));
    assert_eq!(
        (soon.state.status, soon.state.recent.to_string()),
        (Status::Firing, "w?w".to_owned())
    );
    let late = advance(&rules, rule, Some(&first.state), &seen, time("2026-03-02 10:30"));
    assert_eq!(
        (late.state.status, late.state.recent.to_string()),
        (Status::Pending, "??w".to_owned())
    );
}

#[test]
fn a_recovery_says_how_long_and_how_high() {
    let rules = rules(above(10.0));
    let rule = &rules.rules[0];
    let mut state = None;
    let mut last = None;
    for (minute, value) in [(0, 11.0), (10, 1234.0), (20, 12.0), (30, 5.0), (40, 5.0)] {
        let at = time("2026-03-02 10:00") + SignedDuration::from_mins(minute);
        let seen = Observation { value: Ok(value), baseline: None, n: 1 };
        let step = advance(&rules, rule, state.as_ref(), &seen, at);
        let transition = step.transition.unwrap_or(Transition::Test);
        last = Some(compose(
            &rules,
            rule,
            "",
            &step.state,
            transition,
            &seen,
            &Context::default(),
            at,
        ));
        state = Some(step.state);
    }
    let subject = "RESOLVED: r: fired for 40m, worst value 1,234; now 5 requests in 10m";
    assert_eq!(last.unwrap().subject, subject);
}

#[test]
fn quiet_hours_hold_texts_but_neither_mail_nor_what_is_critical() {
    let mut rules = rules(above(10.0));
    rules.time_zone = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap();
    let hours = |from: &str, to: &str| QuietHours {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        channels: vec![Channel::Sms],
    };
    rules.quiet = Some(hours("22:00", "07:00"));
    let quiet = rules.quiet.clone().unwrap();
    // 21:30 UTC is 22:30 in Berlin in winter, and 23:30 in summer; the hour that the clock skips is
    // none.
    for (at, is_quiet) in [
        ("2026-01-15 21:30", true),
        ("2026-01-15 20:59", false),
        ("2026-07-15 20:00", true),
        ("2026-01-16 06:00", false),
    ] {
        assert_eq!(quiet.contains(time(at), &rules.time_zone), is_quiet, "{at}");
    }
    assert!(!hours("12:00", "13:00").contains(time("2026-01-15 21:30"), &rules.time_zone));
    let [mail, text] = [0, 1].map(|index| rules.rules[0].recipients[index].clone());
    let at = time("2026-01-15 21:30");
    let of = |recipient, transition, severity| route(&rules, recipient, transition, severity, at);
    assert_eq!(of(&mail, Transition::Fired, Severity::Warning), Route::Send);
    assert_eq!(of(&text, Transition::Fired, Severity::Warning), Route::Muted("quiet hours"));
    assert_eq!(of(&text, Transition::Fired, Severity::Critical), Route::Send);
    assert_eq!(of(&mail, Transition::Held, Severity::Warning), Route::Skip);
    // It began at 06:50 by the clock of Berlin, and is told by text at 07:00.
    let told = replay(&rules, "2026-01-16 05:50", &[11.0, 11.0, 11.0]);
    assert_eq!(told, ["firing+fired", "firing+held", "firing"]);
}

#[test]
fn runs_of_one_step_judge_at_one_time() {
    let every = SignedDuration::from_mins(10);
    for (now, at) in [
        ("10:00:00", "10:00"),
        ("10:00:01.5", "10:00"),
        ("10:09:59.999999", "10:00"),
        ("10:10", "10:10"),
    ] {
        assert_eq!(
            aligned(time(&format!("2026-03-02 {now}")), every),
            time(&format!("2026-03-02 {at}")),
            "{now}"
        );
    }
    let window = window_before(time("2026-03-02 10:10"), every);
    assert!(
        window.contains(time("2026-03-02 10:00")) && !window.contains(time("2026-03-02 10:10"))
    );
}
