//! Sockets of this machine: for an application and its gateway side by side, cheaper than TCP and out of the network's reach.
//!
//! Promises: a socket that a killed process left behind is taken over, one that somebody listens on is not, and no other file
//! is touched; the socket has its mode from the moment that it can be found; it is removed when nobody listens any more.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The longest path of a socket in bytes, on Linux; other systems have a few less.
const LONGEST: usize = 107;

/// What is appended to a path while its socket is not ready to be found.
const UNREADY: &str = ".new";

/// The file of a socket, removed with this.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    /// What the file is, so that another one of its name is left alone.
    identity: Option<(u64, u64)>,
}

/// Listens at `path`; `mode` is who may connect, else the umask says.
pub fn bind(path: &Path, mode: Option<u32>) -> io::Result<(UnixListener, Presence)> {
    make_way(path)?;
    let mut unready = path.to_path_buf().into_os_string();
    unready.push(UNREADY);
    let unready = PathBuf::from(unready);
    make_way(&unready)?;
    if unready.exists() {
        fs::remove_file(&unready)?;
    }
    let socket = UnixListener::bind(&unready)?;
    socket.set_nonblocking(true)?;
    if let Some(mode) = mode {
        fs::set_permissions(&unready, Permissions::from_mode(mode))?;
    }
    fs::rename(&unready, path)?;
    let presence = Presence {
        identity: identity(path),
        path: path.to_path_buf(),
    };
    Ok((socket, presence))
}

impl Drop for Presence {
    fn drop(&mut self) {
        if self.identity.is_some() && self.identity == identity(&self.path) {
            // A socket that stays is taken over by the next process.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Says why there could be no socket at a path.
pub fn check(path: &str) -> Result<(), String> {
    let longest = LONGEST - UNREADY.len();
    if !path.contains('/') || path.ends_with('/') {
        return Err(format!(
            "is `{path}`, but with `transport: unix` it is the path of a socket"
        ));
    }
    if path.contains("://") || path.starts_with('@') {
        return Err(format!(
            "is `{path}`; write the path of the socket alone, as in `/run/spanway/otlp.sock`"
        ));
    }
    match path.len() > longest {
        true => Err(format!(
            "is `{path}`, which is longer than the {longest} bytes that a socket's path may have"
        )),
        false => Ok(()),
    }
}

/// A mode from its octal digits; none is the umask's.
pub fn mode(text: &str) -> Result<Option<u32>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(Some(mode)),
        _ => Err(format!("is `{text}`, which is not a mode such as \"0660\"")),
    }
}

/// Makes sure that nothing at `path` would be lost by putting a socket there.
fn make_way(path: &Path) -> io::Result<()> {
    let known = match fs::symlink_metadata(path) {
        Ok(known) => known,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !known.file_type().is_socket() {
        let message = "there is a file, and it is no socket";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let known = fs::symlink_metadata(path).ok()?;
    Some((known.dev(), known.ino()))
}
