//! `docs/reference/`: a page of every program with its arguments and variables, and a page of all
//! tables, as the programs and the database say themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use sqlx::sqlite::SqlitePool;
use sqlx::{Connection as _, Row as _};

use crate::programs::{JOBS, job, root};

const INDEX: &str = "# Reference

One page for each program, with every option and its environment variable. The pages are the output of `--help`. `just reference`
writes them, and a test compares them with the programs.

";

const TABLES: &str = "# Tables

Every table that the programs create, with its columns. The types are those of SQLite. The types of MySQL are in
[the migrations](../../crates/mlops-sql/migrations/mysql).
";

/// Writes the help of a program or of one of its commands, and of all commands below it.
fn helps(name: &str, commands: &[&str], text: &mut String) {
    let arguments: Vec<&str> = commands.iter().copied().chain(["--help"]).collect();
    let help = job(name).args(&arguments).run().stdout;
    let title = [&[name], commands].concat().join(" ");
    let (gap, level) = if commands.is_empty() { ("", "#") } else { ("\n", "##") };
    // The index has the exit codes, which are the same for every program.
    let own = help.split("\nExit codes:").next().unwrap().trim_end();
    writeln!(text, "{gap}{level} {title}\n\n```text\n{own}\n```").unwrap();
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

/// Writes the tables and columns of a SQLite database as the newest migration leaves it.
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
            "\n## {table}\n\n| column | type | key | may be null |\n| --- | --- | --- | --- |"
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

/// The first line of a program's help: what it does.
fn summary(name: &str) -> String {
    let help = job(name).args(["--help"]).run().stdout;
    let paragraph = help.split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All pages by file name.
async fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut index = INDEX.to_owned();
    index.push_str("| program | purpose |\n| --- | --- |\n");
    for name in JOBS {
        let mut page = String::new();
        helps(name, &[], &mut page);
        pages.insert(format!("{name}.md"), page);
        writeln!(index, "| [`{name}`]({name}.md) | {} |", summary(name)).unwrap();
    }
    index.push_str("\n[Tables](tables.md): every table of the database with its columns.\n");
    index.push_str("\n## Exit codes and settings\n\n```text\n");
    let help = job("drift").args(["--help"]).run().stdout;
    index.push_str(&help[help.find("Exit codes:").unwrap()..]);
    index.push_str("```\n");
    pages.insert("README.md".to_owned(), index);
    let mut page = TABLES.to_owned();
    tables(&mut page).await;
    pages.insert("tables.md".to_owned(), page);
    pages
}

#[tokio::test]
async fn the_reference_is_what_the_programs_say() {
    let folder = root().join("docs/reference");
    let mut pages = pages().await;
    for page in pages.values_mut() {
        *page = page.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    }
    if std::env::var_os("MLOPS_WRITE_REFERENCE").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            fs::write(folder.join(name), page).unwrap();
        }
    }
    for (name, page) in &pages {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let differs = kept.lines().zip(page.lines()).find(|(kept, said)| kept != said);
        assert!(
            kept == *page,
            "docs/reference/{name} is stale; `just reference` writes it: {differs:?}"
        );
    }
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(pages.contains_key(&name), "docs/reference/{name} is of no program; remove it");
    }
}
