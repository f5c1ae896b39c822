use maud::{Markup, html};
use mlops_core::verdict::Verdict;
use mlops_detect::performance::{Estimate, wilson};
use mlops_job::percent;
use mlops_page::chart::{Form, Ink, Line, Mark, OverTime, Point, over_time};
use mlops_sql::reader::ImpactPeriod;

use super::lights::{self, newest_impact};
use super::section::{Part, Section, missing};
use super::time_axis::{HALF, WIDE, at, axis_between, middle, releases};
use crate::args::PageArgs;
use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::Findings;
use crate::words::{day, interval, sentence, short, signed};

const CONFIDENCE: f64 = 0.95;

/// Periods with fewer clients in a group are drawn hollow.
const FEW_CLIENTS: u64 = 100;

pub(super) fn section(findings: &Findings, args: &PageArgs) -> Section {
    let light = lights::impact(findings);
    let (lead, parts) = match &findings.impact {
        Err(why) => (html! {}, missing(why)),
        Ok(periods) => match newest_impact(periods) {
            None => (
                html! { p {
                    "No comparison with a control group in this window. If the application decides by a heuristic for some clients, " code { "performance" }
                    " measures the benefit of the model against them."
                } },
                Vec::new(),
            ),
            Some(newest) => (lead(periods, newest, args), figures(findings, periods, args)),
        },
    };
    Section { id: "impact", title: "Business impact", verdict: Some(light.badge()), lead, parts }
}

fn money(args: &PageArgs) -> impl Fn(f64) -> String {
    let unit = args.currency.clone();
    move |value| if unit.is_empty() { short(value) } else { format!("{} {unit}", short(value)) }
}

fn lead(periods: &[ImpactPeriod], newest: &ImpactPeriod, args: &PageArgs) -> Markup {
    let clients = total(periods.iter().map(|period| period.clients_saved));
    let worth = total(periods.iter().map(|period| period.money_saved));
    html! {
        p {
            (sentence(&newest.why)) " "
            @if let Some(clients) = clients { "In this window the model saved " b { (interval(clients, signed)) } " clients" }
            @if let Some(worth) = worth { ", worth " b { (interval(worth, money(args))) } }
            @if clients.is_some() { ", compared with the control group (heuristic)." }
        }
        @if newest.verdict == Verdict::Shifted { p { "The benefit of the model has decreased. Look for the cause in the sections above, and retrain the model." } }
    }
}

/// The sum of independent figures, as `performance` adds them up.
fn total(figures: impl Iterator<Item = Option<Estimate>>) -> Option<Estimate> {
    running(figures).into_iter().flatten().last()
}

fn running(figures: impl Iterator<Item = Option<Estimate>>) -> Vec<Option<Estimate>> {
    let mut sum: Option<Estimate> = None;
    figures
        .map(|one| {
            if let Some(one) = one {
                sum = Some(sum.map_or(one, |sum| sum.plus(one)));
            }
            sum
        })
        .collect()
}

fn figures(findings: &Findings, periods: &[ImpactPeriod], args: &PageArgs) -> Vec<Part> {
    let from = periods.first().map_or(findings.from, |period| period.from).min(findings.from);
    let time = axis_between(from, findings.until);
    let mut marks = releases(findings);
    if let Some(newest) = newest_impact(periods).filter(|newest| newest.verdict == Verdict::Shifted)
    {
        marks = vec![Mark {
            at: at(middle(newest.from, newest.to)),
            name: "decrease found".to_owned(),
        }];
    }
    let position = |period: &ImpactPeriod| at(middle(period.from, period.to).min(findings.until));
    let named = |period: &ImpactPeriod| format!("{} to {}", day(period.from), day(period.to));
    let is_sure = |period: &ImpactPeriod| period.model[0].min(period.heuristic[0]) >= FEW_CLIENTS;
    let rate = |[clients, left]: [u64; 2]| wilson(left.min(clients), clients, CONFIDENCE);
    let rates = |name: &str, ink, group: fn(&ImpactPeriod) -> [u64; 2]| {
        let points = periods.iter().map(|period| {
            let rate = rate(group(period));
            Point {
                at: position(period),
                name: named(period),
                value: rate.map(|rate| rate.value),
                interval: rate.map(|rate| [rate.low, rate.high]),
                is_sure: is_sure(period),
            }
        });
        Line { name: name.to_owned(), ink, form: Form::Bars, points: points.collect() }
    };
    let rates = [
        rates("model", Ink::New, |period| period.model),
        rates("heuristic", Ink::Other, |period| period.heuristic),
    ];
    let sums = |figures: &[Option<Estimate>], name: &str| {
        let points = periods.iter().zip(figures).map(|(period, sum)| Point {
            at: position(period),
            name: named(period),
            value: sum.map(|sum| sum.value),
            interval: sum.map(|sum| [sum.low, sum.high]),
            is_sure: true,
        });
        vec![Line {
            name: name.to_owned(),
            ink: Ink::Good,
            form: Form::Band,
            points: points.collect(),
        }]
    };
    let clients = running(periods.iter().map(|period| period.clients_saved));
    let worth = running(periods.iter().map(|period| period.money_saved));
    let (clients_line, worth_line) = (sums(&clients, "clients saved"), sums(&worth, "money saved"));
    let plot = |label, size, lines, level, limits, text| {
        over_time(&OverTime {
            label,
            size,
            time: time.clone(),
            lines,
            level,
            marks: &marks,
            limits,
            text,
        })
    };
    let any = [f64::NEG_INFINITY, f64::INFINITY];
    let nothing = Some(("nothing saved", 0.0));
    let amount = money(args);
    let cumulated = |figures: &[Option<Estimate>]| {
        let row = |(period, sum): (&ImpactPeriod, &Option<Estimate>)| {
            let value = |of: fn(&Estimate) -> f64| Value::number(sum.as_ref().map(of));
            vec![
                Value::Day(period.from),
                value(|sum| sum.value),
                value(|sum| sum.low),
                value(|sum| sum.high),
            ]
        };
        Grid {
            columns: vec!["period", "saved", "low", "high"],
            rows: periods.iter().zip(figures).map(row).collect(),
        }
    };
    let mut figures = vec![
        Figure {
            name: "churn-by-arm",
            title: "Churn rate by group",
            sentence: html! { "Share of clients who left: treatment group (model) and control group (heuristic), with confidence intervals of 95%. The gap is the benefit of the model. If the intervals of a period overlap, use the totals below." },
            shown: Shown::Picture(plot(
                "churn rate by group and period",
                WIDE,
                &rates,
                None,
                [0.0, 1.0],
                &percent,
            )),
            is_wide: true,
            grid: groups(periods),
        },
        Figure {
            name: "clients-saved",
            title: "Clients saved, cumulative",
            sentence: html! { "Clients who stayed because of the model, compared with the heuristic. When the curve is flat, the model has no benefit any more." },
            shown: Shown::Picture(plot(
                "clients saved, cumulative",
                HALF,
                &clients_line,
                nothing,
                any,
                &short,
            )),
            is_wide: false,
            grid: cumulated(&clients),
        },
    ];
    if worth.iter().any(Option::is_some) {
        figures.push(Figure {
            name: "money-saved",
            title: "Money saved, cumulative",
            sentence: html! { "Clients saved, multiplied by their lifetime value (table " code { "client_ltv" } ")." },
            shown: Shown::Picture(plot("money saved, cumulative", HALF, &worth_line, nothing, any, &amount)),
            is_wide: false,
            grid: cumulated(&worth),
        });
    }
    figures.into_iter().map(Part::Figure).chain([Part::Block(sanity(periods))]).collect()
}

fn groups(periods: &[ImpactPeriod]) -> Grid {
    let row = |period: &ImpactPeriod| {
        let rate = |[clients, left]: [u64; 2]| {
            Value::share(wilson(left.min(clients), clients, CONFIDENCE).map(|rate| rate.value))
        };
        vec![
            Value::Day(period.from),
            Value::Count(period.model[0]),
            rate(period.model),
            Value::Count(period.heuristic[0]),
            rate(period.heuristic),
            Value::number(period.clients_saved.map(|saved| saved.value)),
            Value::number(period.money_saved.map(|saved| saved.value)),
        ]
    };
    Grid {
        columns: vec![
            "period",
            "model_clients",
            "model_churn",
            "heuristic_clients",
            "heuristic_churn",
            "clients_saved",
            "money_saved",
        ],
        rows: periods.iter().map(row).collect(),
    }
}

/// Shows the size of the control group, by which its randomness is checked.
fn sanity(periods: &[ImpactPeriod]) -> Markup {
    let share = |period: &ImpactPeriod| {
        let [model, heuristic] = [period.model[0] as f64, period.heuristic[0] as f64];
        (model + heuristic > 0.0).then(|| heuristic / (model + heuristic))
    };
    let (model, heuristic) = periods.iter().fold((0, 0), |(model, heuristic), period| {
        (model + period.model[0], heuristic + period.heuristic[0])
    });
    let all = (model + heuristic).max(1) as f64;
    let (low, high) = periods
        .iter()
        .filter_map(share)
        .fold((f64::MAX, f64::MIN), |(low, high), share| (low.min(share), high.max(share)));
    html! {
        p.note.wide {
            b { "Group sizes. " }
            (mlops_job::number(heuristic)) " of " (mlops_job::number(model + heuristic)) " clients (" (percent(heuristic as f64 / all)) ") are in the control group"
            @if low <= high { ", between " (percent(low)) " and " (percent(high)) " in a period" }
            ". The share should be constant. If it changes, the groups are not comparable, and the verdict of " code { "performance" } " is inconclusive."
        }
    }
}
