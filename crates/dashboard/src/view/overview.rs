use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use mlops_core::ports::RetrainStatus;
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{Arm, Estimate};
use mlops_job::{number, percent};
use mlops_page::chart::{Form, Ink, Line, OverTime, Point, over_time};
use mlops_rules::Status;
use mlops_sql::reader::{Bucket, TrafficRow};

use super::lights::{self, Light};
use super::section::{Part, Section};
use super::time_axis::{HALF, at, axis, middle, releases};
use crate::args::PageArgs;
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::Findings;
use crate::words::{Badge, day, how_long, missing, moment, plural, short, together};

/// How many standard errors a 95% interval reaches to each side.
const NORMAL_95: f64 = 1.96;

pub(super) fn section(findings: &Findings, args: &PageArgs) -> Section {
    let lights = lights::chain(findings);
    let mut parts = vec![Part::Block(lights::show(&lights)), Part::Block(tiles(findings, args))];
    match &findings.traffic {
        Ok(rows) => parts.extend(traffic(findings, rows).map(Part::Figure)),
        Err(why) => parts.push(Part::Block(missing(why))),
    }
    parts.push(Part::Figure(jobs(findings, args)));
    Section { id: "overview", title: "Overview", verdict: None, lead: lead(&lights), parts }
}

/// Summarizes the four verdicts.
fn lead(lights: &[Light; 4]) -> Markup {
    let of = |is: fn(Option<&Verdict>) -> bool| {
        let lights = lights.iter().filter(|light| is(light.verdict.as_ref()));
        lights.map(|light| light.title).collect::<Vec<_>>()
    };
    let bad = of(|verdict| verdict == Some(&Verdict::Shifted));
    let unclear = of(|verdict| verdict.is_some_and(Verdict::is_inconclusive));
    let silent = of(|verdict| verdict.is_none());
    html! {
        p {
            @if !bad.is_empty() {
                b { "Verdict shifted: " (together(&bad)) ". Check " @if bad.len() == 1 { "this section" } @else { "these sections" } "." } " "
            } @else if unclear.is_empty() && silent.is_empty() {
                "All four verdicts are stable. No action is needed. "
            } @else {
                "No monitor found a shift. "
            }
            @if !unclear.is_empty() { "Inconclusive: " (together(&unclear)) " (not enough data). " }
            @if !silent.is_empty() { "No result: " (together(&silent)) "." }
        }
        p.muted { "From cause to effect: a change of the data can change the relation to the target, then the quality of the predictions, then the business result." }
    }
}

fn tile(name: &str, value: Markup, says: Markup) -> Markup {
    html! { div.tile { dt { (name) } dd { span.value { (value) } span.says { (says) } } } }
}

fn tiles(findings: &Findings, args: &PageArgs) -> Markup {
    let nothing = || html! { "—" };
    let model = match findings.in_production() {
        Some(release) => {
            let learner = findings.model(&release.model_uid).map(|model| model.learner.clone());
            let age = how_long(findings.until.duration_since(release.released_at));
            tile(
                "Model in production",
                html! { span.uid { (release.model_uid) } },
                html! { (age) " old" @if let Some(learner) = learner { ", " (learner.replace('-', " ")) } },
            )
        }
        None => tile("Model in production", nothing(), html! { "no model published yet" }),
    };
    html! {
        dl.tiles {
            (model)
            (requests_tile(findings))
            (prediction_tile(findings))
            (alerts_tile(findings))
            (bad_records_tile(findings))
            (next_retrain(findings, args))
        }
    }
}

fn requests_tile(findings: &Findings) -> Markup {
    let rows = findings.traffic.as_deref().unwrap_or_default();
    let all: u64 = rows.iter().map(|row| row.requests).sum();
    let counted = match &findings.rollup {
        Ok(Some(state)) => html! {
            "counted " (how_long(findings.now.duration_since(state.refreshed_at))) " ago"
        },
        Ok(None) => html! { "not counted yet; run " code { "dashboard refresh" } },
        Err(_) => html! { "table log_rollup is missing; run dashboard refresh" },
    };
    tile("Requests", html! { (number(all)) }, counted)
}

fn prediction_tile(findings: &Findings) -> Markup {
    let rows = findings.traffic.as_deref().unwrap_or_default();
    let mean = mean_prediction(rows.iter().filter(|row| row.arm == Arm::Model));
    let last = rows.iter().rev().find(|row| row.arm == Arm::Model && row.predictions > 0);
    let of_last = last.and_then(|last| Some((last, mean_prediction([last].into_iter())?)));
    match (mean, of_last) {
        (Some(mean), Some((last, newest))) => tile(
            "Mean predicted probability",
            html! { (percent(mean.value)) },
            html! { (percent(newest.value)) " in the last " @if findings.bucket == Bucket::Day { "day" } @else { "hour" } ", " (day(last.from)) },
        ),
        _ => tile(
            "Mean predicted probability",
            html! { "—" },
            html! { "no predictions in this window" },
        ),
    }
}

fn alerts_tile(findings: &Findings) -> Markup {
    match &findings.alerts {
        Ok(alerts) => {
            let firing: Vec<&str> = alerts
                .iter()
                .filter(|alert| alert.state.status == Status::Firing)
                .map(|alert| alert.rule.as_str())
                .collect();
            let says = match firing.as_slice() {
                [] if alerts.is_empty() => html! { "no alert rule has run" },
                [] => html! { "of " (plural(alerts.len() as u64, "alert")) },
                names => html! { (names.join(", ")) },
            };
            tile("Alerts firing", html! { (firing.len()) }, says)
        }
        Err(_) => tile("Alerts firing", html! { "—" }, html! { "no alert job has run" }),
    }
}

fn bad_records_tile(findings: &Findings) -> Markup {
    match &findings.etl_days {
        Ok(days) => {
            let bad: u64 = days.iter().map(|day| day.bad).sum();
            let all: u64 = days.iter().map(|day| day.records).sum();
            let says = if all == 0 {
                html! { "no records loaded" }
            } else {
                html! { "of " (number(all)) " records" }
            };
            tile("Dead letters", html! { (number(bad)) }, says)
        }
        Err(_) => tile("Dead letters", html! { "—" }, html! { "the ETL has not run" }),
    }
}

/// Shows the date of the next scheduled retrain, if no monitor requests one earlier.
fn next_retrain(findings: &Findings, args: &PageArgs) -> Markup {
    let name = "Next scheduled retrain";
    let Some(release) = findings.in_production() else {
        return tile(name, html! { "—" }, html! { "no model yet" });
    };
    let renewal = args.retrain_every.and_then(|every| release.released_at.checked_add(every).ok());
    // A model that was trained because of a shift has mostly older data.
    use RetrainStatus::{Pending, Refused, Served, Submitted};
    let asked = findings.requests.iter().flatten().filter(|request| {
        !["calendar"].contains(&request.job.as_str())
            && matches!(request.status, Served | Submitted | Refused | Pending)
    });
    let follow_ups = asked
        .filter(|_| args.retrain_follow_up.is_positive())
        .filter_map(|request| request.requested_at.checked_add(args.retrain_follow_up).ok())
        .filter(|due| *due > release.released_at);
    let due = follow_ups
        .map(|due| (due, "follow-up of the last shift"))
        .chain(renewal.map(|due| (due, "regular retrain")))
        .min();
    match due {
        Some((due, why)) if due <= findings.until => {
            tile(name, html! { "due" }, html! { (why) ", since " (day(due)) })
        }
        Some((due, why)) => tile(name, html! { (day(due)) }, html! { (why) }),
        None => tile(name, html! { "none" }, html! { code { "--retrain-every" } " is not set" }),
    }
}

/// Returns the mean with its confidence interval, for independent predictions.
fn mean_prediction<'a>(rows: impl Iterator<Item = &'a TrafficRow>) -> Option<Estimate> {
    let (n, sum, squares) = rows.fold((0.0, 0.0, 0.0), |(n, sum, squares), row| {
        (n + row.predictions as f64, sum + row.prediction_sum, squares + row.prediction_squares)
    });
    if n == 0.0 {
        return None;
    }
    let mean: f64 = sum / n;
    let variance = (squares / n - mean * mean).max(0.0);
    let half = NORMAL_95 * (variance / n).sqrt();
    Some(Estimate { value: mean, low: (mean - half).max(0.0), high: (mean + half).min(1.0) })
}

/// Points of fewer predictions are drawn hollow.
const FEW_PREDICTIONS: u64 = 30;

/// Longer windows are drawn by week, which smooths a year.
const BY_WEEK: SignedDuration = SignedDuration::from_hours(120 * 24);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const DAYS_OF_WEEK: i64 = 7;

/// Returns rows by week, counted back from the end of the window, without an incomplete first week.
fn by_week(findings: &Findings, rows: &[TrafficRow]) -> Vec<TrafficRow> {
    let week = DAYS_OF_WEEK * DAY.as_secs();
    let until = findings.until.as_second();
    let start =
        |row: &TrafficRow| until - ((until - row.from.as_second() - 1).div_euclid(week) + 1) * week;
    let mut weeks: Vec<TrafficRow> = Vec::new();
    for row in rows.iter().filter(|row| start(row) >= findings.from.as_second()) {
        let Ok(from) = Timestamp::from_second(start(row)) else { continue };
        match weeks.iter_mut().rev().find(|week| week.from == from && week.arm == row.arm) {
            Some(week) => {
                week.requests += row.requests;
                week.predictions += row.predictions;
                week.prediction_sum += row.prediction_sum;
                week.prediction_squares += row.prediction_squares;
                week.high_risk += row.high_risk;
            }
            None => weeks.push(TrafficRow { from, ..row.clone() }),
        }
    }
    weeks
}

fn traffic(findings: &Findings, rows: &[TrafficRow]) -> [Figure; 2] {
    let is_weekly = findings.filter.window > BY_WEEK;
    let weeks = if is_weekly { by_week(findings, rows) } else { Vec::new() };
    let drawn = if is_weekly { weeks.as_slice() } else { rows };
    let (span, unit, days) = match (findings.bucket, is_weekly) {
        (Bucket::Hour, _) => (SignedDuration::from_hours(1), "hour", 1),
        (Bucket::Day, false) => (DAY, "day", 1),
        (Bucket::Day, true) => {
            (SignedDuration::from_hours(24 * DAYS_OF_WEEK), "day (mean of a week)", DAYS_OF_WEEK)
        }
    };
    let end = |from: Timestamp| from.saturating_add(span).unwrap_or(from);
    let named = |from: Timestamp| match (findings.bucket, is_weekly) {
        (Bucket::Hour, _) => from.strftime("%Y-%m-%d %H:00 UTC").to_string(),
        (Bucket::Day, false) => day(from),
        (Bucket::Day, true) => format!("{} to {}", day(from), day(end(from))),
    };
    let position = |from: Timestamp| at(middle(from, end(from)));
    let of_group = |arm: Arm| drawn.iter().filter(move |row| row.arm == arm);
    let requests = per_span(drawn).into_iter().map(|(from, requests)| Point {
        at: position(from),
        name: named(from),
        value: Some(requests as f64 / days as f64),
        interval: None,
        is_sure: true,
    });
    let requests = Line {
        name: if findings.bucket == Bucket::Day { "requests per day" } else { "requests per hour" }
            .to_owned(),
        ink: Ink::New,
        form: Form::Columns,
        points: requests.collect(),
    };
    let mean_line = |arm: Arm, ink| {
        let points = of_group(arm).map(|row| {
            let mean = mean_prediction([row].into_iter());
            Point {
                at: position(row.from),
                name: named(row.from),
                value: mean.map(|mean| mean.value),
                interval: mean.map(|mean| [mean.low, mean.high]),
                is_sure: row.predictions >= FEW_PREDICTIONS,
            }
        });
        Line { name: arm.name().to_owned(), ink, form: Form::Band, points: points.collect() }
    };
    let means = [mean_line(Arm::Heuristic, Ink::Other), mean_line(Arm::Model, Ink::New)];
    let marks = releases(findings);
    let time = axis(findings);
    let plot = |label, lines, limits, text| {
        over_time(&OverTime {
            label,
            size: HALF,
            time: time.clone(),
            lines,
            level: None,
            marks: &marks,
            limits,
            text,
        })
    };
    let rows_of = |row: &TrafficRow| {
        let mean = mean_prediction([row].into_iter());
        vec![
            of_span(findings, row.from),
            Value::Text(row.arm.name().to_owned()),
            Value::Count(row.requests),
            Value::Count(row.predictions),
            Value::share(mean.map(|mean| mean.value)),
            Value::Share(if row.requests == 0 {
                0.0
            } else {
                row.high_risk as f64 / row.requests as f64
            }),
        ]
    };
    let grid = Grid {
        columns: vec!["from", "arm", "requests", "predictions", "mean_prediction", "high_risk"],
        rows: rows.iter().map(rows_of).collect(),
    };
    [
        Figure {
            name: "requests",
            title: "Requests",
            sentence: html! { "Logged requests per " (unit) ", in UTC. A gap means that the application did not log, or that the ETL has not loaded the requests yet." },
            shown: Shown::Picture(plot(
                "requests over time",
                &[requests],
                [0.0, f64::INFINITY],
                &short,
            )),
            is_wide: false,
            grid: Grid {
                columns: vec!["from", "requests"],
                rows: per_span(rows)
                    .into_iter()
                    .map(|(from, n)| vec![of_span(findings, from), Value::Count(n)])
                    .collect(),
            },
        },
        Figure {
            name: "mean-prediction",
            title: "Mean predicted probability",
            sentence: html! { "Mean of the predicted probabilities, with its confidence interval of 95%. A sudden change without a new model means that the inputs changed: see data shift." },
            shown: Shown::Picture(plot(
                "mean predicted probability over time",
                &means,
                [0.0, 1.0],
                &percent,
            )),
            is_wide: false,
            grid,
        },
    ]
}

fn of_span(findings: &Findings, from: Timestamp) -> Value {
    if findings.bucket == Bucket::Day { Value::Day(from) } else { Value::Time(from) }
}

/// Returns the requests of both groups by time.
fn per_span(rows: &[TrafficRow]) -> Vec<(Timestamp, u64)> {
    let mut spans: Vec<(Timestamp, u64)> = Vec::new();
    for row in rows {
        match spans.last_mut() {
            Some((from, requests)) if *from == row.from => *requests += row.requests,
            _ => spans.push((row.from, row.requests)),
        }
    }
    spans
}

fn jobs(findings: &Findings, args: &PageArgs) -> Figure {
    let counted =
        findings.rollup.as_ref().ok().and_then(|state| state.map(|state| state.refreshed_at));
    let runs = findings.last_runs.iter().map(|run| (run.job, run.at, run.is_readable));
    let runs = runs.chain([("dashboard refresh", counted, true)]);
    let is_retrain = |job: &str| job == "retrain";
    let row = |(job, at, is_readable): (&'static str, Option<Timestamp>, bool)| {
        let age = at.map(|at| findings.until.duration_since(at));
        let state = match age {
            None if !is_readable => Badge::UNKNOWN,
            None => Badge::NO_RUN_ON_RECORD,
            // A model is trained when there is a reason, not on a schedule.
            Some(_) if is_retrain(job) => Badge::FRESH,
            Some(age) if age > args.late_after => Badge::LATE,
            Some(_) => Badge::FRESH,
        };
        let age = age.map(|age| format!("{} ago", how_long(age)));
        vec![
            Value::Text(job.to_owned()),
            Value::time(at),
            Value::text(age.as_deref()),
            Value::Badge(state),
        ]
    };
    Figure {
        name: "jobs",
        title: "Last runs",
        sentence: html! {
            "Last run of each job, according to its tables. Late: no run for " (how_long(args.late_after)) ". Check the schedule and the log of a late job."
        },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec!["job", "last_run", "age", "state"],
            rows: runs.map(row).collect(),
        },
    }
}

/// Shows the age of the page.
pub(crate) fn staleness(findings: &Findings) -> Markup {
    html! {
        "As of " (moment(findings.until)) span.utc { " UTC" } ". "
        @match &findings.rollup {
            Ok(Some(state)) => { "Requests counted at " (moment(state.refreshed_at)) span.utc { " UTC" } "." }
            _ => { "Requests not counted yet " (Badge::LATE.show()) }
        }
    }
}
