//! The project that a request names for its spans.

use std::sync::Arc;

use http::HeaderName;
use http::request::Parts;

/// How clients of Arize Phoenix name the project, as a header or as metadata of gRPC.
const PROJECT: HeaderName = HeaderName::from_static("x-project-name");

/// The project that the head of a request names; an empty name is none. What is not UTF-8 in it is replaced, since spans
/// should not land in another project for the spelling of its name.
pub fn of(head: &Parts) -> Option<Arc<str>> {
    let name = head.headers.get(PROJECT)?.as_bytes();
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into())
}
