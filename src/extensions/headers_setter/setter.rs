//! What is done to the headers of a request, given its senders.

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::config::{Action, HeaderSettings, HeadersSettings};
use crate::config::id::ComponentId;
use crate::config::types::Secret;
use crate::net::auth::watched::{self, Watched};
use crate::net::auth::{Authenticators, Client, Failed};
use crate::pipeline::client::Client as Sender;

/// Sets headers.
#[derive(Clone, Debug)]
pub struct Setter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    headers: Vec<Header>,
    additional: Option<Additional>,
}

/// What is done to one header.
#[derive(Debug)]
struct Header {
    action: Action,
    name: HeaderName,
    source: Source,
    default: Secret,
}

/// Where what it says is from.
#[derive(Debug)]
enum Source {
    Written(Secret),
    File(Arc<Watched<String>>),
    Metadata(String),
    Attribute(String),
}

/// What puts its headers on first. It may be built after this, so that it is looked for when it is needed.
#[derive(Debug)]
struct Additional {
    id: ComponentId,
    known: Authenticators,
    found: OnceLock<Result<Arc<dyn Client>, String>>,
}

// === impl Setter ===

impl Setter {
    /// As sound settings of the extension `id` say; an error names the file that cannot be used.
    pub fn new(settings: &HeadersSettings, id: &str, known: &Authenticators) -> Result<Self, String> {
        let headers = settings
            .headers
            .iter()
            .enumerate()
            .map(|(at, header)| Header::new(header, id).map_err(|why| format!("`headers.{at}`: {why}")));
        let additional = settings.additional_auth.clone().map(|id| Additional {
            id,
            known: known.clone(),
            found: OnceLock::new(),
        });
        Ok(Self(Arc::new(Inner {
            headers: headers.collect::<Result<_, _>>()?,
            additional,
        })))
    }

    /// Looks after the files, where there are some.
    pub fn watch(&self) {
        for header in &self.0.headers {
            if let Source::File(file) = &header.source {
                file.watch();
            }
        }
    }

    fn additional(&self) -> Result<Option<&Arc<dyn Client>>, String> {
        let additional = self.0.additional.as_ref().map(Additional::get);
        additional.transpose()
    }
}

impl Client for Setter {
    fn asks_senders(&self) -> bool {
        let asks = |header: &Header| matches!(header.source, Source::Metadata(_) | Source::Attribute(_));
        let additional = self.additional().ok().flatten();
        self.0.headers.iter().any(asks) || additional.is_some_and(|additional| additional.asks_senders())
    }

    fn values(&self, sender: &Sender) -> Result<Vec<String>, String> {
        let own = self.0.headers.iter().map(|header| header.value(sender));
        let mut values = own.collect::<Result<Vec<_>, _>>()?;
        if let Some(additional) = self.additional()? {
            values.extend(additional.values(sender)?);
        }
        Ok(values)
    }

    fn put<'a>(
        &'a self,
        values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        async move {
            let own = self.0.headers.len();
            if let Some(additional) = self.additional().map_err(Failed::ForGood)? {
                additional
                    .put(values.get(own..).unwrap_or_default(), headers)
                    .await?;
            }
            for (at, header) in self.0.headers.iter().enumerate() {
                header.put(values.get(at), headers)?;
            }
            Ok(())
        }
        .boxed()
    }

    fn refused<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        async move {
            let mut is_new = false;
            for header in &self.0.headers {
                if let Source::File(file) = &header.source {
                    is_new |= file.look().await;
                }
            }
            match self.additional() {
                Ok(Some(additional)) => additional.refused(headers).await || is_new,
                _ => is_new,
            }
        }
        .boxed()
    }
}

// === impl Header ===

impl Header {
    fn new(settings: &HeaderSettings, id: &str) -> Result<Self, String> {
        let name = settings.key.parse();
        let source = if let Some(path) = &settings.value_file {
            let file = Watched::open(id, path, watched::whole);
            Source::File(file.map_err(|why| format!("`value_file`: {why}"))?)
        } else if let Some(name) = &settings.from_context {
            Source::Metadata(name.clone())
        } else if let Some(name) = &settings.from_attribute {
            Source::Attribute(name.clone())
        } else {
            Source::Written(settings.value.clone().unwrap_or_default())
        };
        Ok(Self {
            action: settings.action,
            name: name.map_err(|_| format!("`{}` is not the name of a header", settings.key))?,
            source,
            default: settings.default_value.clone().unwrap_or_default(),
        })
    }

    /// What the sender decides of it.
    fn value(&self, sender: &Sender) -> Result<String, String> {
        let found = match &self.source {
            Source::Written(_) | Source::File(_) => return Ok(String::new()),
            _ if self.action == Action::Delete => return Ok(String::new()),
            Source::Metadata(name) => match sender.metadata(name) {
                [] => None,
                [value] => Some(value.as_str()),
                values => {
                    let count = values.len();
                    return Err(format!(
                        "the sender has {count} values of `{name}`, and `{}` can say only one",
                        self.name
                    ));
                }
            },
            Source::Attribute(name) => sender.attribute(name),
        };
        let found = found.filter(|value| !value.is_empty());
        let value = found.unwrap_or(&self.default.0);
        match HeaderValue::from_str(value) {
            Ok(_) => Ok(value.to_owned()),
            Err(_) => Err(format!(
                "the sender's value for `{}` is none that a header can carry",
                self.name
            )),
        }
    }

    /// Does what is to be done; `value` is the sender's.
    fn put(&self, value: Option<&String>, headers: &mut HeaderMap) -> Result<(), Failed> {
        let is_there = headers.contains_key(&self.name);
        match self.action {
            Action::Delete => {
                headers.remove(&self.name);
                return Ok(());
            }
            Action::Insert if is_there => return Ok(()),
            Action::Update if !is_there => return Ok(()),
            Action::Insert | Action::Update | Action::Upsert => {}
        }
        let text = match &self.source {
            Source::Written(Secret(text)) => text.clone(),
            Source::File(file) => file.get().map(|text| text.to_string()).unwrap_or_default(),
            Source::Metadata(_) | Source::Attribute(_) => {
                value.cloned().unwrap_or_else(|| self.default.0.clone())
            }
        };
        let value = HeaderValue::try_from(text);
        let mut value = value.map_err(|_| {
            Failed::NotNow(format!(
                "what `{}` is to say has characters that no header carries",
                self.name
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(&self.name, value);
        Ok(())
    }
}

// === impl Additional ===

impl Additional {
    fn get(&self) -> Result<&Arc<dyn Client>, String> {
        let found = self.found.get_or_init(|| {
            let client = self.known.client(Some(&self.id))?;
            client.ok_or_else(|| format!("`{}` is not there", self.id))
        });
        found.as_ref().map_err(Clone::clone)
    }
}
