//! The walk against `prost`.

use proptest::prelude::*;

use super::generate::{request, request_with_misfits, salted};
use crate::wire::{Traces, oracle};

/// One small thing that goes wrong with bytes on their way.
#[derive(Clone, Debug)]
enum Harm {
    Set(usize, u8),
    Flip(usize, u8),
    Insert(usize, u8),
    Remove(usize),
    Cut(usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let (at, byte) = (any::<usize>(), any::<u8>());
    prop_oneof![
        (at, byte).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (at, 0..8_u32).prop_map(|(at, bit)| Harm::Flip(at, 1 << bit)),
        (at, byte).prop_map(|(at, byte)| Harm::Insert(at, byte)),
        at.prop_map(Harm::Remove),
        at.prop_map(Harm::Cut),
    ]
}

fn harmed(mut bytes: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms
        .iter()
        .filter(|_| !bytes.is_empty())
        .cloned()
        .collect::<Vec<_>>()
    {
        let len = bytes.len().max(1);
        match harm {
            _ if bytes.is_empty() => {}
            Harm::Set(at, byte) => bytes[at % len] = byte,
            Harm::Flip(at, bit) => bytes[at % len] ^= bit,
            Harm::Insert(at, byte) => bytes.insert(at % len, byte),
            Harm::Remove(at) => drop(bytes.remove(at % len)),
            Harm::Cut(at) => bytes.truncate(at % len),
        }
    }
    bytes
}

proptest! {
    /// A valid request passes byte-identical, whatever unknown fields it carries, and views show its content.
    #[test]
    fn valid_requests_pass_untouched(request in request(), seed: u64) {
        let bytes = salted(&request, seed);
        let checked = Traces::check(bytes.clone().into()).unwrap();
        prop_assert_eq!(checked.rejected, 0);
        prop_assert_eq!(checked.traces.bytes(), &bytes);
        oracle::walk(&bytes);
    }

    /// A span whose id has a wrong length goes alone, and the reason is given.
    #[test]
    fn misfits_go_alone(request in request_with_misfits(), seed: u64) {
        oracle::walk(&salted(&request, seed));
    }

    /// Bytes harmed on their way get the verdict that `prost` gives, and what passes has the same content.
    #[test]
    fn harmed_requests_get_the_same_verdict(
        request in request_with_misfits(),
        seed: u64,
        harms in proptest::collection::vec(harm(), 1..4),
    ) {
        oracle::walk(&harmed(salted(&request, seed), &harms));
    }

    /// Bytes that never were a request get the verdict that `prost` gives.
    #[test]
    fn noise_gets_the_same_verdict(noise in proptest::collection::vec(any::<u8>(), 0..60)) {
        oracle::walk(&noise);
    }
}
