//! What an error of the system means for the spans.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::pipeline::destination::Failure;

/// Of writing to the file of the configuration.
pub fn of(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot write to `{}`: {error}", path.display());
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidData
        | ErrorKind::FileTooLarge => Failure::Destination(message),
        // A full disk, a quota, too many open files, a disk that hiccups: all of that may pass.
        _ => Failure::NotNow {
            message,
            retry_after: None,
        },
    }
}

/// Of writing to a file whose name is an attribute's value: what is wrong with the name is wrong with the spans.
pub fn of_named(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        // A file where another value needs a folder.
        ErrorKind::AlreadyExists
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename
        | ErrorKind::InvalidData => Failure::Data(format!("cannot write to `{}`: {error}", path.display())),
        _ => of(path, error),
    }
}
