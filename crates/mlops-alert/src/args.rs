#![expect(clippy::doc_markdown, reason = "the doc comments are the text of --help")]

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use mlops_job::{UsageError, duration, span, utc_time};
use mlops_objects::Location;
use mlops_rules::{MetricName, Recipient, RuleFile, Rules, RulesFile};

/// The arguments of all alert jobs.
#[derive(Debug, Clone, Args)]
pub struct AlertArgs {
    #[command(flatten)]
    /// The rule that needs no file.
    pub plain: PlainArgs,

    /// Rules file (TOML): a path or s3://BUCKET/KEY
    #[arg(long, global = true, env = "ALERT_RULES", value_name = "FILE", help_heading = "Rules")]
    pub rules: Option<Location>,

    /// Send the report of yesterday instead of alerts, to --to or all recipients of --rules
    #[arg(
        long,
        global = true,
        env = "ALERT_REPORT",
        value_name = "HOW_OFTEN",
        help_heading = "Rules"
    )]
    pub report: Option<ReportEvery>,

    /// Time at which rules are evaluated, in UTC, for tests and missed runs [default: now]
    #[arg(long, global = true, env = "ALERT_NOW", value_name = "TIME", value_parser = utc_time, hide_short_help = true, help_heading = "Run")]
    pub now: Option<Timestamp>,

    /// Print the messages without sending or writing anything
    #[arg(long, global = true, env = "ALERT_DRY_RUN", value_parser = BoolishValueParser::new(), help_heading = "Run", hide_short_help = true)]
    pub dry_run: bool,
}

/// The plain case: a rule by arguments.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rule without a file")]
pub struct PlainArgs {
    /// Alert when more than N requests were logged in the window
    #[arg(long, global = true, env = "ALERT_WHEN_COUNT_ABOVE", value_name = "N")]
    pub when_count_above: Option<f64>,

    /// Alert when fewer than N requests were logged in the window
    #[arg(long, global = true, env = "ALERT_WHEN_COUNT_BELOW", value_name = "N")]
    pub when_count_below: Option<f64>,

    /// Alert when the mean predicted probability in the window is above P
    #[arg(long, global = true, env = "ALERT_WHEN_MEAN_ABOVE", value_name = "P")]
    pub when_mean_above: Option<f64>,

    /// Alert when the mean predicted probability in the window is below P
    #[arg(long, global = true, env = "ALERT_WHEN_MEAN_BELOW", value_name = "P")]
    pub when_mean_below: Option<f64>,

    /// Length of the window, and interval of the schedule; windows end at its multiples, in UTC
    #[arg(long, global = true, env = "ALERT_WINDOW", value_name = "SPAN", default_value = "10m", value_parser = span)]
    pub window: SignedDuration,

    /// Interval between reminders while an alert fires; 0: every run
    #[arg(long, global = true, env = "ALERT_REPEAT", value_name = "SPAN", default_value = "4h", value_parser = duration, hide_short_help = true)]
    pub repeat: SignedDuration,

    /// Recipients (A,B)
    #[arg(long, global = true, env = "ALERT_TO", value_name = "ADDRESS", value_delimiter = ',')]
    pub to: Vec<String>,
}

/// How often there is a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportEvery {
    /// Every day, of the day before
    Daily,
}

/// Commands of an alert job.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub enum AlertCommand {
    /// Evaluate all rules and send the messages (the default)
    Run,
    /// Check the rules and describe each; needs no database
    Check,
    /// Replay the past: how often each rule would have fired, and its messages
    Backtest {
        /// Time before --now to replay
        #[arg(long, env = "ALERT_BACKTEST_WINDOW", value_name = "SPAN", default_value = "30d", value_parser = span)]
        over: SignedDuration,

        /// List every message with its time
        #[arg(long, env = "ALERT_BACKTEST_MESSAGES", value_parser = BoolishValueParser::new())]
        messages: bool,
    },
    /// Send a test message to --to
    Test,
    /// Print the JSON Schema of the rules file, for editors
    Schema,
}

impl PlainArgs {
    /// The rules that the arguments are, in the form of a file; none if none is given.
    fn file(&self, job: &str) -> RulesFile {
        let rule =
            |name: &str, metric: MetricName, above: Option<f64>, below: Option<f64>| RuleFile {
                name: format!("{job}: {name}"),
                metric,
                above,
                below,
                repeat: Some(milliseconds(self.repeat)),
                to: self.to.clone(),
                ..RuleFile::default()
            };
        let rules = [
            (
                self.when_count_above,
                rule("many requests", MetricName::Count, self.when_count_above, None),
            ),
            (
                self.when_count_below,
                rule("few requests", MetricName::Count, None, self.when_count_below),
            ),
            (
                self.when_mean_above,
                rule("high predictions", MetricName::Prediction, self.when_mean_above, None),
            ),
            (
                self.when_mean_below,
                rule("low predictions", MetricName::Prediction, None, self.when_mean_below),
            ),
        ];
        let rules =
            rules.into_iter().filter(|(bound, _)| bound.is_some()).map(|(_, rule)| rule).collect();
        RulesFile { every: Some(milliseconds(self.window)), rules, ..RulesFile::default() }
    }

    /// The same, checked.
    ///
    /// # Errors
    ///
    /// [`UsageError`], as for a file.
    pub(crate) fn rules(&self, job: &str) -> Result<Rules, UsageError> {
        let file = self.file(job);
        if !file.rules.is_empty() && self.to.is_empty() {
            return Err(UsageError::new(
                "the alert has no recipient; name one with --to (ALERT_TO)",
            ));
        }
        let mut rules = file.check().map_err(UsageError::because)?;
        rules.recipients = self.recipients()?;
        Ok(rules)
    }

    /// Those that `--to` names.
    ///
    /// # Errors
    ///
    /// [`UsageError`] for one that is no address.
    pub(crate) fn recipients(&self) -> Result<Vec<Recipient>, UsageError> {
        if self.to.is_empty() {
            return Ok(Vec::new());
        }
        // A rule that is never run, whose recipients are those.
        let rule = RuleFile {
            name: "--to".to_owned(),
            above: Some(0.0),
            to: self.to.clone(),
            ..RuleFile::default()
        };
        let rules = RulesFile { rules: vec![rule], ..RulesFile::default() }
            .check()
            .map_err(UsageError::because)?;
        Ok(rules.rules.into_iter().flat_map(|rule| rule.recipients).collect())
    }

    pub(crate) fn is_given(&self) -> bool {
        [self.when_count_above, self.when_count_below, self.when_mean_above, self.when_mean_below]
            .iter()
            .any(Option::is_some)
    }
}

fn milliseconds(span: SignedDuration) -> String {
    format!("{}ms", span.as_millis())
}
