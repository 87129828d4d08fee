//! `spanway query`: what is in a span store.
//!
//! It asks the gateway that works on the store's directory, and opens the directory itself when none does.

mod ask;
mod condition;
mod json;
mod select;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod when;

use clap::{Args, Subcommand};

use crate::query::model::{
    Direction, Field, Find, FindGroups, FindKeys, FindSpans, FindTrace, Found, GroupBy, GroupOrder,
    GroupOrderBy, KeyPlace, Limits, Measure, Order, Page, SpanOrderBy, SpanQuery, TraceId,
};
use ask::Place;
use select::Matching;

/// More spans than this of one trace are not shown.
const MOST_SPANS: usize = 200_000;

/// What a query on the command line may cost: somebody waits for it, and nobody else does.
const LIMITS: Limits = Limits {
    deadline_ms: 60_000,
    memory_bytes: 1 << 30,
};

/// Looks into a span store: a trace as a tree, spans as a table, services, attribute keys and values.
#[derive(Debug, Args)]
pub(super) struct Query {
    #[command(flatten)]
    place: Place,
    /// As JSON: spans as OTLP/JSON, everything else as a list.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows one trace: its spans as a tree, with durations and errors.
    Trace {
        /// The trace's id: 32 hexadecimal digits.
        id: TraceId,
    },
    /// Lists spans, the newest first.
    Spans {
        #[command(flatten)]
        matching: Matching,
        /// What comes first.
        #[arg(long, value_enum, default_value = "newest")]
        order: ByOrder,
        /// How many spans at most.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Lists services, with their spans and errors.
    Services {
        #[command(flatten)]
        matching: Matching,
        /// How many at most.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Lists operations: the names of spans by service, with durations and errors.
    Operations {
        #[command(flatten)]
        matching: Matching,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Lists attribute keys, the most common first.
    Keys {
        #[command(flatten)]
        matching: Matching,
        /// Those of resources, instead of those of spans.
        #[arg(long)]
        resource: bool,
        /// Only keys with this in them.
        #[arg(long)]
        search: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Lists the values of an attribute, the most common first.
    Values {
        /// The attribute's key; `resource.KEY` is an attribute of the resource.
        key: String,
        #[command(flatten)]
        matching: Matching,
        /// Only values with this in them.
        #[arg(long)]
        search: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ByOrder {
    /// The latest start.
    Newest,
    /// The earliest start.
    Oldest,
    /// The longest duration.
    Slowest,
}

/// Runs the command.
pub(super) async fn run(query: Query) -> Result<String, String> {
    let question = query.command.question()?;
    let answer = query.place.ask(question).await?;
    match (answer.found, query.json) {
        (Found::Trace(trace), true) => json::spans(trace.hits.iter().map(|hit| &hit.span)),
        (Found::Trace(trace), false) => tree::tree(&trace),
        (Found::Spans(page), true) => json::spans(page.spans.iter()),
        (Found::Spans(page), false) => Ok(table::spans(&page)),
        (Found::Groups(page), true) => json::groups(&page, &query.command.columns()),
        (Found::Groups(page), false) => Ok(table::groups(&page, &query.command.columns())),
        (Found::Keys(page), true) => json::keys(&page),
        (Found::Keys(page), false) => Ok(table::keys(&page)),
        (Found::Traces(_), _) => Err("the store answered something that was not asked".into()),
    }
}

// === impl Command ===

impl Command {
    fn question(&self) -> Result<SpanQuery, String> {
        let (matching, find) = match self {
            Self::Trace { id } => {
                let find = FindTrace {
                    id: *id,
                    page: Page::first(MOST_SPANS),
                };
                (None, Find::Trace(find))
            }
            Self::Spans {
                matching,
                order,
                limit,
            } => {
                let find = FindSpans {
                    order: order.order(),
                    page: Page::first(*limit),
                    total: false,
                };
                (Some(matching), Find::Spans(find))
            }
            Self::Services { matching, limit } => {
                let by = vec![GroupBy::Text(Field::Service)];
                let measures = vec![Measure::Spans, Measure::Errors];
                (Some(matching), groups(by, measures, None, *limit))
            }
            Self::Operations { matching, limit } => {
                let by = vec![GroupBy::Text(Field::Service), GroupBy::Text(Field::Name)];
                let quantiles = [0.5, 0.99].map(Measure::DurationQuantile);
                let measures = [Measure::Spans, Measure::Errors].into_iter().chain(quantiles);
                (Some(matching), groups(by, measures.collect(), None, *limit))
            }
            Self::Keys {
                matching,
                resource,
                search,
                limit,
            } => {
                let find = FindKeys {
                    of: if *resource {
                        KeyPlace::Resource
                    } else {
                        KeyPlace::Span
                    },
                    search: search.clone(),
                    offset: 0,
                    limit: *limit,
                };
                (Some(matching), Find::Keys(find))
            }
            Self::Values {
                key,
                matching,
                search,
                limit,
            } => {
                let by = vec![GroupBy::Text(condition::field(key))];
                let find = groups(by, vec![Measure::Spans], search.clone(), *limit);
                (Some(matching), find)
            }
        };
        Ok(SpanQuery {
            select: matching.map(Matching::select).transpose()?.unwrap_or_default(),
            find,
            limits: LIMITS,
        })
    }

    /// What the columns of groups are called.
    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Services { .. } => vec!["service", "spans", "errors"],
            Self::Operations { .. } => vec!["service", "name", "spans", "errors", "p50", "p99"],
            Self::Values { .. } => vec!["value", "spans"],
            _ => Vec::new(),
        }
    }
}

/// Groups, those with most spans first.
fn groups(by: Vec<GroupBy>, measures: Vec<Measure>, search: Option<String>, limit: usize) -> Find {
    Find::Groups(FindGroups {
        by,
        missing: false,
        measures,
        order: GroupOrder {
            by: GroupOrderBy::Measure(0),
            direction: Direction::Descending,
        },
        search,
        offset: 0,
        limit,
    })
}

// === impl ByOrder ===

impl ByOrder {
    fn order(self) -> Order<SpanOrderBy> {
        let (by, direction) = match self {
            Self::Newest => (SpanOrderBy::Start, Direction::Descending),
            Self::Oldest => (SpanOrderBy::Start, Direction::Ascending),
            Self::Slowest => (SpanOrderBy::Duration, Direction::Descending),
        };
        Order { by, direction }
    }
}
