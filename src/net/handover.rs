//! Listening sockets pass from the components of one configuration to those of the next, so that no client finds a port
//! closed while a component that listens there is replaced.
//!
//! Within one configuration a place can be listened at once: who comes second is told that it is taken.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::unix;

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// An address of TCP, with its port.
    Tcp(SocketAddr),
    /// A path.
    Unix(PathBuf),
}

/// A socket that listens for as long as anybody holds it.
#[derive(Debug)]
pub enum Held {
    /// Of TCP.
    Tcp(TcpListener),
    /// Of this machine, with what removes its file in the end.
    Unix(UnixListener, unix::Presence),
}

#[derive(Debug)]
struct Known {
    name: Name,
    socket: Weak<Held>,
    generation: u64,
}

#[derive(Debug)]
struct Registry {
    generation: u64,
    known: Vec<Known>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    generation: 0,
    known: Vec::new(),
});

/// From now on sockets that are held may be taken over.
pub fn begin() {
    registry().generation += 1;
}

/// The socket that components of an earlier configuration hold there, once for this one.
pub fn take_over(name: &Name) -> Option<Arc<Held>> {
    let mut registry = registry();
    let generation = registry.generation;
    let mut known = registry.known.iter_mut();
    let known = known.find(|known| known.name == *name && known.generation < generation)?;
    let socket = known.socket.upgrade()?;
    known.generation = generation;
    Some(socket)
}

/// Lets components of later configurations take this socket over.
pub fn hold(name: Name, socket: Held) -> Arc<Held> {
    let socket = Arc::new(socket);
    let mut registry = registry();
    registry.known.retain(|known| known.socket.strong_count() > 0);
    let known = Known {
        name,
        socket: Arc::downgrade(&socket),
        generation: registry.generation,
    };
    registry.known.push(known);
    socket
}

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}
