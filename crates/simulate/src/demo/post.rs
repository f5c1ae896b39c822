//! The alert rules of the demo, and the e-mails of `alert-email`, which go into a folder.

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use super::programs::Programs;
use super::teller::Teller;

/// Alert rules. They are evaluated once a week, as the jobs run once a week: on Thursdays at 0:00
/// UTC, since the year begins on a Thursday.
const RULES: &str = r#"every = "7d"

[recipients.team]
email = ["team@demo.example"]

[[rule]]
name = "data shift"
metric = "data-shift"
above = 0
repeat = "never"
next = "Repair a broken feature at its source. If the customers have changed, the policy requests a retrain"

[[rule]]
name = "performance"
metric = "performance"
above = 0
window = "14d"
repeat = "never"
severity = "critical"
next = "See on the dashboard which metric got worse, and under Models whether a retrain is running"

[[rule]]
name = "no requests"
metric = "silence"
above = 2880
severity = "critical"
next = "Check that score and the ETL are running"
"#;

/// Writes the alert rules to alerts.toml.
pub(super) async fn write_rules(programs: &Programs) -> Result<()> {
    tokio::fs::write(programs.path("alerts.toml"), RULES).await.context("writing alerts.toml")
}

const FOLDER: [&str; 4] = ["--rules", "alerts.toml", "--mail-folder", "mails"];

/// Evaluates the alert rules, and reports each new e-mail as an event.
pub(super) async fn judge(programs: &Programs, teller: &mut Teller, now: Timestamp) -> Result<()> {
    let before = mails(programs).await?;
    programs.run("alert-email", &FOLDER).await?;
    for name in mails(programs).await?.split_off(before.len()) {
        let mail = tokio::fs::read_to_string(programs.path("mails").join(&name))
            .await
            .context("reading an e-mail")?;
        teller.tell(now, format!("✉  {}", subject(&mail).unwrap_or(name)));
    }
    Ok(())
}

/// Returns the subject of an e-mail, with its continuation lines, which begin with a space.
fn subject(mail: &str) -> Option<String> {
    let mut lines = mail.lines().skip_while(|line| !line.starts_with("Subject: "));
    let mut subject = lines.next()?.strip_prefix("Subject: ")?.to_owned();
    lines.take_while(|line| line.starts_with(' ')).for_each(|line| subject.push_str(line));
    Some(subject)
}

/// Runs the daily report of the day before.
pub(super) async fn report(programs: &Programs) -> Result<()> {
    programs
        .run("alert-email", &[&["--report", "daily"], FOLDER.as_slice()].concat())
        .await
        .map(drop)
}

/// Returns the file names of all e-mails, by time.
pub(super) async fn mails(programs: &Programs) -> Result<Vec<String>> {
    let folder = programs.path("mails");
    let mut names = Vec::new();
    if !folder.is_dir() {
        return Ok(names);
    }
    let mut entries = tokio::fs::read_dir(&folder).await.context("listing the e-mails")?;
    while let Some(entry) = entries.next_entry().await.context("listing the e-mails")? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
