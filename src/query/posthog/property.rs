//! One filter of a `filterGroup`: a key, an operator, values.

use serde::Deserialize;

use super::subject::Subject;
use crate::query::model::{Comparison, Filter, Scalar, TextOp};

/// The most values of a filter.
const VALUES: usize = 1000;

/// A filter as requests have it.
#[derive(Clone, Debug, Deserialize)]
pub struct Property {
    /// The key.
    pub key: String,
    /// Whose key.
    #[serde(rename = "type")]
    pub place: Place,
    operator: Operator,
    #[serde(default)]
    value: Option<Values>,
}

/// Whose key is meant.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A field that every span has.
    Span,
    /// An attribute of the span.
    SpanAttribute,
    /// An attribute of the span's resource.
    SpanResourceAttribute,
}

/// The operators of the product.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Operator {
    Exact,
    IsNot,
    In,
    NotIn,
    Icontains,
    NotIcontains,
    StartsWith,
    NotStartsWith,
    EndsWith,
    NotEndsWith,
    Regex,
    NotRegex,
    Gt,
    Gte,
    Lt,
    Lte,
    Between,
    NotBetween,
    IsSet,
    IsNotSet,
}

/// One value or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Values {
    One(Scalar),
    Many(Vec<Scalar>),
}

/// What is checked of a field that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Equal to one of the values, as text.
    Equals,
    /// One of the values is in the text, at this place, in whatever case; `%` and `_` are wildcards.
    Like(TextOp),
    /// One of the regular expressions matches somewhere.
    Regex,
    /// So compared with one of the values.
    Compare(Comparison),
    /// Between two numbers.
    Between,
    /// There at all.
    Exists,
}

// === impl Property ===

impl Property {
    /// The condition; none when the filter has no values and so says nothing. An error says what makes no sense.
    pub fn filter(&self) -> Result<Option<Filter>, String> {
        let (check, is_negative) = self.operator.check();
        let subject = Subject::of(self.place, &self.key)?;
        let values = match &self.value {
            _ if check == Check::Exists => &[],
            None => &[],
            Some(Values::One(value)) => std::slice::from_ref(value),
            Some(Values::Many(values)) => values.as_slice(),
        };
        if values.len() > VALUES {
            return Err(format!("{} values, more than {VALUES}", values.len()));
        }
        if values.is_empty() && check != Check::Exists {
            return Ok(None);
        }
        let filter = subject.filter(check, values)?;
        Ok(filter.map(|filter| match is_negative {
            true => Filter::Not(Box::new(filter)),
            false => filter,
        }))
    }
}

// === impl Operator ===

impl Operator {
    /// What is checked, and whether it must not be so. What must not be so is not so where the field is missing.
    fn check(self) -> (Check, bool) {
        match self {
            Self::Exact | Self::In => (Check::Equals, false),
            Self::IsNot | Self::NotIn => (Check::Equals, true),
            Self::Icontains => (Check::Like(TextOp::Contains), false),
            Self::NotIcontains => (Check::Like(TextOp::Contains), true),
            Self::StartsWith => (Check::Like(TextOp::StartsWith), false),
            Self::NotStartsWith => (Check::Like(TextOp::StartsWith), true),
            Self::EndsWith => (Check::Like(TextOp::EndsWith), false),
            Self::NotEndsWith => (Check::Like(TextOp::EndsWith), true),
            Self::Regex => (Check::Regex, false),
            Self::NotRegex => (Check::Regex, true),
            Self::Gt => (Check::Compare(Comparison::Greater), false),
            Self::Gte => (Check::Compare(Comparison::GreaterOrEqual), false),
            Self::Lt => (Check::Compare(Comparison::Less), false),
            Self::Lte => (Check::Compare(Comparison::LessOrEqual), false),
            Self::Between => (Check::Between, false),
            Self::NotBetween => (Check::Between, true),
            Self::IsSet => (Check::Exists, false),
            Self::IsNotSet => (Check::Exists, true),
        }
    }
}
