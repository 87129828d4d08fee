//! Threads that let others go first.

/// How far they step back: of the steps of `nice`, of which nineteen is the last.
#[cfg(target_os = "linux")]
const STEPS: i32 = 10;

/// This thread works when no other wants the processor, or nearly so. Where the system does not allow it, nothing changes.
pub fn low() {
    // On Linux this is about the thread, elsewhere about the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(STEPS);
}
