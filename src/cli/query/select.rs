//! Which spans a command is about.

use std::time::Duration;

use clap::Args;

use super::{condition, when};
use crate::query::model::{Comparison, Field, Filter, How, Scalar, Select, Test};

/// Which spans.
#[derive(Debug, Default, Args)]
pub(super) struct Matching {
    /// Only spans of this service; repeated, of one of them.
    #[arg(long)]
    service: Vec<String>,
    /// Only spans of this name; repeated, of one of them.
    #[arg(long)]
    name: Vec<String>,
    /// Only spans with such an attribute: `KEY=TEXT`, `KEY!=TEXT`, `KEY~REGEX`, `KEY!~REGEX`, `KEY>=NUMBER` and the like,
    /// `KEY`, `!KEY`; `resource.KEY` is an attribute of the resource. Repeated, all must hold.
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition::condition)]
    conditions: Vec<Filter>,
    /// Only spans that take at least so long.
    #[arg(long, value_parser = crate::cli::duration)]
    min_duration: Option<Duration>,
    /// Only spans that take at most so long.
    #[arg(long, value_parser = crate::cli::duration)]
    max_duration: Option<Duration>,
    /// Only spans whose status is an error.
    #[arg(long)]
    errors: bool,
    /// Only spans without a parent.
    #[arg(long)]
    roots: bool,
    /// Only spans of this project; repeated, of one of them.
    #[arg(long)]
    project: Vec<String>,
    /// Only spans that started at most so long ago.
    #[arg(long, value_parser = crate::cli::duration, conflicts_with = "from")]
    since: Option<Duration>,
    /// Only spans that started then or later: `2026-11-20T05:00:00Z`, or seconds since 1970.
    #[arg(long, value_parser = when::time)]
    from: Option<u64>,
    /// Only spans that started earlier than that.
    #[arg(long, value_parser = when::time)]
    to: Option<u64>,
}

// === impl Matching ===

impl Matching {
    /// The same for a store.
    pub(super) fn select(&self) -> Result<Select, String> {
        let mut all = self.conditions.clone();
        all.extend(one_of(Field::Service, &self.service));
        all.extend(one_of(Field::Name, &self.name));
        all.extend(
            self.min_duration
                .map(|least| lasts(Comparison::GreaterOrEqual, least)),
        );
        all.extend(self.max_duration.map(|most| lasts(Comparison::LessOrEqual, most)));
        if self.errors {
            all.push(Filter::Field {
                field: Field::StatusCode,
                test: Test::Equals(vec![Scalar::Int(2)]),
                missing: false,
            });
        }
        if self.roots {
            all.push(Filter::Root);
        }
        Ok(Select {
            project: (!self.project.is_empty()).then(|| self.project.clone()),
            from: self.from.or(self.since.map(when::ago)),
            to: self.to,
            before: None,
            filter: Filter::All(all),
        })
    }
}

fn one_of(field: Field, values: &[String]) -> Option<Filter> {
    let each = values
        .iter()
        .map(|value| Filter::text(field.clone(), value.clone()));
    (!values.is_empty()).then(|| Filter::Any(each.collect()))
}

fn lasts(op: Comparison, than: Duration) -> Filter {
    let nanos = i64::try_from(than.as_nanos()).unwrap_or(i64::MAX);
    Filter::Field {
        field: Field::Duration,
        test: Test::Compare {
            op,
            with: Scalar::Int(nanos),
            how: How::Typed,
        },
        missing: false,
    }
}
