//! Arize Phoenix's REST API, as its server 20.26.1 answers: what its official clients need to read spans, to log and delete
//! them, and to note things about spans, traces, documents and sessions.
//!
//! Promises: a span is shown as Phoenix would have kept it, though the store keeps more; pages walked by their cursors
//! neither lose nor repeat a row; a key with a project sees and changes that project alone; what is noted is durable when
//! it is answered. [`records`] says how it is kept.

mod annotate;
mod annotations;
mod api;
mod attributes;
mod body;
mod condition;
mod conventions;
mod delete;
mod encode;
mod error;
mod filters;
mod frame;
mod gen_ai;
mod ids;
mod json_text;
mod list;
mod log;
mod otlp;
mod params;
mod plain;
mod projects;
mod records;
mod seen;
mod sessions;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod traces;

use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{any, get, post};
use http::StatusCode;

use self::api::Api;
use self::error::{VERSION, json_of, plain, refuse, versioned};
use self::records::Subject;
use super::context::Context;
use super::dialect::Dialect;

/// The API over `context`.
pub fn dialect(context: Arc<Context>) -> Dialect {
    let api = Arc::new(Api::over(context));
    Dialect {
        name: "phoenix",
        router: router().with_state(api),
        owns: |path| {
            path.starts_with("/v1/") || ["/arize_phoenix_version", "/healthz", "/readyz"].contains(&path)
        },
        refuse,
        openapi: include_str!("openapi.yaml"),
    }
}

fn router() -> Router<Arc<Api>> {
    Router::new()
        .route(
            "/arize_phoenix_version",
            get(async || plain(StatusCode::OK, VERSION.into())),
        )
        .route("/healthz", get(async || plain(StatusCode::OK, "OK".into())))
        .route(
            "/readyz",
            get(async || json_of(StatusCode::OK, &serde_json::json!({}))),
        )
        // OTLP comes in elsewhere, and Phoenix's own page is not served.
        .route("/v1/traces", any(not_allowed))
        .route("/v1/projects", get(projects::list).post(projects::create))
        .route(
            "/v1/projects/{project}",
            get(projects::get).put(projects::update).delete(projects::delete),
        )
        .route("/v1/projects/{project}/spans", get(list::list).post(log::log))
        .route("/v1/projects/{project}/spans/otlpv1", get(list::otlpv1))
        .route("/v1/spans", post(frame::tables))
        .route("/v1/spans/{span}", axum::routing::delete(delete::delete))
        .route(
            "/v1/projects/{project}/traces",
            get(traces::list).delete(traces::delete_many),
        )
        .route("/v1/traces/{trace}", axum::routing::delete(traces::delete))
        .route("/v1/projects/{project}/sessions", get(sessions::list))
        .route(
            "/v1/sessions/{session}",
            get(sessions::get).delete(sessions::delete),
        )
        .route("/v1/sessions/delete", post(sessions::delete_many))
        .merge(noting())
        .method_not_allowed_fallback(not_allowed)
        .layer(map_response(async |response: Response| versioned(response)))
}

/// What is noted about spans, traces, documents and sessions.
fn noting() -> Router<Arc<Api>> {
    let subjects = [
        (Subject::Span, "span"),
        (Subject::Trace, "trace"),
        (Subject::Document, "document"),
        (Subject::Session, "session"),
    ];
    let mut router = Router::new();
    for (subject, name) in subjects {
        let annotate =
            move |state, headers, uri, body| annotate::annotate(subject, state, headers, uri, body);
        router = router.route(&format!("/v1/{name}_annotations"), post(annotate));
        if subject == Subject::Document {
            continue;
        }
        let note = move |state, headers, body| annotate::note(subject, state, headers, body);
        let list = move |state, path, headers, uri| annotations::list(subject, state, path, headers, uri);
        let delete = move |state, path, headers, uri| annotations::delete(subject, state, path, headers, uri);
        router = router.route(&format!("/v1/{name}_notes"), post(note)).route(
            &format!("/v1/projects/{{project}}/{name}_annotations"),
            get(list).delete(delete),
        );
    }
    router
}

async fn not_allowed() -> Response {
    plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed".into())
}
