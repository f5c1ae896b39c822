//! Who is told what, as `alert-email` reads it. Mail goes into a folder.

use anyhow::{Context as _, Result};
use jiff::Timestamp;

use super::programs::Programs;
use super::teller::Teller;

/// The jobs run once a week, and so are the rules judged: on Thursdays at 0:00 UTC, as the year
/// begins on a Thursday.
const RULES: &str = r#"every = "7d"

[recipients.team]
email = ["team@demo.example"]

[[rule]]
name = "data shift"
metric = "data-shift"
above = 0
repeat = "never"
next = "If a feature is broken, mend it; if the world moved, the policy asks for a new model"

[[rule]]
name = "performance"
metric = "performance"
above = 0
window = "14d"
repeat = "never"
severity = "critical"
next = "See which figure fell, and whether a new model is under way: Models on the tracking page"

[[rule]]
name = "no requests"
metric = "silence"
above = 2880
severity = "critical"
next = "See whether score and the ETL run"
"#;

/// Writes the rules down.
pub(super) async fn write_rules(programs: &Programs) -> Result<()> {
    tokio::fs::write(programs.path("alerts.toml"), RULES).await.context("writing alerts.toml")
}

const FOLDER: [&str; 4] = ["--rules", "alerts.toml", "--mail-folder", "mails"];

/// Judges the rules, and tells of the mail that comes of it.
pub(super) async fn judge(programs: &Programs, teller: &mut Teller, now: Timestamp) -> Result<()> {
    let before = mails(programs).await?;
    programs.run("alert-email", &FOLDER).await?;
    for name in mails(programs).await?.split_off(before.len()) {
        let mail = tokio::fs::read_to_string(programs.path("mails").join(&name))
            .await
            .context("reading a mail")?;
        teller.tell(now, format!("✉  {}", subject(&mail).unwrap_or(name)));
    }
    Ok(())
}

/// A header may go on in lines that begin with a space.
fn subject(mail: &str) -> Option<String> {
    let mut lines = mail.lines().skip_while(|line| !line.starts_with("Subject: "));
    let mut subject = lines.next()?.strip_prefix("Subject: ")?.to_owned();
    lines.take_while(|line| line.starts_with(' ')).for_each(|line| subject.push_str(line));
    Some(subject)
}

/// Writes the report of the day before.
pub(super) async fn report(programs: &Programs) -> Result<()> {
    programs
        .run("alert-email", &[&["--report", "daily"], FOLDER.as_slice()].concat())
        .await
        .map(drop)
}

/// The names of all mails, by time.
pub(super) async fn mails(programs: &Programs) -> Result<Vec<String>> {
    let folder = programs.path("mails");
    let mut names = Vec::new();
    if !folder.is_dir() {
        return Ok(names);
    }
    let mut entries = tokio::fs::read_dir(&folder).await.context("listing the mails")?;
    while let Some(entry) = entries.next_entry().await.context("listing the mails")? {
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
