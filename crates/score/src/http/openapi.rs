//! The description of the service, by the model that is in it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use mlops_model::{Feature, FeatureKind};
use serde_json::{Map, Value, json};

use super::App;
use crate::json::json_type;
use crate::model::ServedModel;

/// Levels that are told as examples.
const EXAMPLES: usize = 3;

/// `GET /openapi.json`.
pub(super) async fn openapi(State(app): State<Arc<App>>) -> Response {
    (json_type(), description(&app).to_string()).into_response()
}

/// What is offered, before what depends on the model and the arguments.
pub(super) fn paths() -> Value {
    json!({
        "/": {"get": operation("A page to try a request", &[(200, "text/html", json!({"type": "string"}))])},
        "/health": {"get": operation("Whether the process answers", &[(200, "application/json", reference("Status"))])},
        "/ready": {"get": operation(
            "Whether calls should be sent here: the model is loaded, and its log can be written",
            &[(200, "application/json", reference("Status")), (503, "application/json", reference("Status"))],
        )},
        "/metrics": {"get": operation("Figures for Prometheus", &[(200, "text/plain", json!({"type": "string"}))])},
        "/openapi.json": {"get": operation("This description", &[(200, "application/json", json!({"type": "object"}))])},
        "/model": {"get": operation(
            "The model that answers, and the settings by which it does",
            &[(200, "application/json", json!({"type": "object"}))],
        )},
        "/predict": {"post": operation(
            "The probability that a client will be the target, and whether that is a high risk",
            &[(200, "application/json", json!({"oneOf": [
                reference("Answer"), {"type": "array", "items": reference("Answer")},
            ]}))],
        )},
        "/config-refresh": {"post": operation(
            "Read the settings from their table now",
            &[(200, "application/json", json!({"type": "object"}))],
        )},
    })
}

fn description(app: &App) -> Value {
    let model = app.model.get();
    let mut paths = paths();
    let many = json!({"type": "array", "items": reference("Request"), "minItems": 1, "maxItems": app.max_rows});
    let post = &mut paths["/predict"]["post"];
    post["requestBody"] = json!({
        "required": true,
        "content": {"application/json": {"schema": {"oneOf": [reference("Request"), many]}}},
    });
    problems(
        post,
        &[
            (400, "No JSON"),
            (408, "Not done in time"),
            (413, "Too long"),
            (415, "Not sent as JSON"),
            (422, "Fields of a wrong type, each named"),
            (503, "Too busy, or the log cannot be written: nothing was answered"),
        ],
    );
    problems(
        &mut paths["/config-refresh"]["post"],
        &[
            (403, "No credentials were set"),
            (409, "There is no table"),
            (503, "The table cannot be read"),
        ],
    );
    if app.credentials.are_set() {
        for (path, method) in [("/predict", "post"), ("/model", "get"), ("/config-refresh", "post")]
        {
            let operation = &mut paths[path][method];
            operation["security"] = json!([{"bearer": []}, {"basic": []}]);
            problems(operation, &[(401, "Without the right credentials")]);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "score",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("Answers with the model {}.", model.file.model_uid),
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Request": request(&model),
                "Answer": answer(),
                "Problem": problem(),
                "Status": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn operation(summary: &str, answers: &[(u16, &str, Value)]) -> Value {
    let answers = answers.iter().map(|(status, content_type, schema)| {
        let answer =
            json!({"description": "The answer", "content": {*content_type: {"schema": schema}}});
        (status.to_string(), answer)
    });
    json!({"summary": summary, "responses": answers.collect::<Map<String, Value>>()})
}

fn problems(operation: &mut Value, problems: &[(u16, &str)]) {
    for (status, description) in problems {
        let content = json!({"application/problem+json": {"schema": reference("Problem")}});
        operation["responses"][status.to_string()] =
            json!({"description": description, "content": content});
    }
}

fn request(model: &ServedModel) -> Value {
    let mut properties = Map::new();
    for feature in model.features() {
        properties.insert(feature.name.clone(), property(feature));
    }
    properties.insert(
        "uid".to_owned(),
        json!({
            "type": ["string", "null"], "minLength": 1, "maxLength": 255,
            "description": "Names this very request; without it one is given",
        }),
    );
    let client_id = properties.entry("client_id").or_insert_with(|| {
        json!({
            "anyOf": [{"type": "string", "maxLength": 255}, {"type": "integer"}, {"type": "null"}],
        })
    });
    client_id["description"] = "Whose it is: the same client is always in the same arm".into();
    json!({
        "type": "object",
        "description": "A field that is not there is missing to the model; one that the model does not know is logged.",
        "properties": properties,
        "additionalProperties": true,
    })
}

fn property(feature: &Feature) -> Value {
    match &feature.kind {
        FeatureKind::Numeric => {
            json!({"type": ["number", "null"], "minimum": f64::MIN, "maximum": f64::MAX})
        }
        FeatureKind::Date => json!({"anyOf": [
            {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}, {"type": "null"},
        ]}),
        FeatureKind::Categorical { levels } => json!({
            "type": ["string", "number", "boolean", "null"], "minimum": f64::MIN, "maximum": f64::MAX,
            "examples": levels.iter().take(EXAMPLES).collect::<Vec<&String>>(),
        }),
    }
}

fn answer() -> Value {
    json!({
        "type": "object",
        "required": ["prediction", "high_risk", "response_time", "ltv", "uid", "model_uid", "model_used"],
        "properties": {
            "prediction": {"type": "number", "minimum": 0, "maximum": 1, "description": "The model's probability"},
            "high_risk": {"enum": ["yes", "no"], "description": "What to act on"},
            "response_time": {"type": "number", "minimum": 0, "description": "Seconds"},
            "ltv": {"type": "number"},
            "uid": {"type": "string"},
            "model_uid": {"type": "string"},
            "model_used": {"enum": ["model", "heuristic"], "description": "Who decided `high_risk`"},
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": {
                "type": "object",
                "required": ["pointer", "field", "detail"],
                "properties": {"pointer": {"type": "string"}, "field": {"type": "string"}, "detail": {"type": "string"}},
            }},
        },
    })
}
