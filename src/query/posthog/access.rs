//! Who asks, and what they may see: the API key, the project in the path, the rate limits.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Path};
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::dates::Window;
use super::error::ApiError;
use crate::net::auth::Permission;
use crate::query::context::{Caller, Context};
use crate::query::model::{Answer, Filter, Find, FindGroups, Found, GroupPage, Limits, Select, SpanQuery};
use crate::query::throttle::{Rate, Throttle};

/// The product's limits for the personal keys of a project.
const RATES: &[Rate] = &[
    Rate {
        requests: 480,
        within: Duration::from_secs(60),
    },
    Rate {
        requests: 4800,
        within: Duration::from_secs(3600),
    },
];

/// What the endpoints work with.
pub struct Api {
    context: Arc<Context>,
    throttle: Option<Throttle>,
}

/// Whoever asks, and may.
pub struct Asker {
    caller: Caller,
    path: HashMap<String, String>,
}

// === impl Api ===

impl Api {
    /// An API over `context`; with the product's rate limits, when wanted.
    pub fn new(context: Arc<Context>, rate_limit: bool) -> Self {
        Self {
            context,
            throttle: rate_limit.then(|| Throttle::new(RATES)),
        }
    }

    /// Now, in nanoseconds since 1970.
    pub fn now(&self) -> u64 {
        self.context.now()
    }

    /// Asks the store.
    pub async fn ask(&self, select: Select, find: Find) -> Result<Answer, ApiError> {
        let limits = Limits::default();
        let query = SpanQuery { select, find, limits };
        Ok(self.context.ask(query).await?)
    }

    /// Asks the store for groups.
    pub async fn groups(&self, select: Select, find: FindGroups) -> Result<GroupPage, ApiError> {
        match self.ask(select, Find::Groups(find)).await?.found {
            Found::Groups(page) => Ok(page),
            _ => Err(ApiError::mismatch()),
        }
    }

    fn admit(&self, parts: &Parts, project: &str) -> Result<Caller, ApiError> {
        let header = parts.headers.get(AUTHORIZATION);
        let secret = header.and_then(|value| bearer(value.to_str().ok()?));
        let caller = self.context.admit(secret, Permission::Read)?;
        let is_foreign = |own: &Arc<str>| project != "@current" && project != &**own;
        if project.is_empty() || caller.project().is_some_and(is_foreign) {
            return Err(ApiError::UnknownProject);
        }
        if let Some(throttle) = &self.throttle {
            throttle
                .take(caller.name(), Instant::now())
                .map_err(ApiError::Throttled)?;
        }
        Ok(caller)
    }
}

/// What follows the scheme, whose case does not matter.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, secret) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

// === impl Asker ===

impl Asker {
    /// The spans of this window that pass the filter, of the projects that the asker may see.
    pub fn select(&self, window: &Window, filter: Filter) -> Select {
        Select {
            project: self.caller.projects(),
            from: window.from,
            to: window.to,
            before: None,
            filter,
        }
    }

    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }
}

impl FromRequestParts<Arc<Api>> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, ApiError> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, api).await;
        let Path(path) = path.map_err(|error| ApiError::Malformed(error.body_text()))?;
        let project = path.get("project").map_or("", String::as_str);
        let caller = api.admit(parts, project)?;
        Ok(Self { caller, path })
    }
}
