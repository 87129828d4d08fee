//! What the factories of each family make, and what they are given: the seams between the graph and components.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::delivery::{QueueSettings, RetrySettings};
use super::destination::Destination;
use super::keeper::Opens;
use super::receiver::Receiver;
use super::routing::Router;
use super::stage::Stage;
use super::storage::StorageSettings;
use crate::config::factory::{Catalog, Factory};
use crate::config::id::{ComponentId, PipelineId};
use crate::net::auth::Authenticators;
use crate::telemetry::health::Health;

/// What an exporter's factory makes.
#[derive(Clone)]
pub enum Exporter {
    /// Sends batches somewhere.
    Sends(Box<Sender>),
    /// Keeps requests itself.
    Keeps(Arc<dyn Opens>),
}

/// Where spans go, and how delivery feeds it.
#[derive(Clone)]
pub struct Sender {
    /// Sends one batch once.
    pub destination: Arc<dyn Destination>,
    /// The `sending_queue` block.
    pub queue: QueueSettings,
    /// The `retry_on_failure` block.
    pub retry: RetrySettings,
}

/// What a connector does between pipelines.
#[derive(Clone)]
pub enum Connector {
    /// Hands on everything to all of them.
    Forward,
    /// Decides which of them get what.
    Routes {
        /// What decides.
        router: Arc<dyn Router>,
        /// The pipelines that its settings name. It knows them by their numbers in this list.
        pipelines: Vec<PipelineId>,
    },
}

/// Something beside the pipelines.
pub trait Extension: Send {
    /// Begins its work; returns once it can be reached, or says why it cannot. It works until `stop` is cancelled, or else
    /// until the process ends.
    fn start(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, io::Result<()>>;

    /// Where and how it keeps journals, when it is a storage.
    fn storage(&self) -> Option<StorageSettings> {
        None
    }
}

/// What extensions, receivers and exporters are given.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The health of the process.
    pub health: Health,
    /// The memory of the process.
    pub budget: Budget,
    /// The authenticators that extensions are, complete when these are built.
    pub authenticators: Authenticators,
    /// The storages that run, for receivers; empty while extensions are built.
    pub storages: HashMap<ComponentId, StorageSettings>,
}

/// The factories of every component of a build.
pub struct Table {
    /// Make receivers.
    pub receivers: Vec<Factory<Box<dyn Receiver>, Surroundings>>,
    /// Make what a processor contributes to its pipeline.
    pub processors: Vec<Factory<Stage, ()>>,
    /// Make exporters.
    pub exporters: Vec<Factory<Exporter, Surroundings>>,
    /// Make connectors.
    pub connectors: Vec<Factory<Connector, ()>>,
    /// Make extensions.
    pub extensions: Vec<Factory<Box<dyn Extension>, Surroundings>>,
}

// === impl Surroundings ===

impl Surroundings {
    /// Surroundings in which no authenticators are known yet.
    pub fn new(health: Health, budget: Budget) -> Self {
        Self {
            health,
            budget,
            authenticators: Authenticators::default(),
            storages: HashMap::new(),
        }
    }
}

// === impl Connector ===

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward => f.write_str("Forward"),
            Self::Routes { pipelines, .. } => f
                .debug_struct("Routes")
                .field("pipelines", pipelines)
                .finish_non_exhaustive(),
        }
    }
}

// === impl Exporter ===

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sends(sender) => f
                .debug_struct("Sends")
                .field("queue", &sender.queue)
                .field("retry", &sender.retry)
                .finish_non_exhaustive(),
            Self::Keeps(_) => f.debug_struct("Keeps").finish_non_exhaustive(),
        }
    }
}

// === impl Table ===

impl Table {
    /// All of them as configuration sees them.
    pub fn catalog(&self) -> Catalog {
        Catalog::default()
            .with(&self.receivers)
            .with(&self.processors)
            .with(&self.exporters)
            .with(&self.connectors)
            .with(&self.extensions)
    }
}
