//! What the store tells, as log lines, metrics and health.

use std::path::Path;

use crate::store::{Event, Failing, Observer, Size};
use crate::telemetry::health::Health;
use crate::telemetry::store::{StoreEvents, StoreSize, StoreWrote};

/// Tells the events of one store.
pub struct Told(StoreEvents);

// === impl Told ===

impl Told {
    pub fn new(directory: &Path, health: Health) -> Self {
        Self(StoreEvents::new(&directory.display().to_string(), health))
    }

    /// Sets the gauges.
    pub fn measured(&self, size: Size) {
        self.0.measured(&StoreSize {
            spans: size.spans,
            bytes: size.bytes,
            segments: size.segments as u64,
            head_spans: size.head_spans,
            head_bytes: size.head_bytes,
            wal_bytes: size.wal_bytes,
        });
    }
}

impl Observer for Told {
    fn tell(&self, event: Event<'_>) {
        let events = &self.0;
        match event {
            Event::Opened {
                segments,
                spans,
                bytes,
                unsealed,
            } => {
                let size = StoreSize {
                    segments: segments as u64,
                    spans,
                    bytes,
                    ..StoreSize::default()
                };
                events.opened(&size, unsealed);
            }
            Event::Replayed { spans, took } => events.replayed(spans, took),
            Event::Unreadable { spans, error } => events.unreadable(spans, error),
            Event::Committed { sync } => events.committed(sync),
            Event::Entered { spans, duplicates } => events.entered(spans, duplicates),
            Event::Failing { what, error } => events.failing(name(what), stops(what), error),
            Event::Recovered(what) => events.recovered(name(what)),
            Event::Sealed {
                segments,
                spans,
                bytes,
                took,
            } => events.sealed(&StoreWrote {
                segments,
                spans,
                bytes,
                took,
            }),
            Event::Compacted {
                segments,
                spans,
                deleted,
                bytes,
                took,
            } => {
                let wrote = StoreWrote {
                    segments,
                    spans,
                    bytes,
                    took,
                };
                events.compacted(&wrote, deleted);
            }
            Event::Expired {
                segments,
                spans,
                bytes,
                aged,
            } => events.expired(segments, spans, bytes, aged),
            Event::Damaged { file, spans, error } => events.damaged(file, spans, error),
            Event::Foreign { file } => events.foreign(file),
            Event::Warned { what } => events.warned(what),
        }
    }
}

fn name(what: Failing) -> &'static str {
    match what {
        Failing::Journal => "its journal",
        Failing::Seal => "a new segment",
        Failing::Upkeep => "a merged segment",
    }
}

/// Whether requests are refused because of it: a new segment that cannot be written fills the memory.
fn stops(what: Failing) -> bool {
    what != Failing::Upkeep
}
