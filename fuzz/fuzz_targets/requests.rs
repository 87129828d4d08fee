//! A request to a product's query API, out of any bytes: answered or refused, never a defect of ours.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::query::oracle::request(input));
