use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Child;

use super::http::call;
use super::programs::Programs;
use super::world::Client;

/// Number of attempts to see a change in the service, with [`PAUSE`] between them.
const ATTEMPTS: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// A rule that never applies. So the control group gets no offers, and its outcomes show both the
/// effect of the model and the churn without offers.
const HEURISTIC: &str = "client_id is missing";

/// Share of clients in the control group.
pub(super) const HEURISTIC_SHARE: &str = "0.3";

/// A running `score` service.
pub(super) struct Service {
    address: String,
    child: Child,
}

/// The answer for one client.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) high_risk: String,
}

impl Service {
    /// Starts the service with the current model, and waits until it is healthy.
    pub(super) async fn start(programs: &Programs, model: &str, logs: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .context("finding a free port")?;
        let address = port.to_string();
        let of_model = ["--model-file", model, "--watch", "--watch-every", "200ms"];
        let of_log =
            ["--listen", &address, "--logs", logs, "--log-every", "250ms", "--spool", "spool"];
        let of_groups =
            ["--cut-off", "0.3", "--heuristic", HEURISTIC, "--heuristic-share", HEURISTIC_SHARE];
        let arguments = [of_model.as_slice(), &of_log, &of_groups].concat();
        let mut command = programs.command("score", &arguments)?;
        let log =
            std::fs::File::create(programs.path("score.log")).context("creating score.log")?;
        let child = command
            .stdout(std::process::Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting score")?;
        let mut service = Self { address, child };
        for _ in 0..ATTEMPTS {
            if call(&service.address, "GET", "/health", Vec::new()).await.is_ok() {
                return Ok(service);
            }
            if let Some(status) = service.child.try_wait()? {
                bail!("score ended with {status}; see {}", programs.path("score.log").display());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!(
            "score does not respond at http://{}; see {}",
            service.address,
            programs.path("score.log").display()
        )
    }

    /// Scores clients in one request.
    pub(super) async fn score(&self, clients: &[Client]) -> Result<Vec<Answer>> {
        let requests: Vec<&serde_json::Map<String, Value>> =
            clients.iter().map(|client| &client.request).collect();
        let body = call(&self.address, "POST", "/predict", serde_json::to_vec(&requests)?).await?;
        let answers: Vec<Answer> =
            serde_json::from_slice(&body).context("reading the answer of score")?;
        if answers.len() != clients.len() {
            bail!("score answered {} of {} requests", answers.len(), clients.len());
        }
        Ok(answers)
    }

    /// Waits until all logged requests are in the storage location of the logs.
    pub(super) async fn wait_for_log(&self) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let text = call(&self.address, "GET", "/metrics", Vec::new()).await?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let figure = |name: &str| -> Option<f64> {
                let line = text.lines().find(|line| line.starts_with(name))?;
                line.rsplit_once(' ')?.1.parse().ok()
            };
            let (logged, sent) =
                (figure("score_logged_records_total"), figure("score_sent_records_total"));
            if logged.is_some() && logged == sent {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("score does not upload its logged requests; see score.log")
    }

    /// Waits until the service serves this model.
    pub(super) async fn wait_for_model(&self, model_uid: &str) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let about: Value =
                serde_json::from_slice(&call(&self.address, "GET", "/model", Vec::new()).await?)?;
            if about["model_uid"] == model_uid {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("score does not load model {model_uid}; see score.log")
    }
}
