//! Requests through pipelines of processors: together, again, and one processor after the other.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::processors::oracle::processors(input));
