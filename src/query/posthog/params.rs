//! Parameters of GET requests. Of one that comes twice the last counts.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;

use super::access::Api;
use super::body::{self, Whole};
use super::dates::{DateRange, Window};
use super::error::ApiError;
use super::property::Place;

/// The window when none is given.
const WINDOW: &str = "-1h";
/// The most rows of a page.
const MOST: usize = 10_000;

/// The parameters of a request.
pub struct Params(Vec<(String, String)>);

// === impl Params ===

impl Params {
    /// A parameter; none when it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    fn given(&self, name: &str) -> Option<&str> {
        let last = self.0.iter().rev().find(|(known, _)| known == name);
        last.map(|(_, value)| value.as_str())
    }

    /// The time that is meant.
    pub fn window(&self, now: u64) -> Result<Window, ApiError> {
        let range = DateRange::of_parameter(self.text("dateRange").unwrap_or_default())?;
        range.window(WINDOW, now)
    }

    /// Whose attributes are meant, in the words of both generations; the span's, unless said otherwise.
    pub fn place(&self) -> Place {
        match self.text("attribute_type") {
            Some("resource" | "span_resource_attribute") => Place::SpanResourceAttribute,
            Some("span") => Place::Span,
            _ => Place::SpanAttribute,
        }
    }

    /// The most rows that are wanted.
    pub fn limit(&self) -> Result<usize, ApiError> {
        body::rows("limit", self.whole("limit")?, 100, MOST)
    }

    /// The rows to leave out.
    pub fn offset(&self) -> Result<u64, ApiError> {
        body::offset(self.whole("offset")?)
    }

    fn whole(&self, name: &str) -> Result<Option<Whole>, ApiError> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) => Ok(Some(Whole(number))),
            Err(_) => Err(ApiError::Invalid(format!(
                "`{name}` is \"{text}\", not a whole number"
            ))),
        }
    }
}

impl FromRequestParts<Arc<Api>> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, api).await;
        match query {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(ApiError::Malformed(error.body_text())),
        }
    }
}
