//! `GET /`: a page to try a request, which needs nothing beside itself.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mlops_model::{Feature, FeatureKind};
use sha2::{Digest, Sha256};

use super::App;

const SCRIPT: &str = include_str!("page.js");

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{}{}", mlops_page::STYLE, include_str!("page.css")));

/// This style and this script, by their digests, and calls back here; nothing else.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        digest(&STYLE),
        digest(SCRIPT)
    );
    HeaderValue::try_from(policy).expect("digests and words are visible ASCII")
});

pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY.clone()),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]);
    (headers, document(&app).into_string()).into_response()
}

fn document(app: &App) -> Markup {
    let model = app.model.get();
    let target = &model.file.model.schema.target;
    let refused = app.model.refused();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "score" }
                style { (PreEscaped(STYLE.as_str())) }
            }
            body {
                h1 { "Test request" }
                p {
                    "The probability of " code { (target.name) " = " (target.positive) } ", by the model "
                    code { (model.file.model_uid) } ". An empty field is a missing value."
                }
                @if let Some(refused) = refused.as_ref() {
                    p.refused { "A newer model was refused at " (refused.at) ": " (refused.why) }
                }
                p.muted { "Test requests are logged like all requests. Documentation: " a href="openapi.json" { "openapi.json" } "." }
                form {
                    div.fields {
                        label { "client_id" input name="client_id" data-kind="text" data-example="1963820"; }
                        @for feature in model.features().iter().filter(|feature| feature.name != "client_id") {
                            (field(feature))
                        }
                    }
                    div.row {
                        button type="submit" { "Predict" }
                        button.plain #fill type="button" { "Insert an example" }
                        @if app.credentials.are_set() {
                            input #token type="password" placeholder="Token" autocomplete="off" aria-label="Token";
                        }
                    }
                }
                section #answer aria-live="polite" hidden {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn field(feature: &Feature) -> Markup {
    let name = &feature.name;
    html! {
        label title=(name) {
            (name)
            @match &feature.kind {
                FeatureKind::Numeric => { input name=(name) type="number" step="any" data-kind="number" data-example="0.5"; }
                FeatureKind::Date => { input name=(name) type="date" data-kind="text" data-example="2026-01-31"; }
                FeatureKind::Categorical { levels } => {
                    select name=(name) data-kind="text" data-example=[levels.first()] {
                        option value="" {}
                        @for level in levels { option value=(level) { (level) } }
                    }
                }
            }
        }
    }
}
