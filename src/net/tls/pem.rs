//! Certificates and keys as PEM: where they are, what is read there, what it says.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::config::types::Secret;

/// The most bytes that a file may have; the authorities of a whole system take a quarter.
const LONGEST_FILE: u64 = 1 << 20;

/// A certificate and its key, as four keys of settings say it.
pub(super) struct Pair<'a> {
    pub(super) cert_file: &'a str,
    pub(super) cert_pem: &'a Secret,
    pub(super) key_file: &'a str,
    pub(super) key_pem: &'a Secret,
}

/// Where PEM is, and the key of the settings that says so.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File { key: &'static str, path: String },
    Text { key: &'static str, pem: Secret },
}

/// Where everything is that one side of TLS needs.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// Those whom the other side's certificate must be from.
    pub(super) authorities: Option<Source>,
    /// This side's certificate and its key.
    pub(super) pair: Option<(Source, Source)>,
    /// Whether authorities are read once.
    pub(super) is_kept: bool,
    /// How often files are looked at; never, when zero.
    pub(super) interval: Duration,
}

/// What stands at a source now.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    /// The source, for people.
    whence: String,
    bytes: Vec<u8>,
}

/// What stands at all sources now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) authorities: Option<Pem>,
    pub(super) pair: Option<(Pem, Pem)>,
}

// === impl Pair ===

impl Pair<'_> {
    /// Whether there is nothing of either.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_certificate() && !self.has_key()
    }

    /// Whether there is something of both.
    pub(super) fn is_whole(&self) -> bool {
        self.has_certificate() && self.has_key()
    }

    pub(super) fn sources(&self) -> Option<(Source, Source)> {
        let certificate = Source::of(("cert_file", self.cert_file), ("cert_pem", self.cert_pem));
        certificate.zip(Source::of(("key_file", self.key_file), ("key_pem", self.key_pem)))
    }

    fn has_certificate(&self) -> bool {
        !self.cert_file.is_empty() || !self.cert_pem.0.is_empty()
    }

    fn has_key(&self) -> bool {
        !self.key_file.is_empty() || !self.key_pem.0.is_empty()
    }
}

// === impl Source ===

impl Source {
    /// The file, else the text, else nothing.
    pub(super) fn of(file: (&'static str, &str), text: (&'static str, &Secret)) -> Option<Self> {
        let ((file_key, path), (text_key, pem)) = (file, text);
        if !path.is_empty() {
            return Some(Self::File {
                key: file_key,
                path: path.into(),
            });
        }
        (!pem.0.is_empty()).then(|| Self::Text {
            key: text_key,
            pem: pem.clone(),
        })
    }

    fn read(&self) -> Result<Pem, String> {
        match self {
            Self::Text { key, pem } => Ok(Pem {
                whence: format!("`{key}`"),
                bytes: pem.0.as_bytes().to_vec(),
            }),
            Self::File { key, path } => {
                let whence = format!("`{key}`: `{path}`");
                let bytes = read(path).map_err(|error| format!("{whence} cannot be read: {error}"))?;
                Ok(Pem { whence, bytes })
            }
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

fn read(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LONGEST_FILE {
        true => Err(io::Error::other(format!("it has more than {LONGEST_FILE} bytes"))),
        false => Ok(bytes),
    }
}

// === impl Sources ===

impl Sources {
    /// What stands there now; an error names the key and the file.
    pub(super) fn read(&self) -> Result<Material, String> {
        Ok(Material {
            authorities: self.authorities.as_ref().map(Source::read).transpose()?,
            pair: match &self.pair {
                Some((certificate, key)) => Some((certificate.read()?, key.read()?)),
                None => None,
            },
        })
    }

    /// As [`Sources::read`], for what was read before.
    pub(super) fn read_again(&self, known: &Material) -> Result<Material, String> {
        let mut material = self.read()?;
        if self.is_kept {
            material.authorities.clone_from(&known.authorities);
        }
        Ok(material)
    }

    /// How often files are looked at; none when there are none, or never.
    pub(super) fn interval(&self) -> Option<Duration> {
        let pair = self.pair.iter().flat_map(|(certificate, key)| [certificate, key]);
        let has_files = pair.chain(&self.authorities).any(Source::is_file);
        (has_files && !self.interval.is_zero()).then_some(self.interval)
    }
}

// === impl Pem ===

impl Pem {
    /// Its certificates; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        match certificates {
            Ok(certificates) if certificates.is_empty() => {
                Err(format!("{} holds no certificate (PEM)", self.whence))
            }
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(format!("{} is not PEM: {error}", self.whence)),
        }
    }

    /// Its first private key.
    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, String> {
        // The library's error may show what it could not read.
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|_| {
            format!(
                "{} holds no private key that can be used (PEM, not encrypted)",
                self.whence
            )
        })
    }

    /// An error about it.
    pub(super) fn wrong(&self, why: impl fmt::Display) -> String {
        format!("{}: {why}", self.whence)
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pem").field(&self.whence).finish()
    }
}

/// When a certificate begins and ends, in seconds since 1970; none where it cannot be read.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Option<(u64, u64)> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let validity = certificate.tbs_certificate.validity;
    let [begins, ends] = [validity.not_before, validity.not_after].map(|at| at.to_unix_duration().as_secs());
    Some((begins, ends))
}
