//! What is made of files, and made anew when they change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::pem::{Material, Sources};
use crate::telemetry::tls::TlsEvents;

/// Files that cannot be used, perhaps because only one of two has been written, are looked at again so soon.
const RETRY: Duration = Duration::from_secs(1);

type Make<T> = dyn Fn(&Material) -> Result<T, String> + Send + Sync;

/// The newest of what files could be made into.
pub(super) struct Fresh<T> {
    sources: Sources,
    make: Box<Make<T>>,
    events: TlsEvents,
    state: Mutex<State<T>>,
}

struct State<T> {
    material: Material,
    made: Arc<T>,
    /// When files are to be looked at; never, when there are none.
    next: Option<Instant>,
}

// === impl Fresh ===

impl<T: Send + Sync + 'static> Fresh<T> {
    /// Reads and makes for the first time; an error names what cannot be used.
    pub(super) fn new(
        sources: Sources,
        events: TlsEvents,
        make: impl Fn(&Material) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let material = sources.read()?;
        let made = Arc::new(make(&material)?);
        let next = sources.interval().map(|interval| Instant::now() + interval);
        events.read(ends(&material));
        Ok(Self {
            sources,
            make: Box::new(make),
            events,
            state: Mutex::new(State { material, made, next }),
        })
    }

    /// What is newest. Who comes when it is time looks at the files first; all others take what there is.
    pub(super) async fn get(self: &Arc<Self>) -> Arc<T> {
        if let Some(known) = self.due() {
            let this = self.clone();
            // Should the thread fail, what there is goes on.
            drop(tokio::task::spawn_blocking(move || this.renew(known)).await);
        }
        self.lock().made.clone()
    }

    /// What was read last, when it is time to look again; then nobody else does.
    fn due(&self) -> Option<Material> {
        let mut state = self.lock();
        let now = Instant::now();
        state.next = match (state.next, self.sources.interval()) {
            (Some(next), Some(interval)) if next <= now => Some(now + interval),
            _ => return None,
        };
        Some(state.material.clone())
    }

    fn renew(&self, known: Material) {
        let fresh = self.sources.read_again(&known).and_then(|material| {
            let made = match material == known {
                true => None,
                false => Some(Arc::new((self.make)(&material)?)),
            };
            Ok(made.map(|made| (material, made)))
        });
        match fresh {
            Ok(None) => self.events.unchanged(),
            Ok(Some((material, made))) => {
                self.events.renewed(ends(&material));
                let mut state = self.lock();
                (state.material, state.made) = (material, made);
            }
            Err(why) => {
                self.events.not_renewed(&why);
                let mut state = self.lock();
                let soon = Instant::now() + RETRY;
                state.next = state.next.map(|next| next.min(soon));
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> std::fmt::Debug for Fresh<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fresh")
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

/// When the first certificate of this side ends, in seconds since 1970.
fn ends(material: &Material) -> Option<u64> {
    let (certificate, _) = material.pair.as_ref()?;
    let certificates = certificate.certificates().ok()?;
    Some(super::pem::validity(certificates.first()?)?.1)
}
