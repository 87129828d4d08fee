//! A receiver's door, behind which the pipelines can be others from one request to the next.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::budget::Budget;
use super::entrance::Entrance;
use super::intake::{Arrival, Intake};
use super::verdict::{Accepted, Refused};

/// Leads each request into the entrance of the moment; a request that came in stays where it is.
pub struct Doorway {
    budget: Budget,
    entrance: RwLock<Arc<Entrance>>,
}

// === impl Doorway ===

impl Doorway {
    /// A door to these pipelines.
    pub fn new(entrance: Arc<Entrance>) -> Arc<Self> {
        Arc::new(Self {
            budget: entrance.budget.clone(),
            entrance: RwLock::new(entrance),
        })
    }

    /// Leads to others from now on.
    pub fn lead_to(&self, entrance: Arc<Entrance>) {
        *self.entrance.write().unwrap_or_else(PoisonError::into_inner) = entrance;
    }

    fn entrance(&self) -> Arc<Entrance> {
        let entrance = self.entrance.read().unwrap_or_else(PoisonError::into_inner);
        entrance.clone()
    }
}

impl Intake for Doorway {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        let entrance = self.entrance();
        async move { entrance.accept(arrival).await }.boxed()
    }

    fn congested(&self, patience: Option<Duration>) -> Option<Refused> {
        self.entrance().congested(patience)
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, wanted: usize) -> Refused {
        self.entrance().over_budget(wanted)
    }
}
