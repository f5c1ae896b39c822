//! The page in a real browser.

use mlops_testkit::visit;
use serde_json::{Value, json};

use crate::seed::{SCRIPT, UNTIL};
use crate::world::{Served, execute, job, seed_year, year};

/// What is wrong with a page by itself: what the console says, other hosts, a page wider than the
/// window, barriers.
fn check(seen: &Value, origin: &str) {
    let name = &seen["url"];
    assert_eq!(seen["console"], json!([]), "{name}");
    for request in seen["requests"].as_array().unwrap() {
        let request = request.as_str().unwrap();
        assert!(
            request.starts_with(origin) || request.starts_with("data:"),
            "{name} asks {request}"
        );
    }
    assert_eq!(seen["overflow"], 0, "{name} is wider than its window");
    let grave = |violation: &&Value| {
        ["serious", "critical"].contains(&violation["impact"].as_str().unwrap_or("serious"))
    };
    let barriers: Vec<&Value> =
        seen["violations"].as_array().into_iter().flatten().filter(grave).collect();
    assert!(barriers.is_empty(), "{name}: {barriers:#?}");
}

/// Where pictures of the page are left for people.
fn screenshot(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png")).to_str().unwrap().to_owned()
}

#[test]
fn it_is_shown_without_errors_foreign_requests_or_barriers() {
    let served = Served::new(year(), &["--currency", "€", "--retrain-every", "120d"]);
    let page = served.url(&format!("/?window=365d&until={UNTIL}"));
    let open = json!([
        "evaluate",
        "document.querySelectorAll('details').forEach((it) => { it.open = true })"
    ]);
    let colours = "getComputedStyle(document.body).backgroundColor";
    let read = json!({
        "background": colours,
        "sections": "[...document.querySelectorAll('main > section')].map((it) => it.id)",
        "unlabelled": "[...document.querySelectorAll('svg.chart')].filter((it) => !it.getAttribute('aria-label')).length",
        "pictures": "document.querySelectorAll('svg.chart').length",
        "alerted": "document.querySelectorAll('main script, main img').length",
        "time": "(() => { const it = document.querySelector('#jobs time'); return [it.textContent, it.title, it.dateTime]; })()",
        "width": "Math.min(...[...document.querySelectorAll('section')].map((it) => it.clientWidth))",
    });
    let visit_of = |name: &str, dark: bool, width: u32, steps: Value| json!({"url": page, "dark": dark, "width": width, "steps": steps, "read": read, "axe": true, "screenshot": screenshot(name)});
    let seen = visit(
        &[
            visit_of("light", false, 1280, json!([])),
            visit_of("dark", true, 1280, json!([])),
            visit_of("opened", false, 1280, json!([open])),
            visit_of("phone", false, 390, json!([])),
            visit_of("phone-dark-opened", true, 360, json!([open])),
            // For documents, which show one window of it.
            json!({"url": page, "height": 940, "whole": false, "screenshot": screenshot("overview"), "read": read}),
            json!({"url": page, "dark": true, "height": 940, "whole": false, "screenshot": screenshot("data-shift"), "read": read, "steps": [
                ["evaluate", "[0, 1].forEach((n) => { document.querySelectorAll('.feature')[n].open = true })"],
                ["evaluate", "document.getElementById('data-shift').scrollIntoView()"],
            ]}),
        ],
        |_| {},
    );
    for it in &seen {
        check(it, &served.url("/"));
        let read = &it["read"];
        assert_eq!(read["sections"].as_array().unwrap().len(), 7);
        assert_eq!((&read["unlabelled"], &read["alerted"]), (&json!(0), &json!(0)));
        assert!(read["pictures"].as_u64().unwrap() > 40, "{}", read["pictures"]);
    }
    assert_ne!(
        seen[0]["read"]["background"], seen[1]["read"]["background"],
        "dark is another colour"
    );
    // The test's browser is in New York, five hours behind.
    let time = &seen[0]["read"]["time"];
    let [shown, title, utc] = [0, 1, 2].map(|index| time[index].as_str().unwrap());
    assert!(
        title.ends_with(" UTC") && utc.ends_with('Z') && shown.contains("16:00"),
        "{shown}, {title}, {utc}"
    );
}

#[test]
fn filters_are_in_the_address_and_work_by_keyboard() {
    let served = Served::new(year(), &[]);
    let page = served.url(&format!("/?window=365d&until={UNTIL}"));
    let name = "document.querySelector('.feature .name').textContent";
    let read = json!({
        "window": "document.getElementById('window').value",
        "until": "document.getElementById('until').value",
        "model": "document.getElementById('model').value",
        "segment": "document.getElementById('segment')?.value",
        "open": "document.querySelector('.feature')?.open",
        "focused": "document.activeElement.closest('details')?.className",
        "files": "document.querySelector('#requests .files a').getAttribute('href')",
        "name": name,
    });
    let visit_of = |steps: Value| json!({"url": page, "steps": steps, "read": read});
    let seen = visit(
        &[
            visit_of(json!([
                ["select", "#window", "30d"],
                ["wait", "#window option[value='30d'][selected]"]
            ])),
            visit_of(json!([
                ["select", "#segment", "premium & more"],
                ["wait", "#segment option[value='premium & more'][selected]"]
            ])),
            visit_of(json!([
                ["select", "#model", "churn-20251120"],
                ["wait", "#model option[value='churn-20251120'][selected]"]
            ])),
            visit_of(json!([
                ["evaluate", "document.querySelector('.feature summary').focus()"],
                ["press", "Enter"]
            ])),
        ],
        |_| {},
    );
    seen.iter().for_each(|it| check(it, &served.url("/")));
    let address = |index: usize| seen[index]["url"].as_str().unwrap();
    assert!(
        address(0).contains("window=30d") && address(0).contains("until=2026-11-23"),
        "{}",
        address(0)
    );
    assert_eq!(seen[0]["read"]["until"], UNTIL);
    assert!(address(1).contains("segment=premium+%26+more"), "{}", address(1));
    assert_eq!(seen[1]["read"]["segment"], "premium & more");
    assert!(seen[2]["read"]["files"].as_str().unwrap().contains("model=churn-20251120"));
    assert_eq!(
        (&seen[3]["read"]["open"], &seen[3]["read"]["focused"]),
        (&json!(true), &json!("feature"))
    );
}

#[test]
fn an_exported_file_needs_nothing_beside_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.html");
    let path = path.to_str().unwrap();
    let page = ["--window", "365d", "--until", UNTIL, "--title", "Churn & more"];
    let written = job(&["export", path, "--database", year()]).args(page).run().json(0);
    let bytes = std::fs::metadata(path).unwrap().len();
    assert!(written["bytes"] == bytes && bytes < 2_000_000, "{written}");
    let file = format!("file://{path}");
    let read = json!({
        "title": "document.title",
        "links": "document.querySelectorAll('a[href^=api]').length",
        "script": format!("document.body.innerText.includes({SCRIPT:?})"),
        "policy": "document.querySelector('meta[http-equiv]').content",
    });
    let dark = json!({"url": file, "offline": true, "dark": true, "read": read, "axe": true, "screenshot": screenshot("export")});
    let seen =
        visit(&[json!({"url": file, "offline": true, "read": read, "axe": true}), dark], |_| {});
    for it in &seen {
        check(it, "file://");
        assert_eq!(it["requests"].as_array().unwrap().len(), 1, "{}", it["requests"]);
        let read = &it["read"];
        assert_eq!(
            (&read["title"], &read["links"], &read["script"]),
            (&json!("Churn & more"), &json!(0), &json!(true))
        );
        assert!(read["policy"].as_str().unwrap().starts_with("default-src 'none'"));
    }
}

#[test]
fn it_renews_itself_without_a_jump() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/mlops.db", folder.path().display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(seed_year(&url));
    let served = Served::new(&url, &["--renew-every", "1s", "--until", UNTIL]);
    let seen = visit(
        &[json!({
            "url": served.url("/"),
            "steps": [
                ["evaluate", "document.querySelectorAll('.feature')[1].open = true"],
                ["evaluate", "document.getElementById('operations').scrollIntoView()"],
                ["evaluate", "document.querySelector('#alerts .scroll').focus({ preventScroll: true })"],
                ["evaluate", "window.before = scrollY"],
                ["ask", "another alert"],
                ["wait", "#alerts tbody tr:nth-child(4)"],
            ],
            "read": {
                "moved": "scrollY - window.before",
                "open": "document.querySelectorAll('.feature')[1].open",
                "focused": "document.activeElement.closest('figure')?.id",
                "alerts": "document.getElementById('alerts').innerText",
                "times": "document.querySelector('#alerts time').textContent",
            },
        })],
        |asked| {
            assert_eq!(asked, "another alert");
            let columns = "(rule, alert_group, state, severity, since, value, recent, why, evaluated_at, version)";
            let row = "('new_rule', '', 'firing', 'critical', '2026-11-22 12:00:00', 1, '', '', '2026-11-22 12:00:00', 1)";
            runtime.block_on(execute(
                &url,
                &format!("INSERT INTO alert_state {columns} VALUES {row}"),
            ));
        },
    );
    check(&seen[0], &served.url("/"));
    let read = &seen[0]["read"];
    assert!(read["alerts"].as_str().unwrap().contains("new_rule"), "{read}");
    assert_eq!(
        (&read["moved"], &read["open"], &read["focused"]),
        (&json!(0), &json!(true), &json!("alerts")),
        "{read}"
    );
    assert!(
        !read["times"].as_str().unwrap().contains('Z')
            && read["times"].as_str().unwrap().contains("Nov"),
        "{read}"
    );
}
