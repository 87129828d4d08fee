//! Splitting and editing bytes, against the same done on decoded objects.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::wire::oracle::split_edit(input));
