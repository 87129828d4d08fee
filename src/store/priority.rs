//! Threads that let others go first.

/// What others are polite to: half-way to the politest there is.
const NICE: i32 = 10;

/// This thread works when no other wants the processor, or nearly so. Where the system does not allow it, nothing changes.
pub fn low() {
    let this = Some(rustix::thread::gettid());
    _ = rustix::process::setpriority_process(this, NICE);
}
