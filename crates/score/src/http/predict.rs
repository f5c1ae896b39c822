use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::body::busy;
use super::{App, Problem};
use crate::answer::{Answer, Begun, answer};
use crate::demand::Reading;
use crate::json::json_type;
use crate::request::read_body;
use crate::spool::SpoolError;

/// More rows than this are reckoned beside the threads that serve.
const FEW_ROWS: usize = 32;

/// `POST /predict`: one request, or an array of them.
///
/// Nothing is answered that is not logged: the records are in the spool before the answer goes out.
pub(super) async fn predict(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let begun = Begun { at: Instant::now(), now: app.context.now() };
    if let Some(error) = app.spool.as_ref().and_then(|spool| spool.state.is_shut()) {
        return Err(unlogged(&error));
    }
    let (head, body) = request.into_parts();
    check_type(&head.headers)?;
    let (body, _held) = app.body_bytes.read(body, &head.headers, app.max_body_bytes).await?;
    // A client that sends its body slowly takes no slot of those that are answered.
    let _permit = app.in_flight.try_acquire().map_err(|_| busy())?;
    let rows_at_most = body.iter().filter(|byte| **byte == b'{').count();
    let answer = if rows_at_most > FEW_ROWS {
        tokio::task::block_in_place(|| answer_all(&app, &body, begun))?
    } else {
        answer_all(&app, &body, begun)?
    };
    if let Some(spool) = &app.spool {
        spool.write(answer.frames).await.map_err(|error| unlogged(&error))?;
    }
    let mut response = Response::new(Body::from(answer.json));
    *response.headers_mut() = json_type();
    Ok(response)
}

fn answer_all(app: &App, body: &[u8], begun: Begun) -> Result<Answer, Problem> {
    let model = app.model.get();
    let reading = Reading { model: &model, demand: app.demand };
    let body = read_body(body, reading, app.max_rows)?;
    answer(&body, &model, &app.context.model, &app.settings.get(), begun, &app.metrics)
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let name = given
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if name == "application/json" || (name.starts_with("application/") && name.ends_with("+json")) {
        return Ok(());
    }
    let detail = "send JSON, with the header `content-type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

fn unlogged(error: &SpoolError) -> Problem {
    let detail = match error {
        // What the system says of its disks is not the caller's.
        SpoolError::Disk(_) => {
            "no prediction is returned, because the request could not be logged".to_owned()
        }
        error => {
            format!("no prediction is returned, because the request could not be logged: {error}")
        }
    };
    Problem::unavailable(detail, 5)
}
