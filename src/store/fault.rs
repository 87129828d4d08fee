//! Where tests let the store fail: between any two steps that reach the disk.

#[cfg(test)]
use std::sync::{Mutex, PoisonError};

use super::settings::StoreError;

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new segment is complete, under its first name.
    Written,
    /// The catalogue knows it.
    Registered,
    /// Readers see it.
    Shown,
    /// A segment was deleted.
    Removed,
}

/// Says whether a step fails.
#[cfg(test)]
type Judge = Box<dyn FnMut(Step) -> bool + Send>;

/// The tests' say; nothing outside of them.
#[derive(Default)]
pub struct Faults {
    #[cfg(test)]
    after: Mutex<Option<Judge>>,
}

// === impl Faults ===

impl Faults {
    /// Fails when a test wants that.
    #[cfg(not(test))]
    pub fn reached(&self, _: Step) -> Result<(), StoreError> {
        Ok(())
    }

    /// Fails when a test wants that.
    #[cfg(test)]
    pub fn reached(&self, step: Step) -> Result<(), StoreError> {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        match after.as_mut().is_some_and(|fails| fails(step)) {
            false => Ok(()),
            true => Err(StoreError::File {
                path: "here".into(),
                error: format!("failed after {step:?}, as the test wants"),
            }),
        }
    }

    /// From now on steps fail after which `fails` says so.
    #[cfg(test)]
    pub fn when(&self, fails: impl FnMut(Step) -> bool + Send + 'static) {
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(fails));
    }
}
