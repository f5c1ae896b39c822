use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Problem};

/// Lets pass who brings one of the secrets; all, if there are none.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if app.credentials.are_set() && !app.credentials.admit(request.headers()) {
        return Problem::unauthorised(app.credentials.challenge("score")).into_response();
    }
    next.run(request).await
}

/// The same, and none if there are none.
pub(super) async fn guard_strictly(
    state: State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    if !state.credentials.are_set() {
        let detail = "this URL needs credentials; start the service with --token (SCORE_TOKEN) or --basic-auth (SCORE_BASIC_AUTH)";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    guard(state, request, next).await
}
