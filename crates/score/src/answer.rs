//! From checked requests to what is answered and what is logged of it.

use std::io::Write as _;
use std::time::Instant;

use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use mlops_core::timestamp::to_sql_text;

use crate::groups::position;
use crate::http::Problem;
use crate::json::push_string;
use crate::metrics::Metrics;
use crate::model::ServedModel;
use crate::request::{Body, Request};
use crate::settings::Settings;
use crate::spool::Frames;

/// The answer of a call, and its records for the log.
pub(crate) struct Answer {
    pub(crate) json: Vec<u8>,
    pub(crate) frames: Frames,
}

/// A probability, and what was made of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Decision {
    probability: f64,
    is_high_risk: bool,
    by_model: bool,
}

/// When a call was begun, by two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) at: Instant,
    pub(crate) now: Timestamp,
}

/// Answers all requests of a call.
///
/// # Errors
///
/// A [`Problem`] of 500 where the model gives no probability.
pub(crate) fn answer(
    body: &Body<'_>,
    model: &ServedModel,
    model_name: &ModelName,
    settings: &Settings,
    begun: Begun,
    metrics: &Metrics,
) -> Result<Answer, Problem> {
    let requests: Vec<&Request<'_>> = body.rows.iter().flatten().collect();
    let table = model.table(
        requests.len(),
        |row, feature| requests[row].cell(feature),
        |row, name| requests[row].time(name).unwrap_or_else(|| begun.now.as_microsecond()),
    );
    let probabilities = model.file.model.predict(&table).ok();
    let probabilities = probabilities.filter(|all| all.iter().all(|p| (0.0..=1.0).contains(p)));
    let Some(probabilities) = probabilities else {
        let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
        return Err(Problem::new(status, "the model gives no probability for this request"));
    };
    // A record of the model without a name is of whichever model it is loaded for.
    let named = match model_name.is_default() {
        true => String::new(),
        false => format!(r#","model_name":"{model_name}""#),
    };
    let time = format!(
        r#"{named},"logging_timestamp":"{}","logging_epoch":{}.{:06}}}"#,
        to_sql_text(begun.now),
        begun.now.as_second(),
        begun.now.subsec_microsecond()
    );
    let mut frames = Frames::new(begun.now);
    let mut probabilities = probabilities.into_iter();
    let mut json = Vec::with_capacity(256 * body.rows.len());
    let mut output = Vec::with_capacity(256);
    if body.is_array {
        json.push(b'[');
    }
    for row in &body.rows {
        if json.len() > 1 {
            json.push(b',');
        }
        let request = match row {
            Ok(request) => request,
            Err(problem) => {
                metrics.refused_rows.add(1);
                json.extend(problem.json());
                continue;
            }
        };
        let Some(probability) = probabilities.next() else { break };
        let decision = decide(request, probability, settings);
        metrics.count(decision.by_model, decision.is_high_risk);
        output.clear();
        push_output(&mut output, decision, model, begun);
        let uid = request.uid.map_or_else(|| format!("\"{}\"", new_uid(begun.now)), str::to_owned);
        frames.push(|record| {
            record.extend_from_slice(b"{\"input\":{\"uid\":");
            record.extend_from_slice(uid.as_bytes());
            request.write_fields(record);
            record.extend_from_slice(b"},\"output\":");
            record.extend_from_slice(&output);
            record.extend_from_slice(time.as_bytes());
            record.push(b'}');
        });
        json.extend_from_slice(&output);
        json.extend_from_slice(b",\"uid\":");
        json.extend_from_slice(uid.as_bytes());
        json.extend_from_slice(b",\"missing\":[");
        for (number, feature) in request.missing().enumerate() {
            model.missing[feature].add(1);
            if number > 0 {
                json.push(b',');
            }
            push_string(&mut json, &model.features()[feature].name);
        }
        json.extend_from_slice(b"]}");
    }
    if body.is_array {
        json.push(b']');
    }
    Ok(Answer { json, frames })
}

/// Decides whether a client is at high risk. The probability is always the model's, so that monitors
/// see all requests; `model_used` names the group.
fn decide(request: &Request<'_>, probability: f64, settings: &Settings) -> Decision {
    let heuristic = settings.heuristic.as_ref().filter(|_| settings.heuristic_share > 0.0);
    // Whose request it is nobody knows is the model's: he could come back in the other arm.
    if let (Some(rule), Some(client_id)) = (heuristic, &request.client_id)
        && position(&settings.experiment, client_id) < settings.heuristic_share
    {
        let is_high_risk = rule.holds(|name| request.operand(name));
        return Decision { probability, is_high_risk, by_model: false };
    }
    Decision { probability, is_high_risk: probability >= settings.cut_off, by_model: true }
}

/// The fields that answer and log share, without the closing brace.
fn push_output(json: &mut Vec<u8>, decision: Decision, model: &ServedModel, begun: Begun) {
    let Decision { probability, is_high_risk, by_model } = decision;
    let high_risk = if is_high_risk { "yes" } else { "no" };
    let model_used = if by_model { "model" } else { "heuristic" };
    let seconds = begun.at.elapsed().as_secs_f64();
    // What a client is worth is joined to the log later, from `client_ltv`; the log of the field
    // has a zero here.
    write!(
        json,
        r#"{{"prediction":{probability},"high_risk":"{high_risk}","response_time":{seconds:.6},"ltv":0,"model_used":"{model_used}","model_uid":"#,
    )
    .expect("memory takes any text");
    json.extend_from_slice(&model.uid_json);
}

/// A UUID of version 7: in the order of time, so that a database's index grows at its end.
pub(crate) fn new_uid(now: Timestamp) -> uuid::Uuid {
    let time = uuid::Timestamp::from_unix(
        uuid::NoContext,
        now.as_second().unsigned_abs(),
        now.subsec_nanosecond().unsigned_abs(),
    );
    uuid::Uuid::new_v7(time)
}
