//! The clients of librdkafka that messages go through, and the reports that come back.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer};
use rdkafka::statistics::Statistics;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::message::Message;
use crate::net::kafka::{Told, code_of};
use crate::telemetry::kafka::ProducerEvents;

/// Sends messages, at most so many bytes at a time, and says what became of each.
pub struct Client {
    config: ClientConfig,
    told: Arc<Told>,
    events: Arc<ProducerEvents>,
    pair: Mutex<Arc<Pair>>,
    /// Bytes that may be in flight.
    room: Arc<Semaphore>,
    most: usize,
}

/// What became of a message: its number in the batch, and the error if it was not delivered.
pub type Report = (usize, Result<(), RDKafkaErrorCode>);

/// Where reports go.
pub type Reports = mpsc::UnboundedSender<Report>;

/// Two clients of the same cluster.
struct Pair {
    /// Sends messages that go the same way in one set.
    together: ThreadedProducer<Context>,
    /// Sends each message in a set of its own, so that a broker's refusal is about it alone. Made when it is needed.
    alone: OnceLock<ThreadedProducer<Context>>,
}

struct Context {
    told: Arc<Told>,
}

/// Goes with a message, and comes back with its delivery report.
pub struct Ticket {
    number: usize,
    bytes: usize,
    reports: Reports,
    events: Arc<ProducerEvents>,
    _room: OwnedSemaphorePermit,
}

// === impl Client ===

impl Client {
    /// Begins to connect. The error says what is wrong with the settings.
    pub fn new(
        config: ClientConfig,
        most: usize,
        told: Told,
        events: ProducerEvents,
    ) -> Result<Self, String> {
        let told = Arc::new(told);
        let pair = Pair::new(&config, &told).map_err(|error| error.to_string())?;
        Ok(Self {
            pair: Mutex::new(Arc::new(pair)),
            config,
            told,
            events: Arc::new(events),
            room: Arc::new(Semaphore::new(most)),
            most,
        })
    }

    /// What it tells.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// What its messages tell.
    pub fn events(&self) -> &ProducerEvents {
        &self.events
    }

    /// Hands a message over, as soon as there is room for it; its report comes by `reports`, whatever happens.
    pub async fn send(&self, number: usize, message: &Message, payload: &Bytes, reports: &Reports) {
        let wanted = u32::try_from(payload.len().min(self.most)).unwrap_or(u32::MAX);
        let Ok(room) = self.room.clone().acquire_many_owned(wanted).await else {
            return;
        };
        let ticket = Box::new(Ticket {
            number,
            bytes: payload.len(),
            reports: reports.clone(),
            events: self.events.clone(),
            _room: room,
        });
        self.events.sent(payload.len());
        let pair = self.pair();
        let Err((code, ticket)) = pair.produce(self, message, payload, ticket) else {
            return;
        };
        if code != RDKafkaErrorCode::Fatal {
            return ticket.report(Err(code));
        }
        self.renew(&pair);
        if let Err((code, ticket)) = self.pair().produce(self, message, payload, ticket) {
            ticket.report(Err(code));
        }
    }

    /// How many partitions a topic has; asks the cluster, and blocks meanwhile.
    pub fn partitions(&self, topic: &str, timeout: Duration) -> Result<i32, RDKafkaErrorCode> {
        let pair = self.pair();
        let metadata = pair.together.client().fetch_metadata(Some(topic), timeout);
        let metadata = metadata.map_err(|error| code_of(&error))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let found = found.ok_or(RDKafkaErrorCode::UnknownTopicOrPartition)?;
        match (found.error(), found.partitions().len()) {
            (Some(error), _) => Err(error.into()),
            (None, 0) => Err(RDKafkaErrorCode::LeaderNotAvailable),
            (None, count) => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
        }
    }

    /// Puts new clients in the place of these, which have failed for good.
    fn renew(&self, failed: &Arc<Pair>) {
        let mut pair = self.pair.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&pair, failed) {
            return;
        }
        let fatal = failed.together.client().fatal_error();
        let reason = fatal.map_or_else(String::new, |(_, reason)| reason);
        match Pair::new(&self.config, &self.told) {
            Ok(new) => {
                self.told.events().renewed(&reason);
                let old = std::mem::replace(&mut *pair, Arc::new(new));
                // The last one to let go of it waits for its thread.
                std::thread::spawn(move || drop(old));
            }
            Err(error) => self.told.error(&error, &error.to_string()),
        }
    }

    fn pair(&self) -> Arc<Pair> {
        self.pair.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Pair ===

impl Pair {
    fn new(config: &ClientConfig, told: &Arc<Told>) -> KafkaResult<Self> {
        Ok(Self {
            together: Context::client(config, told)?,
            alone: OnceLock::new(),
        })
    }

    fn alone(&self, config: &ClientConfig, told: &Arc<Told>) -> KafkaResult<&ThreadedProducer<Context>> {
        if let Some(made) = self.alone.get() {
            return Ok(made);
        }
        let mut config = config.clone();
        config
            .set("batch.num.messages", "1")
            // The other one tells about the cluster.
            .set("statistics.interval.ms", "0");
        let made = Context::client(&config, told)?;
        Ok(self.alone.get_or_init(|| made))
    }

    fn produce(
        &self,
        client: &Client,
        message: &Message,
        payload: &Bytes,
        ticket: Box<Ticket>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Ticket>)> {
        let producer = match message.is_alone {
            false => &self.together,
            true => match self.alone(&client.config, &client.told) {
                Ok(alone) => alone,
                Err(error) => return Err((code_of(&error), ticket)),
            },
        };
        let record = BaseRecord {
            topic: &message.way.topic,
            partition: message.partition,
            payload: Some(payload.as_ref()),
            key: message.key.as_deref(),
            timestamp: None,
            headers: message.way.owned_headers(),
            delivery_opaque: ticket,
        };
        match producer.send(record) {
            Ok(()) => Ok(()),
            Err((error, record)) => Err((code_of(&error), record.delivery_opaque)),
        }
    }
}

// === impl Context ===

impl Context {
    fn client(config: &ClientConfig, told: &Arc<Told>) -> KafkaResult<ThreadedProducer<Self>> {
        let told = told.clone();
        ThreadedProducer::from_config_and_context(config, Self { told })
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.told.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        self.told.statistics(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for Context {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let result = result.as_ref().map(|_| ()).map_err(|(error, _)| code_of(error));
        match result {
            Ok(()) => self.told.clear(),
            Err(code) => self.told.events().failed(&format!("{code:?}"), 1),
        }
        ticket.report(result);
    }
}

// === impl Ticket ===

impl Ticket {
    fn report(self, result: Result<(), RDKafkaErrorCode>) {
        self.events.reported(self.bytes, result.is_ok());
        // Whoever sent it may be gone.
        self.reports.send((self.number, result)).ok();
    }
}
