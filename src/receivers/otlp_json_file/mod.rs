//! Reads spans from files, as the exporter `file` writes them. Also known as `otlpjsonfile`.
//!
//! Promises: a record counts as read when the pipelines have accepted it, and is tried again until they do; with a storage a
//! crash repeats records and loses none; a file is known by its content, so that one that was renamed is read on, and one
//! that was truncated or copied is not mistaken; a record that is no OTLP is passed over and told about, and its file goes on;
//! a file is deleted only when all of it was accepted.
//!
//! One thread reads (`watch`); what it reads is handed to the pipelines by tasks of the runtime (`handling`), within a bound
//! for all files together (`window`).

mod checkpoint;
mod config;
mod content;
mod followed;
mod framing;
mod glob;
mod handling;
mod mark;
mod progress;
mod scratch;
mod watch;
mod window;

#[cfg(test)]
mod tests;

pub use config::Config;

use std::io;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::checkpoint::Checkpoint;
use self::followed::Work;
use self::framing::Framing;
use self::handling::Handling;
use self::watch::Watch;
use self::window::Window;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::intake::Intake;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;
use crate::pipeline::storage::StorageSettings;
use crate::telemetry::file::ReaderEvents;
use crate::telemetry::health::Health;

/// A configured receiver.
#[derive(Debug)]
pub struct OtlpJsonFile {
    id: String,
    config: Config,
    storage: Option<StorageSettings>,
    health: Health,
}

/// How the receiver is known to configuration.
pub fn factory() -> Factory<Box<dyn Receiver>, Surroundings> {
    let about = About {
        name: "otlp_json_file",
        aliases: &["otlpjsonfile"],
        stability: Stability::Beta,
        summary: "Reads spans from files, as OTLP in JSON or protobuf.",
    };
    Factory::of::<Config>(Kind::Receiver, about, |config, id, surroundings| {
        let storage = config.storage.as_ref().map(|named| {
            let storage = surroundings.storages.get(named).cloned();
            storage.ok_or_else(|| format!("the storage `{named}` does not run"))
        });
        Ok(Box::new(OtlpJsonFile {
            id: id.to_string(),
            storage: storage.transpose()?.filter(|_| !config.replay_file),
            config,
            health: surroundings.health.clone(),
        }))
    })
}

// === impl OtlpJsonFile ===

impl OtlpJsonFile {
    /// Starts the thread. Blocks while another process holds the place in the storage.
    fn begin(
        self,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
        runtime: Handle,
    ) -> io::Result<BoxFuture<'static, ()>> {
        let Self {
            id,
            config,
            storage,
            health,
        } = self;
        let checkpoint = storage
            .map(|storage| Checkpoint::open(&storage, &id))
            .transpose()?;
        let events = Arc::new(ReaderEvents::new(&id, health));
        let handling = Handling::new(&id, &config, intake, events.clone(), stop.clone());
        let (ended, end) = oneshot::channel();
        let (stopped, tasks) = (stop.clone(), runtime.clone());
        let watch = move || {
            let work = Work {
                framing: Framing::of(&config),
                most: config.max_log_size.0 as usize,
                flush: config.force_flush_period.0,
                fingerprint: config.fingerprint_size.0 as usize,
                handling: Arc::new(handling),
                window: Window::new(config.max_in_flight_mib << 20),
                runtime,
                events,
            };
            // The patterns were checked with the other keys.
            if let Ok(watch) = Watch::new(config, work, checkpoint, stop) {
                watch.run();
            }
            // Nobody may be waiting any more.
            ended.send(()).ok();
        };
        let thread = std::thread::Builder::new().name("files".into()).spawn(watch)?;
        let reader = thread.thread().clone();
        tasks.spawn(async move {
            stopped.cancelled().await;
            reader.unpark();
        });
        Ok(end.map(|_| ()).boxed())
    }
}

impl Receiver for OtlpJsonFile {
    fn start(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, io::Result<BoxFuture<'static, ()>>> {
        async move {
            let runtime = Handle::current();
            let begun = tokio::task::spawn_blocking(move || self.begin(intake, stop, runtime)).await;
            begun.map_err(io::Error::other)?
        }
        .boxed()
    }
}
