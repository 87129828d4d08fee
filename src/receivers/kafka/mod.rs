//! Reads spans from Kafka, as a member of a consumer group.
//!
//! Promises: how far a partition is, is committed up to the first message that the pipelines have not acknowledged, so that
//! a crash repeats messages and loses none; what is not taken is tried again until it is; a message that cannot be read is
//! set aside, and its partition goes on; each partition has its share of what may be in flight, and pauses when it is used up,
//! while the others go on; partitions that go to another member are waited for, at most 5 s.

mod config;
mod handling;
mod letters;
mod member;
mod offsets;
mod partition;
mod properties;
mod reader;

#[cfg(test)]
mod tests;

pub use config::Config;

use std::io;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::handling::Handling;
use self::letters::Letters;
use self::member::Member;
use self::reader::Reader;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::kafka::Told;
use crate::pipeline::intake::Intake;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;
use crate::telemetry::health::Health;
use crate::telemetry::kafka::{ConsumerEvents, KafkaEvents, Side};

/// A configured receiver.
#[derive(Debug)]
pub struct Kafka {
    id: String,
    config: Config,
    health: Health,
}

/// How the receiver is known to configuration.
pub fn factory() -> Factory<Box<dyn Receiver>, Surroundings> {
    let about = About {
        name: "kafka",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Reads spans from Kafka, as OTLP in protobuf or JSON.",
    };
    Factory::of::<Config>(Kind::Receiver, about, |config, id, surroundings| {
        Ok(Box::new(Kafka {
            id: id.to_string(),
            config,
            health: surroundings.health.clone(),
        }))
    })
}

// === impl Kafka ===

impl Kafka {
    fn begin(self, intake: Arc<dyn Intake>, stop: CancellationToken) -> io::Result<BoxFuture<'static, ()>> {
        let Self { id, config, health } = self;
        let letters = config.dead_letters.on().map(Letters::open).transpose()?;
        let events = Arc::new(ConsumerEvents::new(&id, health));
        let told = Told::new(KafkaEvents::new(Side::Receiver, &id));
        let member = Member::new(told, events.clone());
        let handling = Handling::new(&id, &config, intake, events.clone(), letters, stop.clone());
        let reader = Reader::new(
            &config,
            &config.client(),
            member,
            Arc::new(handling),
            events,
            stop,
        )?;
        let (ended, end) = oneshot::channel();
        let thread = std::thread::Builder::new().name("kafka".into());
        thread.spawn(move || {
            reader.run();
            // Nobody may be waiting any more.
            ended.send(()).ok();
        })?;
        Ok(end.map(|_| ()).boxed())
    }
}

impl Receiver for Kafka {
    fn start(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, io::Result<BoxFuture<'static, ()>>> {
        async move { self.begin(intake, stop) }.boxed()
    }
}
