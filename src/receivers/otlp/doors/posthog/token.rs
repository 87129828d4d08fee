//! The token that a request must show, and what shape it must have.

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::answer::Refusal;
use crate::net::auth::Head;

/// The most characters that a token has.
const LONGEST: usize = 64;

/// The token of a request: what follows the last `Bearer ` of `Authorization`, or all of that header; only without the header
/// what the query says.
pub fn of(head: &Parts) -> Result<String, Refusal> {
    let token = match head.headers.get(AUTHORIZATION) {
        Some(value) => {
            let value = String::from_utf8_lossy(value.as_bytes());
            // HTTP takes away the space behind a scheme that nothing follows.
            let value = if value == "Bearer" { "".into() } else { value };
            value.rsplit("Bearer ").next().unwrap_or_default().to_owned()
        }
        None => Head::from(head).parameter("token").unwrap_or_default(),
    };
    if token.is_empty() {
        return Err(Refusal::unauthenticated("No token provided"));
    }
    match misshape(&token) {
        None => Ok(token),
        Some(why) => Err(Refusal::unauthenticated(format!(
            "Invalid project API key ({why}). Use your project API key, with which spans are sent and nothing is read"
        ))),
    }
}

/// What is wrong with the shape of a token.
fn misshape(token: &str) -> Option<&'static str> {
    if token.len() > LONGEST {
        Some("too_long")
    } else if !token.is_ascii() {
        Some("not_ascii")
    } else if token.starts_with("phx_") {
        Some("personal_api_key")
    } else if token.contains('\0') {
        Some("null_byte")
    } else {
        None
    }
}
