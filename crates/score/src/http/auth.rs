use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{App, Problem};

/// Who may ask, as digests of the `authorization` headers that are accepted; no secret stays in memory.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    bearer: Option<[u8; 32]>,
    basic: Option<[u8; 32]>,
}

impl Credentials {
    /// A bearer token, and `USER:PASSWORD` for basic authentication.
    pub(crate) fn new(token: Option<&str>, basic: Option<&str>) -> Self {
        Self {
            bearer: token.map(|token| digest(token.as_bytes())),
            basic: basic.map(|basic| digest(STANDARD.encode(basic).as_bytes())),
        }
    }

    pub(crate) fn are_set(&self) -> bool {
        self.bearer.is_some() || self.basic.is_some()
    }

    /// Compares in a time that does not depend on how much of a secret was guessed: digests are compared, and all of them.
    fn accept(&self, headers: &HeaderMap) -> bool {
        let Some(given) = headers.get(header::AUTHORIZATION).map(header::HeaderValue::as_bytes) else { return false };
        let Some(end) = given.iter().position(|byte| *byte == b' ') else { return false };
        let (scheme, secret) = (&given[..end], given[end..].trim_ascii());
        let wanted = match () {
            () if scheme.eq_ignore_ascii_case(b"bearer") => self.bearer,
            () if scheme.eq_ignore_ascii_case(b"basic") => self.basic,
            () => None,
        };
        wanted.is_some_and(|wanted| wanted.ct_eq(&digest(secret)).into())
    }

    fn challenge(&self) -> &'static str {
        if self.bearer.is_some() { "Bearer realm=\"score\"" } else { "Basic realm=\"score\", charset=\"UTF-8\"" }
    }
}

/// Lets pass whom the credentials allow; all, if there are none.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let credentials = &app.credentials;
    if credentials.are_set() && !credentials.accept(request.headers()) {
        return Problem::unauthorised(credentials.challenge()).into_response();
    }
    next.run(request).await
}

/// The same, and none if there are none.
pub(super) async fn guard_strictly(state: State<Arc<App>>, request: Request, next: Next) -> Response {
    if !state.credentials.are_set() {
        let detail =
            "this is for operators; start the service with --token (SCORE_TOKEN) or --basic-auth (SCORE_BASIC_AUTH)";
        return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    }
    guard(state, request, next).await
}

fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}
