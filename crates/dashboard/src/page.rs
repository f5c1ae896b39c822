//! The whole page as one text that needs nothing beside itself.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::args::PageArgs;
use crate::figure::Figure;
use crate::filter::{Filter, WINDOWS};
use crate::findings::Findings;
use crate::view::{Section, sections, staleness};
use crate::words::{day, moment};

const SCRIPT: &str = include_str!("page.js");

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{}{}", mlops_page::STYLE, include_str!("page.css")));

/// The content security policy: only the page's own style and script, and requests to its own server.
pub(crate) static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; form-action 'self'; base-uri 'none'",
        hash(&STYLE),
        hash(SCRIPT)
    )
});

/// The destination of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// In a browser, from this server; it renews itself after so many seconds.
    Served { renew_seconds: u64 },
    /// In a file, which stays as it is.
    File,
}

/// A page, with what is behind its pictures.
pub(crate) struct Page {
    pub(crate) html: String,
    pub(crate) figures: Vec<Figure>,
}

impl Page {
    pub(crate) fn new(findings: &Findings, args: &PageArgs, target: Target) -> Self {
        let sections = sections(findings, args);
        let address = match target {
            Target::Served { .. } => Some(findings.filter.address()),
            Target::File => None,
        };
        let body = html! {
            (header(findings, args, &sections, target))
            main id="main" { @for section in &sections { (section.show(address.as_deref())) } }
        };
        let html = document(&args.title, &body, target);
        Self { html, figures: sections.into_iter().flat_map(Section::figures).collect() }
    }
}

/// Returns a page with one message.
pub(crate) fn notice(title: &str, says: &str) -> String {
    let body = html! { main id="main" { h1 { (title) } p { (says) } p { a href="/" { "Open the dashboard" } } } };
    document(title, &body, Target::File)
}

fn document(title: &str, body: &Markup, target: Target) -> String {
    let renew = match target {
        Target::Served { renew_seconds } => Some(renew_seconds),
        Target::File => None,
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // A server sends the policy as a header. A file can only hold it here.
                @if renew.is_none() { meta http-equiv="Content-Security-Policy" content=(*CONTENT_SECURITY_POLICY); }
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(&*STYLE)) }
            }
            body.dashboard data-renew=[renew] {
                a.skip href="#main" { "Skip to content" }
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn header(findings: &Findings, args: &PageArgs, sections: &[Section], target: Target) -> Markup {
    html! {
        header.top {
            div.title {
                h1 { (args.title) }
                p.muted #staleness {
                    (staleness(findings)) " "
                    @match target {
                        Target::Served { .. } => span #renewal role="status" {},
                        Target::File => { "This file was written at " (moment(findings.now)) span.utc { " UTC" } "." }
                    }
                }
            }
            @match target {
                Target::Served { .. } => (form(findings)),
                Target::File => (shown(findings)),
            }
        }
        nav aria-label="Sections" {
            @for section in sections {
                a href={ "#" (section.id) } {
                    (section.title)
                    @if let Some(verdict) = &section.verdict { " " (verdict.show()) }
                }
            }
        }
    }
}

/// Shows the selection of an exported page.
fn shown(findings: &Findings) -> Markup {
    let Filter { model, segment, .. } = &findings.filter;
    html! {
        p.shown {
            (day(findings.from)) " to " (day(findings.until)) ", "
            @match model { Some(model) => { "model " b { (model) } } None => "all models" }
            @if !segment.is_empty() { ", segment " b { (segment) } }
        }
    }
}

fn form(findings: &Findings) -> Markup {
    let filter = &findings.filter;
    let window = filter.window_text();
    let is_other = !WINDOWS.iter().any(|(value, _)| *value == window);
    let mut models: Vec<&str> =
        findings.models.iter().flatten().map(|model| model.model_uid.as_str()).collect();
    models.extend(filter.model.as_deref().filter(|model| !models.contains(model)));
    let mut segments: Vec<&str> =
        findings.shift.iter().flat_map(|story| &story.segments).map(String::as_str).collect();
    if !filter.segment.is_empty() && !segments.contains(&filter.segment.as_str()) {
        segments.push(&filter.segment);
    }
    let until = filter.until.map(day);
    html! {
        form #filter method="get" action="/" {
            label { "Window "
                select name="window" #window {
                    @for (value, name) in WINDOWS { option value=(value) selected[value == window] { (name) } }
                    @if is_other { option value=(window) selected { (window) } }
                }
            }
            label { "until " input type="date" name="until" #until value=[until]; }
            label { "Model "
                select name="model" #model {
                    option value="" { "all" }
                    @for model in models { option value=(model) selected[filter.model.as_deref() == Some(model)] { (model) } }
                }
            }
            @if !segments.is_empty() {
                label { "Segment "
                    select name="segment" #segment {
                        option value="" { "all rows" }
                        @for segment in segments { option value=(segment) selected[filter.segment == segment] { (segment) } }
                    }
                }
            }
            button type="submit" { "Show" }
        }
    }
}
