use std::io::{Read, Write};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;

const LIMIT: usize = 16 * 1024 * 1024;

fn unpack(packed: &[u8], capacity: usize) -> Result<Vec<u8>, Fill> {
    let budget = Budget::new(4 * LIMIT);
    let mut out = PaidBuffer::new(&budget, capacity, LIMIT).unwrap();
    inflate(Wrapper::Gzip, packed, &mut out, &budget)?;
    Ok(out.as_slice().to_vec())
}

fn gzip(data: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A member whose header has every field that there is.
fn decorated(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new()
        .extra(b"extra".as_slice())
        .filename("name")
        .comment("comment")
        .write(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    let plain = encoder.finish().unwrap();
    // The checksum of the header, which no encoder here writes.
    let (mut header, body) = (plain[..10].to_vec(), &plain[10..]);
    header[3] |= HEADER_SUM;
    let texts = 2 + 5 + "name\0comment\0".len();
    header.extend_from_slice(&body[..texts]);
    let mut crc = Crc::new();
    crc.update(&header);
    header.extend_from_slice(&(crc.sum() as u16).to_le_bytes());
    [&header, &body[texts..]].concat()
}

proptest! {
    /// Whatever the members, their levels and the room there is at first: the result is their concatenation.
    #[test]
    fn gives_what_a_foreign_decoder_gives(
        members in prop::collection::vec((prop::collection::vec(0u8..8, 0..3000), 0u32..10), 1..5),
        capacity in 0usize..10_000,
    ) {
        let packed: Vec<u8> = members.iter().flat_map(|(data, level)| gzip(data, *level)).collect();
        let whole: Vec<u8> = members.into_iter().flat_map(|(data, _)| data).collect();
        prop_assert!(unpack(&packed, capacity).unwrap() == whole);
    }

    /// Whatever is altered: an error, or what a foreign decoder gives.
    #[test]
    fn altered_bytes_are_judged_as_elsewhere(
        data in prop::collection::vec(0u8..8, 0..300), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut packed = gzip(&data, 6);
        for (at, byte) in changes {
            let at = at.index(packed.len());
            packed[at] = byte;
        }
        let mut expected = Vec::new();
        let foreign = MultiGzDecoder::new(&packed[..]).read_to_end(&mut expected);
        match unpack(&packed, 64) {
            Ok(out) => prop_assert!(foreign.is_ok() && out == expected),
            // Ours also judges the flags that are reserved.
            Err(_) => prop_assert!(foreign.is_err() || packed[3] & RESERVED != 0),
        }
    }
}

/// Optional fields of the header are passed over, and its checksum is checked.
#[test]
fn headers_with_every_field() {
    let mut packed = decorated(b"contents");
    assert_eq!(unpack(&packed, 0).unwrap(), b"contents");
    for cut in 0..packed.len() {
        assert!(unpack(&packed[..cut], 100).is_err(), "{cut}");
    }
    packed[20] ^= 1;
    let error = unpack(&packed, 0).unwrap_err();
    assert!(error.to_string().contains("gzip header"), "{error}");
}

/// A wrong checksum, a wrong length, and bytes that follow the last member are errors.
#[test]
fn trailers_are_checked() {
    let good = gzip(b"contents", 1);
    let end = good.len();
    for (at, says) in [(end - 8, "checksum"), (end - 4, "length")] {
        let mut packed = good.clone();
        packed[at] ^= 1;
        let error = unpack(&packed, 100).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(unpack(&[&good, &b"more"[..]].concat(), 100).is_err());
    assert!(unpack(&[&good, &[0; 20][..]].concat(), 100).is_err());
}

/// A thread's decoder is as good as new after a failure, and after another wrapper.
#[test]
fn nothing_is_left_of_earlier_streams() {
    let data = vec![b'x'; 100_000];
    let good = gzip(&data, 6);
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(&data).unwrap();
    let zlib = zlib.finish().unwrap();
    let budget = Budget::new(LIMIT);
    for cut in [0, 12, 50, good.len() - 1, good.len()] {
        assert_eq!(unpack(&good[..cut], 0).is_ok(), cut == good.len());
        let mut out = PaidBuffer::new(&budget, 0, LIMIT).unwrap();
        inflate(Wrapper::Zlib, &zlib, &mut out, &budget).unwrap();
        assert_eq!(out.as_slice(), data);
    }
}

/// Without room for the decoder's state nothing is unpacked.
#[test]
fn the_state_is_paid_for() {
    let budget = Budget::new(STATE + 10);
    let mut out = PaidBuffer::new(&budget, 11, LIMIT).unwrap();
    let refused = inflate(Wrapper::Gzip, &gzip(b"contents", 1), &mut out, &budget);
    assert!(
        matches!(refused, Err(Fill::Full(Full::OverBudget(_)))),
        "{refused:?}"
    );
    drop(out);
    let mut out = PaidBuffer::new(&budget, 10, LIMIT).unwrap();
    inflate(Wrapper::Gzip, &gzip(b"contents", 1), &mut out, &budget).unwrap();
    assert_eq!(budget.used(), 10);
}
