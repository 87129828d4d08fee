//! Accepts every batch and forgets it: for measuring what stands before an exporter.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Exporter;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Settings;
use crate::pipeline::delivery::{QueueSettings, RetrySettings};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};
use crate::pipeline::parts::{Sender, Surroundings};

/// Accepts every batch and forgets it; has no keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// See the module.
#[derive(Debug)]
pub struct Nop;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "nop",
        aliases: &[],
        stability: Stability::Stable,
        summary: "Accepts every batch and forgets it.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |_, _, _| {
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(Nop),
            queue: QueueSettings::default(),
            retry: RetrySettings::default(),
        })))
    })
}

impl Settings for Config {}

// === impl Nop ===

impl Destination for Nop {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        std::future::ready(Ok(Sent::default())).boxed()
    }
}
