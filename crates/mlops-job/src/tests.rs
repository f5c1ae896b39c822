use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use mlops_core::ports::{StoreError, StoreErrorKind};
use mlops_core::text::chain;

use super::config::with_defaults;
use super::*;

#[derive(Debug, Parser)]
#[command(name = "job")]
struct Args {
    #[arg(long)]
    database: String,
    #[arg(long, default_value_t = 5)]
    rows: u32,
    #[arg(long)]
    strict: bool,
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    #[arg(long, hide_env_values = true, default_value = "")]
    password: String,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    Run {
        #[arg(long, default_value_t = 1)]
        speed: u32,
        #[arg(long, default_value = "")]
        logs: String,
    },
}

fn parse(toml: &str, arguments: &[&str]) -> Result<Args, String> {
    let command = with_defaults(Args::command(), toml).map_err(|error| format!("{error:#}"))?;
    let matches = command
        .try_get_matches_from(["job"].iter().chain(arguments))
        .map_err(|error| error.to_string())?;
    Ok(Args::from_arg_matches(&matches).unwrap())
}

#[test]
fn the_file_gives_what_arguments_do_not() {
    let toml = "database = 'a'\n[job]\nrows = 7\nstrict = true\ncolumns = ['x', 'y']\n";
    let args = parse(toml, &[]).unwrap();
    assert_eq!((args.database.as_str(), args.rows, args.strict), ("a", 7, true));
    assert_eq!(args.columns, ["x", "y"]);
    let args = parse(toml, &["--database", "b", "--rows", "8", "--columns", "z"]).unwrap();
    assert_eq!((args.database.as_str(), args.rows), ("b", 8));
    assert_eq!(args.columns, ["z"]);
}

#[test]
fn a_jobs_own_value_goes_before_a_shared_one() {
    assert_eq!(parse("database = 'a'\n[job]\ndatabase = 'own'\n", &[]).unwrap().database, "own");
}

#[test]
fn a_shared_value_reaches_subcommands_and_passes_by_those_without_it() {
    let args = parse("database = 'a'\nlogs = 'l'\n[job.run]\nspeed = 3\n", &["run"]).unwrap();
    let Some(Sub::Run { speed, logs }) = args.command else { panic!("{args:?}") };
    assert_eq!((speed, logs.as_str()), (3, "l"));
}

#[test]
fn other_jobs_tables_are_passed_over() {
    assert_eq!(parse("database = 'a'\n[drift]\nwhatever = 1\n", &[]).unwrap().rows, 5);
}

#[test]
fn a_table_of_no_program_is_refused_with_the_nearest_name() {
    check_refused("[etl_mysql]\nlogs = 'l'\n", &["unknown table [etl_mysql]", "[etl-mysql]?"]);
    check_refused("[Drift]\n", &["unknown table [Drift]", "[drift]?"]);
    check_refused("[etl.mysql]\nlogs = 'l'\n", &["unknown table [etl]"]);
    check_refused("[alert]\n", &["unknown table [alert]", "[alert-sms]?"]);
}

#[test]
fn a_cause_is_printed_once() {
    let cause = StoreError::new(StoreErrorKind::Other, "no such host");
    let middle = StoreError::caused(StoreErrorKind::Other, "cannot connect: no such host", cause);
    let outer = anyhow::Error::new(middle).context("loading logs");
    assert_eq!(chain(outer.as_ref()), "loading logs: cannot connect: no such host");
}

fn check_refused(toml: &str, words: &[&str]) {
    let text = parse(toml, &["--database", "a"]).unwrap_err();
    assert!(words.iter().all(|word| text.contains(word)), "{toml}: {text}");
}

#[test]
fn a_wrong_file_is_refused_by_the_name_of_what_is_wrong() {
    check_refused("[job]\nrow = 7\n", &["unknown setting `row` in [job]", "rows"]);
    check_refused("rows = 7\n", &["`rows` is not allowed at the top level", "[job]"]);
    check_refused("[job.walk]\nspeed = 1\n", &["unknown setting `walk`"]);
    check_refused("[job]\nrows = 'many'\n", &["invalid value 'many' for '--rows"]);
    check_refused("job = 1\n", &["`job` must be a table"]);
    check_refused("[job\n", &["line 1"]);
}

#[test]
fn a_required_argument_stays_required_without_the_file() {
    assert!(parse("", &[]).unwrap_err().contains("--database"));
}

#[test]
fn a_secret_of_the_file_does_not_show_in_the_help() {
    let mut command =
        with_defaults(Args::command(), "[job]\npassword = 's3cret'\nrows = 9\n").unwrap();
    let help = command.render_long_help().to_string();
    assert!(help.contains("[default: 9]"), "{help}");
    assert!(!help.contains("s3cret"), "{help}");
}

fn exit_of(error: impl Into<anyhow::Error>) -> u8 {
    Exit::for_error(&error.into().context("doing one thing").context("doing another")).code()
}

#[test]
fn an_error_ends_the_job_by_whose_it_is() {
    let store = |kind| StoreError::new(kind, "reading");
    assert_eq!(exit_of(UsageError::new("--rows must be positive")), 2);
    assert_eq!(exit_of(store(StoreErrorKind::Temporary)), 75);
    assert_eq!(exit_of(store(StoreErrorKind::Denied)), 2);
    assert_eq!(exit_of(store(StoreErrorKind::Other)), 1);
    assert_eq!(exit_of(std::io::Error::other("broken")), 1);
}

#[test]
fn numbers_are_written_for_people() {
    assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(percent(0.12345), "12.3%");
}
