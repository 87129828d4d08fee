//! Renamed files: `data.json` becomes `data-2026-11-04T18-30-00.000-size.json`, as the Collector has it. Those that its
//! older versions wrote, without the reason, count too.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::config::Rotation;

const TIME: &str = "%Y-%m-%dT%H-%M-%S%.3f";

/// Why a file is renamed; there is no other reason here.
const REASON: &str = "-size";

const DAY: i64 = 24 * 60 * 60;

/// A name that no file has, for the file that is renamed at this time.
pub fn free_name(path: &Path, rotation: &Rotation, now: Timestamp) -> PathBuf {
    let (prefix, suffix) = around(path);
    let mut at = now;
    loop {
        let time = zone(rotation).to_datetime(at).strftime(TIME);
        let name = path.with_file_name(format!("{prefix}{time}{REASON}{suffix}"));
        if !name.exists() {
            return name;
        }
        at += SignedDuration::from_millis(1);
    }
}

/// Removes renamed files that are too old or too many, and says which.
pub fn prune(path: &Path, rotation: &Rotation, now: Timestamp) -> io::Result<Vec<PathBuf>> {
    let mut backups = list(path, rotation)?;
    backups.sort_unstable_by(|one, other| other.cmp(one));
    let most = match rotation.max_backups {
        0 => usize::MAX,
        most => most,
    };
    let days = i64::try_from(rotation.max_days)
        .unwrap_or(i64::MAX)
        .saturating_mul(DAY);
    let is_old = |at: Timestamp| days > 0 && now.duration_since(at).as_secs() > days;
    let mut removed = Vec::new();
    for (number, (at, backup)) in backups.into_iter().enumerate() {
        if number >= most || is_old(at) {
            match fs::remove_file(&backup) {
                // Somebody else did.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => {
                    result?;
                    removed.push(backup);
                }
            }
        }
    }
    Ok(removed)
}

/// The renamed files and when they were renamed.
fn list(path: &Path, rotation: &Rotation) -> io::Result<Vec<(Timestamp, PathBuf)>> {
    let (prefix, suffix) = around(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let middle = name.to_str().and_then(|name| name.strip_prefix(prefix.as_str()));
        let middle = middle.and_then(|name| name.strip_suffix(suffix.as_str()));
        if let Some(at) = middle.and_then(|middle| time_in(middle, rotation)) {
            found.push((at, entry.path()));
        }
    }
    Ok(found)
}

fn time_in(text: &str, rotation: &Rotation) -> Option<Timestamp> {
    let text = text.strip_suffix(REASON).unwrap_or(text);
    let time = DateTime::strptime(TIME, text).ok()?;
    zone(rotation).to_timestamp(time).ok()
}

/// What stands before and behind the time in names.
fn around(path: &Path) -> (String, String) {
    let text = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let name = text(path.file_name());
    // As Go does it: a name that begins with a dot is all extension.
    match name.rfind('.') {
        Some(dot) => {
            let (stem, extension) = name.split_at(dot);
            (format!("{stem}-"), extension.to_owned())
        }
        None => (format!("{name}-"), String::new()),
    }
}

fn zone(rotation: &Rotation) -> TimeZone {
    match rotation.localtime {
        true => TimeZone::system(),
        false => TimeZone::UTC,
    }
}
