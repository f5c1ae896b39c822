use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::installed;

/// Visits pages with a real browser, as `servers/visit.mjs` says, and gives back what was seen of
/// each. `answer` is called where a visit asks for something to be done meanwhile.
pub fn visit(visits: &[Value], mut answer: impl FnMut(&str)) -> Vec<Value> {
    let root = installed("browser").join("root");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("servers/visit.mjs");
    let mut child = Command::new(root.join("node"))
        .arg(script)
        .arg(&root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", serde_json::json!({ "visits": visits })).unwrap();
    let mut seen = None;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.strip_prefix("ask ") {
            Some(asked) => {
                answer(asked);
                writeln!(input, "done").unwrap();
            }
            None => seen = serde_json::from_str::<Value>(&line).ok(),
        }
    }
    assert!(child.wait().unwrap().success(), "the browser failed; see above");
    let Some(Value::Array(visits)) = seen.map(|mut seen| seen["visits"].take()) else {
        panic!("nothing was seen")
    };
    visits
}
