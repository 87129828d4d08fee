//! Converters that hash, encode and number.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::call::Given;
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::parsers::{
    self, Encoding, Endpoint, Network, base64_encode, community_id, community_seed, is_in_cidr,
};
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Parameter, Takes, converter, optional, required};

const TARGET: &[Parameter] = &[required("target", Takes::Value(Accepts::Text))];
const BYTES: &[Parameter] = &[required("target", Takes::Value(Accepts::BytesLike))];

pub(super) const FUNCTIONS: &[Function] = &[
    converter("MD5", TARGET, |given, _| {
        Ok(Value::text(parsers::md5(given.text(0))))
    }),
    converter("SHA1", TARGET, |given, _| {
        Ok(Value::text(parsers::sha1(given.text(0))))
    }),
    converter("SHA256", TARGET, |given, _| {
        Ok(Value::text(parsers::sha256(given.text(0))))
    }),
    converter("SHA512", TARGET, |given, _| {
        Ok(Value::text(parsers::sha512(given.text(0))))
    }),
    converter("FNV", TARGET, |given, _| {
        Ok(Value::Int(parsers::fnv(given.text(0))))
    }),
    converter("Murmur3Hash", TARGET, |given, _| {
        Ok(Value::text(parsers::murmur3(given.text(0))))
    }),
    converter("Murmur3Hash128", TARGET, |given, _| {
        Ok(Value::text(parsers::murmur3_128(given.text(0))))
    }),
    converter("XXH3", TARGET, |given, _| {
        Ok(Value::text(parsers::xxh3(given.text(0))))
    }),
    converter("XXH128", TARGET, |given, _| {
        Ok(Value::text(parsers::xxh128(given.text(0))))
    }),
    converter(
        "Base64Encode",
        &[
            required("target", Takes::Value(Accepts::Text)),
            optional("variant", Takes::Value(Accepts::Text)),
        ],
        |given, _| {
            let variant = given.has(1).then(|| given.text(1));
            Ok(Value::text(base64_encode(given.text(0), variant)?))
        },
    ),
    converter(
        "Decode",
        &[
            required("target", Takes::Value(Accepts::Any)),
            required("encoding", Takes::Value(Accepts::Text)),
        ],
        decode,
    )
    .prepared(|literals| match literals.text(1) {
        Some(name) => Ok(Some(Box::new(Encoding::named(name)?))),
        None => Ok(None),
    }),
    converter("TraceID", BYTES, |given, _| {
        Ok(Value::TraceId(parsers::trace_id(bytes(given.value(0)))?))
    })
    .prepared(|literals| match literals.value(0) {
        Some(value) => parsers::trace_id(bytes(value)).map(|_| None),
        None => Ok(None),
    }),
    converter("SpanID", BYTES, |given, _| {
        Ok(Value::SpanId(parsers::span_id(bytes(given.value(0)))?))
    })
    .prepared(|literals| match literals.value(0) {
        Some(value) => parsers::span_id(bytes(value)).map(|_| None),
        None => Ok(None),
    }),
    converter("UUID", &[], |_, _| {
        Ok(Value::text(parsers::uuid_v4(rand::random())))
    })
    .varying(),
    converter("UUIDv7", &[], |_, _| {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Value::text(parsers::uuid_v7(since_1970, rand::random())))
    })
    .varying(),
    converter(
        "CommunityID",
        &[
            required("source_ip", Takes::Value(Accepts::Text)),
            required("source_port", Takes::Value(Accepts::Int)),
            required("destination_ip", Takes::Value(Accepts::Text)),
            required("destination_port", Takes::Value(Accepts::Int)),
            optional("protocol", Takes::Value(Accepts::Text)),
            optional("seed", Takes::Value(Accepts::Int)),
        ],
        flow,
    ),
    converter(
        "IsInCIDR",
        &[
            required("target", Takes::Value(Accepts::Text)),
            required("networks", Takes::Values(Accepts::Text)),
        ],
        is_in,
    )
    .prepared(|literals| match literals.texts(1) {
        Some(texts) => {
            let networks: Vec<Network> = texts.into_iter().map(Network::parse).collect::<Result<_, _>>()?;
            Ok(Some(Box::new(networks)))
        }
        None => Ok(None),
    }),
    converter(
        "IsValidLuhn",
        &[required("target", Takes::Value(Accepts::TextLike))],
        |given, _| match given.value(0) {
            Value::Text(text) => Ok(Value::Bool(parsers::is_valid_luhn(text)?)),
            _ => Err(Error::new("expected digits but got nil")),
        },
    ),
];

fn bytes<'b>(value: &'b Value<'_>) -> &'b [u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        _ => &[],
    }
}

fn decode<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let encoding = match given.known::<Encoding>() {
        Some(encoding) => *encoding,
        None => Encoding::named(given.text(1))?,
    };
    let decoded = match given.value(0) {
        Value::Text(text) => encoding.decode(text.as_bytes())?,
        Value::Bytes(bytes) => encoding.decode(bytes)?,
        other => {
            return Err(Error::new(format!(
                "expected a string or bytes but got {}",
                other.kind()
            )));
        }
    };
    // A text that is none would not pass those who receive it.
    Ok(Value::text(match String::from_utf8(decoded) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }))
}

fn flow<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let source = Endpoint::new("source", given.text(0), given.int(1))?;
    let destination = Endpoint::new("destination", given.text(2), given.int(3))?;
    let protocol = match given.has(4) {
        true => parsers::protocol(given.text(4))?,
        false => parsers::protocol("TCP")?,
    };
    let seed = community_seed(given.int(5))?;
    Ok(Value::text(community_id(source, destination, protocol, seed)))
}

fn is_in<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    if let Some(networks) = given.known::<Vec<Network>>() {
        let networks = networks.iter().map(|network| Ok(*network));
        return Ok(Value::Bool(is_in_cidr(given.text(0), networks)?));
    }
    let networks = given.values(1);
    let networks = networks.iter().map(|network| match network {
        Value::Text(text) => Network::parse(text),
        other => Err(format!("expected a network but got {}", other.kind())),
    });
    Ok(Value::Bool(is_in_cidr(given.text(0), networks)?))
}
