//! Which folders a command is about: those of a configuration's pipelines, or all in a directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::super::Configuration;
use super::From;
use crate::components;
use crate::config;
use crate::config::diagnostic::{Diagnostics, listed};
use crate::config::document::Config;
use crate::config::id::ComponentId;
use crate::config::storage::Storages;
use crate::journal::inspect::Files;
use crate::journal::{DirectoryLock, LockError};
use crate::pipeline::budget::Budget;
use crate::pipeline::disk::{folder, id_of, pipelines};
use crate::pipeline::parts::Surroundings;
use crate::pipeline::storage::{OnFull, StorageSettings};
use crate::telemetry::health::Health;

/// More disk than there is.
const ANY: u64 = u64::MAX / 2;

/// Where to look.
#[derive(Debug, Args)]
pub(super) struct Where {
    #[command(flatten)]
    configuration: Configuration,
    /// A storage's directory, to do without the configuration.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["configs", "sets", "traces_only"])]
    directory: Option<PathBuf>,
}

/// A storage's directory.
pub(super) struct Place {
    settings: StorageSettings,
    /// Pipelines that keep a journal here, each with its exporters; none when the configuration is not known.
    configured: Option<BTreeMap<String, Vec<String>>>,
}

/// A pipeline that has a folder.
pub(super) struct Kept {
    pub place: Arc<Place>,
    pub pipeline: String,
    pub folder: PathBuf,
}

/// One of a pipeline's journals.
pub(super) struct One {
    pub from: From,
    /// Whose retry file or dead letters; none for the journal of all.
    pub exporter: Option<String>,
    pub directory: PathBuf,
}

// === impl Where ===

impl Where {
    /// Every pipeline that has a folder, or the one of this name.
    pub fn pipelines(&self, name: Option<&str>) -> Result<Vec<Kept>, String> {
        let mut kept = Vec::new();
        for place in self.places()? {
            let place = Arc::new(place);
            let directory = &place.settings.directory;
            // What cannot be read is not empty.
            fs::read_dir(directory)
                .map_err(|error| format!("cannot read `{}`: {error}", directory.display()))?;
            kept.extend(pipelines(directory).into_iter().map(|pipeline| Kept {
                place: place.clone(),
                folder: directory.join(folder(&pipeline)),
                pipeline,
            }));
        }
        let Some(name) = name else { return Ok(kept) };
        let there = listed(kept.iter().map(|kept| kept.pipeline.clone()));
        kept.retain(|kept| kept.pipeline == name);
        match (kept.is_empty(), there.is_empty()) {
            (false, _) => Ok(kept),
            (true, true) => Err(format!("there is no pipeline `{name}`: nothing is kept there")),
            (true, false) => Err(format!("there is no pipeline `{name}` there, but {there}")),
        }
    }

    /// The pipeline of this name.
    pub fn pipeline(&self, name: &str) -> Result<Kept, String> {
        let mut kept = self.pipelines(Some(name))?;
        match (kept.pop(), kept.is_empty()) {
            (Some(one), true) => Ok(one),
            _ => Err(format!(
                "there is a pipeline `{name}` in several directories: say which with `--directory`"
            )),
        }
    }

    fn places(&self) -> Result<Vec<Place>, String> {
        match &self.directory {
            Some(directory) => Ok(vec![Place {
                settings: unknown_settings(directory),
                configured: None,
            }]),
            None if self.configuration.configs.is_empty() => {
                Err("say where: `--config` with a configuration, or `--directory`".into())
            }
            None => self.configured(),
        }
    }

    fn configured(&self) -> Result<Vec<Place>, String> {
        let (table, mut diagnostics) = (components::table(), Diagnostics::default());
        let (inputs, traces_only) = (self.configuration.inputs(), self.configuration.traces_only);
        let Some(config) = config::prepare(&inputs, traces_only, &table.catalog(), &mut diagnostics) else {
            return Err(format!(
                "the configuration cannot run\n\n{}",
                diagnostics.render()
            ));
        };
        let catalog = table.catalog();
        let storages = Storages::find(&config, &catalog);
        let mut places: Vec<Place> = Vec::new();
        for (id, pipeline) in &config.service.pipelines {
            let Some(storage) = storages.of_pipeline(pipeline) else {
                continue;
            };
            let settings = settings(&config, storage)?;
            let exporters = pipeline.exporters.iter().map(|reference| &reference.id);
            let exporters = exporters.filter(|id| !config.connectors.contains_key(*id));
            let exporters = exporters.map(ComponentId::to_string).collect();
            let known = places
                .iter_mut()
                .find(|place| place.settings.directory == settings.directory);
            let pipelines = known.map(|place| place.configured.get_or_insert_default());
            match pipelines {
                Some(pipelines) => drop(pipelines.insert(id.to_string(), exporters)),
                None => places.push(Place {
                    settings,
                    configured: Some([(id.to_string(), exporters)].into()),
                }),
            }
        }
        match places.is_empty() {
            true => {
                Err("no pipeline of the configuration keeps a journal: no exporter names a storage".into())
            }
            false => Ok(places),
        }
    }
}

/// The settings of a storage as the gateway reads them.
fn settings(config: &Config, storage: &ComponentId) -> Result<StorageSettings, String> {
    let table = components::table();
    let mut factories = table.extensions.iter();
    let factory = factories.find(|factory| factory.answers_to(&storage.type_name));
    let (Some(factory), Some(node)) = (factory, config.extensions.get(storage)) else {
        return Err(format!("the storage `{storage}` is not configured"));
    };
    let extension = factory.build(
        node,
        storage,
        &Surroundings::new(Health::default(), Budget::new(0)),
    )?;
    let settings = extension.storage();
    settings.ok_or_else(|| format!("`{storage}` is not a storage"))
}

/// For a directory alone: nothing is bounded that the gateway will bound again.
fn unknown_settings(directory: &Path) -> StorageSettings {
    StorageSettings {
        directory: directory.to_owned(),
        create_directory: false,
        directory_permissions: 0o750,
        lock_timeout: Duration::ZERO,
        fsync: true,
        limit: ANY,
        on_full: OnFull::Block,
        dead_letter_limit: ANY,
    }
}

// === impl Place ===

impl Place {
    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.settings.directory
    }

    /// For whoever opens a folder of it: without waiting for another.
    pub fn settings(&self) -> StorageSettings {
        StorageSettings {
            lock_timeout: Duration::ZERO,
            ..self.settings.clone()
        }
    }
}

// === impl Kept ===

impl Kept {
    /// Whether the pipeline keeps a journal here by the configuration, if that is known.
    pub fn is_configured(&self) -> Option<bool> {
        let configured = self.place.configured.as_ref()?;
        Some(configured.contains_key(&self.pipeline))
    }

    /// Whether the exporter reads it by the configuration, if that is known.
    pub fn has_exporter(&self, exporter: &str) -> Option<bool> {
        let exporters = self.place.configured.as_ref()?.get(&self.pipeline);
        Some(exporters.is_some_and(|exporters| exporters.iter().any(|known| known == exporter)))
    }

    /// Its journal, and every exporter's retry file and dead letters.
    pub fn journals(&self) -> Vec<One> {
        let mut journals = vec![One {
            from: From::Journal,
            exporter: None,
            directory: self.folder.join("journal"),
        }];
        for (from, name) in [(From::Retry, "retry"), (From::Dead, "dead")] {
            let entries = fs::read_dir(self.folder.join(name))
                .into_iter()
                .flatten()
                .flatten();
            let mut found: Vec<One> = entries
                .filter(|entry| entry.path().is_dir())
                .map(|entry| One {
                    from,
                    exporter: Some(id_of(&entry.file_name().to_string_lossy())),
                    directory: entry.path(),
                })
                .collect();
            found.sort_by(|a, b| a.exporter.cmp(&b.exporter));
            journals.extend(found);
        }
        journals
    }

    /// The folder's lock; none when a gateway works there.
    pub fn lock(&self) -> Result<Option<DirectoryLock>, String> {
        match DirectoryLock::take(&self.folder, Duration::ZERO) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Taken { .. }) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

// === impl One ===

impl One {
    /// Its files now; none when they have just gone.
    pub fn files(&self) -> Result<Option<Files>, String> {
        match Files::look(&self.directory) {
            Ok(files) => Ok(Some(files)),
            Err(_) if !self.directory.is_dir() => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    /// In words.
    pub fn name(&self) -> String {
        match (self.from, self.exporter.as_deref().unwrap_or_default()) {
            (From::Journal, _) => "journal".into(),
            (From::Retry, exporter) => format!("retry file of `{exporter}`"),
            (From::Dead, exporter) => format!("dead letters of `{exporter}`"),
        }
    }
}
