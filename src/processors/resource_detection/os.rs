//! The operating system: its kind, name and version, and the name and id of its host.

use super::surroundings::Surroundings;

/// A distribution, by the short name that it gives itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `debian`, `ubuntu`, `alpine`.
    pub name: String,
    /// `12.5`, `24.04`, `3.20.1`.
    pub version: String,
}

/// The kind of operating system, as the semantic conventions name it.
pub fn family() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

/// The processor's architecture, as the semantic conventions name it.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc64" => "ppc64",
        "powerpc" => "ppc32",
        other => other,
    }
}

/// The name that the host has for itself.
pub fn hostname(around: &Surroundings) -> Option<String> {
    match around.line("proc/sys/kernel/hostname") {
        None if !cfg!(target_os = "linux") => dns_lookup::get_hostname().ok(),
        name => name,
    }
}

/// The id of the installation.
pub fn machine_id(around: &Surroundings) -> Option<String> {
    let id = around
        .read("etc/machine-id")
        .or_else(|_| around.read("var/lib/dbus/machine-id"));
    let id = id.ok()?.trim().to_owned();
    (!id.is_empty()).then_some(id)
}

/// The distribution, by the file that each kind of them has.
pub fn platform(around: &Surroundings) -> Option<Platform> {
    let release = release(around);
    let of = |key: &str| value(&release, key).unwrap_or_default();
    let platform = |name: &str, version: String| {
        Some(Platform {
            name: name.to_lowercase(),
            version,
        })
    };
    if let Some(text) = around.line("etc/oracle-release") {
        return platform("oracle", version_in(&text));
    }
    if let Some(version) = around.line("etc/debian_version") {
        return match of("ID").as_str() {
            name @ ("ubuntu" | "linuxmint") => platform(name, of("VERSION_ID")),
            _ => platform("debian", version.lines().next().unwrap_or_default().to_owned()),
        };
    }
    for file in ["etc/redhat-release", "etc/system-release"] {
        let Some(text) = around.line(file) else { continue };
        let text = text.to_lowercase();
        let first = text.split(' ').next().unwrap_or_default();
        let name = if text.contains("red hat") { "redhat" } else { first };
        return platform(name, version_in(&text));
    }
    if let Some(version) = around.line("etc/alpine-release") {
        return platform("alpine", version);
    }
    let name = of("ID");
    (!name.is_empty()).then_some(())?;
    platform(&name, of("VERSION_ID"))
}

/// The build of the distribution, or else of the kernel.
pub fn build_id(around: &Surroundings) -> Option<String> {
    let build = value(&release(around), "BUILD_ID").filter(|build| !build.is_empty());
    build.or_else(|| around.line("proc/sys/kernel/osrelease"))
}

/// The distribution, and in parentheses what the kernel says of itself.
pub fn description(around: &Surroundings) -> Option<String> {
    let release = release(around);
    let of = |key: &str| value(&release, key).filter(|value| !value.is_empty());
    let distribution = match (of("NAME"), of("VERSION").or_else(|| of("VERSION_ID"))) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        _ => of("PRETTY_NAME"),
    };
    let kernel = |name: &str| around.line(&format!("proc/sys/kernel/{name}"));
    let machine = kernel("arch").unwrap_or_else(|| std::env::consts::ARCH.into());
    let parts = [
        kernel("ostype")?,
        kernel("hostname")?,
        kernel("osrelease")?,
        kernel("version")?,
        machine,
    ];
    let kernel = parts.join(" ");
    Some(match distribution {
        Some(distribution) => format!("{distribution} ({kernel})"),
        None => kernel,
    })
}

fn release(around: &Surroundings) -> String {
    let text = around
        .read("etc/os-release")
        .or_else(|_| around.read("usr/lib/os-release"));
    text.unwrap_or_default()
}

/// The last value of a key, without quotes and escapes.
fn value(release: &str, key: &str) -> Option<String> {
    let lines = release
        .lines()
        .rev()
        .filter(|line| !line.trim_start().starts_with('#'));
    let mut values = lines.filter_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key));
    let value = values.next()?.1.trim();
    let unquoted = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    let mut plain = String::new();
    let mut letters = unquoted.unwrap_or(value).chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = letters.next_if(|next| letter == '\\' && matches!(next, '$' | '"' | '\'' | '\\' | '`'));
        plain.push(escaped.unwrap_or(letter));
    }
    Some(plain)
}

/// What follows the word `release`.
fn version_in(text: &str) -> String {
    let after = text.split_once("release ").map_or("", |(_, after)| after);
    let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.' && letter != '_');
    after
        .get(..end.unwrap_or(after.len()))
        .unwrap_or_default()
        .to_owned()
}
