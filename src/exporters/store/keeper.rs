//! The exporter as pipelines see it.

use std::sync::Arc;

use super::config::Config;
use super::shared::{self, Shared};
use crate::journal::Room;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::keeper::{Keeper, Kept, Opens};
use crate::store::Appended;
use crate::telemetry::health::Health;
use crate::wire::Traces;

/// Hands requests to a store.
struct StoreKeeper(Arc<Shared>);

/// Tells a pipeline what the store tells.
struct Answer(Box<dyn Kept>);

// === impl Config ===

impl Opens for Config {
    fn open(&self, budget: &Budget, health: &Health) -> Result<Arc<dyn Keeper>, String> {
        let shared = shared::open(self.settings(), budget, health)?;
        Ok(Arc::new(StoreKeeper(shared)))
    }
}

// === impl StoreKeeper ===

impl Keeper for StoreKeeper {
    fn congested(&self) -> Option<String> {
        self.0.store.congested()
    }

    fn admit(&self, traces: &Traces, client: &Client) -> Result<Room, String> {
        let room = self.0.store.admit(client.project.as_deref(), traces);
        room.map_err(|full| format!("the store's journal is full: {full}"))
    }

    fn take(&self, traces: Traces, client: &Client, room: Option<Room>, kept: Box<dyn Kept>) {
        let project = client.project.as_deref();
        self.0
            .store
            .append(project, &traces, room, Box::new(Answer(kept)));
    }

    fn measure(&self) {
        self.0.told.measured(self.0.store.size());
    }

    fn close(&self) -> Result<(), String> {
        self.0.store.close().map_err(|error| error.to_string())
    }
}

// === impl Answer ===

impl Appended for Answer {
    fn wants(&self) -> bool {
        self.0.wants()
    }

    fn done(self: Box<Self>, result: Result<(), String>) {
        let result = result.map_err(|error| format!("the store cannot be written: {error}"));
        self.0.done(result);
    }
}
