//! The judge of one span: a filter made ready, its regular expressions compiled once.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};

use super::{Comparison, Datum, Field, Filter, FoundSpan, How, Number, QueryError, Scalar, Test, TextOp};

/// The largest a compiled regular expression may be, in bytes.
const REGEX_BYTES: usize = 1 << 20;

/// A filter that is ready to judge.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The condition.
    pub node: Node,
    /// What [`Node::AnySpan`] asks of the spans of a trace, by its number.
    pub any_spans: Vec<Compiled>,
    /// Whether the condition asks about the trace's latency.
    pub latency: bool,
}

/// A condition, as [`Filter`].
#[derive(Clone, Debug)]
pub enum Node {
    /// Each of these holds.
    All(Vec<Node>),
    /// One of these holds.
    Any(Vec<Node>),
    /// This does not hold.
    Not(Box<Node>),
    /// The span has no parent.
    Root,
    /// A field passes a test.
    Field {
        /// What is tested.
        field: Field,
        /// How it is tested.
        test: JudgedTest,
        /// The verdict on a span without the field.
        missing: bool,
    },
    /// Some span of the trace passes the condition of this number in [`Compiled::any_spans`].
    AnySpan(usize),
    /// The trace's latency lies within these bounds, both included.
    TraceLatency(i64, i64),
}

/// A test that is ready.
#[derive(Clone, Debug)]
pub enum JudgedTest {
    /// Typed equality with one of these.
    Equals(Vec<Scalar>),
    /// A test of the text form; the values are folded when case is ignored.
    Text {
        /// What is looked for; never a regular expression.
        op: TextOp,
        /// One of these must be found.
        values: Vec<String>,
        /// Whether letters that differ in case only are the same.
        ignore_case: bool,
    },
    /// One of these matches the text form.
    Regex(Vec<Regex>),
    /// Every comparison holds.
    Compare(Vec<(Comparison, Scalar)>, How),
    /// Always true of a field that is there.
    Exists,
}

/// What a filter may ask about a span's trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFacts {
    /// From the earliest start to the latest end, in nanoseconds.
    pub latency: i64,
    /// For each of [`Compiled::any_spans`], whether some span of the trace passes it.
    pub any: Vec<bool>,
}

// === impl Filter ===

impl Filter {
    /// Makes the filter ready; names a regular expression that does not compile or is too large.
    pub fn compile(&self) -> Result<Compiled, QueryError> {
        let mut any_spans = Vec::new();
        let node = self.node(&mut any_spans)?;
        let latency = node.asks_latency();
        Ok(Compiled {
            node,
            any_spans,
            latency,
        })
    }

    fn node(&self, any_spans: &mut Vec<Compiled>) -> Result<Node, QueryError> {
        let mut nodes = |parts: &[Filter]| -> Result<Vec<Node>, QueryError> {
            parts.iter().map(|part| part.node(any_spans)).collect()
        };
        Ok(match self {
            Self::All(parts) => Node::All(nodes(parts)?),
            Self::Any(parts) => Node::Any(nodes(parts)?),
            Self::Not(part) => Node::Not(Box::new(part.node(any_spans)?)),
            Self::Root => Node::Root,
            Self::Field { field, test, missing } => Node::Field {
                field: field.clone(),
                test: test.compile()?,
                missing: *missing,
            },
            Self::AnySpan(inner) => {
                any_spans.push(inner.compile()?);
                Node::AnySpan(any_spans.len() - 1)
            }
            Self::TraceLatency { min, max } => {
                Node::TraceLatency(min.unwrap_or(i64::MIN), max.unwrap_or(i64::MAX))
            }
        })
    }
}

// === impl Test ===

impl Test {
    fn compile(&self) -> Result<JudgedTest, QueryError> {
        Ok(match self {
            Self::Equals(values) => JudgedTest::Equals(values.clone()),
            Self::Text(test) if test.op == TextOp::Regex => {
                let compiled = test.values.iter().map(|value| regex(value, test.ignore_case));
                JudgedTest::Regex(compiled.collect::<Result<_, _>>()?)
            }
            Self::Text(test) => JudgedTest::Text {
                op: test.op,
                values: match test.ignore_case {
                    true => test.values.iter().map(|text| folded(text).into_owned()).collect(),
                    false => test.values.clone(),
                },
                ignore_case: test.ignore_case,
            },
            Self::Compare { op, with, how } => JudgedTest::Compare(vec![(*op, with.clone())], *how),
            Self::Between { low, high, how } => JudgedTest::Compare(
                vec![
                    (Comparison::GreaterOrEqual, low.clone()),
                    (Comparison::LessOrEqual, high.clone()),
                ],
                *how,
            ),
            Self::Exists => JudgedTest::Exists,
        })
    }
}

fn regex(pattern: &str, ignore_case: bool) -> Result<Regex, QueryError> {
    let compiled = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES)
        .build();
    compiled.map_err(|error| QueryError::Invalid(format!("regular expression `{pattern}`: {error}")))
}

/// The text with every letter in lower case, one by one.
pub fn folded(text: &str) -> Cow<'_, str> {
    if !text
        .bytes()
        .any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii())
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
}

// === impl Compiled ===

impl Compiled {
    /// Whether the verdict needs facts about the span's trace.
    pub fn asks_trace(&self) -> bool {
        self.latency || !self.any_spans.is_empty()
    }

    /// The verdict on a span. Without need of its trace, any facts will do.
    pub fn judge(&self, found: &FoundSpan, trace: &TraceFacts) -> bool {
        self.node.judge(found, trace)
    }
}

// === impl Node ===

impl Node {
    fn asks_latency(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_latency),
            Self::Not(part) => part.asks_latency(),
            Self::TraceLatency(..) => true,
            Self::Root | Self::Field { .. } | Self::AnySpan(_) => false,
        }
    }

    fn judge(&self, found: &FoundSpan, trace: &TraceFacts) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.judge(found, trace)),
            Self::Any(parts) => parts.iter().any(|part| part.judge(found, trace)),
            Self::Not(part) => !part.judge(found, trace),
            Self::Root => found.is_root(),
            Self::Field { field, test, missing } => {
                field.of(found).map_or(*missing, |datum| test.passes(&datum))
            }
            Self::AnySpan(number) => trace.any.get(*number).copied().unwrap_or_default(),
            Self::TraceLatency(min, max) => (*min..=*max).contains(&trace.latency),
        }
    }
}

// === impl JudgedTest ===

impl JudgedTest {
    /// Whether a value passes.
    pub fn passes(&self, datum: &Datum<'_>) -> bool {
        match self {
            Self::Equals(values) => values.iter().any(|value| datum.is(value)),
            Self::Text {
                ignore_case: true, ..
            } => self.finds(&folded(&datum.text())),
            Self::Text { .. } => self.finds(&datum.text()),
            Self::Regex(patterns) => {
                let text = datum.text();
                patterns.iter().any(|pattern| pattern.is_match(&text))
            }
            Self::Compare(bounds, how) => bounds
                .iter()
                .all(|(op, with)| compared(datum, with, *how).is_some_and(|order| op.allows(order))),
            Self::Exists => true,
        }
    }

    fn finds(&self, text: &str) -> bool {
        let Self::Text { op, values, .. } = self else {
            return false;
        };
        values.iter().any(|value| match op {
            TextOp::Equals => text == value,
            TextOp::Contains => text.contains(value.as_str()),
            TextOp::StartsWith => text.starts_with(value.as_str()),
            TextOp::EndsWith => text.ends_with(value.as_str()),
            TextOp::Regex => false,
        })
    }
}

fn compared(datum: &Datum<'_>, with: &Scalar, how: How) -> Option<Ordering> {
    let numbers = || Some((datum.number()?, with.number()?));
    match (how, (how != How::Typed).then(numbers).flatten()) {
        (How::Typed, _) => datum.compare_typed(with),
        (_, Some((left, right))) => Number::compare(left, right),
        (How::Parsed, None) => None,
        (How::ParsedOrText, None) => Some((*datum.text()).cmp(&*with.text())),
    }
}

// === impl Comparison ===

impl Comparison {
    fn allows(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
