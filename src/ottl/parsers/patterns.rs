//! `ExtractPatterns`.

use super::fields::Fields;
use crate::config::pattern::Pattern;
use crate::wire::Value;

/// `ExtractPatterns`: what the named groups of the first match are, as texts, empty for a group that took no part; no fields
/// where nothing matches. A pattern without a named group is an error.
pub fn extract_patterns(pattern: &Pattern, text: &str) -> Result<Vec<(String, Value)>, String> {
    if pattern.groups().iter().all(String::is_empty) {
        return Err("the pattern has no named group".into());
    }
    let mut fields = Fields::default();
    if let Some(found) = pattern.regex().captures(text) {
        for (place, name) in (1..).zip(pattern.groups()) {
            if !name.is_empty() {
                fields.put_text(name.as_str(), found.get(place).map_or("", |group| group.as_str()));
            }
        }
    }
    Ok(fields.into_list())
}
