//! What converters yield. What a text, number or time alone decides is asked of the same functions that we use.

use jiff::tz::TimeZone;

use super::super::call::MAX_TEXT;
use super::super::go::duration::parse_duration;
use super::super::go::format::sprintf;
use super::super::go::json::parse_json;
use super::super::go::time::{TimeFormat, TimeParser, local};
use super::super::go::{case, number, sort};
use super::super::parsers;
use super::super::syntax::{Call, Kind};
use super::super::value::{Time, Value};
use super::arguments::{Arguments, like_bool, like_bytes, like_float, like_int, like_text};
use super::compared::compared;
use super::texts::to_hex;
use super::world::{V, World};
use super::{Fail, Yields};
use crate::config::pattern::Pattern;
use crate::ottl::syntax::Comparison;
use crate::wire::Value as Stored;

impl World<'_> {
    /// What a converter yields, and of that what the keys find.
    pub fn call(&self, call: &Call) -> Yields<V> {
        let arguments = self.arguments(call);
        let value = match self.of_values(&call.name, &arguments)? {
            Some(value) => value,
            None => match of_texts(&call.name, &arguments)? {
                Some(value) => value,
                None => of_times(&call.name, &arguments)?,
            },
        };
        match value {
            Value::Text(text) if text.len() > MAX_TEXT => Err(Fail),
            value => self.indexed(value, &call.keys),
        }
    }

    fn of_values(&self, name: &str, given: &Arguments<'_, '_>) -> Yields<Option<V>> {
        Ok(Some(match name {
            "IsRootSpan" => {
                let span = self.span.as_deref().ok_or(Fail)?;
                Value::Bool(span.parent_span_id.iter().all(|byte| *byte == 0))
            }
            "Coalesce" => {
                for item in given.items(0)? {
                    match self.value(item)? {
                        Value::Nil => {}
                        value => return Ok(Some(value)),
                    }
                }
                Value::Nil
            }
            "Concat" => {
                let delimiter = given.text(1)?;
                let texts: Vec<String> = match &given.expression(0)?.kind {
                    Kind::List(items) => {
                        let texts = items
                            .iter()
                            .map(|item| Ok(like_text(self.value(item)?)?.unwrap_or("<nil>".into())));
                        texts.collect::<Yields<_>>()?
                    }
                    _ => match given.any(0)? {
                        Value::Nil => Vec::new(),
                        Value::List(items) => items
                            .iter()
                            .map(|item| item.encoded().view().text().into_owned())
                            .collect(),
                        Value::Bytes(bytes) => bytes.iter().map(u8::to_string).collect(),
                        _ => return Err(Fail),
                    },
                };
                text(texts.join(&delimiter))
            }
            "Format" => {
                let values = given
                    .items(1)?
                    .iter()
                    .map(|item| self.value(item))
                    .collect::<Yields<Vec<V>>>()?;
                text(sprintf(&given.text(0)?, &values)?)
            }
            "Keys" => Value::List(
                given
                    .map(0)?
                    .into_iter()
                    .map(|(key, _)| Stored::String(key))
                    .collect(),
            ),
            "Values" => Value::List(given.map(0)?.into_iter().map(|(_, value)| value).collect()),
            "Len" => Value::Int(match given.any(0)? {
                Value::Text(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                Value::List(items) => items.len(),
                Value::Map(pairs) => pairs.len(),
                Value::Events(list) | Value::Links(list) => list.len(),
                // To the Collector an id is an array of bytes, which has no length that it knows.
                _ => return Err(Fail),
            } as i64),
            "Index" => match (given.any(0)?, given.any(1)?) {
                (Value::Text(text), Value::Text(part)) => place(text.find(part.as_ref())),
                (Value::List(items), wanted) => {
                    place(items.into_iter().position(|item| equal(item, &wanted)))
                }
                _ => return Err(Fail),
            },
            "ContainsValue" => {
                let (items, wanted) = (given.list(0)?, given.any(1)?);
                Value::Bool(items.into_iter().any(|item| equal(item, &wanted)))
            }
            "Sort" => {
                let is_descending = given.some_text(1)?.as_deref() == Some("desc");
                Value::List(sort::sort(given.list(0)?, is_descending))
            }
            "SliceToMap" => {
                let (keys, values) = (given.some_texts(1)?, given.some_texts(2)?);
                Value::Map(parsers::slice_to_map(
                    given.list(0)?,
                    keys.as_deref(),
                    values.as_deref(),
                )?)
            }
            "IsString" => Value::Bool(matches!(given.any(0)?, Value::Text(_))),
            "IsInt" => Value::Bool(matches!(given.any(0)?, Value::Int(_))),
            "IsDouble" => Value::Bool(matches!(given.any(0)?, Value::Float(_))),
            "IsBool" => Value::Bool(matches!(given.any(0)?, Value::Bool(_))),
            "IsMap" => Value::Bool(matches!(given.any(0)?, Value::Map(_))),
            "IsList" => Value::Bool(matches!(
                given.any(0)?,
                Value::List(_) | Value::Events(_) | Value::Links(_)
            )),
            "IsEmpty" => Value::Bool(match given.any(0)? {
                Value::Nil => true,
                Value::Bool(value) => !value,
                Value::Int(number) | Value::Duration(number) => number == 0,
                Value::Float(number) => number == 0.0,
                Value::Text(text) => text.is_empty(),
                Value::Bytes(bytes) => bytes.is_empty(),
                Value::List(items) => items.is_empty(),
                Value::Map(pairs) => pairs.is_empty(),
                Value::TraceId(id) => id == [0; 16],
                Value::SpanId(id) => id == [0; 8],
                _ => false,
            }),
            "String" => like_text(given.any(0)?)?.map_or(Value::Nil, text),
            "Int" => like_int(&given.any(0)?)?.map_or(Value::Nil, Value::Int),
            "Double" => like_float(&given.any(0)?)?.map_or(Value::Nil, Value::Float),
            "Bool" => like_bool(&given.any(0)?)?.map_or(Value::Nil, Value::Bool),
            "Hex" => text(like_bytes(given.any(0)?)?.map_or(String::new(), |bytes| to_hex(&bytes))),
            "Log" => match like_float(&given.any(0)?)? {
                // NaN is not below zero.
                Some(number) if number > 0.0 || number.is_nan() => Value::Float(number.ln()),
                _ => return Err(Fail),
            },
            "TraceID" => Value::TraceId(parsers::trace_id(
                &like_bytes(given.any(0)?)?.unwrap_or_default(),
            )?),
            "SpanID" => Value::SpanId(parsers::span_id(&like_bytes(given.any(0)?)?.unwrap_or_default())?),
            "IsMatch" => {
                let pattern = Pattern::new(&given.text(1)?)?;
                Value::Bool(like_text(given.any(0)?)?.is_some_and(|text| pattern.is_match(&text)))
            }
            "IsValidLuhn" => Value::Bool(parsers::is_valid_luhn(&like_text(given.any(0)?)?.ok_or(Fail)?)?),
            "ToKeyValueString" => {
                let (delimiter, pair_delimiter) = (given.some_text(1)?, given.some_text(2)?);
                let delimiters = parsers::Delimiters::new(delimiter.as_deref(), pair_delimiter.as_deref())?;
                let map: Vec<_> = given
                    .map(0)?
                    .into_iter()
                    .map(|(key, value)| (key, value.encoded()))
                    .collect();
                let texts = map
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.view().text().into_owned().into()));
                text(parsers::key_value_text(
                    texts,
                    &delimiters,
                    given.bool_or(3, false)?,
                ))
            }
            "Decode" => {
                let encoding = parsers::Encoding::named(&given.text(1)?)?;
                let decoded = match given.any(0)? {
                    Value::Text(text) => encoding.decode(text.as_bytes())?,
                    Value::Bytes(bytes) => encoding.decode(&bytes)?,
                    _ => return Err(Fail),
                };
                text(String::from_utf8_lossy(&decoded).into_owned())
            }
            _ => return Ok(None),
        }))
    }
}

fn of_texts(name: &str, given: &Arguments<'_, '_>) -> Yields<Option<V>> {
    if let Some(function) = of_one_text(name) {
        return Ok(Some(function(&given.text(0)?)?));
    }
    Ok(Some(match name {
        "Base64Encode" => text(parsers::base64_encode(
            &given.text(0)?,
            given.some_text(1)?.as_deref(),
        )?),
        "ConvertCase" => {
            let function = match given.text(1)?.as_str() {
                "lower" => case::lower,
                "upper" => case::upper,
                "snake" => case::snake,
                "camel" => case::camel,
                _ => return Err(Fail),
            };
            text(function(&given.text(0)?))
        }
        "HasPrefix" => Value::Bool(given.text(0)?.starts_with(&given.text(1)?)),
        "HasSuffix" => Value::Bool(given.text(0)?.ends_with(&given.text(1)?)),
        "Split" => {
            let (whole, delimiter) = (given.text(0)?, given.text(1)?);
            let parts: Vec<String> = match delimiter.as_str() {
                "" => whole.chars().map(String::from).collect(),
                delimiter => whole.split(delimiter).map(String::from).collect(),
            };
            Value::List(parts.into_iter().map(Stored::String).collect())
        }
        "Substring" => {
            let (whole, start, length) = (given.text(0)?, given.int(1)?, given.int(2)?);
            let len = whole.len() as i64;
            if start < 0 || length <= 0 || start > len || length > len - start {
                return Err(Fail);
            }
            let (mut from, mut to) = (start as usize, (start + length) as usize);
            if given.bool_or(3, false)? {
                while !whole.is_char_boundary(from) {
                    from += 1;
                }
                while from < to && !whole.is_char_boundary(to) {
                    to -= 1;
                }
                to = to.max(from);
            }
            text(String::from_utf8_lossy(whole.as_bytes().get(from..to).ok_or(Fail)?).into_owned())
        }
        "Trim" => {
            let set: Vec<char> = given.some_text(1)?.unwrap_or(" ".into()).chars().collect();
            text(given.text(0)?.trim_matches(set.as_slice()))
        }
        "TrimPrefix" => {
            let (whole, prefix) = (given.text(0)?, given.text(1)?);
            text(whole.strip_prefix(&prefix).unwrap_or(&whole))
        }
        "TrimSuffix" => {
            let (whole, suffix) = (given.text(0)?, given.text(1)?);
            text(whole.strip_suffix(&suffix).unwrap_or(&whole))
        }
        "ParseInt" => {
            let base = u32::try_from(given.int(1)?).map_err(|_| Fail)?;
            Value::Int(number::parse_int(&given.text(0)?, base)?)
        }
        "GetXML" => text(parsers::get_xml(
            &given.text(0)?,
            &parsers::XPath::new(&given.text(1)?)?,
        )?),
        "RemoveXML" => text(parsers::remove_xml(
            &given.text(0)?,
            &parsers::XPath::new(&given.text(1)?)?,
        )?),
        "InsertXML" => {
            let path = parsers::XPath::new(&given.text(1)?)?;
            text(parsers::insert_xml(&given.text(0)?, &path, &given.text(2)?)?)
        }
        "ConvertAttributesToElementsXML" => {
            let path = parsers::XPath::new(given.some_text(1)?.as_deref().unwrap_or("//@*"))?;
            text(parsers::convert_attributes_to_elements_xml(
                &given.text(0)?,
                &path,
            )?)
        }
        "ConvertTextToElementsXML" => {
            let path = parsers::XPath::new(given.some_text(1)?.as_deref().unwrap_or("/"))?;
            let name = given.some_text(2)?.unwrap_or("value".into());
            text(parsers::convert_text_to_elements_xml(
                &given.text(0)?,
                &path,
                &name,
            )?)
        }
        "ParseCSV" => {
            let [delimiter, header_delimiter, mode] =
                [given.some_text(2)?, given.some_text(3)?, given.some_text(4)?];
            let csv = parsers::Csv::new(delimiter.as_deref(), header_delimiter.as_deref(), mode.as_deref())?;
            Value::Map(csv.parse(&given.text(0)?, &given.text(1)?)?)
        }
        "ParseKeyValue" => {
            let (delimiter, pair_delimiter) = (given.some_text(1)?, given.some_text(2)?);
            let delimiters = parsers::Delimiters::new(delimiter.as_deref(), pair_delimiter.as_deref())?;
            Value::Map(parsers::parse_key_value(&given.text(0)?, &delimiters)?)
        }
        "ExtractPatterns" => {
            let pattern = Pattern::new(&given.text(1)?)?;
            Value::Map(parsers::extract_patterns(&pattern, &given.text(0)?)?)
        }
        "ExtractGrokPatterns" => {
            let definitions = parsers::Definitions::new(&given.some_texts(3)?.unwrap_or_default())?;
            let grok = parsers::Grok::new(&given.text(1)?, given.bool_or(2, false)?, &definitions)?;
            Value::Map(grok.extract(&given.text(0)?)?)
        }
        "IsInCIDR" => {
            let networks = given.texts(1)?;
            let networks = networks.iter().map(|network| parsers::Network::parse(network));
            Value::Bool(parsers::is_in_cidr(&given.text(0)?, networks)?)
        }
        "CommunityID" => {
            let source = parsers::Endpoint::new("source", &given.text(0)?, given.int(1)?)?;
            let destination = parsers::Endpoint::new("destination", &given.text(2)?, given.int(3)?)?;
            let protocol = parsers::protocol(&given.some_text(4)?.unwrap_or("TCP".into()))?;
            let seed = if given.has(5) { given.int(5)? } else { 0 };
            text(parsers::community_id(
                source,
                destination,
                protocol,
                parsers::community_seed(seed)?,
            ))
        }
        _ => return Ok(None),
    }))
}

/// Converters of a text alone: they may also be the function of an editor that replaces.
pub(super) fn of_one_text(name: &str) -> Option<fn(&str) -> Yields<V>> {
    Some(match name {
        "MD5" => |given| Ok(text(parsers::md5(given))),
        "SHA1" => |given| Ok(text(parsers::sha1(given))),
        "SHA256" => |given| Ok(text(parsers::sha256(given))),
        "SHA512" => |given| Ok(text(parsers::sha512(given))),
        "FNV" => |given| Ok(Value::Int(parsers::fnv(given))),
        "Murmur3Hash" => |given| Ok(text(parsers::murmur3(given))),
        "Murmur3Hash128" => |given| Ok(text(parsers::murmur3_128(given))),
        "XXH3" => |given| Ok(text(parsers::xxh3(given))),
        "XXH128" => |given| Ok(text(parsers::xxh128(given))),
        "ToLowerCase" => |given| Ok(text(case::lower(given))),
        "ToUpperCase" => |given| Ok(text(case::upper(given))),
        "ToSnakeCase" => |given| Ok(text(case::snake(given))),
        "ToCamelCase" => |given| Ok(text(case::camel(given))),
        "ParseJSON" => |given| Ok(Value::owned(parse_json(given)?)),
        "URL" => |given| Ok(Value::Map(parsers::url(given)?)),
        "Duration" => |given| Ok(Value::Duration(parse_duration(given)?)),
        "UserAgent" => |given| Ok(Value::Map(parsers::user_agent(given))),
        "ParseXML" => |given| Ok(Value::Map(parsers::parse_xml(given)?)),
        "ParseSimplifiedXML" => |given| Ok(Value::Map(parsers::parse_simplified_xml(given)?)),
        _ => return None,
    })
}

fn of_times(name: &str, given: &Arguments<'_, '_>) -> Yields<V> {
    const SECOND: i64 = 1_000_000_000;
    Ok(match name {
        "Time" => {
            let [location, locale] = [given.some_text(2)?, given.some_text(3)?];
            let parser = TimeParser::new(&given.text(1)?, location.as_deref(), locale.as_deref(), &local())?;
            let now = Time::from_unix(jiff::Timestamp::now().as_second(), 0, TimeZone::UTC);
            Value::Time(parser.parse(&given.text(0)?, &now)?)
        }
        "FormatTime" => text(TimeFormat::new(&given.text(1)?)?.format(&given.time(0)?)),
        "Unix" => {
            let nanos = if given.has(1) { given.int(1)? } else { 0 };
            Value::Time(Time::from_unix(given.int(0)?, nanos, local()))
        }
        "UnixNano" => Value::Int(given.time(0)?.unix_nanos()),
        "UnixMicro" => Value::Int(parts(&given.time(0)?, 1_000_000)),
        "UnixMilli" => Value::Int(parts(&given.time(0)?, 1_000)),
        "UnixSeconds" => Value::Int(given.time(0)?.seconds),
        "Year" => Value::Int(given.time(0)?.civil().year),
        "Month" => Value::Int(given.time(0)?.civil().month),
        "Day" => Value::Int(given.time(0)?.civil().day),
        "Hour" => Value::Int(given.time(0)?.civil().hour),
        "Minute" => Value::Int(given.time(0)?.civil().minute),
        "Second" => Value::Int(given.time(0)?.civil().second),
        "Weekday" => Value::Int(given.time(0)?.civil().weekday()),
        "Nanosecond" => Value::Int(i64::from(given.time(0)?.nanos)),
        "TruncateTime" => Value::Time(given.time(0)?.truncate(given.duration(1)?)),
        "Hours" => Value::Float(units(given.duration(0)?, 3600 * SECOND)),
        "Minutes" => Value::Float(units(given.duration(0)?, 60 * SECOND)),
        "Seconds" => Value::Float(units(given.duration(0)?, SECOND)),
        "Milliseconds" => Value::Int(given.duration(0)? / 1_000_000),
        "Microseconds" => Value::Int(given.duration(0)? / 1_000),
        "Nanoseconds" => Value::Int(given.duration(0)?),
        _ => panic!("the twin does not know {name}"),
    })
}

fn parts(time: &Time, a_second: i64) -> i64 {
    let of_second = i64::from(time.nanos) * a_second / 1_000_000_000;
    time.seconds.wrapping_mul(a_second).wrapping_add(of_second)
}

fn units(nanos: i64, unit: i64) -> f64 {
    (nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64
}

fn text(text: impl Into<String>) -> V {
    Value::text(text.into())
}

fn place(place: Option<usize>) -> V {
    Value::Int(place.map_or(-1, |place| place as i64))
}

fn equal(item: Stored, wanted: &V) -> bool {
    compared(&Value::owned(item), Comparison::Equal, wanted)
}
