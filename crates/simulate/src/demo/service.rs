use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Child;

use super::http::call;
use super::programs::Programs;
use super::world::Client;

/// Attempts of [`PAUSE`] each until something has happened that takes a moment.
const ATTEMPTS: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// A rule that holds for nobody. So the other arm gets no offers: what the model is worth is told
/// by those who were left alone, and so is what becomes of clients on whom nobody acts.
const HEURISTIC: &str = "client_id is missing";

/// Its share of the clients.
pub(super) const HEURISTIC_SHARE: &str = "0.3";

/// `score`, as the application runs it.
pub(super) struct Service {
    address: String,
    child: Child,
}

/// What it answers of one client.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) high_risk: String,
}

impl Service {
    /// Starts it with the present model, and waits until it answers.
    pub(super) async fn start(programs: &Programs, model: &str, logs: &str) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .context("finding a free port")?;
        let address = port.to_string();
        let of_model = ["--model", model, "--watch", "--watch-every", "200ms"];
        let of_log =
            ["--listen", &address, "--logs", logs, "--log-every", "250ms", "--spool", "spool"];
        let of_arms =
            ["--cut-off", "0.3", "--heuristic", HEURISTIC, "--heuristic-share", HEURISTIC_SHARE];
        let arguments = [of_model.as_slice(), &of_log, &of_arms].concat();
        let mut command = programs.command("score", &arguments)?;
        let log = std::fs::File::create(programs.path("score.log")).context("making score.log")?;
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
            "score does not answer at {}; see {}",
            service.address,
            programs.path("score.log").display()
        )
    }

    /// Scores clients in one call.
    pub(super) async fn score(&self, clients: &[Client]) -> Result<Vec<Answer>> {
        let requests: Vec<&serde_json::Map<String, Value>> =
            clients.iter().map(|client| &client.request).collect();
        let body = call(&self.address, "POST", "/predict", serde_json::to_vec(&requests)?).await?;
        let answers: Vec<Answer> =
            serde_json::from_slice(&body).context("reading what score answers")?;
        if answers.len() != clients.len() {
            bail!("score answered {} of {} requests", answers.len(), clients.len());
        }
        Ok(answers)
    }

    /// Waits until all that was answered lies where the ETL reads it.
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
        bail!("score does not send its log away; see score.log")
    }

    /// Waits until it answers with this model.
    pub(super) async fn wait_for_model(&self, model_uid: &str) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let about: Value =
                serde_json::from_slice(&call(&self.address, "GET", "/model", Vec::new()).await?)?;
            if about["model_uid"] == model_uid {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("score does not take up the model {model_uid}; see score.log")
    }
}
