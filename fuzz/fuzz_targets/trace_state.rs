//! W3C's trace state, read and written again.
#![no_main]

libfuzzer_sys::fuzz_target!(
    |input: &[u8]| spanway::processors::probabilistic_sampler::oracle::trace_state(input)
);
