//! Verdict and content of the walk and the views, against `prost`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::wire::oracle::walk(input));
