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

/// Returns the paths that do not depend on the model and the arguments.
pub(super) fn paths() -> Value {
    json!({
        "/": {"get": operation("A page to send a test request", &[(200, "text/html", json!({"type": "string"}))])},
        "/health": {"get": operation("Liveness: the process answers", &[(200, "application/json", reference("Status"))])},
        "/ready": {"get": operation(
            "Readiness: the model is loaded and the log can be written",
            &[(200, "application/json", reference("Status")), (503, "application/json", reference("Status"))],
        )},
        "/metrics": {"get": operation("Metrics for Prometheus", &[(200, "text/plain", json!({"type": "string"}))])},
        "/openapi.json": {"get": operation("This OpenAPI description", &[(200, "application/json", json!({"type": "object"}))])},
        "/model": {"get": operation(
            "The model in service and the settings",
            &[(200, "application/json", json!({"type": "object"}))],
        )},
        "/predict": {"post": operation(
            "The predicted probability for a client, and whether it is a high risk",
            &[(200, "application/json", json!({"oneOf": [
                reference("Answer"),
                {"type": "array", "items": {"anyOf": [reference("Answer"), reference("Problem")]}},
            ]}))],
        )},
        "/config-refresh": {"post": operation(
            "Reload the settings from their table",
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
            (400, "Invalid JSON"),
            (408, "Timed out"),
            (413, "Body too long"),
            (415, "Content type is not JSON"),
            (422, "Fields of a wrong type, listed by name, or too few features of the model"),
            (503, "Too busy, or the log cannot be written: no prediction is returned"),
        ],
    );
    problems(
        &mut paths["/config-refresh"]["post"],
        &[
            (403, "The service has no credentials set"),
            (409, "No table of settings"),
            (503, "The table of settings cannot be read"),
        ],
    );
    if app.credentials.are_set() {
        for (path, method) in [("/predict", "post"), ("/model", "get"), ("/config-refresh", "post")]
        {
            let operation = &mut paths[path][method];
            operation["security"] = json!([{"bearer": []}, {"basic": []}]);
            problems(operation, &[(401, "Missing or wrong credentials")]);
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
            json!({"description": "The prediction", "content": {*content_type: {"schema": schema}}});
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
            "description": "ID of this request; without it, the service sets one",
        }),
    );
    let client_id = properties.entry("client_id").or_insert_with(|| {
        json!({
            "anyOf": [{"type": "string", "maxLength": 255}, {"type": "integer"}, {"type": "null"}],
        })
    });
    client_id["description"] =
        "ID of the client; a client is always in the same group (model or heuristic)".into();
    json!({
        "type": "object",
        "description": "A missing field is a missing value for the model; how many may be missing is an option of the service. A field that is not a feature is only logged.",
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
            {"type": "string", "format": "date", "pattern": "^[1-9]"},
            {"type": "string", "format": "date-time", "pattern": "^[1-9]"},
            {"const": "", "description": "A missing value"}, {"type": "null"},
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
        "required": ["prediction", "high_risk", "response_time", "ltv", "uid", "model_uid", "model_used", "missing"],
        "properties": {
            "prediction": {"type": "number", "minimum": 0, "maximum": 1, "description": "The predicted probability of the model"},
            "high_risk": {"enum": ["yes", "no"], "description": "The decision: whether the client is at high risk"},
            "response_time": {"type": "number", "minimum": 0, "description": "Seconds"},
            "ltv": {"type": "number"},
            "uid": {"type": "string"},
            "model_uid": {"type": "string"},
            "missing": {"type": "array", "items": {"type": "string"}, "description": "Features of the model that the request did not have"},
            "model_used": {"enum": ["model", "heuristic"], "description": "The group: whether the model or the heuristic decided `high_risk`"},
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
