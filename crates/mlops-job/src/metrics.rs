//! Metrics for CloudWatch, by its embedded metric format: log lines that CloudWatch Logs turns into
//! metrics by itself.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use mlops_core::model_name::ModelName;
use serde_json::{Map, Value, json};

/// The CloudWatch namespace.
const NAMESPACE: &str = "mlops";

/// Figures that belong to one thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// Dimensions beside the job: `("feature", "tenure")`.
    pub dimensions: Vec<(&'static str, String)>,
    /// Name, unit of CloudWatch, and value; one that is not finite is left out.
    pub values: Vec<(&'static str, &'static str, f64)>,
}

impl Metrics {
    /// One line of the format. Figures of a named model have its name as a dimension.
    pub(crate) fn line(&self, job: &str, model: &ModelName, time: Timestamp) -> String {
        let of_model = (!model.is_default()).then_some(("model", model.as_str()));
        let dimensions = std::iter::once(("job", job))
            .chain(of_model)
            .chain(self.dimensions.iter().map(|(n, v)| (*n, v.as_str())));
        let values = self.values.iter().filter(|(_, _, value)| value.is_finite());
        let names: Vec<&str> = dimensions.clone().map(|(name, _)| name).collect();
        let metrics: Vec<Value> =
            values.clone().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": metrics});
        let mut line = Map::new();
        line.insert(
            "_aws".into(),
            json!({"Timestamp": time.as_millisecond(), "CloudWatchMetrics": [directive]}),
        );
        line.extend(dimensions.map(|(name, value)| (name.to_owned(), value.into())));
        line.extend(values.map(|(name, _, value)| ((*name).to_owned(), json!(value))));
        Value::Object(line).to_string()
    }
}
