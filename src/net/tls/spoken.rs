//! Which versions, cipher suites and curves are spoken: the Collector's names, which are Go's, and rustls's types.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

/// What a side is willing to speak.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
}

/// The suites of TLS 1.2 that can be named. Those of TLS 1.3 are all spoken, as in Go.
const SUITES: [(&str, CipherSuite); 6] = [
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// The suites of TLS 1.3, which may be named without effect.
const ALWAYS: [&str; 3] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

// === impl Spoken ===

impl Spoken {
    /// Reads the keys; an error comes with the key to blame.
    pub(super) fn new(
        (min, max): (&str, &str),
        suites: &[String],
        curves: &[String],
    ) -> Result<Self, (&'static str, String)> {
        let mut provider = ring::default_provider();
        if !suites.is_empty() {
            provider.cipher_suites = named_suites(&provider, suites).map_err(|why| ("cipher_suites", why))?;
        }
        if !curves.is_empty() {
            let groups: Result<_, _> = curves.iter().map(|name| curve(name)).collect();
            provider.kx_groups = groups.map_err(|why| ("curve_preferences", why))?;
        }
        Ok(Self {
            provider: Arc::new(provider),
            versions: versions(min, max)?,
        })
    }
}

fn versions(min: &str, max: &str) -> Result<Vec<&'static SupportedProtocolVersion>, (&'static str, String)> {
    let number = |key: &'static str, text: &str, default: u8| match text {
        "" => Ok(default),
        "1.2" => Ok(2),
        "1.3" => Ok(3),
        "1.0" | "1.1" => Err((
            key,
            format!("is `{text}`, which is not safe and not spoken here; there are `1.2` and `1.3`"),
        )),
        _ => Err((
            key,
            format!("is `{text}`, which is no version of TLS; there are `1.2` and `1.3`"),
        )),
    };
    match (number("min_version", min, 2)?, number("max_version", max, 3)?) {
        (2, 2) => Ok(vec![&TLS12]),
        (3, 3) => Ok(vec![&TLS13]),
        (2, 3) => Ok(vec![&TLS13, &TLS12]),
        _ => Err((
            "max_version",
            format!("is `{max}`, which is older than `min_version`, `{min}`"),
        )),
    }
}

fn named_suites(provider: &CryptoProvider, names: &[String]) -> Result<Vec<SupportedCipherSuite>, String> {
    let mut wanted = Vec::new();
    for name in names {
        match SUITES.iter().find(|(known, _)| known == name) {
            Some((_, suite)) => wanted.push(*suite),
            None if ALWAYS.contains(&name.as_str()) => {}
            None => {
                let known = SUITES.map(|(known, _)| known).join(", ");
                return Err(format!(
                    "names `{name}`, which is not spoken here; there are {known}"
                ));
            }
        }
    }
    let all = provider.cipher_suites.iter().copied();
    Ok(all
        .filter(|suite| suite.tls13().is_some() || wanted.contains(&suite.suite()))
        .collect())
}

fn curve(name: &str) -> Result<&'static dyn SupportedKxGroup, String> {
    match name {
        "X25519" => Ok(ring::kx_group::X25519),
        "P256" => Ok(ring::kx_group::SECP256R1),
        "P384" => Ok(ring::kx_group::SECP384R1),
        _ => Err(format!(
            "names `{name}`, which is not spoken here; there are X25519, P256 and P384"
        )),
    }
}
