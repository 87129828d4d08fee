//! Detection in time: bounded, repeated, refreshed.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::super::detection::Known;
use super::*;

/// Fails until it was asked so often.
struct Late {
    asked: Mutex<u32>,
    answers_at: u32,
}

impl Names for Late {
    fn canonical_name(&self, host: &str) -> Result<String, String> {
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        if *asked < self.answers_at {
            return Err("not yet".into());
        }
        Ok(format!("{host}.example"))
    }

    fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        Err("none".into())
    }

    fn name_of(&self, _: IpAddr) -> Result<String, String> {
        Err("none".into())
    }
}

/// Answers nothing until the sender goes.
struct Silent(Mutex<Receiver<()>>);

impl Names for Silent {
    fn canonical_name(&self, _: &str) -> Result<String, String> {
        let _ = self.0.lock().unwrap().recv();
        Err("too late".into())
    }

    fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, String> {
        Err("none".into())
    }

    fn name_of(&self, _: IpAddr) -> Result<String, String> {
        Err("none".into())
    }
}

fn silent() -> (Sender<()>, Silent) {
    let (sender, receiver) = channel();
    (sender, Silent(Mutex::new(receiver)))
}

const HOST: &[(&str, &str)] = &[("proc/sys/kernel/hostname", "web-1\n")];

/// What may pass is tried again, with pauses, until it has passed.
#[test]
fn failures_that_pass_are_tried_again() {
    let root = files(HOST);
    let late = |answers_at| Late {
        asked: Mutex::new(0),
        answers_at,
    };
    let yaml = "{detectors: [system], retry: {initial_interval: 1ms}, system: {hostname_sources: [dns]}}";
    let detected = detect(yaml, &surroundings(root.path(), &[], late(3))).unwrap();
    assert_eq!(detected[0], pair("host.name", "web-1.example"));

    let yaml = "{detectors: [system], retry: {enabled: false}, system: {hostname_sources: [cname]}}";
    let refused = detect(yaml, &surroundings(root.path(), &[], late(2))).unwrap_err();
    assert_eq!(
        refused,
        "detector `system` failed: no source knows the name of the host: cname: not yet"
    );
}

/// A resolver that is silent takes its share of the timeout, and the next source is asked.
#[test]
fn a_silent_resolver_leaves_time_for_the_next_source() {
    let root = files(HOST);
    let (open, names) = silent();
    let yaml = "{detectors: [system], timeout: 200ms}";
    let detected = detect(yaml, &surroundings(root.path(), &[], names)).unwrap();
    assert_eq!(detected[0], pair("host.name", "web-1"));
    drop(open);
}

/// Detection ends at its timeout, whoever is silent; while a question to the resolver is open no other is asked.
#[test]
fn detection_ends_in_time() {
    let root = files(HOST);
    let (open, names) = silent();
    let around = surroundings(root.path(), &[], names);
    let begun = Instant::now();
    let yaml = "{detectors: [env, system], timeout: 100ms, system: {hostname_sources: [cname]}}";
    for why in ["does not answer", "is still open"] {
        let refused = detect(yaml, &around).unwrap_err();
        assert!(refused.contains("detector `system` failed"), "{refused}");
        assert!(refused.contains(why), "{refused}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
    drop(open);
}

/// What is wrong for good fails at once, and names the variable and the text.
#[test]
fn what_cannot_pass_fails_at_once() {
    let root = files(&[]);
    let around = surroundings(
        root.path(),
        &[("OTEL_RESOURCE_ATTRIBUTES", "a=1,broken")],
        Table::default(),
    );
    let refused = detect(
        "{timeout: 292y, retry: {enabled: false}}"
            .replace("292y", "1000h")
            .as_str(),
        &around,
    );
    assert_eq!(
        refused.unwrap_err(),
        "detector `env` failed: OTEL_RESOURCE_ATTRIBUTES: `broken` is not `key=value`"
    );
}

/// Waits until `what` holds.
fn wait(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited too long");
        std::thread::yield_now();
    }
}

/// What changes is known after a while; a detection that fails leaves what is known; nobody detects when the processor
/// has gone.
#[test]
fn detection_is_refreshed() {
    let root = files(&[]);
    // The text of the variable, and how often it was read.
    let variable = Arc::new(Mutex::new(("a=1", 0)));
    let read_by = variable.clone();
    let read_it = move |_: &str| {
        let mut variable = read_by.lock().unwrap();
        variable.1 += 1;
        Some(variable.0.to_owned())
    };
    let around = Surroundings::new(root.path().into(), Arc::new(read_it), Arc::new(Table::default()));
    let detection = Detection::new(&read("{retry: {enabled: false}}").unwrap(), &around, events());
    drop(around);
    let known = Known::first(&detection).unwrap();
    let stop = known.refresh(detection, Duration::from_millis(1)).unwrap();
    let now = || merging::decoded(&known.now().attributes);
    assert_eq!(now(), [pair("a", "1")]);

    variable.lock().unwrap().0 = "a=2,b=3";
    wait(|| now() == [pair("a", "2"), pair("b", "3")]);

    *variable.lock().unwrap() = ("broken", 0);
    wait(|| variable.lock().unwrap().1 > 2);
    assert_eq!(now(), [pair("a", "2"), pair("b", "3")]);

    variable.lock().unwrap().0 = "";
    wait(|| now().is_empty());

    drop(stop);
    wait(|| Arc::strong_count(&variable) == 1);
}
