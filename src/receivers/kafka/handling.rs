//! One message: read, handed to the pipelines until they take it, settled.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::config::{Config, ErrorBackoff};
use super::letters::Letters;
use super::partition::Work;
use crate::net::kafka::Encoding;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::intake::{Arrival, Intake};
use crate::receivers::payload::{Unread, from_json, from_protobuf};
use crate::telemetry::kafka::{ConsumerEvents, Coordinates};
use crate::telemetry::receiver::ReceiverEvents;
use crate::wire::{Checked, Decision, Editor, ResourceEdit, Traces};

/// Nobody waits for an answer, so the pipelines have this long before they are asked again.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Messages above this are checked on a thread of their own.
const LARGE: usize = 1 << 20;

/// What all messages of a receiver have in common.
pub struct Handling {
    intake: Arc<dyn Intake>,
    events: Arc<ConsumerEvents>,
    spans: ReceiverEvents,
    encoding: Encoding,
    backoff: ErrorBackoff,
    letters: Option<Arc<Letters>>,
    /// Whether a message counts as read when it was received.
    marks_first: bool,
    gives_up: bool,
    headers: Vec<String>,
    /// Cancelled when nobody asks the pipelines again.
    stop: CancellationToken,
}

/// A message that was read.
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its partition's number.
    pub number: i32,
    /// Its partition, which is waited for until it is handled.
    pub work: Work,
    /// Its place there.
    pub offset: i64,
    /// Its content, paid for.
    pub payload: Bytes,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
}

/// What became of an attempt.
enum Attempt {
    Taken,
    /// Nobody will take some of it, for this reason.
    Refused(String),
    /// It may be taken later, no earlier than this.
    NotNow(String, Duration),
}

// === impl Handling ===

impl Handling {
    /// As the keys say.
    pub fn new(
        id: &str,
        config: &Config,
        intake: Arc<dyn Intake>,
        events: Arc<ConsumerEvents>,
        letters: Option<Letters>,
        stop: CancellationToken,
    ) -> Self {
        let extraction = &config.header_extraction;
        let headers = extraction.extract_headers.then(|| extraction.headers.clone());
        Self {
            intake,
            events,
            spans: ReceiverEvents::new(id, "kafka"),
            encoding: config.traces.encoding,
            backoff: config.error_backoff.clone(),
            letters: letters.map(Arc::new),
            marks_first: !config.message_marking.after,
            gives_up: config.message_marking.on_error,
            headers: headers.unwrap_or_default(),
            stop,
        }
    }

    /// The budget that messages are paid from.
    pub fn budget(&self) -> &Budget {
        self.intake.budget()
    }

    /// Sees a message through to its end, unless its partition goes before.
    pub async fn handle(&self, message: Message) {
        let partition = message.work.partition();
        if self.marks_first {
            partition.offsets().settle(message.offset);
        }
        // When it goes, what its pipelines have not begun to send is withdrawn: another member will read it.
        let through = partition.gone.run_until_cancelled(self.see_through(&message));
        if through.await == Some(true) {
            partition.offsets().settle(message.offset);
        }
    }

    /// Whether the message need not be read again.
    async fn see_through(&self, message: &Message) -> bool {
        let mut attempts = 0;
        loop {
            let (reason, wait) = match self.attempt(message).await {
                Attempt::Taken => return true,
                Attempt::Refused(reason) => {
                    self.set_aside(message, &reason).await;
                    return true;
                }
                Attempt::NotNow(reason, wait) => (reason, wait),
            };
            if self.gives_up {
                self.events.given_up(message.at(), &reason);
                return true;
            }
            self.events.retried(message.at(), &reason);
            let wait = wait.max(self.backoff.wait(attempts));
            attempts += 1;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => return false,
            }
        }
    }

    async fn attempt(&self, message: &Message) -> Attempt {
        let checked = match self.read(message).await {
            Ok(checked) => checked,
            Err(Unread::Poison(reason)) => return Attempt::Refused(reason),
            Err(Unread::NoRoom) => {
                let refused = self.intake.over_budget(message.payload.len());
                return Attempt::NotNow(refused.message, refused.retry_after);
            }
        };
        let rejected = u64::from(checked.rejected);
        let traces = self.extract_headers(message, checked.traces);
        let spans = traces.spans();
        if spans == 0 {
            return self.refused(rejected, checked.reason);
        }
        let arrival = Arrival {
            traces,
            client: message.client(),
            patience: Some(PATIENCE),
        };
        match self.intake.accept(arrival).await {
            Ok(accepted) => {
                self.spans.accepted(spans);
                let reason = match checked.reason.is_empty() {
                    true => accepted.message,
                    false => checked.reason,
                };
                self.refused(rejected + accepted.rejected_spans, reason)
            }
            Err(refused) => Attempt::NotNow(refused.message, refused.retry_after),
        }
    }

    fn refused(&self, rejected: u64, reason: String) -> Attempt {
        if rejected == 0 {
            return Attempt::Taken;
        }
        self.spans.rejected(rejected, &reason);
        Attempt::Refused(format!("{rejected} of its spans were not taken: {reason}"))
    }

    async fn read(&self, message: &Message) -> Result<Checked, Unread> {
        if message.payload.is_empty() {
            // Nothing, in either encoding: topics that are compacted have such messages.
            return from_protobuf(Bytes::new());
        }
        let (payload, encoding) = (message.payload.clone(), self.encoding);
        if encoding == Encoding::OtlpProto && payload.len() <= LARGE {
            return from_protobuf(payload);
        }
        let budget = self.budget().clone();
        let read = move || match encoding {
            Encoding::OtlpProto => from_protobuf(payload),
            Encoding::OtlpJson => from_json(&payload, &budget),
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|error| Err(Unread::Poison(error.to_string())))
    }

    /// Sets a message aside under its coordinates.
    async fn set_aside(&self, message: &Message, reason: &str) {
        let Some(letters) = self.letters.clone() else {
            return self.events.dead_lettered(message.at(), reason, None);
        };
        let directory = letters.directory();
        let (topic, partition, offset) = (message.topic.clone(), message.number, message.offset);
        let payload = message.payload.clone();
        let put = move || {
            let at = Coordinates {
                topic: &topic,
                partition,
                offset,
            };
            letters.put(at, &payload)
        };
        let file = match tokio::task::spawn_blocking(put)
            .await
            .map_err(std::io::Error::other)
        {
            Ok(Ok(file)) => Some(file),
            Ok(Err(error)) | Err(error) => {
                self.events.unwritten(&directory, &error.to_string());
                None
            }
        };
        self.events.dead_lettered(message.at(), reason, file.as_deref());
    }

    fn extract_headers(&self, message: &Message, traces: Traces) -> Traces {
        let value = |name: &String| {
            let found = message.headers.iter().find(|(header, _)| header == name)?;
            Some((format!("kafka.header.{name}"), found.1.clone()))
        };
        let attributes: Vec<_> = self.headers.iter().filter_map(value).collect();
        match attributes.is_empty() {
            true => traces,
            false => self.budget().cover(traces.edit(&mut Extracted(attributes))),
        }
    }
}

/// Attributes that every resource gets.
struct Extracted(Vec<(String, String)>);

impl Editor for Extracted {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        for (name, value) in &self.0 {
            resource.upsert(name, value.as_str());
        }
        Decision::Keep
    }
}

// === impl Message ===

impl Message {
    fn at(&self) -> Coordinates<'_> {
        Coordinates {
            topic: &self.topic,
            partition: self.number,
            offset: self.offset,
        }
    }

    /// What pipelines see of its sender: its headers, and where it was.
    fn client(&self) -> Arc<Client> {
        let mut metadata = vec![
            ("kafka.topic".to_owned(), vec![self.topic.clone()]),
            ("kafka.partition".to_owned(), vec![self.number.to_string()]),
            ("kafka.offset".to_owned(), vec![self.offset.to_string()]),
        ];
        for (name, value) in &self.headers {
            let name = name.to_ascii_lowercase();
            match metadata.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value.clone()),
                None => metadata.push((name, vec![value.clone()])),
            }
        }
        Arc::new(Client {
            metadata,
            ..Client::default()
        })
    }
}

// === impl ErrorBackoff ===

impl ErrorBackoff {
    /// The wait after so many attempts that failed before this one.
    fn wait(&self, attempts: i32) -> Duration {
        let most = self.max_interval.0;
        let wait = self.initial_interval.0.as_secs_f64() * self.multiplier.powi(attempts.min(64));
        let spread = 1.0 + self.randomization_factor * rand::random_range(-1.0..=1.0);
        Duration::try_from_secs_f64(wait.min(most.as_secs_f64()) * spread).unwrap_or(most)
    }
}
