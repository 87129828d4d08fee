//! Disks: a small one of the test's own that fills and turns read-only, and how much of one is used.
//!
//! Mounting wants privileges. A test that mounts runs once more, in a process of its own with its own namespaces of
//! users and mounts, which an ordinary user may have on most systems; whatever it mounts goes with that process.
//! Where that is not allowed it is skipped, and says so loudly.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tempfile::TempDir;

/// Set in the process that may mount.
const MAY_MOUNT: &str = "SPANWAY_TESTS_MAY_MOUNT";

/// A disk in memory, for as long as its process lives.
pub struct Disk {
    directory: TempDir,
}

/// Covers a disk with itself, read-only, until dropped. Only names are covered: a file that is open stays writable,
/// as no file system turns read-only under an open file unless it breaks; so who writes notices with the next file.
pub struct ReadOnly<'a>(&'a Disk);

/// Measures how much a directory takes up, without a break, until it ends.
pub struct Gauge {
    stop: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

// === impl Disk ===

impl Disk {
    /// A disk of so many MiB, in the process that may have it. In the one that began the test: `None`, after the
    /// test of this name has run in the other one. It fails when that one failed.
    pub fn mount(test: &str, mib: u32) -> Option<Self> {
        if std::env::var_os(MAY_MOUNT).is_some() {
            let directory = tempfile::tempdir().unwrap();
            let size = format!("size={mib}m");
            mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], directory.path());
            return Some(Self { directory });
        }
        if let Some(reason) = why_not() {
            // Past the harness, which keeps what a test that passes prints.
            let mut stderr = std::io::stderr();
            writeln!(
                stderr,
                "\nSKIPPED {test}: no namespaces for mounts here: {reason}"
            )
            .unwrap();
            return None;
        }
        let run = Command::new("unshare")
            .args(UNSHARED)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(MAY_MOUNT, "1")
            .output()
            .unwrap();
        let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        println!("{}{}", said[0], said[1]);
        assert!(run.status.success(), "with mounts of its own: {}", run.status);
        assert!(said[0].contains("1 passed"), "no test is named {test}");
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file that takes all room but `spare` bytes; removing it gives the room back.
    pub fn fill_but(&self, spare: u64) -> PathBuf {
        const PIECE: &[u8] = &[7; 64 << 10];
        let path = self.path().join("filler");
        let mut filler = File::create(&path).unwrap();
        while filler.write_all(PIECE).is_ok() {}
        let full = filler.metadata().unwrap().len();
        assert!(full > spare, "a disk of {full} bytes has no {spare} to spare");
        filler.set_len(full - spare).unwrap();
        path
    }

    /// Makes it read-only until the answer is dropped.
    pub fn read_only(&self) -> ReadOnly<'_> {
        mount(&["--bind", self.path().to_str().unwrap()], self.path());
        mount(&["-o", "remount,bind,ro"], self.path());
        ReadOnly(self)
    }
}

const UNSHARED: [&str; 2] = ["--map-root-user", "--mount"];

/// Why no namespaces can be had; `None` when they can.
fn why_not() -> Option<String> {
    match Command::new("unshare").args(UNSHARED).arg("true").output() {
        Ok(tried) if tried.status.success() => None,
        Ok(tried) => Some(String::from_utf8_lossy(&tried.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

fn mount(arguments: &[&str], at: &Path) {
    let mounted = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(mounted.success(), "mount {arguments:?}: {mounted}");
}

fn unmount(at: &Path) {
    // Whoever looks into it just now is done in a moment.
    super::child::wait_until("it is unmounted", || {
        Command::new("umount").arg(at).status().unwrap().success()
    });
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Processes that write there may outlive it when a test fails; the namespace takes the mount with it.
        drop(Command::new("umount").arg("--lazy").arg(self.path()).status());
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        unmount(self.0.path());
    }
}

// === impl Gauge ===

impl Gauge {
    /// Begins.
    pub fn begin(directory: &Path) -> Self {
        let (stop, most) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stopped, measured, directory) = (stop.clone(), most.clone(), directory.to_owned());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                measured.fetch_max(used(&directory), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self {
            stop,
            most,
            thread: Some(thread),
        }
    }

    /// Ends; the most it has seen, in bytes.
    pub fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.most.load(Ordering::Relaxed)
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The bytes that the files below a directory take up on disk. Files may come and go meanwhile.
pub fn used(directory: &Path) -> u64 {
    files(directory)
        .iter()
        .filter_map(|file| Some(fs::metadata(file).ok()?.blocks() * 512))
        .sum()
}

/// The files below a directory, in order.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(_) => found.push(entry.path()),
            Err(_) => {}
        }
    }
    found.sort();
    found
}
