//! Whether a question makes sense.

use super::{
    Field, Filter, Find, FindGroups, GroupBy, GroupOrderBy, How, Limits, Measure, QueryError, Scalar, Select,
    SpanOrderBy, SpanQuery, Test, TraceOrderBy,
};

/// The most rows of a page.
const ROWS: usize = 100_000;
/// The most groups or attribute keys of a page.
const GROUPS: usize = 1_000_000;
/// The most conditions in a filter, and the most values in one of them.
const PARTS: usize = 10_000;
/// How deep a filter may nest.
const DEPTH: usize = 32;
/// The most keys of a group, measures, sums, or spellings of a field.
const LIST: usize = 64;

type Verdict = Result<(), QueryError>;

// === impl SpanQuery ===

impl SpanQuery {
    /// Finds the fault of a question that makes no sense, and names its part and value.
    pub fn validate(&self) -> Verdict {
        self.limits.validate()?;
        self.select.validate()?;
        self.find.validate()
    }
}

fn invalid(what: String) -> Verdict {
    Err(QueryError::Invalid(what))
}

fn at_most(what: &str, value: usize, most: usize) -> Verdict {
    match value > most {
        true => invalid(format!("{what} is {value}, more than {most}")),
        false => Ok(()),
    }
}

impl Limits {
    fn validate(&self) -> Verdict {
        if self.deadline_ms == 0 || self.memory_bytes == 0 {
            return invalid("limits: `deadline_ms` and `memory_bytes` must be greater than 0".into());
        }
        Ok(())
    }
}

impl Select {
    fn validate(&self) -> Verdict {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return invalid(format!("select: `from` {from} is later than `to` {to}"));
        }
        let mut parts = 0;
        self.filter.validate(DEPTH, &mut parts, false)?;
        at_most("number of conditions in the filter", parts, PARTS)?;
        self.filter.compile().map(drop)
    }
}

// === impl Filter ===

impl Filter {
    fn validate(&self, depth: usize, parts: &mut usize, of_trace: bool) -> Verdict {
        let Some(inside) = depth.checked_sub(1) else {
            return invalid(format!("the filter nests more than {DEPTH} deep"));
        };
        *parts += 1;
        match self {
            Self::All(filters) | Self::Any(filters) => filters
                .iter()
                .try_for_each(|filter| filter.validate(inside, parts, of_trace)),
            Self::Not(filter) => filter.validate(inside, parts, of_trace),
            Self::Root => Ok(()),
            Self::Field { field, test, .. } => field.validate(depth).and_then(|()| test.validate()),
            Self::AnySpan(_) | Self::TraceLatency { .. } if of_trace => {
                invalid("`any_span` and `trace_latency` cannot stand within `any_span`".into())
            }
            Self::AnySpan(filter) => filter.validate(inside, parts, true),
            Self::TraceLatency {
                min: Some(min),
                max: Some(max),
            } if min > max => invalid(format!("trace_latency: `min` {min} is greater than `max` {max}")),
            Self::TraceLatency { .. } => Ok(()),
        }
    }
}

impl Field {
    fn validate(&self, depth: usize) -> Verdict {
        match (self, depth) {
            (Self::First(_), 0) => invalid("fields of `first` nest too deep".into()),
            (Self::First(fields), _) => {
                at_most("number of fields in `first`", fields.len(), LIST)?;
                fields.iter().try_for_each(|field| field.validate(depth - 1))
            }
            _ => Ok(()),
        }
    }
}

impl Test {
    fn validate(&self) -> Verdict {
        match self {
            Self::Equals(values) => {
                at_most("number of values in `equals`", values.len(), PARTS)?;
                values.iter().try_for_each(Scalar::validate)
            }
            Self::Text(test) => at_most("number of values in `text`", test.values.len(), PARTS),
            Self::Compare { with, how, .. } => with.validate_for(*how),
            Self::Between { low, high, how } => {
                low.validate_for(*how)?;
                high.validate_for(*how)?;
                if low.is_above(high, *how) {
                    let (low, high) = (low.text(), high.text());
                    return invalid(format!("between: `low` {low} is greater than `high` {high}"));
                }
                Ok(())
            }
            Self::Exists => Ok(()),
        }
    }
}

impl Scalar {
    fn validate(&self) -> Verdict {
        match self {
            Self::Double(number) if !number.is_finite() => {
                invalid(format!("the value {number} is not a finite number"))
            }
            _ => Ok(()),
        }
    }

    fn validate_for(&self, how: How) -> Verdict {
        self.validate()?;
        if how == How::Parsed && self.number().is_none() {
            return invalid(format!("the value `{}` is not a number", self.text()));
        }
        if how == How::Typed && matches!(self, Self::Bool(_)) {
            return invalid(format!("`{}` has no order", self.text()));
        }
        Ok(())
    }

    fn is_above(&self, other: &Self, how: How) -> bool {
        let order = match (self, other) {
            (Self::String(low), Self::String(high)) if how == How::Typed => Some(low.cmp(high)),
            _ => self
                .number()
                .zip(other.number())
                .and_then(|(low, high)| low.compare(high)),
        };
        order.is_some_and(std::cmp::Ordering::is_gt)
    }
}

// === impl Find ===

impl Find {
    fn validate(&self) -> Verdict {
        match self {
            Self::Spans(find) => {
                match &find.order.by {
                    SpanOrderBy::Text(field) | SpanOrderBy::Number(field) => field.validate(DEPTH)?,
                    SpanOrderBy::Start | SpanOrderBy::Duration | SpanOrderBy::Insertion => {}
                }
                at_most("limit", find.page.limit, ROWS)
            }
            Self::Traces(find) => {
                if let TraceOrderBy::Sum(field) = &find.order.by {
                    field.validate(DEPTH)?;
                }
                find.sums.iter().try_for_each(|field| field.validate(DEPTH))?;
                at_most("number of sums", find.sums.len(), LIST)?;
                at_most("number of spans a trace", find.spans, ROWS)?;
                at_most("limit", find.page.limit, ROWS)
            }
            Self::Trace(find) => at_most("limit", find.page.limit, GROUPS),
            Self::Groups(find) => find.validate(),
            Self::Keys(find) => at_most("limit", find.limit, GROUPS),
        }
    }
}

impl FindGroups {
    fn validate(&self) -> Verdict {
        at_most("number of keys of a group", self.by.len(), LIST)?;
        at_most("number of measures", self.measures.len(), LIST)?;
        at_most("limit", self.limit, GROUPS)?;
        for by in &self.by {
            match by {
                GroupBy::Time(0) => return invalid("the width of a time bucket is 0".into()),
                GroupBy::Text(field) => field.validate(DEPTH)?,
                GroupBy::Time(_) | GroupBy::Duration => {}
            }
        }
        for measure in &self.measures {
            match measure {
                Measure::DurationQuantile(share) if !(0.0..=1.0).contains(share) => {
                    return invalid(format!("the quantile {share} does not lie between 0 and 1"));
                }
                Measure::Sum(field) => field.validate(DEPTH)?,
                _ => {}
            }
        }
        if self.search.is_some() && !matches!(self.by.last(), Some(GroupBy::Text(_))) {
            return invalid("`search` needs a text as the last key of the groups".into());
        }
        match self.order.by {
            GroupOrderBy::Measure(place) if place >= self.measures.len() => invalid(format!(
                "the order names measure {place} of {}",
                self.measures.len()
            )),
            _ => Ok(()),
        }
    }
}
