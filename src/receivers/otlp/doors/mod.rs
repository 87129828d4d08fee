//! Ways in that are a product's own, beside OTLP's.

pub mod posthog;
