//! A journal's directory out of any bytes: opened, read, settled, opened again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::journal::oracle::journal(input));
