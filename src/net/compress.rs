//! Compresses request bodies. Promise: a body of many parts becomes one buffer without being concatenated
//! first, and a body that takes long is compressed off the threads that serve connections.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::ZlibEncoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gzip;

/// Above this many bytes (about a millisecond of gzip) a body is compressed on a blocking thread.
const LONG: usize = 256 * 1024;

/// gzip and zlib unless a level is written: trace data gains little from more and pays much for it.
const DEFLATE_LEVEL: i32 = 1;

/// zstd unless a level is written, for the same reason.
const ZSTD_LEVEL: i32 = 1;

/// The name of a compression, as in the YAML and in `Content-Encoding` or `grpc-encoding`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As it is.
    #[serde(alias = "")]
    None,
    /// gzip.
    #[default]
    Gzip,
    /// The zlib format.
    Zlib,
    /// The zlib format under the name that HTTP gave it.
    Deflate,
    /// Zstandard.
    Zstd,
    /// Not available here.
    Snappy,
    /// Not available here.
    #[serde(rename = "x-snappy-framed")]
    XSnappyFramed,
    /// Not available here.
    Lz4,
}

/// How hard to compress.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionParams {
    /// The codec's level: gzip, zlib and deflate 1 to 9 (-1 is zlib's own default), zstd 1 to 22. Unset or 0 is
    /// 1, the fastest, as more costs CPU and saves little on traces.
    pub level: i32,
}

/// A codec that is ready to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressor {
    codec: Codec,
    name: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Identity,
    Gzip(flate2::Compression),
    Zlib(flate2::Compression),
    Zstd(i32),
}

// === impl Compressor ===

impl Compressor {
    /// The codec for these settings, or what is wrong with them (the key is `compression`, or below
    /// `compression_params` where the message begins with `level`).
    pub fn new(compression: Compression, params: &CompressionParams) -> Result<Self, String> {
        let (codec, name) = match compression {
            Compression::None => (Codec::Identity, "identity"),
            Compression::Gzip => (Codec::Gzip(deflate_level(params.level)?), "gzip"),
            Compression::Zlib => (Codec::Zlib(deflate_level(params.level)?), "zlib"),
            Compression::Deflate => (Codec::Zlib(deflate_level(params.level)?), "deflate"),
            Compression::Zstd => (Codec::Zstd(zstd_level(params.level)?), "zstd"),
            Compression::Snappy => return Err(unavailable("snappy")),
            Compression::XSnappyFramed => return Err(unavailable("x-snappy-framed")),
            Compression::Lz4 => return Err(unavailable("lz4")),
        };
        Ok(Self { codec, name })
    }

    /// The codec that leaves bodies as they are.
    pub fn identity() -> Self {
        Self {
            codec: Codec::Identity,
            name: "identity",
        }
    }

    /// The name for the header; none when bodies stay as they are.
    pub fn name(&self) -> Option<&'static str> {
        (self.codec != Codec::Identity).then_some(self.name)
    }

    /// The compressed body: one part, or the parts themselves when there is nothing to do.
    pub async fn compress(self, parts: Vec<Bytes>) -> io::Result<Vec<Bytes>> {
        if self.codec == Codec::Identity {
            return Ok(parts);
        }
        let body = if length(&parts) > LONG {
            tokio::task::spawn_blocking(move || self.run(&parts))
                .await
                .map_err(io::Error::other)??
        } else {
            self.run(&parts)?
        };
        Ok(vec![body])
    }

    fn run(self, parts: &[Bytes]) -> io::Result<Bytes> {
        // Span data shrinks five- to tenfold; the buffer grows by doubling and never past the codec's worst
        // case, which is the input and some bytes a block.
        let guess = length(parts) / 4 + 256;
        let room = || Vec::with_capacity(guess);
        let out = match self.codec {
            Codec::Identity => feed(room(), parts)?,
            Codec::Gzip(level) => gzip::compress(level, parts, guess)?,
            Codec::Zlib(level) => feed(ZlibEncoder::new(room(), level), parts)?.finish()?,
            Codec::Zstd(level) => feed(zstd::stream::write::Encoder::new(room(), level)?, parts)?.finish()?,
        };
        Ok(Bytes::from(out))
    }
}

fn feed<W: Write>(mut encoder: W, parts: &[Bytes]) -> io::Result<W> {
    for part in parts {
        encoder.write_all(part)?;
    }
    Ok(encoder)
}

fn length(parts: &[Bytes]) -> usize {
    parts.iter().map(Bytes::len).sum()
}

fn deflate_level(level: i32) -> Result<flate2::Compression, String> {
    let level = match level {
        0 => DEFLATE_LEVEL,
        -1 => 6,
        level => level,
    };
    match u32::try_from(level) {
        Ok(level @ 1..=9) => Ok(flate2::Compression::new(level)),
        _ => Err(format!(
            "level {level} is not one of gzip's and zlib's, which are 1 to 9"
        )),
    }
}

fn zstd_level(level: i32) -> Result<i32, String> {
    match level {
        0 => Ok(ZSTD_LEVEL),
        1..=22 => Ok(level),
        _ => Err(format!("level {level} is not one of zstd's, which are 1 to 22")),
    }
}

fn unavailable(name: &str) -> String {
    format!("`{name}` is not available in this version; use gzip, zstd or none")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    fn compressor(compression: Compression) -> Compressor {
        Compressor::new(compression, &CompressionParams::default()).unwrap()
    }

    proptest! {
        /// Whatever the parts and the codec, a foreign decoder gets their concatenation.
        #[test]
        fn decodes_to_the_concatenation(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..12)) {
            let parts: Vec<Bytes> = parts.into_iter().map(Bytes::from).collect();
            let whole = parts.concat();
            let mut out = Vec::new();
            let gzip = compressor(Compression::Gzip).run(&parts).unwrap();
            flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut out).unwrap();
            prop_assert_eq!(&out, &whole);
            out.clear();
            let zlib = compressor(Compression::Deflate).run(&parts).unwrap();
            flate2::read::ZlibDecoder::new(&zlib[..]).read_to_end(&mut out).unwrap();
            prop_assert_eq!(&out, &whole);
            let zstd = compressor(Compression::Zstd).run(&parts).unwrap();
            prop_assert_eq!(zstd::stream::decode_all(&zstd[..]).unwrap(), whole);
        }
    }

    /// A body that is compressed on a blocking thread is the same body.
    #[tokio::test]
    async fn long_bodies_too() {
        // Noise, so that the output has to grow.
        let noise: Vec<u8> = (0..LONG as u64)
            .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8)
            .collect();
        let parts = vec![Bytes::from(noise), Bytes::from_static(b"tail")];
        let packed = compressor(Compression::Gzip)
            .compress(parts.clone())
            .await
            .unwrap();
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(&packed[0][..])
            .read_to_end(&mut out)
            .unwrap();
        assert_eq!(packed.len(), 1);
        assert_eq!(out, parts.concat());
    }

    /// Levels and codecs that we do not have are named in the error.
    #[test]
    fn wrong_settings_are_named() {
        let level = |level| CompressionParams { level };
        let wrong = Compressor::new(Compression::Gzip, &level(12)).unwrap_err();
        assert!(wrong.contains("level 12"), "{wrong}");
        let wrong = Compressor::new(Compression::Zstd, &level(23)).unwrap_err();
        assert!(wrong.contains("level 23"), "{wrong}");
        let wrong = Compressor::new(Compression::Snappy, &level(0)).unwrap_err();
        assert!(wrong.contains("`snappy`"), "{wrong}");
    }
}
