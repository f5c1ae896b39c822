use super::*;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(86_400 * day).unwrap()
}

fn asked(day: i64, job: &str, status: RetrainStatus) -> StandingRequest {
    StandingRequest {
        request_uid: format!("{job}-{day}"),
        requested_at: at(day),
        job: job.to_owned(),
        status,
    }
}

fn answer(policy: RetrainPolicy, recent: Vec<StandingRequest>) -> Answer {
    let history = RetrainHistory { released_at: Some(at(10)), new_outcomes: Some(1000), recent };
    let situation = Situation { now: at(100), job: "drift", under_way: None, history: &history };
    policy.answer(RetrainAdvice::Retrain("age shifted".to_owned()), &situation)
}

fn waits(answer: &Answer, says: &str) {
    assert!(matches!(answer, Answer::Wait(why) if why.contains(says)), "{answer:?}");
}

#[test]
fn a_reason_is_enough_where_nothing_stands_against_it() {
    let granted = Answer::Retrain("age shifted".to_owned());
    assert_eq!(answer(RetrainPolicy::default(), Vec::new()), granted);
    let old = vec![
        asked(99, "drift", RetrainStatus::Kept),
        asked(98, "drift", RetrainStatus::Failed),
        asked(60, "drift", RetrainStatus::Served),
    ];
    assert_eq!(answer(RetrainPolicy::default(), old), granted);
}

#[test]
fn what_was_asked_lately_suppresses_others() {
    waits(
        &answer(RetrainPolicy::default(), vec![asked(95, "a person", RetrainStatus::Pending)]),
        "a person requested a retrain at 1970-04-06",
    );
    let two = vec![
        asked(90, "drift", RetrainStatus::Refused),
        asked(80, "performance", RetrainStatus::Served),
    ];
    waits(
        &answer(RetrainPolicy::default(), two.clone()),
        "2 retrain requests in 30 days (limit 2)",
    );
    let three = RetrainPolicy { per_month: 3, ..RetrainPolicy::default() };
    assert!(matches!(answer(three, two), Answer::Retrain(_)));
}

#[test]
fn a_monitor_may_have_to_say_it_again() {
    let thrice = RetrainPolicy { confirmations: 3, ..RetrainPolicy::default() };
    waits(
        &answer(thrice, vec![asked(99, "drift", RetrainStatus::Waiting)]),
        "consecutive runs of drift with a finding: 2, needed: 3",
    );
    let broken = [
        asked(99, "drift", RetrainStatus::Waiting),
        asked(98, "drift", RetrainStatus::Kept),
        asked(97, "drift", RetrainStatus::Waiting),
    ];
    waits(&answer(thrice, broken.to_vec()), "with a finding: 2, needed: 3");
    let often = [
        asked(99, "drift", RetrainStatus::Waiting),
        asked(98, "performance", RetrainStatus::Kept),
        asked(97, "drift", RetrainStatus::Waiting),
    ];
    assert!(matches!(answer(thrice, often.to_vec()), Answer::Retrain(_)));
}

#[test]
fn a_new_model_needs_something_new_to_learn_from() {
    let history =
        RetrainHistory { released_at: Some(at(10)), new_outcomes: Some(12), recent: Vec::new() };
    let situation = Situation { now: at(100), job: "drift", under_way: None, history: &history };
    let advice = RetrainAdvice::Retrain("age shifted".to_owned());
    waits(
        &RetrainPolicy::default().answer(advice.clone(), &situation),
        "12 outcomes since the current model",
    );
    let unknown = RetrainHistory { new_outcomes: None, ..history.clone() };
    let situation = Situation { history: &unknown, under_way: Some("retrain-7"), ..situation };
    waits(&RetrainPolicy::default().answer(advice, &situation), "is running: retrain-7");
}

#[test]
fn an_old_model_is_renewed_though_nothing_shifted() {
    let history =
        RetrainHistory { released_at: Some(at(10)), new_outcomes: None, recent: Vec::new() };
    let situation = Situation { now: at(100), job: "drift", under_way: None, history: &history };
    let keep = RetrainAdvice::Keep("no feature shifted".to_owned());
    assert_eq!(
        RetrainPolicy::default().answer(keep.clone(), &situation),
        Answer::Keep("no feature shifted".to_owned())
    );
    let quarterly = RetrainPolicy {
        every: Some(SignedDuration::from_hours(90 * 24)),
        ..RetrainPolicy::default()
    };
    let says = "scheduled retrain: the model is 90 days old (interval 90 days)".to_owned();
    assert_eq!(quarterly.answer(keep, &situation), Answer::Renew(says));
}

#[test]
fn a_model_that_learnt_from_before_a_shift_is_renewed_once() {
    let keep = || RetrainAdvice::Keep("no feature shifted".to_owned());
    let policy = RetrainPolicy::default();
    let answer = |released: i64, now: i64, recent: Vec<StandingRequest>| {
        let history =
            RetrainHistory { released_at: Some(at(released)), new_outcomes: None, recent };
        policy.answer(
            keep(),
            &Situation { now: at(now), job: "drift", under_way: None, history: &history },
        )
    };
    let shift = || vec![asked(100, "performance", RetrainStatus::Served)];
    assert!(matches!(answer(101, 159, shift()), Answer::Keep(_)), "too soon");
    let says =
        "follow-up retrain: performance requested a model 60 days ago, trained mostly on data from before the shift"
            .to_owned();
    assert_eq!(answer(101, 160, shift()), Answer::Renew(says));
    let renewed = vec![
        asked(160, CALENDAR, RetrainStatus::Served),
        asked(100, "performance", RetrainStatus::Served),
    ];
    assert!(matches!(answer(161, 180, renewed.clone()), Answer::Keep(_)));
    assert!(
        matches!(answer(161, 230, renewed), Answer::Keep(_)),
        "the calendar follows up nothing of its own"
    );
}
