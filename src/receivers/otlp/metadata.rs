//! What `include_metadata` lets pipelines see of a request.

use std::net::SocketAddr;

use http::request::Parts;

use crate::pipeline::client::Client;

/// The client with the request's headers; `authority` is the key under which its host stands. Values that
/// are not text are left out.
pub fn client(address: Option<SocketAddr>, head: &Parts, authority: &str) -> Client {
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
    Client { address, metadata }
}
