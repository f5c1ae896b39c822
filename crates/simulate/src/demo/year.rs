use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp, civil};
use mlops_job::number;

use super::args::DemoArgs;
use super::bad_model::try_bad_model;
use super::monitors::{Monitors, text};
use super::post;
use super::programs::Programs;
use super::service::{HEURISTIC_SHARE, Service};
use super::teller::Teller;
use super::world::{KEPT, Outcome, World};

/// Number of training rows of the first model.
const FIRST_ROWS: u64 = 12_000;

/// The week in which the world changes, and the week of the retrain on shuffled outcomes, as shares
/// of all weeks.
const CHANGE: f64 = 0.35;
const BAD_MODEL: f64 = 0.8;

/// Hours from a day's requests at noon to the jobs in the evening, and to the alerts at midnight.
const EVENING: SignedDuration = SignedDuration::from_hours(8);
const MIDNIGHT: SignedDuration = SignedDuration::from_hours(12);

/// A simulated year: clients are scored every day, and the jobs run every week.
pub(super) struct Year {
    pub(super) args: DemoArgs,
    pub(super) programs: Programs,
    pub(super) teller: Teller,
    pub(super) monitors: Monitors,
    pub(super) requests: u64,
    logs: String,
    service: Service,
    world: World,
    first_day: Timestamp,
    /// Outcomes that are not known yet.
    pending: Vec<Outcome>,
    known: String,
}

impl Year {
    pub(super) async fn begin(
        args: DemoArgs,
        programs: Programs,
        logs: String,
        mut teller: Teller,
    ) -> Result<Self> {
        // A Thursday, on which a week of the rules begins.
        let first_day =
            civil::date(2026, 1, 1).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
        programs.set_clock(first_day - SignedDuration::from_hours(24)).await?;
        post::write_rules(&programs).await?;
        let (seed, rows) = (args.seed.to_string(), FIRST_ROWS.to_string());
        let customers = ["customers", "--rows", &rows, "--seed", &seed, "--to", "customers.csv"];
        programs.run("simulate", &customers).await?;
        // The application does not know when a customer was acquired.
        let first =
            ["--data", "customers.csv", "--id", "client_id,acquired_date", "--target", "churn"];
        let made = programs
            .run("retrain", &[first.as_slice(), &["--report", "first-model.html"]].concat())
            .await?;
        let model = format!("{}/model.pkl", programs.setting("MLOPS_MODELS"));
        let service = Service::start(&programs, &model, &logs).await?;
        let model_uid = text(&made["model_uid"]);
        let auc = made["metrics"]["roc_auc"].as_f64().unwrap_or(f64::NAN);
        let says = format!(
            "retrain fits the first model to {} customers: ROC AUC {auc:.3} on held-out rows. score serves {model_uid}",
            number(FIRST_ROWS)
        );
        teller.tell(first_day, says);
        let share = HEURISTIC_SHARE.parse::<f64>().map_or(f64::NAN, |share| 100.0 * share);
        let says = format!(
            "{} clients a day, {share:.0}% of them in the control group. In the treatment group, clients at high risk get an offer; it keeps {:.0}% of \
             those who would have left",
            args.requests,
            100.0 * KEPT
        );
        teller.tell(first_day, says);
        let world = World::new(args.seed);
        Ok(Self {
            args,
            programs,
            teller,
            monitors: Monitors::new(model_uid),
            requests: 0,
            logs,
            service,
            world,
            first_day,
            pending: Vec::new(),
            known: "client_id,outcome_timestamp,outcome\n".to_owned(),
        })
    }

    fn week_of(&self, share: f64) -> u32 {
        (f64::from(self.args.weeks) * share) as u32
    }

    pub(super) async fn live_a_week(&mut self, week: u32) -> Result<()> {
        let has_changed = week >= self.week_of(CHANGE);
        let first = self.first_day + SignedDuration::from_hours(7 * 24 * i64::from(week));
        if week == self.week_of(CHANGE) {
            let says = "THE WORLD CHANGES: a new app counts activity 15% higher; a competitor attracts active customers and the customers of two \
                        marketing creatives";
            self.teller.tell(first, says);
        }
        let mut last = first;
        for day in 0..7 {
            last = first + SignedDuration::from_hours(24 * day);
            self.programs.set_clock(last).await?;
            self.score_a_day(last, has_changed).await?;
        }
        let evening = last + EVENING;
        self.programs.set_clock(evening).await?;
        self.service.wait_for_log().await?;
        self.write_outcomes(evening).await?;
        self.programs.run("etl-mysql", &["--logs", &self.logs, "--settle", "0s"]).await?;
        let Self { monitors, programs, service, teller, .. } = self;
        monitors.run(week, evening, programs, service, teller).await?;
        if week == self.week_of(BAD_MODEL) {
            let reasons = try_bad_model(&self.programs).await?;
            self.teller.tell(
                evening,
                format!("a retrain on shuffled outcomes is rejected by the gate: {reasons}"),
            );
        }
        self.programs.run("dashboard", &["refresh"]).await?;
        let midnight = last + MIDNIGHT;
        self.programs.set_clock(midnight).await?;
        post::judge(&self.programs, &mut self.teller, midnight).await?;
        if week + 1 == self.args.weeks {
            post::report(&self.programs).await?;
        }
        Ok(())
    }

    async fn score_a_day(&mut self, now: Timestamp, has_changed: bool) -> Result<()> {
        let clients: Vec<_> =
            (0..self.args.requests).map(|_| self.world.client(has_changed)).collect();
        let answers = self.service.score(&clients).await?;
        self.requests += answers.len() as u64;
        for (client, answer) in clients.iter().zip(answers) {
            self.pending.push(self.world.outcome(client, answer.high_risk == "yes", now));
        }
        Ok(())
    }

    async fn write_outcomes(&mut self, now: Timestamp) -> Result<()> {
        let (known, pending): (Vec<Outcome>, Vec<Outcome>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|outcome| outcome.known_at <= now);
        self.pending = pending;
        self.known.extend(known.into_iter().map(|outcome| outcome.line));
        tokio::fs::write(self.programs.path("outcomes.csv"), &self.known)
            .await
            .context("writing outcomes.csv")
    }
}
