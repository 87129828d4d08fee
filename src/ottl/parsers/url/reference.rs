//! A URL taken apart, and put together again.

use std::net::Ipv6Addr;

use super::escape::Part;
use crate::ottl::parsers::shown;

/// A URL, absolute or relative; what was escaped in it as bytes.
#[derive(Debug, Default)]
pub(super) struct Reference<'a> {
    /// In lower case; empty where there is none.
    pub scheme: String,
    /// What comes behind the scheme where no slash does, such as the address in `mailto:`.
    opaque: &'a str,
    /// Who, when it says so.
    pub user: Option<User>,
    /// The host and, behind a colon, the port.
    host: Vec<u8>,
    /// Whether it has a scheme and a path but no `//` in between.
    has_no_host: bool,
    /// The path without escapes.
    pub path: Vec<u8>,
    raw_path: &'a str,
    /// What comes behind the question mark, with its escapes.
    pub query: &'a str,
    /// Whether it ends in its question mark.
    has_empty_query: bool,
    /// What comes behind `#`, without escapes.
    pub fragment: Vec<u8>,
    raw_fragment: &'a str,
}

/// What stands before the host.
#[derive(Debug)]
pub(super) struct User {
    /// The name without escapes.
    pub name: Vec<u8>,
    /// The password without escapes, when there is a colon.
    pub password: Option<Vec<u8>>,
}

// === impl Reference ===

impl<'a> Reference<'a> {
    /// Takes a URL apart.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("invalid control character in URL".into());
        }
        let mut reference = Self::default();
        reference.put_fragment(fragment)?;
        if text == "*" {
            reference.path = b"*".to_vec();
            return Ok(reference);
        }
        let (scheme, rest) = split_scheme(text)?;
        reference.scheme = scheme.to_ascii_lowercase();
        let rest = reference.put_query(rest);
        if !rest.starts_with('/') {
            if !reference.scheme.is_empty() {
                reference.opaque = rest;
                return Ok(reference);
            }
            if rest.split('/').next().is_some_and(|first| first.contains(':')) {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let is_absolute = !reference.scheme.is_empty();
        let authority = rest.strip_prefix("//");
        let path = match authority.filter(|authority| is_absolute || !authority.starts_with('/')) {
            Some(authority) => {
                let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
                reference.put_authority(authority)?;
                path
            }
            None => {
                reference.has_no_host = is_absolute;
                rest
            }
        };
        reference.path = Part::Path.unescaped(path)?;
        reference.raw_path = path;
        Ok(reference)
    }

    fn put_fragment(&mut self, fragment: &'a str) -> Result<(), String> {
        self.fragment = Part::Fragment.unescaped(fragment)?;
        self.raw_fragment = fragment;
        Ok(())
    }

    /// Takes the query away; what is left.
    fn put_query(&mut self, rest: &'a str) -> &'a str {
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        self.has_empty_query = query == Some("");
        self.query = query.unwrap_or_default();
        rest
    }

    fn put_authority(&mut self, authority: &str) -> Result<(), String> {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        self.host = host_of(&self.scheme, host)?;
        self.user = user.map(User::parse).transpose()?;
        Ok(())
    }

    /// The host without brackets, and the port, empty where there is none.
    pub fn domain_and_port(&self) -> (&[u8], &[u8]) {
        let colon = self.host.iter().rposition(|byte| *byte == b':');
        let (host, port) = match colon.and_then(|colon| self.host.split_at_checked(colon)) {
            Some((host, [_, port @ ..])) if port.iter().all(u8::is_ascii_digit) => (host, port),
            _ => (self.host.as_slice(), [].as_slice()),
        };
        match host {
            [b'[', inner @ .., b']'] => (inner, port),
            _ => (host, port),
        }
    }

    /// Put together again.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            self.push_hierarchy(&mut out);
        } else {
            out.push_str(self.opaque);
        }
        if self.has_empty_query || !self.query.is_empty() {
            out.push('?');
            out.push_str(self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&shown_escaped(Part::Fragment, self.raw_fragment, &self.fragment));
        }
        out
    }

    /// The host with what is around it, and the path.
    fn push_hierarchy(&self, out: &mut String) {
        let has_host = !self.host.is_empty() || self.user.is_some();
        if has_host || (!self.scheme.is_empty() && !self.has_no_host && !self.path.is_empty()) {
            out.push_str("//");
        }
        if let Some(user) = &self.user {
            out.push_str(&user.text());
            out.push('@');
        }
        out.push_str(&Part::Host.escaped(&self.host));
        let path = match self.path.as_slice() {
            b"*" if self.raw_path.is_empty() => "*".into(),
            path => shown_escaped(Part::Path, self.raw_path, path),
        };
        if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
            out.push('/');
        }
        if out.is_empty() && path.split('/').next().is_some_and(|first| first.contains(':')) {
            out.push_str("./");
        }
        out.push_str(&path);
    }
}

/// As it was written, where that is escaped well enough.
fn shown_escaped(part: Part, raw: &str, bytes: &[u8]) -> String {
    match part.is_valid(raw) {
        true => raw.to_owned(),
        false => part.escaped(bytes),
    }
}

/// The scheme, empty where there is none, and what comes behind its colon.
fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    match text.split_once(':') {
        Some(("", _)) => Err("missing protocol scheme".into()),
        Some((scheme, rest))
            if scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && scheme.bytes().all(is_of_scheme) =>
        {
            Ok((scheme, rest))
        }
        _ => Ok(("", text)),
    }
}

/// A host and its port, checked and without escapes.
fn host_of(scheme: &str, host: &str) -> Result<Vec<u8>, String> {
    match host.rfind('[') {
        Some(0) => return address_of(host),
        Some(_) => return Err("invalid IP-literal".into()),
        None => {}
    }
    // Behind the first colon of `http` there is nothing but a port; other schemes are not told so.
    let colon = match scheme {
        "http" | "https" => host.find(':'),
        _ => host.rfind(':'),
    };
    check_port(colon.and_then(|colon| host.get(colon..)).unwrap_or_default())?;
    Part::Host.unescaped(host)
}

/// An address in brackets and its port.
fn address_of(host: &str) -> Result<Vec<u8>, String> {
    let (inner, port) = host.rsplit_once(']').ok_or("missing ']' in host")?;
    check_port(port)?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let (address, zone) = inner.split_at(inner.find("%25").unwrap_or(inner.len()));
    let address = Part::Host.unescaped(address)?;
    let zone = Part::Zone.unescaped(zone)?;
    let text = String::from_utf8_lossy(&address);
    if text.parse::<Ipv6Addr>().is_err() || zone == b"%" {
        return Err(format!("invalid host: {} is no address of IPv6", shown(inner)));
    }
    Ok([b"[", address.as_slice(), &zone, b"]", port.as_bytes()].concat())
}

/// Checks a port behind its colon; there may be none.
fn check_port(port: &str) -> Result<(), String> {
    let is_valid = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => port.is_empty(),
    };
    match is_valid {
        true => Ok(()),
        false => Err(format!("invalid port {} after host", shown(port))),
    }
}

// === impl User ===

impl User {
    fn parse(text: &str) -> Result<Self, String> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
        if !text.bytes().all(is_valid) {
            return Err("invalid userinfo".into());
        }
        let (name, password) = match text.split_once(':') {
            Some((name, password)) => (name, Some(password)),
            None => (text, None),
        };
        Ok(Self {
            name: Part::UserPassword.unescaped(name)?,
            password: password
                .map(|text| Part::UserPassword.unescaped(text))
                .transpose()?,
        })
    }

    /// With its escapes.
    pub fn text(&self) -> String {
        let name = Part::UserPassword.escaped(&self.name);
        match &self.password {
            Some(password) => format!("{name}:{}", Part::UserPassword.escaped(password)),
            None => name,
        }
    }
}
