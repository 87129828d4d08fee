//! What detectors look at: files, environment variables, names of hosts.

use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

/// Of a longer file only the beginning is read.
const LONGEST: u64 = 1 << 18;

/// The value of an environment variable that is set.
pub type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where the gateway runs.
#[derive(Clone)]
pub struct Surroundings {
    /// What files are looked for below.
    pub root: PathBuf,
    /// The environment variables.
    pub variable: Variable,
    /// Who knows names.
    pub names: Arc<dyn Names>,
    /// Whether a question for names is open.
    asking: Arc<AtomicBool>,
}

/// Who knows the names of hosts. Answers may take long.
pub trait Names: Send + Sync {
    /// The full name of a host.
    fn canonical_name(&self, host: &str) -> Result<String, String>;

    /// The addresses of a host.
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String>;

    /// The name of an address.
    fn name_of(&self, address: IpAddr) -> Result<String, String>;
}

/// The operating system's resolver.
struct Resolver;

// === impl Surroundings ===

impl Surroundings {
    /// Those of this process.
    pub fn of_this_process() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self::new("/".into(), Arc::new(variable), Arc::new(Resolver))
    }

    /// Files below `root`, these variables, these names.
    pub fn new(root: PathBuf, variable: Variable, names: Arc<dyn Names>) -> Self {
        Self {
            root,
            variable,
            names,
            asking: Arc::default(),
        }
    }

    /// The text of a file; what is no text in it is replaced.
    pub fn read(&self, path: &str) -> io::Result<String> {
        let mut bytes = Vec::new();
        File::open(self.root.join(path))?
            .take(LONGEST)
            .read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text of a file without spaces around it; none where it is empty or cannot be read.
    pub fn line(&self, path: &str) -> Option<String> {
        let text = self.read(path).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The environment variable, unless it is unset or empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// Asks for names, and goes on without an answer at `deadline`. While a question is open no other is asked.
    pub fn ask(
        &self,
        deadline: Option<Instant>,
        question: impl FnOnce(&dyn Names) -> Result<String, String> + Send + 'static,
    ) -> Result<String, String> {
        if self.asking.swap(true, Ordering::AcqRel) {
            return Err("an earlier question to the resolver is still open".into());
        }
        let (sender, answer) = mpsc::sync_channel(1);
        let (names, asking) = (self.names.clone(), self.asking.clone());
        let asked = thread::Builder::new().name("resolve".into()).spawn(move || {
            let answer = question(&*names);
            asking.store(false, Ordering::Release);
            // Nobody may be waiting any more.
            drop(sender.send(answer));
        });
        if let Err(error) = asked {
            self.asking.store(false, Ordering::Release);
            return Err(format!("no thread to resolve names: {error}"));
        }
        let silence = || "the resolver does not answer".to_owned();
        match deadline {
            None => answer.recv().map_err(|_| silence())?,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                answer.recv_timeout(left).map_err(|_| silence())?
            }
        }
    }
}

// === impl Resolver ===

impl Names for Resolver {
    fn canonical_name(&self, host: &str) -> Result<String, String> {
        // `AI_CANONNAME`, which is the same number on every system.
        let hints = dns_lookup::AddrInfoHints {
            flags: 2,
            ..Default::default()
        };
        let answers = dns_lookup::getaddrinfo(Some(host), None, Some(hints));
        let mut answers = answers.map_err(|error| io::Error::from(error).to_string())?;
        answers
            .find_map(|answer| answer.ok()?.canonname)
            .ok_or_else(|| format!("`{host}` has no canonical name"))
    }

    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let addresses = dns_lookup::lookup_host(host);
        addresses
            .map(|addresses| addresses.collect())
            .map_err(|error| io::Error::from(error).to_string())
    }

    fn name_of(&self, address: IpAddr) -> Result<String, String> {
        let name = dns_lookup::lookup_addr(&address).map_err(|error| io::Error::from(error).to_string())?;
        // Without a name the address itself comes back.
        match name.parse::<IpAddr>() {
            Ok(_) => Err(format!("{address} has no name")),
            Err(_) => Ok(name),
        }
    }
}
