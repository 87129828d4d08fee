//! Another configuration while the process runs: it is read, checked and built first; what cannot run changes nothing.

use std::time::Duration;

use tokio::signal::unix::Signal;

use super::board::board;
use super::tell;
use crate::config;
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::document::Config;
use crate::config::load::Inputs;
use crate::config::service::Patience;
use crate::net::handover;
use crate::pipeline::graph::Graph;
use crate::pipeline::lifecycle::Running;
use crate::pipeline::parts::Table;
use crate::telemetry::board::Scraper;
use crate::telemetry::configuration::ConfigurationEvents;
use crate::telemetry::health::Health;

/// Reads the configuration again.
pub(super) struct Reload<'a> {
    inputs: &'a Inputs<'a>,
    traces_only: bool,
    table: Table,
    health: Health,
    scraper: Scraper,
    events: ConfigurationEvents,
    /// What runs.
    config: Config,
    /// What was found when it was last looked: a file may be half written, so that it is believed when it stays.
    seen: Option<Result<Config, String>>,
}

/// Why the configuration is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Somebody sent SIGHUP.
    BySignal,
    /// It is time to look whether it has changed.
    ByTime,
}

// === impl Reload ===

impl<'a> Reload<'a> {
    /// Reads again what `inputs` name; `config` is what they said first.
    pub(super) fn new(
        inputs: &'a Inputs<'a>,
        traces_only: bool,
        table: Table,
        health: Health,
        scraper: Scraper,
        config: Config,
    ) -> Self {
        Self {
            inputs,
            traces_only,
            table,
            events: ConfigurationEvents::new(health.clone()),
            health,
            scraper,
            config,
            seen: None,
        }
    }

    /// How long clients and a stop may take, as is configured now.
    pub(super) fn patience(&self) -> &Patience {
        &self.config.service.patience
    }

    /// Waits until the configuration is to be read again.
    pub(super) async fn wanted(&self, signal: &mut Signal) -> Asked {
        let interval: Duration = self.patience().reload_interval.into();
        let time = async {
            match interval.is_zero() {
                true => std::future::pending().await,
                false => tokio::time::sleep(interval).await,
            }
        };
        tokio::select! {
            _ = signal.recv() => Asked::BySignal,
            () = time => Asked::ByTime,
        }
    }

    /// Reads the configuration, and has `running` go on as it says, if that can be.
    pub(super) async fn run(&mut self, running: &mut Running, asked: Asked) {
        let is_asked = asked == Asked::BySignal;
        if !is_asked && !self.is_settled() {
            return;
        }
        match self.attempt(running, asked).await {
            Ok(true) => self.events.reloaded(asked.why()),
            Ok(false) if is_asked => self.events.unchanged(asked.why()),
            Ok(false) => self.events.still_good(),
            Err(problem) => self.events.kept(asked.why(), &problem, is_asked),
        }
    }

    /// Whether the same is written as when it was last looked.
    fn is_settled(&mut self) -> bool {
        let mut diagnostics = Diagnostics::default();
        let catalog = self.table.catalog();
        let config = config::prepare(self.inputs, self.traces_only, &catalog, &mut diagnostics);
        let found = config.ok_or_else(|| diagnostics.render());
        let is_settled = match (&self.seen, &found) {
            (Some(Ok(seen)), Ok(found)) => seen.says_the_same(found),
            (Some(Err(seen)), Err(found)) => seen == found,
            _ => false,
        };
        self.seen = Some(found);
        is_settled
    }

    /// Whether anything has changed; an error says why what is written now cannot run.
    async fn attempt(&mut self, running: &mut Running, asked: Asked) -> Result<bool, String> {
        let mut diagnostics = Diagnostics::default();
        let catalog = self.table.catalog();
        let Some(config) = config::prepare(self.inputs, self.traces_only, &catalog, &mut diagnostics) else {
            return Err(diagnostics.render());
        };
        self.left_for_a_restart(&config, asked);
        if running.live().is_of(&config) {
            return Ok(false);
        }
        let graph = Graph::build(&config, &self.table, &self.health, Some(running.live()))?;
        let shown = board(&graph, &self.health, &config.service.telemetry);
        handover::begin();
        running.go_on_as(graph).await?;
        self.scraper.show(shown);
        tell(
            diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.severity != Severity::Note),
        );
        self.config = config;
        Ok(true)
    }

    /// Says that telemetry is set up once.
    fn left_for_a_restart(&self, config: &Config, asked: Asked) {
        let (old, new) = (&self.config.service.telemetry, &config.service.telemetry);
        if old != new && asked == Asked::BySignal {
            tracing::warn!("`service.telemetry` has changed, which takes effect at the next start");
        }
    }
}

// === impl Asked ===

impl Asked {
    fn why(self) -> &'static str {
        match self {
            Self::BySignal => "SIGHUP",
            Self::ByTime => "it has changed",
        }
    }
}
