//! Statements and conditions on requests: in every dialect and context, and against a naive twin on decoded objects.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| spanway::ottl::oracle::ottl(input));
