//! Conditions on attributes, as they are typed: `http.status_code>=500`, `db.system=redis`, `!error`.

use crate::query::model::{Comparison, Field, Filter, How, Scalar, Test, TextOp, TextTest};

/// The signs, the longer before those that they begin with.
const SIGNS: [(&str, Sign); 8] = [
    ("!=", Sign::Text(TextOp::Equals, false)),
    ("!~", Sign::Text(TextOp::Regex, false)),
    (">=", Sign::Compare(Comparison::GreaterOrEqual)),
    ("<=", Sign::Compare(Comparison::LessOrEqual)),
    ("=", Sign::Text(TextOp::Equals, true)),
    ("~", Sign::Text(TextOp::Regex, true)),
    (">", Sign::Compare(Comparison::Greater)),
    ("<", Sign::Compare(Comparison::Less)),
];

/// What stands between a key and a value.
#[derive(Clone, Copy)]
enum Sign {
    /// A test of the text, and what its verdict is to be.
    Text(TextOp, bool),
    /// A comparison of numbers.
    Compare(Comparison),
}

/// The field that a key stands for.
pub(super) fn field(key: &str) -> Field {
    match key.strip_prefix("resource.") {
        Some(key) => Field::Resource(key.into()),
        None => Field::Attribute(key.into()),
    }
}

/// Reads a condition.
pub(super) fn condition(text: &str) -> Result<Filter, String> {
    let found = SIGNS.iter().filter_map(|(sign, meaning)| {
        let at = text.get(1..)?.find(sign)? + 1;
        Some((at, sign.len(), *meaning))
    });
    // The first sign counts; of those that begin at one place the longest.
    let Some((at, len, sign)) = found.min_by_key(|(at, len, _)| (*at, usize::MAX - len)) else {
        return exists(text);
    };
    let (key, value) = (text.get(..at), text.get(at + len..));
    let (key, value) = (key.unwrap_or_default(), value.unwrap_or_default());
    match sign {
        Sign::Text(op, verdict) => {
            let test = Filter::Field {
                field: field(key),
                test: Test::Text(TextTest {
                    op,
                    values: vec![value.into()],
                    ignore_case: false,
                }),
                missing: false,
            };
            Ok(if verdict {
                test
            } else {
                Filter::Not(Box::new(test))
            })
        }
        Sign::Compare(op) => {
            let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| format!("`{value}` in `{text}` is no number"))?;
            Ok(Filter::Field {
                field: field(key),
                test: Test::Compare {
                    op,
                    with: Scalar::Double(number),
                    how: How::Parsed,
                },
                missing: false,
            })
        }
    }
}

/// A bare key: it is there. With `!` in front: it is not.
fn exists(text: &str) -> Result<Filter, String> {
    let (key, verdict) = match text.strip_prefix('!') {
        Some(key) => (key, false),
        None => (text, true),
    };
    if key.is_empty() {
        return Err(format!("`{text}` names no attribute"));
    }
    let test = Filter::Field {
        field: field(key),
        test: Test::Exists,
        missing: false,
    };
    Ok(if verdict {
        test
    } else {
        Filter::Not(Box::new(test))
    })
}
