//! Which web pages may send traces from a browser (CORS, as the Fetch standard has it).

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use super::config::CorsConfig;

/// Headers that a page may always send; `Content-Type` among them, without which OTLP cannot be sent.
const ALWAYS_ALLOWED: [&str; 4] = ["accept", "content-type", "origin", "x-requested-with"];

/// The rules of one receiver.
#[derive(Debug)]
pub struct Cors {
    origins: Vec<String>,
    headers: Vec<String>,
    exposed: Option<HeaderValue>,
    max_age: u32,
}

// === impl Cors ===

impl Cors {
    /// The rules of `config`; none when it names no origin.
    pub fn new(config: &CorsConfig) -> Option<Self> {
        if config.allowed_origins.is_empty() {
            return None;
        }
        let exposed = config.exposed_headers.join(", ");
        Some(Self {
            origins: config
                .allowed_origins
                .iter()
                .map(|origin| origin.to_ascii_lowercase())
                .collect(),
            headers: config
                .allowed_headers
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            exposed: HeaderValue::try_from(exposed)
                .ok()
                .filter(|value| !value.is_empty()),
            max_age: config.max_age,
        })
    }

    /// Whether a browser asks what a page may do.
    pub fn is_preflight(head: &Parts) -> bool {
        head.method == Method::OPTIONS
            && head.headers.contains_key(ORIGIN)
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The answer to that. What is not allowed is not mentioned.
    pub fn preflight(&self, request: &HeaderMap) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let wanted = request.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let post = request
            .get(ACCESS_CONTROL_REQUEST_METHOD)
            .is_some_and(|method| method == "POST");
        if post && self.origin(request).is_some() && wanted.is_none_or(|wanted| self.allows(wanted)) {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
            if let Some(wanted) = wanted {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
            if self.max_age > 0 {
                headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.into());
            }
        }
        response
    }

    /// Adds to any response what lets the page of `request` read it.
    pub fn mark(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = self.origin(request) else {
            return;
        };
        // Browsers do not take the wildcard together with credentials.
        if origin != "*" {
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if let Some(exposed) = &self.exposed {
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
    }

    /// The origin to allow, if that of the request is.
    fn origin(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(ORIGIN)?;
        if self.origins.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?.to_ascii_lowercase();
        self.origins
            .iter()
            .any(|allowed| matches(allowed, &text))
            .then(|| origin.clone())
    }

    fn allows(&self, wanted: &HeaderValue) -> bool {
        let Ok(wanted) = wanted.to_str() else {
            return false;
        };
        wanted
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .all(|name| {
                ALWAYS_ALLOWED.contains(&name.as_str())
                    || self
                        .headers
                        .iter()
                        .any(|allowed| *allowed == name || allowed == "*")
            })
    }
}

/// Whether `text` is what `pattern` says, where `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let Some((middle, last)) = rest.rsplit_once('*') else {
        return text.ends_with(rest);
    };
    for piece in middle.split('*') {
        match text.split_once(piece) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pattern's stars stand for any text, also none, also several.
    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("https://a.example", "https://a.example", true),
            ("https://a.example", "https://a.example.org", false),
            ("https://*.example", "https://a.b.example", true),
            ("https://*.example", "https://example", false),
            ("https://*", "https://", true),
            ("*://*.example:*", "http://a.example:80", true),
            ("*://*.example:*", "http://a.example", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
