//! The server's side: who shows which name and password.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::config::Htpasswd;
use super::htpasswd::{Password, Users};
use crate::config::types::Secret;
use crate::net::auth::watched::Watched;
use crate::net::auth::{Allowance, Denied, Digest, Head, Identity, Judged, Quota, RAW, Server};

const SCHEME: &str = "Basic ";

/// Passwords that are looked into together: each takes a processor for as long as bcrypt wants.
const AT_WORK: usize = 2;

/// Judges callers by their names and passwords.
#[derive(Clone, Debug)]
pub struct Callers(Arc<Inner>);

struct Inner {
    id: String,
    users: Source,
    /// The credentials that were last found right, by user, so that what is slow is not paid for each request.
    known: Mutex<HashMap<String, Known>>,
    /// Goes into the digests of what is known, so that these are good for nothing elsewhere.
    salt: [u8; 32],
    turns: Semaphore,
}

enum Source {
    Written(Users),
    File(Arc<Watched<Users>>),
}

/// Credentials that were found right.
struct Known {
    digest: Digest,
    /// What they fitted, which may have changed since.
    password: Password,
    identity: Arc<Identity>,
}

/// What a caller shows.
struct Shown {
    raw: String,
    name: String,
    password: String,
}

// === impl Callers ===

impl Callers {
    /// As sound settings of the extension `id` say; an error names the file that cannot be used.
    pub fn new(settings: &Htpasswd, id: &str) -> Result<Self, String> {
        let inline = settings.inline.0.clone();
        let users = match settings.file.as_str() {
            "" => Source::Written(Users::read(&inline)?),
            path => {
                // What stands later prevails.
                let parse = move |text: &str| some(Users::read(&format!("{text}\n{inline}"))?);
                let file = Watched::open(id, path, parse);
                Source::File(file.map_err(|why| format!("`htpasswd.file`: {why}"))?)
            }
        };
        Ok(Self(Arc::new(Inner {
            id: id.to_owned(),
            users,
            known: Mutex::default(),
            salt: rand::random(),
            turns: Semaphore::new(AT_WORK),
        })))
    }

    /// Looks after the file, where there is one.
    pub fn watch(&self) {
        if let Source::File(file) = &self.0.users {
            file.watch();
        }
    }
}

fn some(users: Users) -> Result<Users, String> {
    match users.is_empty() {
        true => Err("names nobody".into()),
        false => Ok(users),
    }
}

impl Server for Callers {
    fn judge(&self, head: &Head<'_>) -> Judged {
        let value = head.header(AUTHORIZATION.as_str());
        let Some(shown) = value.and_then(Shown::read) else {
            let what = "a name and a password are needed here and none were shown; send them as \
                        `Authorization: Basic <base64 of name:password>`";
            return Judged::unauthenticated(what);
        };
        let Some(password) = self.0.password_of(&shown.name) else {
            return Judged::unauthenticated(WRONG);
        };
        let digest = self.0.digest(&shown);
        if let Some(identity) = self.0.known(&shown.name, &digest, &password) {
            return Judged::Now(Ok(identity));
        }
        if !password.is_slow() {
            let fits = password.fits(&shown.password);
            return Judged::Now(self.0.verdict(fits, shown, digest, password));
        }
        let inner = self.0.clone();
        let work = async move {
            let defect = |_| Denied::Unauthenticated(WRONG.into());
            let _turn = inner
                .turns
                .acquire()
                .await
                .map_err(|_| Denied::Unauthenticated(WRONG.into()))?;
            // Another request of the same user may have found out meanwhile.
            if let Some(identity) = inner.known(&shown.name, &digest, &password) {
                return Ok(identity);
            }
            let look = move || (password.fits(&shown.password), shown, password);
            let (fits, shown, password) = tokio::task::spawn_blocking(look).await.map_err(defect)?;
            inner.verdict(fits, shown, digest, password)
        };
        Judged::Later(work.boxed())
    }

    fn judge_secret(&self, _secret: &str) -> Judged {
        Judged::unauthenticated("a name and a password are needed here, and this shows a key alone")
    }

    fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static("Basic realm=\"spanway\"")
    }
}

const WRONG: &str = "the name and the password are not known here";

// === impl Inner ===

impl Inner {
    fn password_of(&self, name: &str) -> Option<Password> {
        match &self.users {
            Source::Written(users) => users.find(name).cloned(),
            Source::File(file) => file.get()?.find(name).cloned(),
        }
    }

    fn digest(&self, shown: &Shown) -> Digest {
        let digest = Sha256::new().chain_update(self.salt).chain_update(&shown.raw);
        digest.finalize().into()
    }

    fn known(&self, name: &str, digest: &Digest, password: &Password) -> Option<Arc<Identity>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(name)?;
        let is_same = known.digest == *digest && known.password == *password;
        is_same.then(|| known.identity.clone())
    }

    fn verdict(
        &self,
        fits: bool,
        shown: Shown,
        digest: Digest,
        password: Password,
    ) -> Result<Arc<Identity>, Denied> {
        if !fits {
            return Err(Denied::Unauthenticated(WRONG.into()));
        }
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&shown.name);
        let allowance = before.map(|known| known.identity.allowance.clone());
        let new = || Allowance::new(&self.id, &shown.name, Quota::default());
        let identity = Arc::new(Identity {
            allowance: allowance.unwrap_or_else(new),
            name: shown.name.as_str().into(),
            project: None,
            attributes: vec![
                ("username".to_owned(), Secret(shown.name.clone())),
                (RAW.to_owned(), Secret(shown.raw)),
            ],
        });
        let known = Known {
            digest,
            password,
            identity: identity.clone(),
        };
        all.insert(shown.name, known);
        Ok(identity)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callers")
    }
}

// === impl Shown ===

impl Shown {
    fn read(value: &str) -> Option<Self> {
        let (scheme, raw) = value.split_at_checked(SCHEME.len())?;
        let raw = scheme.eq_ignore_ascii_case(SCHEME).then(|| raw.trim())?;
        let text = String::from_utf8(STANDARD.decode(raw).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some(Self {
            raw: raw.to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
        })
    }
}
