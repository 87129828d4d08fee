//! The small language of routes about requests: `request["key"] == "value"`.

use crate::pipeline::client::Client;

/// A condition on the metadata of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestTest {
    key: String,
    value: String,
    is_equal: bool,
}

// === impl RequestTest ===

impl RequestTest {
    /// Reads a condition; an error says how one is written.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = || "must be request[\"key\"] == \"value\", or the same with `!=`".to_owned();
        let equal = text.matches("==").count();
        let unequal = text.matches("!=").count();
        let (sign, is_equal) = match (equal, unequal) {
            (1, 0) => ("==", true),
            (0, 1) => ("!=", false),
            _ => return Err(wrong()),
        };
        let (left, right) = text.split_once(sign).ok_or_else(wrong)?;
        let key = left
            .trim()
            .strip_prefix("request[\"")
            .and_then(|rest| rest.strip_suffix("\"]"));
        let value = right
            .trim()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match (key, value) {
            (Some(key), Some(value)) => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
                is_equal,
            }),
            _ => Err(wrong()),
        }
    }

    /// Whether any value of the key compares so; without one it does not.
    pub fn holds(&self, client: &Client) -> bool {
        let values = client.metadata(&self.key);
        values.iter().any(|value| (*value == self.value) == self.is_equal)
    }
}
