//! `URL`: the parts of a URL by the keys of the semantic conventions.
//!
//! Promise: takes what Go's `url.Parse` takes, and finds the same parts.

mod escape;
mod reference;

use std::collections::HashMap;

use super::fields::Fields;
use crate::wire::Value;
use escape::Part;
use reference::Reference;

/// Parameters of a query that are read; Go's bound.
const MAX_PARAMETERS: usize = 10_000;

/// `URL`: the parts of a URL, `url.port` as a number. Of a text that begins with `?`, the parameters under `query`, each a list
/// of texts.
pub fn url(text: &str) -> Result<Vec<(String, Value)>, String> {
    if text.is_empty() {
        return Err("the url is empty".into());
    }
    match text.strip_prefix('?') {
        Some(query) => parameters(query),
        None => Reference::parse(text).and_then(|reference| fields(&reference)),
    }
}

fn fields(reference: &Reference<'_>) -> Result<Vec<(String, Value)>, String> {
    let mut fields = Fields::default();
    let (domain, port) = reference.domain_and_port();
    let path = lossy(&reference.path);
    fields.put_text("url.original", reference.text());
    fields.put_text("url.domain", lossy(domain));
    fields.put_text("url.scheme", reference.scheme.as_str());
    fields.put_text("url.path", path.as_str());
    if !port.is_empty() {
        let port = lossy(port);
        let number: i64 = port
            .parse()
            .map_err(|_| format!("the port {port} is too large"))?;
        fields.put("url.port".into(), Value::Int(number));
    }
    if !reference.fragment.is_empty() {
        fields.put_text("url.fragment", lossy(&reference.fragment));
    }
    if let Some(user) = &reference.user {
        fields.put_text("url.user_info", user.text());
        if !user.name.is_empty() {
            fields.put_text("url.username", lossy(&user.name));
        }
        if let Some(password) = &user.password {
            fields.put_text("url.password", lossy(password));
        }
    }
    if !reference.query.is_empty() {
        fields.put_text("url.query", reference.query);
    }
    if let Some((_, extension)) = path.rsplit_once('.')
        && !extension.is_empty()
    {
        fields.put_text("url.extension", extension);
    }
    Ok(fields.into_list())
}

/// The parameters of a query, with all values of each.
fn parameters(query: &str) -> Result<Vec<(String, Value)>, String> {
    if query.split('&').count() > MAX_PARAMETERS {
        return Err(format!("the query has more than {MAX_PARAMETERS} parameters"));
    }
    let mut names: Vec<(String, Vec<Value>)> = Vec::new();
    let mut places = HashMap::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        if parameter.contains(';') {
            return Err("invalid semicolon separator in query".into());
        }
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = lossy(&Part::Query.unescaped(name)?);
        let value = Value::String(lossy(&Part::Query.unescaped(value)?));
        let place = *places.entry(name).or_insert_with_key(|name| {
            names.push((name.clone(), Vec::new()));
            names.len() - 1
        });
        if let Some((_, values)) = names.get_mut(place) {
            values.push(value);
        }
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let lists = names.into_iter();
    let lists = lists.map(|(name, values)| (name, Value::Array(values)));
    Ok(vec![("query".into(), Value::KeyValueList(lists.collect()))])
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
