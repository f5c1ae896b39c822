use maud::html;
use mlops_sql::reader::{Model, RequestRow};

use crate::figure::{Figure, Grid, Shown, Value};
use crate::findings::Findings;
use crate::words::{Badge, how_long, missing, plural};

use super::section::{Part, Section};

pub(super) fn section(findings: &Findings) -> Section {
    let part = |figure: Result<Figure, &String>| match figure {
        Ok(figure) => Part::Figure(figure),
        Err(why) => Part::Block(missing(why)),
    };
    let parts = vec![
        part(findings.models.as_ref().map(|models| versions(models, findings))),
        part(findings.requests.as_ref().map(|requests| policy_log(requests))),
        part(findings.releases.as_ref().map(|_| releases(findings))),
    ];
    let made = findings.models.as_ref().map_or(0, Vec::len);
    let refused = findings.models.iter().flatten().filter(|model| !model.accepted).count();
    let lead = match findings.in_production() {
        Some(release) => html! { p {
            b.uid { (release.model_uid) } " has been in production for " (how_long(findings.until.duration_since(release.released_at))) ". "
            (plural(made as u64, "model")) " on record, " (refused) " rejected by the gate."
        } },
        None => html! { p { "No model has been published yet." } },
    };
    Section { id: "models", title: "Models and retrains", verdict: None, lead, parts }
}

fn versions(models: &[Model], findings: &Findings) -> Figure {
    let present = findings.in_production().map(|release| release.model_uid.as_str());
    let released = |model: &Model| {
        findings
            .releases
            .iter()
            .flatten()
            .find(|release| release.model_uid == model.model_uid)
            .map(|release| release.released_at)
    };
    let row = |model: &Model| {
        let score = |name: &str| Value::number(model.scores.get(name).copied());
        let state = match (present == Some(model.model_uid.as_str()), model.accepted) {
            (true, _) => Badge::PRESENT,
            (false, true) => Badge::ACCEPTED,
            (false, false) => Badge::REFUSED,
        };
        vec![
            Value::Text(model.model_uid.clone()),
            Value::Badge(state),
            Value::Time(model.training_timestamp),
            Value::time(released(model)),
            Value::Text(model.learner.clone()),
            Value::Count(model.rows_training),
            score("roc_auc"),
            score("log_loss"),
            score("brier"),
            Value::Text(model.reasons.clone()),
        ]
    };
    let columns = vec![
        "model",
        "state",
        "made",
        "published",
        "learner",
        "training_rows",
        "roc_auc",
        "log_loss",
        "brier",
        "gate",
    ];
    Figure {
        name: "models",
        title: "Model versions",
        sentence: html! { "Every trained model, with its metrics on held-out rows and the decision of the gate. A rejected model was significantly worse than the model before." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid { columns, rows: models.iter().map(row).collect() },
    }
}

fn policy_log(requests: &[RequestRow]) -> Figure {
    let row = |request: &RequestRow| {
        vec![
            Value::Time(request.requested_at),
            Value::Text(request.job.clone()),
            Value::badge(request.status),
            Value::Text(request.reason.clone()),
            Value::text(request.model_uid.as_deref()),
            Value::time(request.settled_at),
        ]
    };
    Figure {
        name: "retrain-requests",
        title: "Retrain requests",
        sentence: html! { "Requests of the monitors, of the calendar and of users. Waiting: there is a reason, but the policy delays it. Kept: no reason to retrain. Served: a model was trained." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec!["asked", "by", "status", "reason", "model", "settled"],
            rows: requests.iter().map(row).collect(),
        },
    }
}

fn releases(findings: &Findings) -> Figure {
    let row = |release: &mlops_core::ports::Release| {
        vec![
            Value::Time(release.released_at),
            Value::Text(release.model_uid.clone()),
            Value::text(release.replaced_model_uid.as_deref()),
            Value::Text(release.action.clone()),
            Value::text(release.request_uid.as_deref()),
        ]
    };
    Figure {
        name: "deployments",
        title: "Deployments",
        sentence: html! { "Each change of the model in production (" code { "model.pkl" } ")." },
        shown: Shown::Table,
        is_wide: true,
        grid: Grid {
            columns: vec!["published", "model", "in_place_of", "by", "request"],
            rows: findings.releases.iter().flatten().map(row).collect(),
        },
    }
}
