//! Patterns out of any text: refused in one line, or matched and replaced without contradiction.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::config::pattern::oracle::pattern(input));
