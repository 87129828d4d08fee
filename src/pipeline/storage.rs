//! Where and how a pipeline's journal is kept: what a storage extension tells the graph.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where journals are kept, how safely, and within which bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageSettings {
    /// The folder in which every pipeline has one of its own.
    pub directory: PathBuf,
    /// Whether the folder is made when it is not there.
    pub create_directory: bool,
    /// Permission bits of the folders that are made.
    pub directory_permissions: u32,
    /// How long to wait for the lock of a pipeline's folder while another process holds it.
    pub lock_timeout: Duration,
    /// Whether an acknowledgement waits until the disk has the spans.
    pub fsync: bool,
    /// The disk budget of each pipeline's journal in bytes, parked records included.
    pub limit: u64,
    /// What happens when that budget is used up.
    pub on_full: OnFull,
    /// The disk budget in bytes of the dead letters of one exporter in one pipeline.
    pub dead_letter_limit: u64,
}

/// What happens when a journal's disk budget is used up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFull {
    /// New requests are refused, with a delay to come back after.
    #[default]
    Block,
    /// The oldest records of the slowest exporter go to its dead letters.
    Shed,
}
