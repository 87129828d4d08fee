use axum::response::IntoResponse;
use serde_json::Value;

use super::super::error::ApiError;
use super::{api, ask, requests};
use crate::query::dialect::Refusal;
use crate::query::model::QueryError;

/// Guarantees: what a store refuses or cannot do is said by every endpoint in the product's form; a question that costs
/// too much is the client's to narrow.
#[tokio::test]
async fn what_stores_refuse() {
    for (error, status, code) in [
        (
            QueryError::Invalid("the limit is 7".into()),
            400,
            Some("invalid_input"),
        ),
        (QueryError::TooLong(7), 400, None),
        (QueryError::TooMuch(7), 400, None),
        (
            QueryError::Unavailable("it has 7 waiting".into()),
            503,
            Some("service_unavailable"),
        ),
        (
            QueryError::Failed("block 7 is damaged".into()),
            500,
            Some("error"),
        ),
        (QueryError::Cancelled, 500, Some("error")),
    ] {
        let api = api(Err(error.clone()), None, false);
        for (method, endpoint, body) in requests() {
            let endpoint = endpoint.replace("{trace}", "00000000000000000000000000000001");
            let reply = ask(&api, "1", &(method, &endpoint, body), None).await;
            assert_eq!(reply.status, status, "{endpoint} {error}");
            let said: Value = reply.json();
            assert_eq!(
                said.get("code").and_then(Value::as_str),
                code,
                "{endpoint} {said}"
            );
            let detail = said["detail"].as_str().unwrap();
            assert!(detail.contains('7') || error == QueryError::Cancelled, "{detail}");
            assert_eq!(reply.headers.contains_key("retry-after"), status == 503);
        }
    }
}

/// Guarantees: whatever is refused before an endpoint is reached has its own status.
#[test]
fn refusals() {
    for (refusal, status) in [
        (Refusal::NotFound("/x".into()), 404),
        (Refusal::TooLarge(7), 413),
        (Refusal::Unreadable("gone".into()), 400),
        (Refusal::Busy("full".into()), 503),
        (Refusal::Query(QueryError::TooLong(7)), 400),
        (Refusal::Defect, 500),
    ] {
        let response = ApiError::from(&refusal).into_response();
        assert_eq!(response.status(), status, "{refusal:?}");
    }
}
