//! Running the detectors: side by side, within the timeout, with what they find in their order.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use super::config::{ResourceDetectionSettings, Retry};
use super::container::Container;
use super::env::Env;
use super::k8s_downward::K8sDownward;
use super::process::Process;
use super::surroundings::Surroundings;
use super::system::System;
use crate::telemetry::processor::DetectionEvents;
use crate::wire::{Encoded, Value};

/// The version of the semantic conventions that the detectors go by.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.40.0";

/// Between attempts, whatever is configured.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Finds out something about where the gateway runs.
pub trait Detector: Send + Sync {
    /// As configuration names it.
    fn name(&self) -> &'static str;

    /// Looks, and takes no longer than until `deadline`.
    fn detect(&self, deadline: Option<Instant>) -> Result<Found, Failure>;
}

/// What a detector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Each key once.
    pub attributes: Vec<(String, Value)>,
    /// Empty where the attributes follow no schema.
    pub schema_url: &'static str,
}

/// Why a detector failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason, a sentence.
    pub reason: String,
    /// Whether it is worth another try.
    pub may_pass: bool,
}

/// All detectors of a processor.
#[derive(Clone)]
pub struct Detection {
    detectors: Vec<Arc<dyn Detector>>,
    timeout: Duration,
    retry: Retry,
    events: DetectionEvents,
}

/// What all of them found together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detected {
    /// Each key once.
    pub attributes: Vec<(String, Encoded)>,
    /// Empty where none of them has one.
    pub schema_url: String,
}

/// What is known at the moment.
#[derive(Clone, Debug)]
pub struct Known(Arc<RwLock<Arc<Detected>>>);

// === impl Found ===

impl Found {
    /// Attributes of the semantic conventions; no schema where there are none.
    pub fn by_conventions(attributes: Vec<(String, Value)>) -> Self {
        Self {
            schema_url: if attributes.is_empty() { "" } else { SCHEMA_URL },
            attributes,
        }
    }
}

// === impl Detected ===

impl Detected {
    /// Adds what another detector found; what is there stays.
    pub fn add(&mut self, found: Found) {
        if self.schema_url.is_empty() {
            self.schema_url = found.schema_url.to_owned();
        }
        for (key, value) in found.attributes {
            if !self.attributes.iter().any(|(known, _)| *known == key) {
                self.attributes.push((key, value.encoded()));
            }
        }
    }
}

// === impl Detection ===

impl Detection {
    /// The detectors of valid settings.
    pub fn new(
        settings: &ResourceDetectionSettings,
        surroundings: &Surroundings,
        events: DetectionEvents,
    ) -> Self {
        let detectors = settings.detectors.iter().filter_map(|name| {
            let around = surroundings.clone();
            Some(match name.trim() {
                "env" => Arc::new(Env::new(around)) as Arc<dyn Detector>,
                "system" => Arc::new(System::new(&settings.system, around, events.clone())),
                "process" => Arc::new(Process::new(&settings.process, around)),
                "container" => Arc::new(Container::new(around)),
                "k8s_downward" => Arc::new(K8sDownward::new(&settings.k8s_downward, around)),
                _ => return None,
            })
        });
        Self {
            detectors: detectors.collect(),
            timeout: settings.timeout.0,
            retry: settings.retry.clone(),
            events,
        }
    }

    /// Runs all detectors. An error says which of them failed, and why.
    pub fn run(&self) -> Result<Detected, String> {
        let bound = match self.retry.max_elapsed_time.0 {
            Duration::ZERO => self.timeout,
            elapsed => elapsed,
        };
        let deadline = after(Instant::now(), bound);
        let running: Vec<_> = self
            .detectors
            .iter()
            .map(|detector| (detector.name(), self.start(detector.clone(), deadline)))
            .collect();
        let (mut detected, mut failures) = (Detected::default(), Vec::new());
        for (name, found) in running {
            let found = found.and_then(|found| answer(&found, deadline));
            self.events.ended(name, found.as_ref().err().map(String::as_str));
            match found {
                Ok(found) => detected.add(found),
                Err(reason) => failures.push(format!("detector `{name}` failed: {reason}")),
            }
        }
        match failures.is_empty() {
            true => Ok(detected),
            false => Err(failures.join("; ")),
        }
    }

    /// Starts a detector on a thread of its own, so that it can be left behind.
    fn start(
        &self,
        detector: Arc<dyn Detector>,
        deadline: Option<Instant>,
    ) -> Result<Receiver<Result<Found, String>>, String> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let (timeout, retry) = (self.timeout, self.retry.clone());
        let started = thread::Builder::new().name("detect".into()).spawn(move || {
            // Nobody may be waiting any more.
            drop(sender.send(attempts(&*detector, timeout, &retry, deadline)));
        });
        match started {
            Ok(_) => Ok(receiver),
            Err(error) => Err(format!("no thread for it: {error}")),
        }
    }
}

/// The moment so long after `start`; none where there is no bound.
fn after(start: Instant, bound: Duration) -> Option<Instant> {
    (!bound.is_zero()).then(|| start.checked_add(bound)).flatten()
}

fn answer(found: &Receiver<Result<Found, String>>, deadline: Option<Instant>) -> Result<Found, String> {
    match deadline {
        None => found.recv().map_err(|_| "it broke off".to_owned())?,
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            found.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => "it did not end in time".to_owned(),
                RecvTimeoutError::Disconnected => "it broke off".to_owned(),
            })?
        }
    }
}

/// Tries until the detector has found something, fails for good, or would begin after the deadline.
fn attempts(
    detector: &dyn Detector,
    timeout: Duration,
    retry: &Retry,
    deadline: Option<Instant>,
) -> Result<Found, String> {
    let longest = retry.max_interval.0;
    let mut pause = retry.initial_interval.0.min(longest).max(SHORTEST_PAUSE);
    loop {
        let begun = Instant::now();
        let own = after(begun, timeout);
        let until = own.into_iter().chain(deadline).min();
        let failure = match detector.detect(until) {
            Ok(found) => return Ok(found),
            Err(failure) => failure,
        };
        let spread = retry.randomization_factor * (2.0 * rand::random::<f64>() - 1.0);
        let next = Instant::now() + pause.mul_f64(1.0 + spread);
        let is_late = deadline.is_some_and(|deadline| next >= deadline);
        if !retry.enabled || !failure.may_pass || is_late {
            return Err(failure.reason);
        }
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let longer = Duration::try_from_secs_f64(pause.as_secs_f64() * retry.multiplier);
        pause = longer.unwrap_or(longest).min(longest).max(SHORTEST_PAUSE);
    }
}

// === impl Known ===

impl Known {
    /// Detects for the first time.
    pub fn first(detection: &Detection) -> Result<Self, String> {
        let detected = detection.run()?;
        detection.events.detected(detected.attributes.len());
        Ok(Self::new(detected))
    }

    /// This is known.
    pub fn new(detected: Detected) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(detected))))
    }

    /// What is known now.
    pub fn now(&self) -> Arc<Detected> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Detects again each `interval` until the sender is dropped. A detection that fails changes nothing.
    pub fn refresh(&self, detection: Detection, interval: Duration) -> Result<Sender<()>, String> {
        let (sender, stop) = mpsc::channel::<()>();
        let known = self.clone();
        let refresh = move || {
            while stop.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                // What failed is told by the events.
                if let Ok(detected) = detection.run()
                    && detected != *known.now()
                {
                    detection.events.detected(detected.attributes.len());
                    *known.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(detected);
                }
            }
        };
        let started = thread::Builder::new().name("redetect".into()).spawn(refresh);
        started
            .map(|_| sender)
            .map_err(|error| format!("no thread to detect again: {error}"))
    }
}
