//! Random questions.

use rand::RngExt;
use rand::rngs::StdRng;

use super::{EPOCH, KEYS, NAMES, PROJECTS, RESOURCE_KEYS, SERVICES, TEXTS, pick};
use crate::query::model::{
    Begin, Comparison, Direction, Field, Filter, Find, FindGroups, FindKeys, FindSpans, FindTrace,
    FindTraces, FoundSpan, GroupBy, GroupOrder, GroupOrderBy, How, Key, KeyPlace, Limits, Measure, Order,
    Page, Position, Scalar, Select, SpanOrderBy, SpanQuery, Test, TextOp, TextTest, TraceId, TraceOrderBy,
};

/// A question about these spans that makes sense.
pub fn question(rng: &mut StdRng, spans: &[FoundSpan]) -> SpanQuery {
    loop {
        let query = SpanQuery {
            select: select(rng, spans),
            find: find(rng, spans),
            limits: Limits::default(),
        };
        if query.validate().is_ok() {
            return query;
        }
    }
}

fn select(rng: &mut StdRng, spans: &[FoundSpan]) -> Select {
    let numbers = spans.last().map_or(1, |span| span.number + 2);
    Select {
        project: rng.random_bool(0.3).then(|| vec![pick(rng, PROJECTS).into()]),
        from: rng.random_bool(0.4).then(|| time(rng)),
        to: rng.random_bool(0.4).then(|| time(rng)),
        before: rng.random_bool(0.2).then(|| rng.random_range(0..numbers)),
        filter: match rng.random_range(0..4) {
            0 => Filter::default(),
            1 => condition(rng, spans),
            _ => filter(rng, spans, 3, true),
        },
    }
}

fn time(rng: &mut StdRng) -> u64 {
    EPOCH + rng.random_range(0..3) * 3_600_000_000_000 + rng.random_range(0..40) * 1_000_000
}

fn filter(rng: &mut StdRng, spans: &[FoundSpan], depth: u32, of_span: bool) -> Filter {
    let kinds = if depth == 0 { 4 } else { 12 };
    let inner = |rng: &mut StdRng| {
        let count = rng.random_range(0..4);
        (0..count)
            .map(|_| filter(rng, spans, depth - 1, of_span))
            .collect()
    };
    match rng.random_range(0..kinds) {
        0 => Filter::Root,
        4..7 => Filter::All(inner(rng)),
        7..9 => Filter::Any(inner(rng)),
        9 => Filter::Not(Box::new(filter(rng, spans, depth - 1, of_span))),
        10 if of_span => Filter::AnySpan(Box::new(filter(rng, spans, depth - 1, false))),
        11 if of_span => Filter::TraceLatency {
            min: rng.random_bool(0.5).then(|| rng.random_range(0..40_000_000)),
            max: rng
                .random_bool(0.5)
                .then(|| rng.random_range(0..2_000_000_000_000)),
        },
        _ => condition(rng, spans),
    }
}

fn condition(rng: &mut StdRng, spans: &[FoundSpan]) -> Filter {
    let field = field(rng, 1);
    let pool = [-5, 0, 1, 2, 5, 12, 200, 404, 1_000_000, 5_000_000];
    let scalar = |rng: &mut StdRng| {
        // Half of the values are those of a span, so that something is found.
        let row = &spans[rng.random_range(0..spans.len())];
        let seen = field.of(row).filter(|_| rng.random_bool(0.5));
        match rng.random_range(0..6) {
            0 => Scalar::Int(pick(rng, &pool)),
            1 => Scalar::Double(pick(rng, &pool) as f64 / 2.0),
            2 => Scalar::Bool(rng.random()),
            _ => Scalar::String(seen.map_or_else(|| word(rng).into(), |datum| datum.text().into_owned())),
        }
    };
    let how = pick(rng, &[How::Typed, How::Parsed, How::ParsedOrText]);
    let test = match rng.random_range(0..7) {
        0 => Test::Exists,
        1 => Test::Equals((0..rng.random_range(0..3)).map(|_| scalar(rng)).collect()),
        2 => Test::Compare {
            op: pick(
                rng,
                &[
                    Comparison::Less,
                    Comparison::LessOrEqual,
                    Comparison::Greater,
                    Comparison::GreaterOrEqual,
                ],
            ),
            with: scalar(rng),
            how,
        },
        3 => Test::Between {
            low: scalar(rng),
            high: scalar(rng),
            how,
        },
        _ => {
            let ops = [
                TextOp::Equals,
                TextOp::Contains,
                TextOp::StartsWith,
                TextOp::EndsWith,
            ];
            let values = (0..rng.random_range(0..3)).map(|_| scalar(rng).text().into_owned());
            let values: Vec<String> = values.collect();
            Test::Text(match rng.random_bool(0.8) {
                true => TextTest {
                    values,
                    op: pick(rng, &ops),
                    ignore_case: rng.random(),
                },
                false => TextTest {
                    values: vec![pick(rng, &["^GET", "e.t", "[0-9]+$", ""]).into()],
                    op: TextOp::Regex,
                    ignore_case: rng.random(),
                },
            })
        }
    };
    Filter::Field {
        field,
        test,
        missing: rng.random_bool(0.3),
    }
}

fn word(rng: &mut StdRng) -> &'static str {
    let pool = pick(rng, &[TEXTS, NAMES, SERVICES]);
    pick(rng, pool)
}

fn field(rng: &mut StdRng, depth: u32) -> Field {
    match rng.random_range(0..if depth == 0 { 27 } else { 29 }) {
        0 => Field::Project,
        1 => Field::TraceId,
        2 => Field::SpanId,
        3 => Field::ParentSpanId,
        4 => Field::TraceState,
        5 => Field::Name,
        6 => Field::Kind,
        7 => Field::Start,
        8 => Field::End,
        9 => Field::Duration,
        10 => Field::StatusCode,
        11 => Field::StatusMessage,
        12 | 13 => Field::Service,
        14 => Field::ScopeName,
        15 => Field::ScopeVersion,
        16 => Field::Number,
        17..20 => Field::Resource(pick(rng, RESOURCE_KEYS).into()),
        27.. => Field::First((0..rng.random_range(0..3)).map(|_| field(rng, 0)).collect()),
        _ => Field::Attribute(pick(rng, KEYS).into()),
    }
}

/// A field whose numbers have an exact sum.
fn summed(rng: &mut StdRng) -> Field {
    match rng.random_range(0..4) {
        0 => Field::Duration,
        1 => Field::First(vec![Field::Attribute("n".into()), Field::Resource("host".into())]),
        _ => Field::Attribute(pick(rng, KEYS).into()),
    }
}

fn find(rng: &mut StdRng, spans: &[FoundSpan]) -> Find {
    let offset = if rng.random_bool(0.6) {
        0
    } else {
        rng.random_range(0..6)
    };
    let search = rng
        .random_bool(0.3)
        .then(|| pick(rng, &["e", "T", "", "straSSe", "NAME"]).into());
    let limit = rng.random_range(0..12);
    match rng.random_range(0..10) {
        0..3 => spans_of(rng),
        3..6 => traces_of(rng),
        6 => Find::Trace(FindTrace {
            id: match rng.random_bool(0.9) {
                true => spans[rng.random_range(0..spans.len())].trace_id(),
                false => TraceId::default(),
            },
            page: Page {
                limit: limit * 3,
                begin: match rng.random_bool(0.5) {
                    true => Begin::Offset(offset),
                    false => Begin::After(Position {
                        key: Key::Whole(time(rng).into()),
                        tie: rng.random_range(0..20),
                    }),
                },
            },
        }),
        7 => Find::Keys(FindKeys {
            of: pick(rng, &[KeyPlace::Span, KeyPlace::Resource]),
            search,
            offset,
            limit,
        }),
        _ => groups_of(rng, search, offset, limit),
    }
}

/// The first page; the test walks on from it.
fn spans_of(rng: &mut StdRng) -> Find {
    Find::Spans(FindSpans {
        order: Order {
            by: match rng.random_range(0..8) {
                0..3 => SpanOrderBy::Start,
                3 => SpanOrderBy::Duration,
                4 => SpanOrderBy::Insertion,
                5 => SpanOrderBy::Number(field(rng, 1)),
                _ => SpanOrderBy::Text(field(rng, 1)),
            },
            direction: direction(rng),
        },
        page: Page::first(rng.random_range(0..12)),
        total: rng.random(),
    })
}

fn traces_of(rng: &mut StdRng) -> Find {
    Find::Traces(FindTraces {
        order: Order {
            by: match rng.random_range(0..5) {
                0 => TraceOrderBy::Start,
                1 => TraceOrderBy::Latency,
                2 => TraceOrderBy::EarliestMatch,
                3 => TraceOrderBy::LongestMatch,
                _ => TraceOrderBy::Sum(summed(rng)),
            },
            direction: direction(rng),
        },
        page: Page::first(rng.random_range(0..8)),
        total: rng.random(),
        sums: (0..rng.random_range(0..3)).map(|_| summed(rng)).collect(),
        spans: rng.random_range(0..5),
    })
}

fn groups_of(rng: &mut StdRng, search: Option<String>, offset: u64, limit: usize) -> Find {
    let by = (0..rng.random_range(0..3)).map(|_| match rng.random_range(0..5) {
        0 => GroupBy::Time(pick(rng, &[1_000_000, 7_000_000, 3_600_000_000_000])),
        1 => GroupBy::Duration,
        _ => GroupBy::Text(field(rng, 1)),
    });
    let by: Vec<_> = by.collect();
    let measures = (0..rng.random_range(0..5)).map(|_| match rng.random_range(0..8) {
        0 | 1 => Measure::Spans,
        2 => Measure::Traces,
        3 => Measure::Errors,
        4 => Measure::DurationSum,
        5 if rng.random() => Measure::DurationMin,
        5 => Measure::DurationMax,
        6 => Measure::DurationQuantile(pick(rng, &[0.0, 0.5, 0.95, 1.0])),
        _ => Measure::Sum(summed(rng)),
    });
    let measures: Vec<_> = measures.collect();
    Find::Groups(FindGroups {
        missing: rng.random(),
        order: GroupOrder {
            by: match measures.len() {
                0 => GroupOrderBy::Keys,
                count if rng.random_bool(0.7) => GroupOrderBy::Measure(rng.random_range(0..count)),
                _ => GroupOrderBy::Keys,
            },
            direction: direction(rng),
        },
        search: search.filter(|_| matches!(by.last(), Some(GroupBy::Text(_)))),
        by,
        measures,
        offset,
        limit,
    })
}

fn direction(rng: &mut StdRng) -> Direction {
    pick(rng, &[Direction::Ascending, Direction::Descending])
}
