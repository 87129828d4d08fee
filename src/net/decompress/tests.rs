use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

const LIMIT: usize = 64 * 1024 * 1024;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

/// As a streaming encoder writes it: with a window, without the size of the content.
fn zstd_streamed(data: &[u8], window_log: u32) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(window_log).unwrap();
    for piece in data.chunks(1000) {
        encoder.write_all(piece).unwrap();
        encoder.flush().unwrap();
    }
    encoder.finish().unwrap()
}

fn snappy(data: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(data).unwrap()
}

fn snappy_framed(data: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(data).unwrap();
    encoder.into_inner().unwrap()
}

/// Text that compresses about as well as spans do.
fn text(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|line| format!("http.method GET {} {}\n", line, line * 7919 % 1009).into_bytes())
        .collect()
}

fn unpack(encoding: Encoding, packed: &[u8]) -> Result<Vec<u8>, Error> {
    let budget = Budget::new(4 * LIMIT);
    let out = decompress(encoding, packed, LIMIT, &budget).map(|out| out.as_slice().to_vec());
    assert_eq!(budget.used(), 0);
    out
}

/// Every encoding gives back what went in, from nothing to megabytes.
#[test]
fn every_encoding_gives_back_what_went_in() {
    assert_eq!(
        unpack(Encoding::Snappy, &snappy_framed(&text(1000))).unwrap(),
        text(1000)
    );
    for lines in [0, 1, 10, 1000, 100_000] {
        let data = text(lines);
        assert_eq!(unpack(Encoding::Identity, &data).unwrap(), data);
        assert_eq!(unpack(Encoding::Gzip, &gzip(&data)).unwrap(), data);
        assert_eq!(unpack(Encoding::Deflate, &zlib(&data)).unwrap(), data);
        assert_eq!(unpack(Encoding::Deflate, &deflate(&data)).unwrap(), data);
        assert_eq!(unpack(Encoding::Zstd, &zstd(&data)).unwrap(), data);
        assert_eq!(unpack(Encoding::Snappy, &snappy(&data)).unwrap(), data);
        assert_eq!(unpack(Encoding::Zstd, &zstd_streamed(&data, 17)).unwrap(), data);
    }
}

/// Concatenated gzip members and zstd frames are one body.
#[test]
fn several_members_are_one_body() {
    let (one, two) = (text(10), text(5000));
    let both = [one.clone(), two.clone()].concat();
    assert_eq!(
        unpack(Encoding::Gzip, &[gzip(&one), gzip(&two)].concat()).unwrap(),
        both
    );
    assert_eq!(
        unpack(Encoding::Gzip, &[gzip(&one), gzip(b""), gzip(&two)].concat()).unwrap(),
        both
    );
    assert_eq!(
        unpack(Encoding::Zstd, &[zstd(&one), zstd(&two)].concat()).unwrap(),
        both
    );
}

/// A truncated or altered body is an error that names the encoding, never a shorter body.
#[test]
fn a_damaged_body_is_an_error() {
    let data = text(100);
    for (encoding, packed) in [
        (Encoding::Gzip, gzip(&data)),
        (Encoding::Deflate, zlib(&data)),
        (Encoding::Zstd, zstd(&data)),
        (Encoding::Snappy, snappy(&data)),
    ] {
        for cut in 1..packed.len() {
            let error = unpack(encoding, &packed[..cut]).unwrap_err();
            assert!(error.to_string().contains(encoding.name()), "{error}");
        }
        let mut altered = packed.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 0xff;
        assert!(unpack(encoding, &altered).is_err() || unpack(encoding, &altered).unwrap() != data);
        assert!(unpack(encoding, b"this was never compressed").is_err());
    }
}

/// A body that expands beyond the limit is stopped there, and nothing stays reserved.
#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let zeros = vec![0u8; 8 * 1024 * 1024];
    let budget = Budget::new(64 * 1024 * 1024);
    for (encoding, packed) in [
        (Encoding::Gzip, gzip(&zeros)),
        (Encoding::Gzip, [gzip(&zeros[..100]), gzip(&zeros)].concat()),
        (Encoding::Deflate, zlib(&zeros)),
        (Encoding::Zstd, zstd(&zeros)),
        (Encoding::Zstd, zstd_streamed(&zeros, 20)),
        (Encoding::Snappy, snappy(&zeros)),
        (Encoding::Snappy, snappy_framed(&zeros)),
    ] {
        assert!(packed.len() < zeros.len() / 20);
        let limit = 1024 * 1024;
        let stopped = decompress(encoding, &packed, limit, &budget)
            .map(drop)
            .unwrap_err();
        assert!(matches!(stopped, Error::Full(Full::TooLarge { .. })), "{stopped}");
        assert_eq!(budget.used(), 0);
    }
}

/// A body that expands beyond the budget is stopped at its edge, and nothing stays reserved.
#[test]
fn a_bomb_is_stopped_at_the_budget() {
    let zeros = vec![0u8; 8 * 1024 * 1024];
    let budget = Budget::new(1024 * 1024);
    for (encoding, packed) in [
        (Encoding::Gzip, gzip(&zeros)),
        (Encoding::Deflate, zlib(&zeros)),
        (Encoding::Zstd, zstd(&zeros)),
        (Encoding::Zstd, zstd_streamed(&zeros, 17)),
        (Encoding::Snappy, snappy(&zeros)),
        (Encoding::Snappy, snappy_framed(&zeros)),
    ] {
        let stopped = decompress(encoding, &packed, LIMIT, &budget)
            .map(drop)
            .unwrap_err();
        assert!(matches!(stopped, Error::Full(Full::OverBudget(_))), "{stopped}");
        assert_eq!(budget.used(), 0);
    }
}

/// The claim at the end of a gzip body only ever saves a copy: a lie changes neither result nor cost by much.
#[test]
fn a_lying_size_is_not_believed() {
    let mut packed = gzip(&text(10));
    let claim = packed.len() - 4;
    packed[claim..].copy_from_slice(&u32::MAX.to_le_bytes());
    let budget = Budget::new(100_000);
    let error = decompress(Encoding::Gzip, &packed, LIMIT, &budget)
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
}

/// A block of snappy that claims more than it can become is refused before anything is reserved for it.
#[test]
fn a_lying_snappy_block_is_refused() {
    // 32 MiB as a varint, then nothing.
    let error = unpack(Encoding::Snappy, &[0x80, 0x80, 0x80, 0x10]).unwrap_err();
    assert!(error.to_string().contains("cannot become 33554432"), "{error}");
}

/// The window that a zstd frame asks for is read from its header, and one that is too large is refused.
#[test]
fn the_window_of_zstd_is_paid_for_and_bounded() {
    assert_eq!(zstd_window_log(&zstd_streamed(&text(10_000), 21)), 21);
    let data = text(100);
    let exact = zstd::bulk::compress(&data, 3).unwrap();
    assert_eq!(1usize << zstd_window_log(&exact), data.len().next_power_of_two());

    let budget = Budget::new(1024 * 1024);
    let packed = zstd_streamed(&text(10_000), 21);
    let stopped = decompress(Encoding::Zstd, &packed, LIMIT, &budget)
        .map(drop)
        .unwrap_err();
    assert!(matches!(stopped, Error::Full(Full::OverBudget(_))), "{stopped}");

    let huge = zstd_streamed(&text(10_000), ZSTD_WINDOW_LOG + 1);
    assert!(matches!(
        unpack(Encoding::Zstd, &huge),
        Err(Error::Corrupt { .. })
    ));
}

/// Names are taken in any case, and what is not known is said to be so.
#[test]
fn names_of_encodings() {
    for (name, encoding) in [
        ("", Encoding::Identity),
        ("identity", Encoding::Identity),
        ("GZIP", Encoding::Gzip),
        ("zstd", Encoding::Zstd),
        ("Deflate", Encoding::Deflate),
        ("zlib", Encoding::Deflate),
    ] {
        assert_eq!(Encoding::from_name(name.as_bytes()), Some(encoding));
    }
    assert_eq!(Encoding::from_name(b"br"), None);
}
