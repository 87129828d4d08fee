//! Nesting, varints and keys at their limits, and what an error says.

use bytes::Bytes;

use crate::wire::writer::{put_bytes, put_key, put_varint};
use crate::wire::{Traces, oracle};

/// Wraps `body` as the message field `number`.
fn wrap(number: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(&mut out, number, body);
    out
}

/// `body` as the body of an attribute's value in a span, at depth 95.
fn in_span_attribute(body: &[u8]) -> Vec<u8> {
    wrap(1, &wrap(2, &wrap(2, &wrap(9, &wrap(2, body)))))
}

fn passes(bytes: &[u8]) -> bool {
    oracle::walk(bytes);
    Traces::check(Bytes::copy_from_slice(bytes)).is_ok()
}

/// Arrays in arrays pass as deep as `prost` lets them, and not one deeper.
#[test]
fn arrays_nest_to_the_limit() {
    let nested = |depth: usize| (0..depth).fold(vec![0x10, 1], |body, _| wrap(5, &wrap(1, &body)));
    for depth in 0..80 {
        assert_eq!(
            passes(&in_span_attribute(&nested(depth))),
            depth <= 47,
            "{depth} arrays"
        );
    }
    assert!(!passes(&in_span_attribute(&nested(5_000))));
}

/// Lists of keys and values pass as deep as `prost` lets them, and not one deeper.
#[test]
fn key_value_lists_nest_to_the_limit() {
    let nested = |depth: usize| (0..depth).fold(vec![0x10, 1], |body, _| wrap(6, &wrap(1, &wrap(2, &body))));
    for depth in 0..60 {
        assert_eq!(
            passes(&in_span_attribute(&nested(depth))),
            depth <= 31,
            "{depth} lists"
        );
    }
}

/// An unknown field in the deepest message counts as one level more, as with `prost`.
#[test]
fn unknown_fields_count_at_the_limit() {
    let nested = |depth: usize| (0..depth).fold(vec![0x78, 1], |body, _| wrap(5, &wrap(1, &body)));
    for depth in 40..50 {
        passes(&in_span_attribute(&nested(depth)));
    }
    let lists = |depth: usize| (0..depth).fold(wrap(5, &[0x78, 1]), |body, _| wrap(5, &wrap(1, &body)));
    for depth in 40..50 {
        passes(&in_span_attribute(&lists(depth)));
    }
}

/// Groups nest to the limit at every level of a request, and a bomb of them is refused.
#[test]
fn groups_nest_to_the_limit() {
    let bomb = |depth: usize| {
        let mut out = Vec::new();
        (0..depth).for_each(|_| put_key(&mut out, 20, 3));
        (0..depth).for_each(|_| put_key(&mut out, 20, 4));
        out
    };
    for depth in 90..=103 {
        assert_eq!(
            passes(&bomb(depth)),
            depth <= 100,
            "{depth} groups in the request"
        );
        assert_eq!(
            passes(&wrap(1, &bomb(depth))),
            depth <= 99,
            "{depth} groups in ResourceSpans"
        );
        assert_eq!(
            passes(&in_span_attribute(&bomb(depth))),
            depth <= 95,
            "{depth} groups in AnyValue"
        );
    }
    assert!(!passes(&bomb(100_000)));
    assert!(!passes(&[0xa3, 0x01].repeat(100_000)));
}

/// A group must be closed, by its own number, and nothing closes what was not opened.
#[test]
fn groups_end_as_they_began() {
    let cases: [&[u8]; 5] = [
        &[0x13, 0x14],
        &[0x13, 0x1c],
        &[0x13],
        &[0x14],
        &[0x13, 0x08, 0x01, 0x1b, 0x1c, 0x14],
    ];
    let verdicts = cases.map(passes);
    assert_eq!(verdicts, [true, false, false, false, true]);
}

/// Varints of up to ten bytes pass when they fit 64 bits; keys when they fit 32.
#[test]
fn varints_and_keys_at_their_limits() {
    let int = |tail: &[u8]| in_span_attribute(&[&[0x18], tail].concat());
    let nines = |last: u8| [&[0xff; 9][..], &[last]].concat();
    assert!(passes(&int(&nines(1))));
    assert!(!passes(&int(&nines(2))));
    assert!(!passes(&int(&[0x80; 11])));
    assert!(passes(&int(&[0x80, 0x80, 0])));
    let keyed = |key: u64| {
        let mut out = Vec::new();
        put_varint(&mut out, key);
        [out, vec![0]].concat()
    };
    for key in 0..=300 {
        passes(&keyed(key));
        passes(&wrap(1, &wrap(2, &wrap(2, &keyed(key)))));
    }
    assert!(passes(&keyed(u64::from(u32::MAX) - 7)));
    assert!(!passes(&keyed(u64::from(u32::MAX) + 1)));
    assert!(
        passes(&[0x8a, 0x80, 0x00, 0x00]),
        "an overlong key of a known field"
    );
}

/// An error names the way to the fault, the fault, and the byte.
#[test]
fn errors_name_the_place() {
    let span = [&wrap(1, &[7; 16])[..], &wrap(2, &[7; 8]), &wrap(5, b"ok\xff")].concat();
    let good = [&wrap(1, &[7; 16])[..], &wrap(2, &[7; 8])].concat();
    let scope = [wrap(2, &good), wrap(2, &span)].concat();
    let request = [wrap(1, b""), wrap(1, &wrap(2, &scope))].concat();
    let error = Traces::check(request.into()).unwrap_err();
    assert_eq!(
        error.0,
        "malformed OTLP: resource_spans[1].scope_spans[0].spans[1].name at byte 66: \
         the string is not UTF-8"
    );
}

/// The reason for a rejected span names its place, its name and the length that was found.
#[test]
fn rejections_name_the_span() {
    let span = [&wrap(1, &[7; 15])[..], &wrap(2, &[7; 8]), &wrap(5, b"GET /")].concat();
    let fine = [&wrap(1, &[0; 16])[..], &wrap(2, &[0; 8])].concat();
    let request = wrap(1, &wrap(2, &[wrap(2, &fine), wrap(2, &span)].concat()));
    let checked = Traces::check(request.into()).unwrap();
    assert_eq!((checked.rejected, checked.traces.spans()), (1, 1));
    assert_eq!(
        checked.reason,
        "resource_spans[0].scope_spans[0].spans[1] \"GET /\": the trace id has 15 bytes, not 16"
    );
    assert_eq!(checked.traces.bytes(), &wrap(1, &wrap(2, &wrap(2, &fine))));
}

/// A byte that is not UTF-8 is found wherever it stands in a string of any length, and ASCII is never refused.
#[test]
fn no_byte_of_a_string_goes_unseen() {
    let name = |text: &[u8]| wrap(1, &wrap(2, &wrap(2, &wrap(5, text))));
    let key = |text: &[u8]| {
        wrap(
            1,
            &wrap(2, &wrap(2, &wrap(9, &[wrap(1, text), wrap(2, b"")].concat()))),
        )
    };
    let value = |text: &[u8]| {
        let pair = [wrap(1, b"k"), wrap(2, &wrap(1, text))].concat();
        wrap(1, &wrap(2, &wrap(2, &wrap(9, &pair))))
    };
    for len in 0..150 {
        let text = vec![b'a'; len];
        assert!(
            passes(&name(&text)) && passes(&key(&text)) && passes(&value(&text)),
            "{len} letters"
        );
        for at in 0..len {
            let mut text = text.clone();
            text[at] = 0x80;
            let verdicts =
                [name(&text), key(&text), value(&text)].map(|request| Traces::check(request.into()).is_ok());
            assert_eq!(verdicts, [false; 3], "byte {at} of {len}");
        }
    }
}
