//! Lines of `htpasswd`, and whether a password fits one, as Go's `go-htpasswd` has it.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// Users by name.
#[derive(Default)]
pub struct Users(HashMap<String, Password>);

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// bcrypt's own text.
    Bcrypt(String),
    /// Apache's variant of MD5: the salt, and the result.
    Apr1(String, String),
    /// SHA-1 of the password and the salt, which may be empty.
    Sha(Vec<u8>, Vec<u8>),
    /// Itself.
    Plain(String),
}

/// The alphabet of `crypt`.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The bytes of an MD5 in the order in which `crypt` writes them.
const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

// === impl Users ===

impl Users {
    /// Reads lines; a later one of the same name prevails. An error names the line that cannot be used, and shows none of
    /// it.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut users = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let wrong = |why: &str| format!("line {} {why}", at + 1);
            let (name, password) = line
                .split_once(':')
                .ok_or_else(|| wrong("has no colon between a name and a password"))?;
            let password = Password::read(password).map_err(|why| wrong(&why))?;
            users.insert(name.to_owned(), password);
        }
        Ok(Self(users))
    }

    /// What is kept of a user's password.
    pub fn find(&self, name: &str) -> Option<&Password> {
        self.0.get(name)
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

// === impl Password ===

impl Password {
    fn read(text: &str) -> Result<Self, String> {
        if ["$2a$", "$2b$", "$2x$", "$2y$"]
            .iter()
            .any(|begins| text.starts_with(begins))
        {
            let hash = text.parse::<bcrypt::HashParts>();
            return hash
                .map(|_| Self::Bcrypt(text.to_owned()))
                .map_err(|_| "has a damaged bcrypt hash".into());
        }
        if text.starts_with("$5$") || text.starts_with("$6$") {
            return Err("has a hash of SHA crypt, which is not supported in this version; use bcrypt".into());
        }
        if let Some(rest) = text.strip_prefix("$apr1$") {
            let (salt, hash) = rest.split_once('$').ok_or("has a damaged MD5 hash")?;
            return Ok(Self::Apr1(salt.to_owned(), hash.to_owned()));
        }
        for (begins, is_salted) in [("{SHA}", false), ("{SSHA}", true)] {
            let Some(encoded) = text.strip_prefix(begins) else {
                continue;
            };
            let bytes = STANDARD.decode(encoded).ok();
            let parts = bytes.as_ref().and_then(|bytes| bytes.split_at_checked(20));
            let parts = parts.filter(|(_, salt)| is_salted != salt.is_empty());
            let (hash, salt) = parts.ok_or("has a damaged SHA hash")?;
            return Ok(Self::Sha(hash.to_vec(), salt.to_vec()));
        }
        Ok(Self::Plain(text.to_owned()))
    }

    /// Whether finding out takes so long that it is done elsewhere.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Bcrypt(_) | Self::Apr1(..))
    }

    /// Whether a password is the one. How long it takes tells nothing about how much of it is right.
    pub fn fits(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Apr1(salt, hash) => equal(apr1(password, salt).as_bytes(), hash.as_bytes()),
            Self::Sha(hash, salt) => {
                let mut found = Sha1::new();
                found.update(password);
                found.update(salt);
                equal(&found.finalize(), hash)
            }
            Self::Plain(known) => {
                let marked = format!("{{PLAIN}}{password}");
                equal(known.as_bytes(), password.as_bytes()) | equal(known.as_bytes(), marked.as_bytes())
            }
        }
    }
}

/// Compares digests: where these begin to differ says nothing about the texts.
fn equal(one: &[u8], other: &[u8]) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

/// Apache's MD5, rounds and all, as it has always been.
fn apr1(password: &str, salt: &str) -> String {
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    let inner: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut outer = Md5::new()
        .chain_update(password)
        .chain_update("$apr1$")
        .chain_update(salt);
    for piece in password.chunks(inner.len()) {
        outer.update(inner.get(..piece.len()).unwrap_or_default());
    }
    let mut left = password.len();
    while left > 0 {
        let first = password.get(..1).unwrap_or_default();
        outer.update(if left & 1 == 1 { &[0] } else { first });
        left >>= 1;
    }
    let mut hash: [u8; 16] = outer.finalize().into();
    for round in 0..1000 {
        let (is_odd, mut next) = (round % 2 == 1, Md5::new());
        next.update(if is_odd { password } else { &hash });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if is_odd { &hash } else { password });
        hash = next.finalize().into();
    }
    let byte = |at: usize| u32::from(hash.get(at).copied().unwrap_or_default());
    let threes = ORDER
        .iter()
        .map(|&[a, b, c]| (byte(a) << 16 | byte(b) << 8 | byte(c), 4));
    let mut text = String::with_capacity(22);
    for (mut bits, letters) in threes.chain([(byte(11), 2)]) {
        for _ in 0..letters {
            let letter = CRYPT.get((bits & 0x3f) as usize).copied().unwrap_or_default();
            text.push(char::from(letter));
            bits >>= 6;
        }
    }
    text
}
