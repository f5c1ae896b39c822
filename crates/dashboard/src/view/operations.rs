use jiff::SignedDuration;
use maud::{Markup, html};
use mlops_job::number;
use mlops_page::chart::{Form, Ink, Line, OverTime, Point, over_time};
use mlops_rules::{KeptAlert, Status};
use mlops_sql::reader::{AlertMessage, BadPartition, EtlDay, PipelineRow};

use super::section::{Part, Section};
use super::time_axis::{HALF, at, axis, middle};
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::Findings;
use crate::words::{day, how_long, missing, plural, short};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn section(findings: &Findings) -> Section {
    let mut parts = Vec::new();
    let mut add = |figures: Result<Vec<Figure>, &String>| match figures {
        Ok(figures) => parts.extend(figures.into_iter().map(Part::Figure)),
        Err(why) => parts.push(Part::Block(missing(why))),
    };
    add(findings.pipelines.as_ref().map(|pipelines| vec![watermarks(pipelines)]));
    add(findings.etl_days.as_ref().map(|days| volumes(findings, days).into()));
    add(findings.bad_partitions.as_ref().map(|partitions| vec![bad(partitions)]));
    add(findings.alerts.as_ref().map(|alerts| vec![standing(alerts)]));
    add(findings.messages.as_ref().map(|messages| vec![sent(messages)]));
    Section {
        id: "operations",
        title: "ETL and alerts",
        verdict: None,
        lead: lead(findings),
        parts,
    }
}

fn lead(findings: &Findings) -> Markup {
    let pipelines = findings.pipelines.as_deref().unwrap_or_default();
    let lag = pipelines
        .iter()
        .filter_map(|pipeline| pipeline.lag_seconds)
        .fold(None, |most: Option<f64>, lag| Some(most.map_or(lag, |most| most.max(lag))));
    let firing = findings
        .alerts
        .iter()
        .flatten()
        .filter(|alert| alert.state.status == Status::Firing)
        .count();
    html! {
        p {
            @match lag {
                Some(lag) => { "The lag of the ETL is " (how_long(SignedDuration::from_secs(lag as i64))) ": all earlier requests are loaded. " }
                None if pipelines.is_empty() => "The ETL has not run yet. ",
                None => "The ETL has not completed a partition yet. ",
            }
            @if firing > 0 { b { (plural(firing as u64, "alert")) " firing." } } @else { "No alert is firing." }
        }
    }
}

fn watermarks(pipelines: &[PipelineRow]) -> Figure {
    let row = |it: &PipelineRow| {
        vec![
            Value::Text(it.pipeline.clone()),
            Value::time(it.watermark),
            Value::text(
                it.lag_seconds
                    .map(|lag| how_long(SignedDuration::from_secs(lag as i64)))
                    .as_deref(),
            ),
            Value::time(it.newest),
            Value::Count(it.partitions[1]),
            Value::Count(it.partitions[0].saturating_sub(it.partitions[1])),
            Value::Count(it.records),
            Value::Count(it.bad),
            Value::Time(it.updated_at),
        ]
    };
    let columns = vec![
        "pipeline",
        "loaded_up_to",
        "lag",
        "newest_record",
        "partitions_sealed",
        "partitions_open",
        "records",
        "dead_letters",
        "last_run",
    ];
    Figure {
        name: "etl",
        title: "ETL progress",
        sentence: html! { "All requests before the time in " i { "loaded up to" } " are in the table. A growing lag means that the ETL is too slow, or that a partition cannot be completed." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid { columns, rows: pipelines.iter().map(row).collect() },
    }
}

fn volumes(findings: &Findings, days: &[EtlDay]) -> [Figure; 2] {
    let plot = |label, name: &str, ink, of: fn(&EtlDay) -> u64| {
        let points = days.iter().map(|it| Point {
            at: at(middle(it.day, it.day.saturating_add(DAY).unwrap_or(it.day))),
            name: day(it.day),
            value: Some(of(it) as f64),
            interval: None,
            is_sure: true,
        });
        let lines =
            [Line { name: name.to_owned(), ink, form: Form::Columns, points: points.collect() }];
        let limits = [0.0, f64::INFINITY];
        over_time(&OverTime {
            label,
            size: HALF,
            time: axis(findings),
            lines: &lines,
            level: None,
            marks: &[],
            limits,
            text: &short,
        })
    };
    let grid = |of: fn(&EtlDay) -> u64, name| Grid {
        columns: vec!["day", name],
        rows: days.iter().map(|it| vec![Value::Day(it.day), Value::Count(of(it))]).collect(),
    };
    [
        Figure {
            name: "records-loaded",
            title: "Records loaded",
            sentence: html! { "Records by the day of the newest record of their partition." },
            shown: Shown::Picture(plot("records loaded by day", "records", Ink::New, |it| {
                it.records
            })),
            is_wide: false,
            grid: grid(|it| it.records, "records"),
        },
        Figure {
            name: "dead-letters",
            title: "Dead letters",
            sentence: html! { "Records that could not be loaded, each stored with the reason. Correct them, then load them with " code { "etl-mysql redrive" } "." },
            shown: Shown::Picture(plot("dead letters by day", "dead letters", Ink::Bad, |it| {
                it.bad
            })),
            is_wide: false,
            grid: grid(|it| it.bad, "dead_letters"),
        },
    ]
}

fn bad(partitions: &[BadPartition]) -> Figure {
    let row = |it: &BadPartition| {
        vec![
            Value::Text(it.partition.clone()),
            Value::Count(it.bad),
            Value::Count(it.records),
            Value::time(it.newest),
            Value::Text(it.pipeline.clone()),
        ]
    };
    Figure {
        name: "bad-partitions",
        title: "Partitions with dead letters",
        sentence: html! {
            @if partitions.is_empty() { "No dead letters in this window." }
            @else { "The " (number(partitions.len() as u64)) " partitions with the highest number of dead letters. Each dead letter is stored with its reason." }
        },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec!["partition", "dead_letters", "records", "newest_record", "pipeline"],
            rows: partitions.iter().map(row).collect(),
        },
    }
}

fn standing(alerts: &[KeptAlert]) -> Figure {
    let row = |it: &KeptAlert| {
        vec![
            Value::Text(it.rule.clone()),
            Value::Text(it.group.clone()),
            Value::badge(it.state.status),
            Value::Text(it.state.severity.name().to_owned()),
            Value::number(it.state.value),
            Value::Time(it.state.since),
        ]
    };
    Figure {
        name: "alerts",
        title: "Alerts",
        sentence: html! { "Current state of each alert, independent of the window. Pending: beyond the threshold, not yet in enough runs. Recovering: within the threshold, not yet in enough runs." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec!["rule", "group", "state", "severity", "value", "since"],
            rows: alerts.iter().map(row).collect(),
        },
    }
}

fn sent(messages: &[AlertMessage]) -> Figure {
    let row = |it: &AlertMessage| {
        vec![
            Value::Time(it.created_at),
            Value::Text(it.rule.clone()),
            Value::Text(it.group.clone()),
            Value::Text(it.transition.name().to_owned()),
            Value::Text(it.channel.name().to_owned()),
            Value::Text(it.severity.name().to_owned()),
            Value::badge(it.status),
            Value::Count(it.recipients),
            Value::Text(it.subject.clone()),
        ]
    };
    Figure {
        name: "alert-messages",
        title: "Alert messages",
        sentence: html! { "Messages of the alerts in this window, newest first." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec![
                "written",
                "rule",
                "group",
                "what",
                "channel",
                "severity",
                "status",
                "recipients",
                "subject",
            ],
            rows: messages.iter().map(row).collect(),
        },
    }
}
