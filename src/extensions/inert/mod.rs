//! `zpages` and `pprof`: pages about the Collector's own machinery, of which there is none here. Configurations that
//! have them run all the same, and are told so.

use std::io;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::{KeyNote, Settings};
use crate::pipeline::parts::{Extension, Surroundings};

/// No key has an effect.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct InertSettings {}

impl Settings for InertSettings {
    fn no_effect() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "*",
            "it shows the Collector's own machinery, which this gateway has not",
        )]
    }
}

/// An extension without effect.
struct Inert(String);

/// How configuration sees `zpages`.
pub fn zpages() -> Factory<Box<dyn Extension>, Surroundings> {
    factory(
        "zpages",
        "Accepted and without effect: pages about the Collector's own machinery.",
    )
}

/// How configuration sees `pprof`.
pub fn pprof() -> Factory<Box<dyn Extension>, Surroundings> {
    factory(
        "pprof",
        "Accepted and without effect: profiles of the Collector's own runtime.",
    )
}

fn factory(name: &'static str, summary: &'static str) -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name,
        aliases: &[],
        stability: Stability::Stable,
        summary,
    };
    Factory::of::<InertSettings>(Kind::Extension, about, |_, id, _| {
        Ok(Box::new(Inert(id.to_string())))
    })
}

// === impl Inert ===

impl Extension for Inert {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        tracing::info!(extension = self.0, "has no effect here");
        async { Ok(()) }.boxed()
    }
}
