use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{App, Problem};
use crate::json::json_type;
use crate::metrics::Gauge;

/// `GET /health`: the process answers.
pub(super) async fn health() -> Response {
    (json_type(), r#"{"status":"ok"}"#).into_response()
}

/// `GET /ready`: whether calls should be sent here. A log that waits in the spool is no reason
/// against it, and neither is a new model that was refused; a full spool is, and the end.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let trouble = app
        .spool
        .as_ref()
        .and_then(|spool| spool.state.is_shut().or_else(|| spool.state.trouble()));
    let (status, word) = if app.context.shutdown.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else if trouble.is_some() {
        (StatusCode::SERVICE_UNAVAILABLE, "cannot log")
    } else {
        (StatusCode::OK, "ready")
    };
    let sinks = app.sinks.iter().map(|sink| {
        let state = if sink.is_spooling() { "spooling" } else { "reachable" };
        json!({"sink": sink.name, "state": state, "waiting_bytes": sink.waiting_bytes()})
    });
    let spooled = app.spool.as_ref().map_or(0, |spool| spool.state.bytes.load(Ordering::Relaxed));
    let body = json!({
        "status": word,
        "model_uid": app.model.get().file.model_uid,
        "refused_model": *app.model.refused(),
        "logs": sinks.collect::<Vec<Value>>(),
        "spooled_bytes": spooled,
    });
    (status, json_type(), body.to_string()).into_response()
}

/// `GET /model`: what answers, and by which settings.
pub(super) async fn model(State(app): State<Arc<App>>) -> Response {
    let model = app.model.get();
    let file = &model.file;
    let last = app.settings.last_refresh();
    let refresh = last.as_ref().as_ref().map(
        |(at, refreshed)| json!({"at": at.to_string(), "refused": refreshed.refused, "unknown": refreshed.unknown}),
    );
    let body = json!({
        "model_uid": file.model_uid,
        "refused_model": *app.model.refused(),
        "created": file.created,
        "loaded_at": model.loaded_at.to_string(),
        "learner": file.model.recipe.learner.name(),
        "metrics": file.metrics,
        "training": file.training,
        "schema": file.model.schema,
        "settings": *app.settings.get(),
        "config_refresh": refresh,
    });
    (json_type(), body.to_string()).into_response()
}

/// `POST /config-refresh`: reads the settings now.
pub(super) async fn config_refresh(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if !app.settings.has_table() {
        let detail = "no table of settings; start the service with --config-table and --database";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let refreshed = app.refresh_settings().await.map_err(|()| {
        Problem::unavailable(
            "the settings could not be read and are unchanged; see the log of the service for the reason",
            30,
        )
    })?;
    Ok((json_type(), json!(refreshed).to_string()).into_response())
}

/// `GET /metrics`, for Prometheus.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let one = |value: u64| vec![(String::new(), value)];
    let model = app.model.get();
    let missing = model.features().iter().zip(&model.missing);
    let missing = missing.map(|(feature, count)| {
        let name = feature.name.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        (format!("{{feature=\"{name}\"}}"), count.get())
    });
    let mut gauges = vec![
        Gauge {
            name: "score_missing_features_total",
            help: "Answered requests without the feature, since the model was loaded.",
            kind: "counter",
            values: missing.collect(),
        },
        Gauge {
            name: "score_model_is_refused",
            help: "1 if the newest model file was refused and an older model answers.",
            kind: "gauge",
            values: one(app.model.refused().is_some().into()),
        },
    ];
    if let Some(spool) = &app.spool {
        let state = &spool.state;
        let mut push =
            |name, help, kind, value| gauges.push(Gauge { name, help, kind, values: one(value) });
        let bytes = state.bytes.load(Ordering::Relaxed);
        push("score_spool_bytes", "Bytes of the spool on this disk.", "gauge", bytes);
        push(
            "score_logged_records_total",
            "Records written to the spool.",
            "counter",
            state.records.get(),
        );
        push(
            "score_log_refused_calls_total",
            "Calls that were refused because their records could not be written.",
            "counter",
            state.refused.get(),
        );
    }
    let mut of_sinks = |name, help, kind, value: fn(&crate::ship::SinkState) -> u64| {
        let values =
            app.sinks.iter().map(|sink| (format!("{{sink=\"{}\"}}", sink.name), value(sink)));
        let values: Vec<(String, u64)> = values.collect();
        if !values.is_empty() {
            gauges.push(Gauge { name, help, kind, values });
        }
    };
    of_sinks("score_sent_records_total", "Records uploaded to the log.", "counter", |sink| {
        sink.records.get()
    });
    of_sinks("score_send_failures_total", "Failed attempts to upload.", "counter", |sink| {
        sink.failures.get()
    });
    of_sinks(
        "score_waiting_bytes",
        "Bytes of closed segments that wait for the upload.",
        "gauge",
        |sink| sink.waiting_bytes(),
    );
    of_sinks("score_spooling", "1 if the last attempt to upload failed.", "gauge", |sink| {
        u64::from(sink.is_spooling())
    });
    let content_type = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
    (headers, app.metrics.text(&gauges)).into_response()
}

impl App {
    /// Reads the settings, and says in the log what came of it.
    pub(crate) async fn refresh_settings(&self) -> Result<crate::settings::Refreshed, ()> {
        let model = self.model.get();
        let is_field = |name: &str| name == "client_id" || model.feature(name).is_some();
        match self.settings.refresh(self.context.now(), is_field).await {
            Ok(refreshed) => {
                self.metrics.config_refreshes.add(1);
                self.metrics.config_refusals.add(refreshed.refused.len() as u64);
                Ok(refreshed)
            }
            Err(error) => {
                self.metrics.config_failures.add(1);
                let error = format!("{error:#}");
                tracing::warn!(error, "the settings are unchanged");
                Err(())
            }
        }
    }
}
