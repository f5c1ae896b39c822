use axum::http::StatusCode;
use axum::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error of one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// The JSON pointer of the field.
    pub(crate) pointer: String,
    /// Its name; empty for the request itself.
    pub(crate) field: String,
    /// The problem, and what to send instead.
    pub(crate) detail: String,
}

impl FieldError {
    /// `pointer` is the row's.
    pub(crate) fn of_row(pointer: &str, detail: String) -> Self {
        Self { pointer: pointer.to_owned(), field: String::new(), detail }
    }

    pub(crate) fn of_field(pointer: &str, field: &str, detail: String) -> Self {
        let escaped = field.replace('~', "~0").replace('/', "~1");
        Self { pointer: format!("{pointer}/{escaped}"), field: field.to_owned(), detail }
    }
}

/// An answer that is none, by RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: Box<str>,
    errors: Vec<FieldError>,
    header: Option<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Document<'p> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'p str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'p [FieldError],
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into().into(), errors: Vec::new(), header: None }
    }

    /// A request that cannot be answered for what is in it.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [FieldError { field, detail, .. }] if field.is_empty() => {
                format!("the request {detail}")
            }
            [FieldError { field, detail, .. }] => format!("`{field}` {detail}"),
            [FieldError { field, detail, .. }, ..] => {
                let of = if field.is_empty() { "the request".into() } else { format!("`{field}`") };
                format!("{of} {detail}; {} more are listed in `errors`", errors.len() - 1)
            }
            [] => "the request cannot be answered".to_owned(),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// Nothing was answered and nothing logged; the same request may succeed in so many seconds.
    pub(crate) fn unavailable(detail: impl Into<String>, retry_after_seconds: u32) -> Self {
        let header = Some((RETRY_AFTER, retry_after_seconds.into()));
        Self { header, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    pub(crate) fn unauthorised(challenge: HeaderValue) -> Self {
        let detail = "this needs the `authorization` header that the service was started with";
        let header = Some((WWW_AUTHENTICATE, challenge));
        Self { header, ..Self::new(StatusCode::UNAUTHORIZED, detail) }
    }

    pub(crate) fn not_allowed(allow: Option<HeaderValue>) -> Self {
        let header = allow.map(|allow| (ALLOW, allow));
        Self {
            header,
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this method is not supported; see the header `allow`",
            )
        }
    }
}

impl Problem {
    /// The problem as JSON.
    pub(crate) fn json(&self) -> Vec<u8> {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        // Texts and numbers; nothing here cannot be written.
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.json();
        let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (self.status, [content_type], body).into_response();
        response.headers_mut().extend(self.header);
        response
    }
}
