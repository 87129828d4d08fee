//! What of a graph has been started.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use super::{Serving, Signals};
use crate::config::id::ComponentId;
use crate::pipeline::graph::Graph;

/// Extensions and receivers that were not there before.
#[derive(Default)]
pub(super) struct Begun {
    pub(super) extensions: HashMap<ComponentId, CancellationToken>,
    pub(super) receivers: HashMap<ComponentId, Serving>,
}

// === impl Begun ===

impl Begun {
    /// Starts extensions, then receivers, those that do not run already. An error names what could not start; what has
    /// started by then is known here.
    pub(super) async fn start(&mut self, graph: &mut Graph, signals: &Signals) -> Result<(), String> {
        for (id, extension) in &mut graph.extensions {
            let Some(extension) = extension.take() else {
                continue;
            };
            let stop = CancellationToken::new();
            let started = extension.start(stop.clone()).await;
            started.map_err(|error| format!("`{id}` cannot start: {error}"))?;
            self.extensions.insert(id.clone(), stop);
        }
        for entered in &mut graph.receivers {
            let Some(receiver) = entered.receiver.take() else {
                continue;
            };
            let refuse = signals.refuse.child_token();
            let started = receiver.start(entered.doorway.clone(), refuse.clone()).await;
            let done = started.map_err(|error| format!("`{}` cannot start: {error}", entered.id))?;
            self.receivers
                .insert(entered.id.clone(), Serving { refuse, done });
        }
        Ok(())
    }
}
