//! What the journal asks of a file system, so that tests can put one in its place that fails and forgets.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;

/// A file system.
pub trait Disk: Send + Sync {
    /// Makes a directory and its parents, durable; one that is there is left alone.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<String>>;
    /// Makes a new file to append to and to read; fails when it is there already.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file that is there to be written over, from its beginning on, and to be read.
    fn reuse(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in the place of one that had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes what was created, renamed and removed in a directory durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// A file: written from its beginning on, without gaps, and read anywhere.
pub trait DiskFile: Send + Sync {
    /// Writes all of `parts` behind what was written before. After an error any part of them may have been written.
    fn append(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// The same with up to [`AHEAD`] zeros behind them, which the next write goes over: that one finds its blocks there.
    fn append_ahead(&self, parts: &mut Vec<IoSlice<'_>>, zeros: usize) -> io::Result<()>;
    /// Reads at `offset`; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Cuts off what lies behind `length` bytes.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Makes what was appended durable.
    fn sync(&self) -> io::Result<()>;
}

/// The most zeros that are written ahead.
pub const AHEAD: usize = 256 << 10;

static ZEROS: [u8; AHEAD] = [0; AHEAD];

/// The file system of this machine.
#[derive(Clone, Copy, Debug)]
pub struct FileSystem {
    /// Permissions of directories that it makes.
    pub permissions: u32,
}

// === impl FileSystem ===

impl Default for FileSystem {
    fn default() -> Self {
        Self { permissions: 0o750 }
    }
}

impl Disk for FileSystem {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        // A bare name lies in the current directory.
        let path = Path::new(".").join(path);
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.is_dir()).collect();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(self.permissions)
            .create(&path)?;
        // What lies in a directory is durable only if the directory is.
        let mut parents = missing.into_iter().filter_map(Path::parent);
        parents.try_for_each(|parent| self.sync_directory(parent))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let names =
            fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn reuse(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().read(true).write(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

impl DiskFile for File {
    fn append(&self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut file = self;
        while !parts.is_empty() {
            match file.write_vectored(parts) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut parts, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn append_ahead(&self, parts: &mut Vec<IoSlice<'_>>, zeros: usize) -> io::Result<()> {
        let zeros = ZEROS.get(..zeros).unwrap_or(&ZEROS);
        parts.push(IoSlice::new(zeros));
        self.append(parts)?;
        let back = i64::try_from(zeros.len()).map_err(io::Error::other)?;
        let mut file = self;
        file.seek(io::SeekFrom::Current(-back)).map(drop)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match FileExt::read_at(self, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
