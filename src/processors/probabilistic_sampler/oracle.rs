//! What must hold for any trace state, for property tests and fuzzing.

use super::trace_state::TraceState;

/// Reads any bytes as a trace state: nothing panics, and what is written of a sound one is sound, reads as the same, and
/// is written alike.
pub fn trace_state(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (read, fault) = TraceState::read(text);
    let written = String::from_utf8_lossy(&read.write()).into_owned();
    let (again, fault_again) = TraceState::read(&written);
    assert_eq!(String::from_utf8_lossy(&again.write()), written);
    if fault.is_none() {
        assert_eq!(fault_again, None, "{written}");
        assert_eq!(read.randomness(), again.randomness());
        assert_eq!(read.threshold(), again.threshold());
    }
}
