//! The detector `container`: the id of the container that the gateway runs in, where it runs in one.

use std::time::Instant;

use super::detection::{Detector, Failure, Found};
use super::surroundings::Surroundings;
use crate::wire::Value;

/// The detector.
pub struct Container(Surroundings);

// === impl Container ===

impl Container {
    /// Looks into `/proc` of these surroundings.
    pub fn new(surroundings: Surroundings) -> Self {
        Self(surroundings)
    }
}

impl Detector for Container {
    fn name(&self) -> &'static str {
        "container"
    }

    fn detect(&self, _: Option<Instant>) -> Result<Found, Failure> {
        let read = |path| self.0.read(path).unwrap_or_default();
        let id = in_cgroup(&read("proc/self/cgroup")).or_else(|| in_mounts(&read("proc/self/mountinfo")));
        let attribute = id.map(|id| ("container.id".to_owned(), Value::String(id)));
        Ok(Found::by_conventions(attribute.into_iter().collect()))
    }
}

/// The id in the name of a control group, version 1: the last part of its path, less what runtimes put around it
/// (`docker-….scope`, `cri-containerd-…`, `…:cri-containerd:…`).
pub fn in_cgroup(groups: &str) -> Option<String> {
    groups.lines().find_map(|line| {
        let name = line.splitn(3, ':').nth(2)?.rsplit('/').next()?;
        let after = name.rsplit(['-', ':']).next()?.split('.').next()?;
        // In a task of Fargate the id is followed by a number.
        [after, name].into_iter().find(|id| is_id(id)).map(str::to_owned)
    })
}

/// The id in what is mounted from the container's own directory on the host, where its control group is not to be seen,
/// version 2.
pub fn in_mounts(mounts: &str) -> Option<String> {
    mounts.lines().find_map(|line| {
        let root = line.split(' ').nth(3)?;
        let mut parts = root.split('/');
        parts
            .find(|part| matches!(*part, "containers" | "overlay-containers"))
            .and_then(|_| parts.find(|part| is_id(part)))
            .map(str::to_owned)
    })
}

/// 64 hexadecimal digits; or 32 and, in a task of Fargate, a number.
fn is_id(text: &str) -> bool {
    let is_hex = |text: &str| {
        text.bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    match text.split_once('-') {
        None => text.len() == 64 && is_hex(text),
        Some((id, number)) => {
            id.len() == 32
                && is_hex(id)
                && !number.is_empty()
                && number.bytes().all(|digit| digit.is_ascii_digit())
        }
    }
}
