//! Protobuf to JSON and back, and JSON to protobuf and back.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::wire::oracle::json(input));
