use serde_json::Value;

use super::{api, ask, requests};
use crate::net::auth::{Key, Keys, Permission, digest};
use crate::query::model::worlds;
use crate::query::model::{FoundSpan, TraceId};

fn keys() -> Keys {
    let key = |name: &str, permission, project: Option<&str>| Key {
        name: name.into(),
        permissions: vec![permission],
        project: project.map(Into::into),
    };
    [
        ("phx_all", key("all", Permission::Read, None)),
        ("phx_shop", key("shop", Permission::Read, Some("shop"))),
        ("phx_none", key("none", Permission::Read, Some("no spans"))),
        ("phc_write", key("write", Permission::Ingest, None)),
    ]
    .map(|(secret, key)| (digest(secret), key))
    .into_iter()
    .collect()
}

fn envelope(status: u16, kind: &str, code: &str) -> (u16, String, String) {
    (status, kind.into(), code.into())
}

/// Every endpoint, with a trace of the world in place of `{trace}`.
fn requests_about(world: &[FoundSpan]) -> Vec<(&'static str, String, Value)> {
    let trace = |span: &FoundSpan| span.trace_id().to_string();
    let shared = world
        .iter()
        .map(trace)
        .next()
        .unwrap_or(TraceId::default().to_string());
    requests()
        .into_iter()
        .map(|(method, endpoint, body)| (method, endpoint.replace("{trace}", &shared), body))
        .collect()
}

/// Guarantees: with keys, every endpoint wants one that may read, in its header and scheme, and for its own project.
#[tokio::test]
async fn keys_are_wanted() {
    let api = api(Ok(Vec::new()), Some(keys()), false);
    let denied = envelope(401, "authentication_error", "not_authenticated");
    let unknown = envelope(401, "authentication_error", "authentication_failed");
    let forbidden = envelope(403, "authentication_error", "permission_denied");
    let nowhere = envelope(404, "invalid_request", "not_found");
    for (method, endpoint, body) in requests_about(&[]) {
        let request = (method, endpoint.as_str(), body);
        for (project, header, expected) in [
            ("1", None, Some(&denied)),
            ("1", Some(""), Some(&denied)),
            ("1", Some("phx_all"), Some(&denied)),
            ("1", Some("Basic phx_all"), Some(&denied)),
            ("1", Some("Bearer "), Some(&denied)),
            ("1", Some("Bearer phx_other"), Some(&unknown)),
            ("1", Some("Bearer phc_write"), Some(&forbidden)),
            ("1", Some("Bearer phx_shop"), Some(&nowhere)),
            ("1", Some("Bearer phx_all"), None),
            ("@current", Some("Bearer phx_shop"), None),
            ("shop", Some("bearer  phx_shop "), None),
        ] {
            let reply = ask(&api, project, &request, header).await;
            match expected {
                Some(expected) => assert_eq!(&reply.said(), expected, "{endpoint} {header:?}"),
                None => assert_eq!(reply.status, 200, "{endpoint} {header:?} {}", reply.body),
            }
            let challenge = reply.headers.get("www-authenticate");
            assert_eq!(challenge.is_some(), reply.status == 401);
        }
    }
    let forbidden = ask(
        &api,
        "1",
        &("GET", "has_spans", Value::Null),
        Some("Bearer phc_write"),
    )
    .await;
    assert_eq!(
        forbidden.json()["detail"],
        "API key missing required scope 'tracing:read'"
    );
}

/// Guarantees: what a key of one project is answered is what a store with that project's spans alone would answer,
/// by every endpoint.
#[tokio::test]
async fn projects_are_apart() {
    let world = worlds::spans(7, 60);
    let shop: Vec<FoundSpan> = world
        .iter()
        .filter(|span| &*span.project == "shop")
        .cloned()
        .collect();
    assert!(!shop.is_empty() && shop.len() < world.len());
    let (all, alone) = (
        api(Ok(world.clone()), Some(keys()), false),
        api(Ok(shop), None, false),
    );
    let empty = api(Ok(Vec::new()), None, false);
    let mut differ = 0;
    let without = |body: &Value| {
        let mut body = body.clone();
        if let Some(object) = body.as_object_mut() {
            // Names the moment of asking.
            object.remove("nextCursor");
        }
        body
    };
    for (method, endpoint, body) in requests_about(&world) {
        let request = (method, endpoint.as_str(), body);
        let seen = ask(&all, "shop", &request, Some("Bearer phx_shop")).await;
        let expected = ask(&alone, "1", &request, None).await;
        assert_eq!(without(&seen.json()), without(&expected.json()), "{endpoint}");
        let everything = ask(&all, "shop", &request, Some("Bearer phx_all")).await;
        differ += usize::from(everything.body != seen.body);
        let nothing = ask(&all, "@current", &request, Some("Bearer phx_none")).await;
        let expected = ask(&empty, "1", &request, None).await;
        assert_eq!(nothing.json(), expected.json(), "{endpoint}");
    }
    assert!(differ > 8, "the projects are too much alike to tell: {differ}");
}

/// Guarantees: with rate limits, a key's 481st request within a minute waits, and is told how long; others do not.
#[tokio::test]
async fn rates_are_limited() {
    let api = api(Ok(Vec::new()), Some(keys()), true);
    let request = ("GET", "has_spans", Value::Null);
    for _ in 0..480 {
        assert_eq!(ask(&api, "1", &request, Some("Bearer phx_all")).await.status, 200);
    }
    let reply = ask(&api, "1", &request, Some("Bearer phx_all")).await;
    assert_eq!(reply.said(), envelope(429, "throttled_error", "throttled"));
    let wait = reply.headers["retry-after"].to_str().unwrap();
    assert!((1..=60).contains(&wait.parse::<u64>().unwrap()), "{wait}");
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&format!("{wait} seconds")), "{detail}");
    assert_eq!(
        ask(&api, "@current", &request, Some("Bearer phx_shop"))
            .await
            .status,
        200
    );
}
