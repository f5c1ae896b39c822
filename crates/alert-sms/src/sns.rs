//! Text messages by Amazon SNS.

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::config::{Builder, Region};
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sns::types::MessageAttributeValue;
use mlops_alert::{SendError, Sent};

#[derive(Debug)]
pub(crate) struct Sns {
    client: Client,
    sender: Option<String>,
}

impl Sns {
    pub(crate) async fn new(sender: Option<String>) -> Self {
        let config = mlops_aws::config().await;
        // `Publish` knows no idempotency key for texts: what may be repeated is decided here, not
        // by the SDK.
        let builder = Builder::from(&config).retry_config(RetryConfig::disabled());
        let region: Option<Region> = config.region().cloned();
        Self { client: Client::from_conf(builder.region(region).build()), sender }
    }

    pub(crate) async fn send(&self, to: &str, body: &str) -> Result<Sent, SendError> {
        let mut publish = self.client.publish().phone_number(to).message(body);
        // Sent at once and by the most reliable route, as AWS puts it.
        publish = publish.message_attributes("AWS.SNS.SMS.SMSType", attribute("Transactional"));
        if let Some(sender) = &self.sender {
            publish = publish.message_attributes("AWS.SNS.SMS.SenderID", attribute(sender));
        }
        match publish.send().await {
            Ok(answer) => Ok(Sent { provider_uid: answer.message_id }),
            Err(error) => Err(refusal(&error)),
        }
    }
}

fn attribute(text: &str) -> MessageAttributeValue {
    let attribute = MessageAttributeValue::builder().data_type("String").string_value(text);
    attribute.build().expect("a type is all that an attribute needs")
}

fn refusal<E: ProvideErrorMetadata + std::error::Error + 'static>(
    error: &SdkError<E, aws_sdk_sns::config::http::HttpResponse>,
) -> SendError {
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or("no code");
    let answered = |status: u16| format!("Amazon SNS answered {status} with {code}");
    match (error, status) {
        (_, Some(status)) if code.contains("Throttl") || status == 429 => {
            SendError::Temporary { why: answered(status), after: None }
        }
        (_, Some(status @ (401 | 403))) => {
            let why = format!("{}; grant sns:Publish to the role", answered(status));
            SendError::Temporary { why, after: None }
        }
        (_, Some(status)) if status >= 500 => SendError::Unclear(answered(status)),
        (SdkError::ServiceError(_), Some(status)) => SendError::Permanent(answered(status)),
        (SdkError::DispatchFailure(failure), _) if failure.is_io() || failure.is_user() => {
            SendError::Temporary { why: "Amazon SNS is unreachable".to_owned(), after: None }
        }
        (SdkError::ConstructionFailure(_), _) => {
            SendError::Temporary { why: format!("{}", DisplayErrorContext(error)), after: None }
        }
        _ => SendError::Unclear("Amazon SNS timed out".to_owned()),
    }
}
