use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::app::App;
use super::problem::Problem;
use super::{auth, layer, openapi, page, predict, status};
use crate::spec::HEALTH;

/// The access level of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// All clients.
    Open,
    /// Clients with the credentials; all clients if none are set.
    Guarded,
    /// Clients with the credentials; no clients if none are set.
    Private,
}

/// Returns the routes: path, method, access level and handler. [`openapi`] describes them.
fn routes() -> [(&'static str, &'static str, Access, MethodRouter<Arc<App>>); 8] {
    [
        ("/", "get", Access::Open, get(page::page)),
        (HEALTH, "get", Access::Open, get(status::health)),
        ("/ready", "get", Access::Open, get(status::ready)),
        ("/metrics", "get", Access::Open, get(status::metrics)),
        ("/openapi.json", "get", Access::Open, get(openapi::openapi)),
        ("/model", "get", Access::Guarded, get(status::model)),
        ("/predict", "post", Access::Guarded, post(predict::predict)),
        ("/config-refresh", "post", Access::Private, post(status::config_refresh)),
    ]
}

/// The whole service.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for (path, _, access, methods) in routes() {
        let guarded = match access {
            Access::Open => methods,
            Access::Guarded => methods.route_layer(from_fn_with_state(app.clone(), auth::guard)),
            Access::Private => {
                methods.route_layer(from_fn_with_state(app.clone(), auth::guard_strictly))
            }
        };
        router = router.route(path, guarded);
    }
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "unknown path; see /openapi.json"))
        .layer(from_fn_with_state(app.clone(), layer::around))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_described_and_nothing_else() {
        let described = openapi::paths();
        let described: Vec<(&str, &str)> = described
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|method| (path.as_str(), method.as_str()))
            })
            .collect();
        let mut offered: Vec<(&str, &str)> =
            routes().iter().map(|(path, method, ..)| (*path, *method)).collect();
        offered.sort_unstable();
        assert_eq!(described, offered);
    }
}
