use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp, civil};
use mlops_job::{Context, UsageError};
use serde_json::Value;

use super::args::DemoArgs;
use super::programs::Programs;
use super::report::{DemoReport, Event};
use super::service::Service;
use super::world::{Outcome, World};

/// The rows that the first model is fitted to.
const FIRST_ROWS: &str = "12000";

/// The week in which the world changes, and the one in which somebody tries a bad model, as shares of all weeks.
const CHANGE: f64 = 0.35;
const BAD_MODEL: f64 = 0.8;

/// What an earlier demo left.
const LEFT: [&str; 10] = [
    "logs",
    "models",
    "spool",
    "mails",
    "mlops.db",
    "mlops.db-wal",
    "mlops.db-shm",
    "outcomes.csv",
    "damaged.csv",
    "score.log",
];

/// Lives a year of a model's life: each day clients are scored and some are called, each week the jobs run. In some week the world changes.
///
/// # Errors
///
/// [`UsageError`] for a folder that is something else, and the first job that fails, by name.
pub(crate) async fn demo(args: DemoArgs, context: Context) -> Result<DemoReport> {
    let folder = prepare(&args)?;
    let place = |name: &str| match &args.store {
        Some(store) => format!("{}/{name}", store.to_string().trim_end_matches('/')),
        None => name.to_owned(),
    };
    let (logs, models) = (place("logs"), place("models"));
    let database = args.database.as_ref().map_or_else(|| "sqlite://mlops.db".to_owned(), |url| url.expose().to_owned());
    let settings = vec![
        ("MLOPS_DATABASE", database),
        ("MLOPS_CREATE_TABLES", "true".to_owned()),
        ("MLOPS_MODELS", models.clone()),
        ("MLOPS_OUTCOMES", "outcomes.csv".to_owned()),
        ("MLOPS_HORIZON", "21d".to_owned()),
    ];
    let programs = Programs::new(&folder, settings, &context);
    let mut year = Year::begin(args, programs, &models, &logs).await?;
    let bar = context.progress.start("weeks", Some(u64::from(year.args.weeks)));
    for week in 0..year.args.weeks {
        if context.shutdown.is_cancelled() {
            break;
        }
        year.live_a_week(week).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    year.programs.make_no_tables();
    year.programs.run("dashboard", &["export", "dashboard.html", "--window", "400d"]).await?;
    Ok(year.report(folder))
}

fn prepare(args: &DemoArgs) -> Result<std::path::PathBuf> {
    let folder = &args.folder;
    let is_other = folder.exists() && !folder.join("clock").exists() && folder.read_dir()?.next().is_some();
    if is_other {
        let message =
            format!("--folder {}: it holds something else than an earlier demo; name another", folder.display());
        return Err(UsageError::new(message).into());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    for name in LEFT {
        let path = folder.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if path.exists() {
            removed.with_context(|| format!("removing {}", path.display()))?;
        }
    }
    folder.canonicalize().with_context(|| format!("finding {}", folder.display()))
}

struct Year {
    args: DemoArgs,
    programs: Programs,
    logs: String,
    service: Service,
    world: World,
    first_day: Timestamp,
    model_uid: String,
    /// Outcomes that are not known yet.
    to_come: Vec<Outcome>,
    known: String,
    events: Vec<Event>,
    requests: u64,
}

impl Year {
    async fn begin(args: DemoArgs, programs: Programs, models: &str, logs: &str) -> Result<Self> {
        let first_day = civil::date(2026, 1, 5).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
        programs.set_clock(first_day - SignedDuration::from_hours(24)).await?;
        let seed = args.seed.to_string();
        programs
            .run("simulate", &["customers", "--rows", FIRST_ROWS, "--seed", &seed, "--to", "customers.csv"])
            .await?;
        // The application does not know when a customer was acquired.
        let first = [
            "--data",
            "customers.csv",
            "--id",
            "client_id,acquired_date",
            "--target",
            "churn",
            "--report",
            "first-model.html",
        ];
        let made = programs.run("retrain", &first).await?;
        let service = Service::start(&programs, &format!("{models}/model.pkl"), logs).await?;
        let world = World::new(args.seed);
        let model_uid = text(&made, "model_uid");
        let mut year = Self {
            args,
            programs,
            logs: logs.to_owned(),
            service,
            world,
            first_day,
            model_uid: model_uid.clone(),
            to_come: Vec::new(),
            known: "client_id,outcome_timestamp,outcome\n".to_owned(),
            events: Vec::new(),
            requests: 0,
        };
        let auc = made["metrics"]["roc_auc"].as_f64().unwrap_or(f64::NAN);
        year.tell(
            first_day,
            format!(
                "a first model, {model_uid}: ROC AUC {auc:.3} on rows that it was not fitted to; score answers with it"
            ),
        );
        Ok(year)
    }

    fn week_of(&self, share: f64) -> u32 {
        (f64::from(self.args.weeks) * share) as u32
    }

    async fn live_a_week(&mut self, week: u32) -> Result<()> {
        let has_changed = week >= self.week_of(CHANGE);
        let monday = self.first_day + SignedDuration::from_hours(7 * 24 * i64::from(week));
        if week == self.week_of(CHANGE) {
            let says = "the world changes: activity is measured 15% lower, and customers of two marketing creatives leave far more often";
            self.tell(monday, says.to_owned());
        }
        for day in 0..7 {
            let now = monday + SignedDuration::from_hours(24 * day);
            self.programs.set_clock(now).await?;
            self.score_a_day(now, has_changed).await?;
        }
        let sunday = monday + SignedDuration::from_hours(7 * 24 - 4);
        self.programs.set_clock(sunday).await?;
        self.service.wait_for_log().await?;
        self.write_outcomes(sunday).await?;
        self.programs.run("etl-mysql", &["--logs", &self.logs, "--settle", "0s"]).await?;
        self.run_monitors(week, sunday).await?;
        if week == self.week_of(BAD_MODEL) {
            self.try_bad_model(sunday).await?;
        }
        self.programs.run("dashboard", &["refresh"]).await?;
        Ok(())
    }

    async fn score_a_day(&mut self, now: Timestamp, has_changed: bool) -> Result<()> {
        let clients: Vec<_> = (0..self.args.requests).map(|_| self.world.client(has_changed)).collect();
        let answers = self.service.score(&clients).await?;
        self.requests += answers.len() as u64;
        for (client, answer) in clients.iter().zip(answers) {
            self.to_come.push(self.world.outcome(client, answer.high_risk == "yes", now));
        }
        Ok(())
    }

    async fn write_outcomes(&mut self, now: Timestamp) -> Result<()> {
        let (known, to_come): (Vec<Outcome>, Vec<Outcome>) =
            std::mem::take(&mut self.to_come).into_iter().partition(|outcome| outcome.known_at <= now);
        self.to_come = to_come;
        self.known.extend(known.into_iter().map(|outcome| outcome.line));
        tokio::fs::write(self.programs.path("outcomes.csv"), &self.known).await.context("writing outcomes.csv")
    }

    /// The jobs of a week, each of which may ask for a new model.
    async fn run_monitors(&mut self, week: u32, now: Timestamp) -> Result<()> {
        let since = (now - SignedDuration::from_hours(24 * 84)).strftime("%Y-%m-%d").to_string();
        // Who is called may stay, and so looks like a wrong prediction: the model learns from the last twelve weeks.
        let command = format!(
            "'{}' --logs model_logs --since {since} --id client_id --target churn --output json >>retrain.log 2>&1",
            self.programs.program("retrain")?
        );
        let asks = ["--retrain-command", &command, "--retrain-cooldown", "42d"];
        let drift = self
            .programs
            .run("drift", &[&["--window", "7d", "--retrain-when", "any"], asks.as_slice()].concat())
            .await?;
        self.look("drift", &drift, now).await?;
        // Some of those who were called stayed, so that calibration and log loss are off by design.
        let judge = ["--window", "119d", "--every", "week", "--heuristic-share", "0.3", "--retrain"];
        let judge =
            [judge.as_slice(), &["--max-log-loss-rise", "0.1", "--max-ece", "0.15", "--max-auc-drop", "0.08"]].concat();
        let performance = self.programs.run("performance", &[judge.as_slice(), asks.as_slice()].concat()).await?;
        self.look("performance", &performance, now).await?;
        if week % 4 != 3 {
            return Ok(());
        }
        let concept = self.programs.run("concept-shift", &["--window", "28d"]).await?;
        self.look("concept-shift", &concept, now).await
    }

    /// Says what a monitor found, if it was not found last week already, and takes up the model that it asked for.
    async fn look(&mut self, job: &'static str, found: &Value, now: Timestamp) -> Result<()> {
        let verdict = text(found, "verdict");
        let last = self.events.iter().rev().find(|event| event.job == job).map(|event| event.verdict.clone());
        if last.as_deref() != Some(verdict.as_str()) && (verdict == "shifted" || last.as_deref() == Some("shifted")) {
            let says = format!("{job} says {verdict}");
            self.events.push(Event { at: day(now), job, verdict, says });
        }
        let inspected = self.programs.run("retrain", &["inspect", &format!("{}/model.pkl", self.models())]).await?;
        let present = text(&inspected, "model_uid");
        if present != self.model_uid {
            self.service.wait_for_model(&present).await?;
            let auc = inspected["metrics"]["roc_auc"].as_f64().unwrap_or(f64::NAN);
            self.tell(now, format!("{job} asked for a new model, and the gate accepted {present} (ROC AUC {auc:.3}); score answers with it"));
            self.model_uid = present;
        }
        Ok(())
    }

    fn models(&self) -> String {
        self.programs.setting("MLOPS_MODELS")
    }

    /// Outcomes that somebody mixed up.
    async fn try_bad_model(&mut self, now: Timestamp) -> Result<()> {
        let text =
            tokio::fs::read_to_string(self.programs.path("customers.csv")).await.context("reading customers.csv")?;
        let mut lines: Vec<&str> = text.lines().collect();
        let head = lines.remove(0);
        let outcomes: Vec<&str> = lines.iter().filter_map(|line| line.rsplit(',').next()).collect();
        let mixed = lines.iter().enumerate().filter_map(|(row, line)| {
            let (features, _) = line.rsplit_once(',')?;
            Some(format!("{features},{}\n", outcomes[(row * 7919 + 13) % outcomes.len()]))
        });
        let damaged = format!("{head}\n{}", mixed.collect::<String>());
        tokio::fs::write(self.programs.path("damaged.csv"), damaged).await.context("writing damaged.csv")?;
        let bad = [
            "--data",
            "damaged.csv",
            "--id",
            "client_id,acquired_date",
            "--target",
            "churn",
            "--new-schema",
            "--fail-on-verdict",
        ];
        let refused = self.programs.run("retrain", &bad).await?;
        let reasons: Vec<&str> =
            refused["gate"]["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let says = format!("somebody retrains on mixed up outcomes, and is refused: {}", reasons.join("; "));
        self.tell(now, says);
        Ok(())
    }

    fn tell(&mut self, at: Timestamp, says: String) {
        self.events.push(Event { at: day(at), job: "", verdict: String::new(), says });
    }

    fn report(self, folder: std::path::PathBuf) -> DemoReport {
        DemoReport {
            folder,
            requests: self.requests,
            weeks: self.args.weeks,
            model_uid: self.model_uid,
            events: self.events,
        }
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn text(document: &Value, name: &str) -> String {
    document[name].as_str().unwrap_or_default().to_owned()
}
