//! `nop`: takes nothing in. A pipeline must have a receiver; this one is for configurations in the making.

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Settings;
use crate::pipeline::intake::Intake;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;

/// No keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NopSettings {}

/// The receiver.
struct Nop;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Receiver>, Surroundings> {
    let about = About {
        name: "nop",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Takes nothing in.",
    };
    Factory::of::<NopSettings>(Kind::Receiver, about, |_, _, _| Ok(Box::new(Nop)))
}

impl Settings for NopSettings {}

// === impl Nop ===

impl Receiver for Nop {
    fn start(
        self: Box<Self>,
        _: Arc<dyn Intake>,
        _: CancellationToken,
    ) -> BoxFuture<'static, io::Result<BoxFuture<'static, ()>>> {
        async { Ok(async {}.boxed()) }.boxed()
    }
}
