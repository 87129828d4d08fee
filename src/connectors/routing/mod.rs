//! `routing`: hands spans to pipelines by conditions on the request, the resource or the span.
//!
//! Promise: what each pipeline gets is what the Collector gives it, each resource and scope once with its spans; what no
//! route and no default takes is counted.

mod config;
mod request;
mod route;
mod router;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use config::{Action, RouteContext, RouteSettings, RoutingSettings};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::pipeline::parts::Connector;
use crate::telemetry::statements::StatementEvents;

use route::compiled;
use router::Table;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Connector, ()> {
    let about = About {
        name: "routing",
        aliases: &[],
        stability: Stability::Alpha,
        summary: "Hands spans to pipelines by OTTL conditions on the request, the resource or the span.",
    };
    Factory::of::<RoutingSettings>(Kind::Connector, about, |settings, id, ()| {
        let events = Arc::new(StatementEvents::new(&id.to_string()));
        let pipelines = settings.named();
        let number = |pipeline| pipelines.iter().position(|known| known == pipeline);
        let routes = compiled(&settings, &mut Problems::default(), &mut Problems::default());
        let routes = routes.into_iter().map(|(at, route)| {
            let targets = settings.table.get(at).map_or(&[][..], |route| &route.pipelines);
            (route, targets.iter().filter_map(number).collect())
        });
        let table = Table {
            routes: routes.collect(),
            rest: settings.default_pipelines.iter().filter_map(number).collect(),
            pipelines: pipelines.len(),
            mode: settings.error_mode,
            events,
        };
        Ok(Connector::Routes {
            router: Arc::new(table),
            pipelines: pipelines.clone(),
        })
    })
}
