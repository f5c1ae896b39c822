use std::sync::Arc;
use std::time::Duration;

use mlops_job::Context;
use mlops_web::Secrets;
use tokio::sync::Semaphore;

use super::body::BodyBytes;
use crate::demand::Demand;
use crate::metrics::Metrics;
use crate::reload::LiveModel;
use crate::settings::LiveSettings;
use crate::ship::SinkState;
use crate::spool::Spool;

/// The state for answering calls.
pub(crate) struct App {
    pub(crate) model: LiveModel,
    pub(crate) settings: LiveSettings,
    /// `None` where nothing is logged.
    pub(crate) spool: Option<Spool>,
    pub(crate) sinks: Vec<Arc<SinkState>>,
    pub(crate) credentials: Secrets,
    pub(crate) metrics: Metrics,
    pub(crate) in_flight: Semaphore,
    pub(crate) body_bytes: BodyBytes,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_rows: usize,
    pub(crate) demand: Demand,
    pub(crate) timeout: Duration,
    pub(crate) context: Context,
}
