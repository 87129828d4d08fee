//! Checks against answers that the Collector gave, and of what is bounded.

mod bounds;
mod grok;
mod maps;
mod names;
mod texts;
mod xml;

use crate::config::pattern::Pattern;
use crate::ottl::parsers::*;
use crate::wire::Value;

/// A function, its arguments, and what the Collector answered; `!` for an error.
type Answer = (&'static str, &'static [&'static str], &'static str);

type Fields = Vec<(String, Value)>;

/// Guarantees: each function gives what the Collector's gives.
#[test]
fn answers_are_those_of_the_collector() {
    for (function, arguments, answer) in [texts::ANSWERS, maps::ANSWERS, grok::ANSWERS, xml::ANSWERS].concat()
    {
        let ours = match ours(function, arguments) {
            Ok(value) => show(&value),
            Err(_) => "!".into(),
        };
        assert_eq!(ours, answer, "{function} {arguments:?}");
    }
}

/// Guarantees: errors are sentences in lower case without a full stop.
#[test]
fn errors_are_in_the_style_of_the_house() {
    let mut errors = 0;
    for (function, arguments, _) in [texts::ANSWERS, maps::ANSWERS, grok::ANSWERS, xml::ANSWERS].concat() {
        if let Err(error) = ours(function, arguments) {
            assert!(!error.is_empty() && !error.ends_with('.'), "{function}: {error}");
            assert!(error.len() < 300, "{function}: {error}");
            errors += 1;
        }
    }
    assert!(errors > 50, "{errors}");
}

fn ours(function: &str, arguments: &[&str]) -> Result<Value, String> {
    let get = |place: usize| arguments.get(place).copied();
    let arg = |place: usize| get(place).unwrap_or_default();
    let number = |place: usize| arg(place).parse::<i64>().unwrap();
    let first = arg(0);
    let fields = |result: Result<Fields, String>| result.map(Value::KeyValueList);
    let text = |result: Result<String, String>| result.map(Value::String);
    match function {
        "MD5" => text(Ok(md5(first))),
        "SHA1" => text(Ok(sha1(first))),
        "SHA256" => text(Ok(sha256(first))),
        "SHA512" => text(Ok(sha512(first))),
        "FNV" => Ok(Value::Int(fnv(first))),
        "XXH3" => text(Ok(xxh3(first))),
        "XXH128" => text(Ok(xxh128(first))),
        "Murmur3Hash" => text(Ok(murmur3(first))),
        "Murmur3Hash128" => text(Ok(murmur3_128(first))),
        "ParseKeyValue" => {
            let delimiters = Delimiters::new(get(1), get(2))?;
            fields(parse_key_value(first, &delimiters))
        }
        "ParseCSV" => fields(Csv::new(get(3), get(4), get(2))?.parse(first, arg(1))),
        "URL" => fields(url(first)),
        "Decode" => {
            let bytes = Encoding::named(arg(1))?.decode(&unescaped(first))?;
            text(Ok(String::from_utf8_lossy(&bytes).into_owned()))
        }
        "Base64Encode" => text(base64_encode(first, get(1))),
        "IsInCIDR" => {
            let networks = arguments[1..].iter().map(|text| Network::parse(text));
            is_in_cidr(first, networks).map(Value::Bool)
        }
        "CommunityID" => {
            let source = Endpoint::new("source", first, number(1))?;
            let destination = Endpoint::new("destination", arg(2), number(3))?;
            let protocol = protocol(get(4).unwrap_or("TCP"))?;
            let seed = community_seed(get(5).map_or(0, |_| number(5)))?;
            text(Ok(community_id(source, destination, protocol, seed)))
        }
        "IsValidLuhn" => is_valid_luhn(first).map(Value::Bool),
        "ExtractPatterns" => fields(extract_patterns(&Pattern::new(arg(1))?, first)),
        "ExtractGrokPatterns" => {
            let definitions: Vec<String> = arguments.iter().skip(3).map(|text| (*text).into()).collect();
            let grok = Grok::new(arg(1), arg(2) == "true", &Definitions::new(&definitions)?)?;
            fields(grok.extract(first))
        }
        "TraceID" => trace_id(first.as_bytes()).map(|id| Value::Bytes(id.to_vec())),
        "SpanID" => span_id(first.as_bytes()).map(|id| Value::Bytes(id.to_vec())),
        "flatten" => {
            let depth = (!arg(2).is_empty()).then(|| number(2));
            let Value::KeyValueList(map) = json(first) else {
                panic!("{first}")
            };
            fields(Flattening::new(Some(arg(1)), depth, arg(3) == "true")?.flatten(map))
        }
        "SliceToMap" => {
            let path = |text: &str| -> Option<Vec<String>> {
                (!text.is_empty()).then(|| text.split('.').map(str::to_owned).collect())
            };
            let Value::Array(list) = json(first) else {
                panic!("{first}")
            };
            fields(slice_to_map(
                list,
                path(arg(1)).as_deref(),
                path(arg(2)).as_deref(),
            ))
        }
        _ => xml_function(function, arguments),
    }
}

fn xml_function(function: &str, arguments: &[&str]) -> Result<Value, String> {
    let arg = |place: usize, default: &'static str| {
        let argument = arguments.get(place).copied();
        argument.filter(|text| !text.is_empty()).unwrap_or(default)
    };
    let text = arguments.first().copied().unwrap_or_default();
    let all = XPath::new(arg(1, "//@*"));
    match function {
        "ParseXML" => parse_xml(text).map(Value::KeyValueList),
        "ParseSimplifiedXML" => parse_simplified_xml(text).map(Value::KeyValueList),
        "GetXML" => get_xml(text, &all?).map(Value::String),
        "RemoveXML" => remove_xml(text, &all?).map(Value::String),
        "InsertXML" => insert_xml(text, &all?, arg(2, "")).map(Value::String),
        "ConvertAttributesToElementsXML" => {
            convert_attributes_to_elements_xml(text, &all?).map(Value::String)
        }
        "ConvertTextToElementsXML" => {
            let xpath = XPath::new(arg(1, "/"))?;
            convert_text_to_elements_xml(text, &xpath, arg(2, "value")).map(Value::String)
        }
        _ => panic!("{function}"),
    }
}

/// Bytes from a text with `\xHH` and `\n` in it.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (byte, behind) {
            (b'\\', [b'n', behind @ ..]) => {
                out.push(b'\n');
                rest = behind;
            }
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap() as u8;
                out.push(digit(high) << 4 | digit(low));
                rest = behind;
            }
            _ => out.push(*byte),
        }
    }
    out
}

fn json(text: &str) -> Value {
    fn value(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Empty,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap()),
            serde_json::Value::String(text) => Value::String(text.clone()),
            serde_json::Value::Array(list) => Value::Array(list.iter().map(value).collect()),
            serde_json::Value::Object(map) => {
                Value::KeyValueList(map.iter().map(|(key, item)| (key.clone(), value(item))).collect())
            }
        }
    }
    value(&serde_json::from_str(text).unwrap())
}

fn show(value: &Value) -> String {
    match value {
        Value::Empty => "nil".into(),
        Value::String(text) => serde_json::to_string(text).unwrap(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::Bytes(bytes) => super::hash::hex(bytes),
        Value::Array(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::KeyValueList(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| key);
            let pairs = pairs.iter().map(|(key, value)| format!("{key}: {}", show(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
