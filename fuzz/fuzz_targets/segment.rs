//! A segment's file, and each piece of one, out of any bytes: refused or read, with bounded memory.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::store::segment::oracle::segment(input));
