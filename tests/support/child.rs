//! The binary as a child process: its lines as they come, its end, its memory. Killed when dropped; a test that
//! fails prints what it had said.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long anything that must happen may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of each stream that are kept.
const KEPT: usize = 2000;

/// A process of the binary.
pub struct Child {
    name: &'static str,
    process: std::process::Child,
    pub stdout: Lines,
    pub stderr: Lines,
}

/// What a process has said on one stream.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Said>, Condvar)>);

#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    ended: bool,
}

/// The binary with these arguments.
pub fn spanway<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanway"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

// === impl Child ===

impl Child {
    /// Starts the binary; `name` is for messages.
    pub fn start(name: &'static str, mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        let (stdout, stderr) = (Lines::default(), Lines::default());
        stdout.follow(process.stdout.take().unwrap());
        stderr.follow(process.stderr.take().unwrap());
        Self {
            name,
            process,
            stdout,
            stderr,
        }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal: `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success(), "{kill}");
    }

    /// Whether it listens to `INT`, or has ended.
    pub fn catches_interrupt(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map_or("", str::trim)
        };
        let caught = u64::from_str_radix(field("SigCgt:"), 16).unwrap_or(0);
        let has_ended = field("State:").is_empty() || field("State:").starts_with('Z');
        has_ended || caught & 1 << 1 != 0
    }

    /// Ends it as `kill -9` does, without a word.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Fails when it has ended by itself.
    pub fn assert_alive(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "{} has ended: {ended:?}", self.name);
    }

    /// Waits for its end.
    pub fn ended_within(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            let name = self.name;
            assert!(
                Instant::now() < deadline,
                "{name} has not ended within {patience:?}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The most memory it has ever had resident, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// The memory it has resident now, in bytes.
    pub fn resident_memory(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, kind: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(kind)).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        if std::thread::panicking() {
            let said = self.stderr.all();
            let last = said.len().saturating_sub(40);
            eprintln!("--- {} said at last:\n{}", self.name, said[last..].join("\n"));
        }
    }
}

// === impl Lines ===

impl Lines {
    fn follow(&self, stream: impl Read + Send + 'static) {
        let lines = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                lines.change(|said| {
                    said.lines.push_back(line);
                    if said.lines.len() > KEPT {
                        said.lines.pop_front();
                    }
                });
            }
            lines.change(|said| said.ended = true);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        let (said, told) = &*self.0;
        change(&mut said.lock().unwrap());
        told.notify_all();
    }

    /// Waits for a line in which `find` finds something. Fails when the stream ends, or after [`PATIENCE`].
    pub fn wait_for<T>(&self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let (said, told) = &*self.0;
        let deadline = Instant::now() + PATIENCE;
        let mut said = said.lock().unwrap();
        loop {
            if let Some(found) = said.lines.iter().find_map(|line| find(line)) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!said.ended && !left.is_zero(), "never said: {what}");
            said = told.wait_timeout(said, left).unwrap().0;
        }
    }

    /// Everything that was kept.
    pub fn all(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.iter().cloned().collect()
    }

    /// Everything, once the stream has ended.
    pub fn to_end(&self) -> String {
        let (said, told) = &*self.0;
        let said = told.wait_while(said.lock().unwrap(), |said| !said.ended).unwrap();
        said.lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Waits until `condition` holds; fails after [`PATIENCE`], saying what did not come true.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "has not come true: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
