//! `SliceToMap`.

use super::fields::Fields;
use crate::wire::Value;

/// `SliceToMap`: the items of a list, or what is at `value_path` in them, by what is at `key_path` in them, or else by their
/// places. Of a key that occurs twice the last counts.
pub fn slice_to_map(
    list: Vec<Value>,
    key_path: Option<&[String]>,
    value_path: Option<&[String]>,
) -> Result<Vec<(String, Value)>, String> {
    let mut fields = Fields::default();
    for (place, item) in list.into_iter().enumerate() {
        if key_path.is_none() && value_path.is_none() {
            fields.put(place.to_string(), item);
            continue;
        }
        let Value::KeyValueList(map) = item else {
            return Err(format!(
                "with key_path or value_path each element must be a map, but element {place} is a {}",
                kind(&item)
            ));
        };
        let within = |what: &str, path| {
            at(&map, path).map_err(|error| format!("could not extract {what} from element {place}: {error}"))
        };
        let key = match key_path.map(|path| within("key", path)).transpose()? {
            None => place.to_string(),
            Some(Value::String(key)) => key.clone(),
            Some(other) => {
                return Err(format!(
                    "the key of element {place} is not a string but a {}",
                    kind(other)
                ));
            }
        };
        let value = match value_path {
            Some(path) => within("value", path)?.clone(),
            None => Value::KeyValueList(map),
        };
        fields.put(key, value);
    }
    Ok(fields.into_list())
}

/// What is at `path` in a map of maps.
fn at<'a>(map: &'a [(String, Value)], path: &[String]) -> Result<&'a Value, String> {
    let missing = || format!("there is nothing at the path [{}]", path.join(" "));
    let (last, outer) = path.split_last().ok_or("the path is empty")?;
    let mut map = map;
    let get = |map: &'a [(String, Value)], key: &String| {
        map.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    };
    for key in outer {
        map = match get(map, key) {
            Some(Value::KeyValueList(inner)) => inner,
            _ => return Err(missing()),
        };
    }
    get(map, last).ok_or_else(missing)
}

/// What the Collector calls values of this kind.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Empty => "Empty",
        Value::String(_) => "Str",
        Value::Bool(_) => "Bool",
        Value::Int(_) => "Int",
        Value::Double(_) => "Double",
        Value::Bytes(_) => "Bytes",
        Value::Array(_) => "Slice",
        Value::KeyValueList(_) => "Map",
    }
}
