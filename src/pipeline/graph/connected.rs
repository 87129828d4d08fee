//! Connectors: from the end of a pipeline to others.

use super::{Builder, make};
use crate::config::document::{Pipeline as PipelineConfig, Reference};
use crate::config::id::{ComponentId, PipelineId};
use crate::config::node::Node;
use crate::pipeline::flow::Output;
use crate::pipeline::parts::Connector;
use crate::pipeline::routing::Routing;
use crate::telemetry::connector::ConnectorEvents;

// === impl Builder ===

impl Builder<'_> {
    /// What a connector makes of the end of this pipeline.
    pub(super) fn connect(
        &mut self,
        from: &PipelineId,
        reference: &Reference,
        node: &Node,
        outputs: &mut Vec<Output>,
    ) -> Result<(), String> {
        let connector = &reference.id;
        let behind = self.fed_by(connector);
        match make(&self.table.connectors, connector, node, &())? {
            Connector::Forward => {
                for id in behind {
                    outputs.push(Output::Pipeline(self.pipeline(&id)?));
                }
            }
            Connector::Routes { router, pipelines } => {
                let pipelines = pipelines.iter().map(|id| match behind.contains(id) {
                    true => self.pipeline(id),
                    false => Err(format!("`{connector}` is no receiver of the pipeline `{id}`")),
                });
                outputs.push(Output::Router(Routing {
                    pipelines: pipelines.collect::<Result<_, _>>()?,
                    connector: connector.to_string(),
                    router,
                    budget: self.budget.clone(),
                    events: ConnectorEvents::new(&connector.to_string(), &from.to_string()),
                }));
            }
        }
        Ok(())
    }

    /// The pipelines that have this receiver or connector in their list.
    pub(super) fn fed_by(&self, source: &ComponentId) -> Vec<PipelineId> {
        let names =
            |pipeline: &PipelineConfig| pipeline.receivers.iter().any(|reference| reference.id == *source);
        let pipelines = self.config.service.pipelines.iter();
        pipelines
            .filter(|(_, pipeline)| names(pipeline))
            .map(|(id, _)| id.clone())
            .collect()
    }
}
