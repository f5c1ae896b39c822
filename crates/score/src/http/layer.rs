use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Problem};

/// Names a call in the answer and in logs.
const REQUEST_ID: &str = "x-request-id";

/// A longer name is not the caller's to give.
const MAX_ID_BYTES: usize = 128;

/// Wraps every call: sets its name and its time limit, counts it, and adds a body to errors.
pub(super) async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = request
        .headers()
        .get(REQUEST_ID)
        .filter(|id| is_name(id))
        .cloned()
        .unwrap_or_else(|| new_id(&app));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answered = tokio::time::timeout(app.timeout, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| {
        let seconds = app.timeout.as_secs_f64();
        let detail = format!(
            "the call timed out after {seconds} seconds (including the time to send its body)"
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail).into_response()
    });
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = Problem::not_allowed(allow).into_response();
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    app.metrics.called(status, took);
    // Never what was sent or answered.
    let (request_id, duration_us) = (id.to_str().unwrap_or_default(), took.as_micros());
    tracing::debug!(request.id = request_id, http.status = status, duration_us, "{method} {path}");
    response
}

fn is_name(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

fn new_id(app: &App) -> HeaderValue {
    let uid = crate::answer::new_uid(app.context.now()).to_string();
    HeaderValue::try_from(uid).unwrap_or(HeaderValue::from_static("unnamed"))
}
