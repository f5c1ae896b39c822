use jiff::Timestamp;
use mlops_core::table::is_missing_text;
use mlops_core::timestamp::to_sql_text;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Number, Value, json};

/// One request as the application logs it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) uid: String,
    pub(crate) logged_at: Timestamp,
    /// The line of the log.
    pub(crate) line: Vec<u8>,
}

/// Which columns of a table are what.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub(crate) names: Vec<String>,
    pub(crate) id: Option<usize>,
    pub(crate) target: Option<usize>,
    pub(crate) prediction: Option<usize>,
}

impl Request {
    pub(crate) fn new(
        columns: &Columns,
        row: &[String],
        prediction: Option<f64>,
        logged_at: Timestamp,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let uid = uid(rng);
        let mut input = Map::new();
        input.insert("uid".to_owned(), uid.clone().into());
        input.insert(
            "client_id".to_owned(),
            columns.id.map_or(Value::Null, |column| row[column].clone().into()),
        );
        input.insert("endpoint".to_owned(), "predict".into());
        for (index, (name, text)) in columns.names.iter().zip(row).enumerate() {
            let index = Some(index);
            if index != columns.id && index != columns.target && index != columns.prediction {
                input.insert(name.clone(), value(text));
            }
        }
        let response_time = (rng.random::<f64>() * 400.0 + 30.0).round() / 1000.0;
        let output = json!({
            "prediction": prediction,
            "high_risk": if prediction.is_some_and(|prediction| prediction >= 0.5) { "yes" } else { "no" },
            "response_time": response_time,
            "ltv": 0,
            "model_used": "model",
            "model_uid": "simulated",
            "logging_timestamp": to_sql_text(logged_at),
            "logging_epoch": logged_at.as_microsecond() as f64 / 1e6,
        });
        let line = json!({ "input": input, "output": output }).to_string().into_bytes();
        Self { uid, logged_at, line }
    }

    /// The same request with its log damaged in one of four ways.
    pub(crate) fn damaged(mut self, rng: &mut ChaCha8Rng) -> Self {
        match rng.random_range(0..4) {
            0 => self.line.truncate(self.line.len() / 2),
            1 => {
                let middle = self.line.len() / 2;
                self.line[middle] = 0xFF;
            }
            2 => {
                self.line = format!(
                    r#"{{"input": {{"uid": "{}"}}, "output": {{"prediction": 0.5}}}}"#,
                    self.uid
                )
                .into()
            }
            _ => self.line = b"upstream timed out after 30000 ms".to_vec(),
        }
        self
    }
}

/// A cell as an application has it: a number, a text, or nothing.
pub(crate) fn value(text: &str) -> Value {
    if is_missing_text(text) {
        return Value::Null;
    }
    match text.parse::<Number>() {
        Ok(number) => Value::Number(number),
        Err(_) => Value::String(text.to_owned()),
    }
}

/// A random identifier in the form of a version 4 UUID.
fn uid(rng: &mut ChaCha8Rng) -> String {
    let bits = (rng.random::<u128>() & !(0xF << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
