//! What `include_metadata` lets pipelines see of a request.

use http::request::Parts;

/// The request's headers; `authority` is the key under which its host stands. Values that are not text are left out.
pub fn of(head: &Parts, authority: &str) -> Vec<(String, Vec<String>)> {
    let mut metadata: Vec<(String, Vec<String>)> = Vec::with_capacity(head.headers.keys_len() + 1);
    for key in head.headers.keys() {
        let values = head.headers.get_all(key).iter();
        let values: Vec<String> = values
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        metadata.push((key.as_str().to_owned(), values));
    }
    if let Some(host) = head.uri.authority() {
        metadata.push((authority.to_owned(), vec![host.to_string()]));
    }
    metadata
}
