//! Twilio's Messages resource: <https://www.twilio.com/docs/messaging/api/message-resource>.

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use form_urlencoded::Serializer;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use jiff::Timestamp;
use mlops_alert::{SendError, Sent};
use serde_json::Value;

use crate::http::{Answer, Http};
use crate::settings::{From, TwilioSettings};

/// The number of messages of one day to one number that are searched.
const PAGE: &str = "200";

#[derive(Debug)]
pub(crate) struct Twilio {
    settings: TwilioSettings,
    http: Http,
}

impl Twilio {
    pub(crate) fn new(settings: TwilioSettings) -> Result<Self> {
        let http = Http::new(settings.timeout)?;
        Ok(Self { settings, http })
    }

    /// Creates a message. Twilio has no idempotency key: after a missing answer, [`Self::find`] tells
    /// whether the message exists.
    pub(crate) async fn send(&self, to: &str, body: &str) -> Result<Sent, SendError> {
        let from = match &self.settings.from {
            From::Number(number) => ("From", number.as_str()),
            From::Service(service) => ("MessagingServiceSid", service.as_str()),
        };
        let request = self.request(Method::POST, "", form([("To", to), ("Body", body), from]))?;
        let answer = self.http.send(request).await?;
        match answer.status {
            // It is queued; whether it arrives, Twilio's own log says.
            status if status.is_success() => Ok(Sent { provider_uid: sid(&answer.json) }),
            _ => Err(refusal(&answer)),
        }
    }

    /// Finds the message to that number with that text, from the day of `since` on.
    pub(crate) async fn find(
        &self,
        to: &str,
        body: &str,
        since: Timestamp,
    ) -> Result<Option<Sent>, SendError> {
        let day = since.strftime("%Y-%m-%d").to_string();
        let query = form([("To", to), ("DateSent>", day.as_str()), ("PageSize", PAGE)]);
        let request = self.request(Method::GET, &query, String::new())?;
        let answer = self.http.send(request).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let messages = answer.json["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found = messages.iter().find(|message| message["body"] == body && message["to"] == to);
        Ok(found.map(|message| Sent { provider_uid: sid(message) }))
    }

    fn request(
        &self,
        method: Method,
        query: &str,
        form: String,
    ) -> Result<Request<Full<Bytes>>, SendError> {
        let TwilioSettings { endpoint, account_sid, login: (user, password), .. } = &self.settings;
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let mut login = HeaderValue::try_from(format!("Basic {login}")).expect("Base64 is ASCII");
        login.set_sensitive(true);
        let request = Request::builder()
            .method(method)
            .uri(format!("{endpoint}/2010-04-01/Accounts/{account_sid}/Messages.json{query}"))
            .header(AUTHORIZATION, login)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)));
        let wrong = |_| SendError::Temporary {
            why: "--twilio-endpoint is not a URL".to_owned(),
            after: None,
        };
        request.map_err(wrong)
    }
}

fn form(pairs: [(&str, &str); 3]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn sid(message: &Value) -> Option<String> {
    message["sid"].as_str().map(str::to_owned)
}

/// Classifies a refusal. The text of Twilio may contain the phone number and is left out; the code
/// is kept.
fn refusal(answer: &Answer) -> SendError {
    let status = answer.status;
    let code =
        answer.json["code"].as_u64().map_or(String::new(), |code| format!(" with error {code}"));
    let why = format!("Twilio answered {}{code}", status.as_u16());
    match status {
        // It was not processed, and is safe to repeat.
        StatusCode::TOO_MANY_REQUESTS => SendError::Temporary { why, after: answer.retry_after },
        // The account, not the message: somebody has to set it right, and the message waits for
        // that.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            SendError::Temporary {
                why: format!("{why}; check the account SID and the token"),
                after: None,
            }
        }
        status if status.is_server_error() => SendError::Unclear(why),
        _ => SendError::Permanent(why),
    }
}
