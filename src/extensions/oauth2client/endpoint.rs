//! The server's token endpoint: one request, one answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use form_urlencoded::{Serializer, byte_serialize};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Deserialize;

use super::config::OAuthSettings;
use crate::net::auth::Failed;
use crate::net::http_client::{Answer, Client, NoAnswer, Options};
use crate::net::listen::is_local;
use crate::net::parts::Parts;
use crate::net::resolve::Target;
use crate::net::tls::{ClientTls, Connector, HTTP1};

/// A URL, taken apart.
#[derive(Debug)]
pub struct Url {
    target: Target,
    authority: Authority,
    path: PathAndQuery,
    is_plain: bool,
}

/// Where tokens are fetched.
#[derive(Debug)]
pub struct Endpoint {
    client: Client,
    url: Url,
    timeout: Option<Duration>,
    settings: OAuthSettings,
}

/// What names the client and its secret in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `Authorization`, which every server should know.
    Header,
    /// Parameters, which some know alone.
    Parameters,
}

/// A token, as it is shown.
#[derive(Clone)]
pub struct Fetched {
    /// What `Authorization` says.
    pub value: HeaderValue,
    /// How long it lives; for ever, when nothing is said.
    pub lives: Option<Duration>,
}

/// Why there is no token.
#[derive(Debug)]
pub struct Unfetched {
    /// What is to be done about it.
    pub failed: Failed,
    /// Whether the server did not understand who asks.
    pub unauthenticated: bool,
}

#[derive(Deserialize)]
struct Success {
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

// === impl Url ===

impl Url {
    /// Takes a URL apart, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty, but must be a URL, as in `http://login:8080/token`".into());
        }
        let wrong = |why: &str| format!("`{text}` {why}; write it as in `http://login:8080/token`");
        let uri: Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
        let (is_plain, port) = match uri.scheme_str() {
            Some("http") => (true, 80),
            Some("https") => (false, 443),
            _ => return Err(wrong("does not begin with `https://` or `http://`")),
        };
        let parts = uri.into_parts();
        let authority = parts.authority.ok_or_else(|| wrong("names no host"))?;
        Ok(Self {
            target: Target::Host {
                host: authority.host().trim_matches(['[', ']']).to_owned(),
                port: authority.port_u16().unwrap_or(port),
            },
            authority,
            path: parts
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
            is_plain,
        })
    }

    /// Whether others could read what is sent there.
    pub fn is_in_the_clear(&self) -> bool {
        self.is_plain && !is_local(&self.target.to_string())
    }

    /// The client of the server, which speaks TLS as `tls` says where the URL does.
    fn client(&self, tls: &ClientTls) -> Result<Client, String> {
        Ok(Client::new(Options {
            target: self.target.clone(),
            tls: match self.is_plain {
                true => None,
                false => Some(Connector::new(tls, HTTP1, "extension oauth2client")?),
            },
            max_connections: Some(1),
            max_idle: 1,
            idle_timeout: Some(Duration::from_secs(60)),
        }))
    }
}

// === impl Endpoint ===

impl Endpoint {
    /// As sound settings say.
    pub fn new(settings: OAuthSettings) -> Result<Self, String> {
        let url = Url::parse(&settings.token_url).map_err(|why| format!("`token_url` {why}"))?;
        Ok(Self {
            client: url.client(&settings.tls)?,
            url,
            timeout: settings.request_timeout(),
            settings,
        })
    }

    /// Fetches a token.
    pub async fn fetch(&self, style: Style) -> Result<Fetched, Unfetched> {
        let settings = &self.settings;
        let id = of_file("client_id_file", &settings.client_id_file, &settings.client_id).await?;
        let secret = of_file(
            "client_secret_file",
            &settings.client_secret_file,
            &settings.client_secret.0,
        )
        .await?;
        let (headers, body) = self.request(style, &id, &secret)?;
        let body = Parts::new(&[], &[body]);
        let path = Uri::from(self.url.path.clone());
        match self.client.post(&path, &headers, body, self.timeout).await {
            Ok(answer) => self.read(&answer),
            Err(NoAnswer(why)) => Err(not_now(self.says(&why))),
        }
    }

    fn request(&self, style: Style, id: &str, secret: &str) -> Result<(HeaderMap, Bytes), Unfetched> {
        let mut form = Serializer::new(String::new());
        let given = &self.settings.endpoint_params;
        // As elsewhere, the parameters may say it otherwise.
        if !given.contains_key("grant_type") {
            form.append_pair("grant_type", &self.settings.grant_type);
        }
        if !self.settings.scopes.is_empty() {
            form.append_pair("scope", &self.settings.scopes.join(" "));
        }
        for (name, values) in given {
            form.extend_pairs(values.iter().map(|value| (name, value)));
        }
        let text = |text: &str| HeaderValue::from_str(text).map_err(|error| for_good(error.to_string()));
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, text(self.url.authority.as_str())?);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        match style {
            Style::Header => {
                // RFC 6749, 2.3.1: both are encoded like a form before they are joined.
                let [id, secret] =
                    [id, secret].map(|part| byte_serialize(part.as_bytes()).collect::<String>());
                let mut value = text(&format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))?;
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
            Style::Parameters => {
                form.append_pair("client_id", id)
                    .append_pair("client_secret", secret);
            }
        }
        Ok((headers, form.finish().into()))
    }

    fn read(&self, answer: &Answer) -> Result<Fetched, Unfetched> {
        let status = answer.status;
        if status.is_success() {
            return self.token(&answer.body);
        }
        // The server's own words may repeat what was sent, its codes do not.
        let Refusal { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let is_code = !error.is_empty()
            && error
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let what = match is_code {
            true => format!("HTTP status {status}, `{error}`"),
            false => format!("HTTP status {status}"),
        };
        let what = self.says(&what);
        if status.is_server_error() || [429, 408].contains(&status.as_u16()) {
            return Err(not_now(what));
        }
        Err(Unfetched {
            unauthenticated: [StatusCode::UNAUTHORIZED, StatusCode::BAD_REQUEST].contains(&status),
            failed: Failed::ForGood(what),
        })
    }

    fn token(&self, body: &[u8]) -> Result<Fetched, Unfetched> {
        let wrong = |why: &str| for_good(self.says(why));
        let token: Success =
            serde_json::from_slice(body).map_err(|_| wrong("its answer has no `access_token`"))?;
        let kind = match token.token_type.to_ascii_lowercase().as_str() {
            "" | "bearer" => "Bearer",
            "basic" => "Basic",
            "mac" => "MAC",
            _ => token.token_type.as_str(),
        };
        let value = HeaderValue::try_from(format!("{kind} {}", token.access_token));
        let mut value = value.map_err(|_| wrong("its token has characters that a header cannot carry"))?;
        value.set_sensitive(true);
        let lives = token.expires_in.filter(|seconds| *seconds > 0);
        Ok(Fetched {
            value,
            lives: lives.map(Duration::from_secs),
        })
    }

    fn says(&self, what: &str) -> String {
        format!("no token from {}: {what}", self.url.target)
    }
}

/// What a file says, without blanks around it, where there is one.
async fn of_file(key: &str, path: &str, written: &str) -> Result<String, Unfetched> {
    if path.is_empty() {
        return Ok(written.to_owned());
    }
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|error| not_now(format!("`{key}`: `{path}` cannot be read: {error}")))?;
    Ok(text.trim().to_owned())
}

fn not_now(why: String) -> Unfetched {
    Unfetched {
        failed: Failed::NotNow(why),
        unauthenticated: false,
    }
}

fn for_good(why: String) -> Unfetched {
    Unfetched {
        failed: Failed::ForGood(why),
        unauthenticated: false,
    }
}

/// Some servers write a number as text.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(f64),
        Text(String),
    }
    Ok(match Option::<Number>::deserialize(deserializer)? {
        Some(Number::Number(seconds)) => Some(seconds as u64),
        Some(Number::Text(seconds)) => seconds.parse().ok(),
        None => None,
    })
}
