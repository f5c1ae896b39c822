//! `docs/reference.md`: every argument, variable and table, as the programs and the database say
//! themselves.

use std::fmt::Write as _;
use std::fs;

use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, Row as _};

use crate::programs::{JOBS, job, root};

const HEAD: &str = "# Reference

Every argument with its variable, and every table. This page is what the programs say with `--help` and what the database holds after its
migrations; `just reference` writes it anew, and a test holds it to that.
";

/// The help of a program or of one of its commands, and of all commands below it.
fn helps(name: &str, commands: &[&str], text: &mut String) {
    let arguments: Vec<&str> = commands.iter().copied().chain(["--help"]).collect();
    let help = job(name).args(&arguments).run().stdout;
    let title = [&[name], commands].concat().join(" ");
    let level = if commands.is_empty() { "##" } else { "###" };
    // What every program has is said once.
    let own = help.split("\nExit codes:").next().unwrap().trim_end();
    writeln!(text, "\n{level} {title}\n\n```text\n{own}\n```").unwrap();
    let listed = help
        .split("\nCommands:\n")
        .nth(1)
        .unwrap_or_default()
        .lines()
        .take_while(|line| line.starts_with("  "));
    let below = listed
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    for command in below.filter(|command| *command != "help") {
        helps(name, &[commands, &[command]].concat(), text);
    }
}

/// The tables and columns of a database as the newest migration leaves it. (SQLite's types; MySQL's
/// stand in its migrations.)
async fn tables(text: &mut String) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    let ended = job("etl-mysql")
        .args(["status", "--database", &url, "--logs", "logs"])
        .within(folder.path())
        .run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let pool = SqlitePool::connect(&url).await.unwrap();
    let mut connection = pool.acquire().await.unwrap().detach();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY name";
    for table in sqlx::query(names).fetch_all(&mut connection).await.unwrap() {
        let table: String = table.get(0);
        writeln!(
            text,
            "\n### {table}\n\n| column | type | key | may be null |\n| --- | --- | --- | --- |"
        )
        .unwrap();
        let columns = sqlx::query("SELECT name, type, pk, \"notnull\" FROM pragma_table_info(?)")
            .bind(&table);
        for column in columns.fetch_all(&mut connection).await.unwrap() {
            let (name, kind, key, not_null): (String, String, i64, i64) =
                (column.get(0), column.get(1), column.get(2), column.get(3));
            let key = if key > 0 { key.to_string() } else { String::new() };
            let nullable = if not_null == 0 { "yes" } else { "" };
            writeln!(text, "| `{name}` | {kind} | {key} | {nullable} |").unwrap();
        }
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_reference_is_what_the_programs_say() {
    let mut text = HEAD.to_owned();
    for name in JOBS {
        helps(name, &[], &mut text);
    }
    text.push_str("\n## Exit codes and settings\n\n```text\n");
    let help = job("drift").args(["--help"]).run().stdout;
    text.push_str(&help[help.find("Exit codes:").unwrap()..]);
    text.push_str("```\n\n## Tables\n");
    tables(&mut text).await;
    let text: String = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    let kept = root().join("docs/reference.md");
    if std::env::var_os("MLOPS_WRITE_REFERENCE").is_some() {
        fs::write(&kept, &text).unwrap();
    }
    let kept = fs::read_to_string(kept).unwrap_or_default();
    let differs = kept.lines().zip(text.lines()).find(|(kept, said)| kept != said);
    assert!(
        kept == text,
        "docs/reference.md is stale; `just reference` writes it anew: {differs:?}"
    );
}
