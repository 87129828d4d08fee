//! Where a page ends, in a text that a client hands back: base64 of JSON with the product's members, `timestamp` and an
//! id, and ours, which make the walk exact: the insertion numbers and the moment that its first page saw.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::dates;
use super::error::ApiError;
use crate::query::model::{Begin, Direction, Key, Position, TraceId};

/// The longest cursor, in bytes.
const LENGTH: usize = 1024;

/// The last row of a page, and what its walk sees.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Cursor {
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<String>,
    /// What `timestamp` says, in nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_unix_nano: Option<u64>,
    /// The insertion number of the span.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// The walk sees insertion numbers below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// When the walk began, in nanoseconds since 1970: relative dates count from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
}

// === impl Cursor ===

impl Cursor {
    /// Reads what a client hands back; other makers' cursors lack our members.
    pub fn read(text: &str) -> Result<Self, ApiError> {
        let wrong = || ApiError::Invalid("`after` is no cursor of an earlier page".into());
        if text.len() > LENGTH {
            return Err(wrong());
        }
        let json = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
        let cursor: Self = serde_json::from_slice(&json).map_err(|_| wrong())?;
        let has_time = dates::iso(&cursor.timestamp).is_some();
        let has_trace = cursor
            .trace_id
            .as_ref()
            .is_none_or(|id| id.parse::<TraceId>().is_ok());
        match has_time && has_trace {
            true => Ok(cursor),
            false => Err(wrong()),
        }
    }

    /// The cursor of a page of traces that ends here.
    pub fn at_trace(last: &Position<TraceId>, before: u64, now: u64) -> Self {
        let id = last.tie.to_string().to_uppercase();
        Self {
            trace_id: Some(id),
            ..Self::at(&last.key, before, now)
        }
    }

    /// The cursor of a page of spans that ends here.
    pub fn at_span(last: &Position<u64>, span_id: String, before: u64, now: u64) -> Self {
        Self {
            span_id: Some(span_id),
            number: Some(last.tie),
            ..Self::at(&last.key, before, now)
        }
    }

    fn at(key: &Key, before: u64, now: u64) -> Self {
        let time = match key {
            Key::Whole(time) => u64::try_from(*time).unwrap_or_default(),
            _ => 0,
        };
        Self {
            timestamp: dates::shown(time) + "+00:00",
            time_unix_nano: Some(time),
            before: Some(before),
            now: Some(now),
            ..Self::default()
        }
    }

    /// The text for the client.
    pub fn write(&self) -> String {
        // Text and numbers always have a JSON form.
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Where the next page of traces begins.
    pub fn after_trace(&self, direction: Direction) -> Begin<TraceId> {
        let beyond = match direction {
            Direction::Ascending => TraceId([0xff; 16]),
            Direction::Descending => TraceId([0; 16]),
        };
        let tie = self.trace_id.as_ref().and_then(|id| id.parse().ok());
        Begin::After(Position {
            key: self.key(direction),
            tie: tie.unwrap_or(beyond),
        })
    }

    /// Where the next page of spans begins.
    pub fn after_span(&self, direction: Direction) -> Begin<u64> {
        let beyond = match direction {
            Direction::Ascending => u64::MAX,
            Direction::Descending => 0,
        };
        Begin::After(Position {
            key: self.key(direction),
            tie: self.number.unwrap_or(beyond),
        })
    }

    /// The exact time, or the whole microsecond as already seen.
    fn key(&self, direction: Direction) -> Key {
        let time = self.time_unix_nano.unwrap_or_else(|| {
            let micros = dates::iso(&self.timestamp).unwrap_or_default();
            match direction {
                Direction::Ascending => micros.saturating_add(999),
                Direction::Descending => micros,
            }
        });
        Key::Whole(time.into())
    }
}
