//! `file_storage`: a folder for the journals of pipelines. It only says where and how they are kept; a pipeline opens
//! its own when an exporter names this extension in `sending_queue.storage`.

mod config;

#[cfg(test)]
mod tests;

pub use config::FileStorageSettings;

use std::io;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::{Extension, Surroundings};
use crate::pipeline::storage::StorageSettings;

/// The folder and its bounds.
struct FileStorage(StorageSettings);

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "file_storage",
        aliases: &[],
        stability: Stability::Alpha,
        summary: "Keeps the spans of pipelines on disk, from the acknowledgement to the delivery.",
    };
    Factory::of::<FileStorageSettings>(Kind::Extension, about, |settings, _, _| {
        let extension: Box<dyn Extension> = Box::new(FileStorage(settings.storage_settings()?));
        Ok(extension)
    })
    .storage()
}

// === impl FileStorage ===

impl Extension for FileStorage {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        std::future::ready(Ok(())).boxed()
    }

    fn storage(&self) -> Option<StorageSettings> {
        Some(self.0.clone())
    }
}
