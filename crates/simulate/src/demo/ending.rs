//! The end of a demo: the effect of the model, the dashboard as a file, and the dashboard served.

use std::net::TcpListener;

use anyhow::{Context as _, Result};
use mlops_job::Context;
use serde_json::Value;

use super::post;
use super::programs::Programs;
use super::report::{DemoReport, MonthImpact};
use super::year::Year;

/// Default address of `dashboard`.
const USUAL_ADDRESS: &str = "127.0.0.1:8050";

/// Time window of the dashboard: the whole year.
const WINDOW: &str = "400d";

/// Writes the dashboard as a file, prints the end of the report, and serves the dashboard on a
/// terminal.
pub(super) async fn end(
    year: Year,
    folder: std::path::PathBuf,
    context: &Context,
) -> Result<DemoReport> {
    let Year { args, mut programs, mut teller, monitors, requests, .. } = year;
    let by_month = [
        "--window",
        WINDOW,
        "--every",
        "month",
        "--heuristic-share",
        super::service::HEURISTIC_SHARE,
    ];
    let impact = months(&programs.run("performance", &by_month).await?);
    programs.make_no_tables();
    programs.run("dashboard", &["export", "dashboard.html", "--window", WINDOW]).await?;
    let is_served = teller.is_watched() && !args.no_serve && !context.shutdown.is_cancelled();
    let address = if is_served { Some(address()?) } else { None };
    let look = match &address {
        Some(address) => format!("Dashboard: http://{address}   (Ctrl-C stops it)"),
        None => command(&programs, &folder)?,
    };
    let report = DemoReport {
        folder,
        requests,
        weeks: args.weeks,
        model_uid: monitors.model_uid().to_owned(),
        events: teller.events().to_vec(),
        impact,
        mails: post::mails(&programs).await?,
        look,
        was_told: teller.is_watched(),
    };
    if let Some(address) = address {
        let served = ["--listen", &address, "--window", WINDOW];
        let log = std::fs::File::create(programs.path("dashboard.log"))
            .context("creating dashboard.log")?;
        let mut service = programs.command("dashboard", &served)?;
        let mut service = service
            .stdout(std::process::Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting dashboard")?;
        teller.show(&report.ending());
        tokio::select! {
            () = context.shutdown.cancelled() => service.kill().await.context("ending dashboard")?,
            ended = service.wait() => {
                let ended = ended.context("waiting for dashboard")?;
                anyhow::bail!("dashboard ended with {ended}; see {}", programs.path("dashboard.log").display());
            }
        }
    } else {
        teller.show(&report.ending());
    }
    Ok(report)
}

/// Returns the command that serves the dashboard later, without the password of the database.
fn command(programs: &Programs, folder: &std::path::Path) -> Result<String> {
    let database = programs.setting("MLOPS_DATABASE");
    let database = if database.starts_with("sqlite:") {
        format!(" --database {database}")
    } else {
        String::new()
    };
    let program = programs.program("dashboard")?;
    Ok(format!(
        "To open the dashboard as of the last day:\n\n  cd {} && MLOPS_CLOCK=clock {program}{database} --window {WINDOW}   # http://{USUAL_ADDRESS}",
        folder.display()
    ))
}

/// Returns the default address, or a free port if the default is in use.
fn address() -> Result<String> {
    let listener = TcpListener::bind(USUAL_ADDRESS).or_else(|_| TcpListener::bind("127.0.0.1:0"));
    let address = listener.and_then(|free| free.local_addr()).context("finding a free port")?;
    Ok(address.to_string())
}

fn months(found: &Value) -> Vec<MonthImpact> {
    let impact = &found["impact"];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let periods = list(&impact["from"]).into_iter().zip(list(&impact["periods"]));
    let month = |(from, period): (Value, Value)| {
        let effect = &period["effect"];
        let benefit = |end: &str| effect["benefit"][end].as_f64();
        Some(MonthImpact {
            month: from.as_str()?.get(..7)?.to_owned(),
            benefit: benefit("value")?,
            low: benefit("low")?,
            high: benefit("high")?,
            clients_saved: effect["clients_saved"]["value"].as_f64()?,
        })
    };
    periods.filter_map(month).collect()
}
