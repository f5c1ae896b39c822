//! The page over HTTP.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use mlops_core::ports::StoreError;
use mlops_core::text::chain;
use mlops_job::Context;
use mlops_sql::reader::Reader;
use mlops_web::Limits;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::args::{PageArgs, ServeArgs};
use crate::auth::Auth;
use crate::figure::Grid;
use crate::filter::{self, Filter};
use crate::findings::Findings;
use crate::page::{CONTENT_SECURITY_POLICY, Page, Target, notice};
use crate::spec::HEALTH;

/// Pages of different addresses are kept up to so many bytes.
const CACHE_BYTES: u64 = 16 << 20;

/// Pages that are made at a time; others wait.
const MADE_AT_ONCE: usize = 2;

/// The approximate size in memory of a cell of a table.
const CELL_BYTES: usize = 48;

/// A request is answered within this time, or with 503.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);

/// The page takes no bodies; a client may send a small one all the same.
const MAX_BODY_BYTES: usize = 64 << 10;

/// How long requests in flight may take after SIGTERM; a job has 20 seconds.
const DRAIN: Duration = Duration::from_secs(15);

/// A page that is made once and served to all who ask for it.
struct Made {
    html: Bytes,
    compressed: Bytes,
    etag: HeaderValue,
    tables: Vec<(&'static str, &'static str, Grid)>,
}

struct Server {
    reader: Reader,
    args: PageArgs,
    auth: Auth,
    renew_seconds: u64,
    pages: Cache<Filter, Arc<Made>>,
    making: Semaphore,
    requests: AtomicU64,
    context: Context,
}

/// Serves until the context's shutdown; gives back how many requests there were.
pub(crate) async fn serve(
    reader: Reader,
    serve: &ServeArgs,
    args: PageArgs,
    auth: Auth,
    context: Context,
) -> Result<u64> {
    let renew =
        Duration::try_from(serve.renew_every).context("--renew-every is a time before now")?;
    let weight = |_: &Filter, made: &Arc<Made>| {
        let cells: usize =
            made.tables.iter().map(|(.., grid)| grid.rows.len() * grid.columns.len()).sum();
        u32::try_from(made.html.len() + made.compressed.len() + cells * CELL_BYTES)
            .unwrap_or(u32::MAX)
    };
    let shutdown = context.shutdown.clone();
    let server = Arc::new(Server {
        reader,
        args,
        auth,
        renew_seconds: renew.as_secs().max(1),
        pages: Cache::builder()
            .time_to_live(renew)
            .max_capacity(CACHE_BYTES)
            .weigher(weight)
            .build(),
        making: Semaphore::new(MADE_AT_ONCE),
        requests: AtomicU64::new(0),
        context,
    });
    let router = Router::new()
        .route("/", get(page))
        .route("/api", get(index))
        .route("/api/{file}", get(table))
        .fallback(nothing_here)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), admit))
        .route(HEALTH, get(|| async { "ok\n" }))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(middleware::map_response(with_headers))
        .with_state(Arc::clone(&server));
    let listener = TcpListener::bind(serve.listen)
        .await
        .with_context(|| format!("listening at {}", serve.listen))?;
    let address = listener.local_addr().context("reading the address of the listener")?;
    tracing::info!(server.address = %address, "serving the page at http://{address}/");
    let limits = Limits { keep_alive: serve.keep_alive.unsigned_abs(), drain: DRAIN };
    mlops_web::serve(listener, router, limits, &shutdown).await;
    Ok(server.requests.load(Ordering::Relaxed))
}

impl Server {
    /// The page of a filter, from the cache or made now; of many who ask at a time one waits for
    /// the database, and the others for it.
    async fn made(&self, filter: &Filter) -> Result<Arc<Made>, Arc<StoreError>> {
        self.pages
            .try_get_with(filter.clone(), async {
                let _turn = self.making.acquire().await.expect("the semaphore is never closed");
                let findings =
                    Findings::read(&self.reader, filter.clone(), self.context.now()).await?;
                let (args, target) =
                    (self.args.clone(), Target::Served { renew_seconds: self.renew_seconds });
                let made = tokio::task::spawn_blocking(move || {
                    Made::new(Page::new(&findings, &args, target))
                })
                .await;
                Ok::<_, StoreError>(Arc::new(made.expect("building a page does not panic")))
            })
            .await
    }

    async fn made_of(
        &self,
        query: Result<Query<filter::Query>, QueryRejection>,
    ) -> Result<Arc<Made>, Response> {
        let bad = |says: &str| answer(StatusCode::BAD_REQUEST, "This URL is not valid", says);
        let Query(query) = query.map_err(|error| bad(&error.body_text()))?;
        let filter = Filter::of_args(&self.args).with(&query).map_err(|error| bad(&error))?;
        self.made(&filter).await.map_err(|error| {
            tracing::warn!("the page could not be built: {}", chain(&*error));
            let says = "A query to the database failed; see the server's log for the reason. Try again in a minute.";
            let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "The page is unavailable", says);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        })
    }
}

impl Made {
    fn new(page: Page) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(page.html.as_bytes()).expect("memory takes it");
        let digest = Sha256::digest(page.html.as_bytes());
        let etag = hex::encode(&digest[..8]);
        Self {
            compressed: encoder.finish().expect("memory takes it").into(),
            html: page.html.into(),
            etag: HeaderValue::from_str(&format!("\"{etag}\""))
                .expect("digits are a header's value"),
            tables: page
                .figures
                .into_iter()
                .map(|figure| (figure.name, figure.title, figure.grid))
                .collect(),
        }
    }
}

async fn page(
    State(server): State<Arc<Server>>,
    query: Result<Query<filter::Query>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let made = match server.made_of(query).await {
        Ok(made) => made,
        Err(response) => return response,
    };
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == made.etag);
    let takes_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.contains("gzip"));
    let own = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::ETAG, made.etag.clone()),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    match (is_known, takes_gzip) {
        (true, _) => (StatusCode::NOT_MODIFIED, own).into_response(),
        (false, true) => (
            own,
            [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))],
            made.compressed.clone(),
        )
            .into_response(),
        (false, false) => (own, made.html.clone()).into_response(),
    }
}

async fn index(
    State(server): State<Arc<Server>>,
    query: Result<Query<filter::Query>, QueryRejection>,
) -> Response {
    let made = match server.made_of(query).await {
        Ok(made) => made,
        Err(response) => return response,
    };
    let tables = made.tables.iter().map(|(name, title, grid)| {
        serde_json::json!({"name": name, "title": title, "columns": grid.columns, "rows": grid.rows.len()})
    });
    json(serde_json::Value::from_iter(tables).to_string())
}

async fn table(
    State(server): State<Arc<Server>>,
    Path(file): Path<String>,
    query: Result<Query<filter::Query>, QueryRejection>,
) -> Response {
    let made = match server.made_of(query).await {
        Ok(made) => made,
        Err(response) => return response,
    };
    let found = file.rsplit_once('.').and_then(|(name, ending)| {
        let (.., grid) = made.tables.iter().find(|(known, ..)| *known == name)?;
        Some((grid, ending))
    });
    match found {
        Some((grid, "json")) => json(grid.json()),
        Some((grid, "csv")) => {
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], grid.csv()).into_response()
        }
        _ => nothing_here().await,
    }
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn nothing_here() -> Response {
    answer(
        StatusCode::NOT_FOUND,
        "Page not found",
        "The dashboard is at /. Its tables are listed at /api.",
    )
}

fn answer(status: StatusCode, title: &str, says: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], notice(title, says))
        .into_response()
}

async fn admit(
    State(server): State<Arc<Server>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    server.requests.fetch_add(1, Ordering::Relaxed);
    if server.auth.admits(peer, request.headers()) {
        return next.run(request).await;
    }
    match server.auth.challenge() {
        Some(challenge) => {
            let mut response = answer(
                StatusCode::UNAUTHORIZED,
                "Authentication required",
                "This page needs a user name and a password, or a bearer token.",
            );
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        None => answer(
            StatusCode::FORBIDDEN,
            "Access denied",
            "The proxy did not authenticate this request, or the host name is not allowed.",
        ),
    }
}

/// Adds the security headers to every answer.
async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = format!("{}; frame-ancestors 'none'", *CONTENT_SECURITY_POLICY);
    let said: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in said {
        headers.insert(name, HeaderValue::from_str(value).expect("the values are visible letters"));
    }
    response
}
