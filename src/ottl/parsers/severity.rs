//! `ParseSeverity`: which level a word or a number stands for.

use crate::wire::Value;

/// Levels with what stands for each.
#[derive(Debug)]
pub struct Severities(Vec<(String, Vec<Criterion>)>);

/// What stands for a level.
#[derive(Debug, PartialEq, Eq)]
enum Criterion {
    /// One of these words.
    Words(Vec<String>),
    /// A number between these two, both included.
    Numbers(i64, i64),
}

/// Status codes of HTTP by their first digit.
const CLASSES: [(&str, i64, i64); 4] = [
    ("2xx", 200, 299),
    ("3xx", 300, 399),
    ("4xx", 400, 499),
    ("5xx", 500, 599),
];

// === impl Severities ===

impl Severities {
    /// Reads a map of levels: `{"error": [{"equals": ["err"]}, {"range": {"min": 400, "max": 599}}]}`; a range may also be
    /// `"2xx"` to `"5xx"`. An error says what in it is something else.
    pub fn new(mapping: &[(String, Value)]) -> Result<Self, String> {
        let mut levels = Vec::new();
        for (level, list) in mapping {
            let Value::Array(items) = list else {
                return Err(format!("`{level}` in the mapping must be a list"));
            };
            let mut criteria = Vec::new();
            for item in items {
                let Value::KeyValueList(pairs) = item else {
                    return Err(format!("`{level}` in the mapping must be a list of maps"));
                };
                criteria.extend(field(pairs, "equals").map(words).transpose()?);
                criteria.extend(field(pairs, "range").map(numbers).transpose()?);
            }
            levels.push((level.clone(), criteria));
        }
        Ok(Self(levels))
    }

    /// The first level that a word stands for.
    pub fn of_word(&self, word: &str) -> Option<&str> {
        self.first(|criterion| match criterion {
            Criterion::Words(words) => words.iter().any(|known| known == word),
            Criterion::Numbers(..) => false,
        })
    }

    /// The first level that a number stands for.
    pub fn of_number(&self, number: i64) -> Option<&str> {
        self.first(|criterion| match criterion {
            Criterion::Numbers(min, max) => (*min..=*max).contains(&number),
            Criterion::Words(_) => false,
        })
    }

    fn first(&self, test: impl Fn(&Criterion) -> bool) -> Option<&str> {
        let found = self.0.iter().find(|(_, criteria)| criteria.iter().any(&test));
        found.map(|(level, _)| level.as_str())
    }
}

fn field<'v>(pairs: &'v [(String, Value)], key: &str) -> Option<&'v Value> {
    pairs
        .iter()
        .find(|(known, _)| known == key)
        .map(|(_, value)| value)
}

fn words(value: &Value) -> Result<Criterion, String> {
    let wrong = || "`equals` in the mapping must be a list of strings".to_owned();
    let Value::Array(items) = value else {
        return Err(wrong());
    };
    let word = |item: &Value| match item {
        Value::String(word) => Ok(word.clone()),
        _ => Err(wrong()),
    };
    items
        .iter()
        .map(word)
        .collect::<Result<_, _>>()
        .map(Criterion::Words)
}

fn numbers(value: &Value) -> Result<Criterion, String> {
    match value {
        Value::String(class) => {
            let known = CLASSES.iter().find(|(known, ..)| known == class);
            let known = known.map(|(_, min, max)| Criterion::Numbers(*min, *max));
            known.ok_or_else(|| format!("{} is no range; there are `2xx` to `5xx`", super::shown(class)))
        }
        Value::KeyValueList(pairs) => match (field(pairs, "min"), field(pairs, "max")) {
            (Some(Value::Int(min)), Some(Value::Int(max))) => Ok(Criterion::Numbers(*min, *max)),
            _ => Err("`range` in the mapping must have whole numbers as `min` and `max`".into()),
        },
        _ => Err("`range` in the mapping must be a map or one of `2xx` to `5xx`".into()),
    }
}
