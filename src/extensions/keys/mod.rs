//! `keys`: the keys of those who may send spans and ask for them.
//!
//! Promises: a secret is read once, at the start, and only its SHA-256 is kept; no error, log or page shows it.

mod config;
#[cfg(test)]
mod tests;

pub use config::{KeySettings, KeysSettings};

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::config::{Source, check_secret};
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::id::ComponentId;
use crate::net::auth::{Authenticator, Digest, Key, Keys, digest};
use crate::pipeline::parts::{Extension, Surroundings};

/// The most bytes that a file with a secret may have.
const LONGEST_FILE: u64 = 64 * 1024;

/// The extension, whose keys are known as soon as it is built.
struct Held;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "keys",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Holds the keys of those who may send spans and ask for them.",
    };
    let build = |settings: KeysSettings, id: &ComponentId, surroundings: &Surroundings| {
        let keys = Arc::new(read(&settings, &id.to_string())?);
        let authenticator = Authenticator {
            server: Some(keys.clone()),
            keys: Some(keys),
            client: None,
        };
        surroundings.authenticators.register(id, authenticator);
        Ok::<Box<dyn Extension>, String>(Box::new(Held))
    };
    Factory::of(Kind::Extension, about, build).authenticator()
}

// === impl Held ===

impl Extension for Held {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        async { Ok(()) }.boxed()
    }
}

/// The keys of sound settings; an error names the file that cannot be used.
fn read(settings: &KeysSettings, id: &str) -> Result<Keys, String> {
    let mut found: HashMap<Digest, &str> = HashMap::new();
    let mut keys = Vec::new();
    for (at, settings) in settings.keys.iter().enumerate() {
        let digest = match settings.source() {
            Ok((_, Source::Known(digest))) => digest,
            Ok((_, Source::File(path))) => {
                from_file(path).map_err(|why| format!("`keys.{at}.secret_file`: `{path}` {why}"))?
            }
            Err((_, why)) => return Err(format!("`keys.{at}` {why}")),
        };
        if let Some(other) = found.insert(digest, &settings.name) {
            let name = &settings.name;
            return Err(format!("`keys.{at}`: `{name}` has the same secret as `{other}`"));
        }
        let key = Key {
            name: settings.name.clone(),
            permissions: settings.permissions.clone(),
            project: settings.project.as_deref().map(Arc::from),
        };
        keys.push((digest, key, settings.quota.of_key()));
    }
    Ok(Keys::with_quotas(id, keys))
}

fn from_file(path: &str) -> Result<Digest, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!(
            "has more than {LONGEST_FILE} bytes, too many for a secret"
        ));
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    check_secret(secret)?;
    Ok(digest(secret))
}
