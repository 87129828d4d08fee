//! Asks a store questions whose answers follow from the numbers of its spans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use spanway::query::model::{
    Answer, Comparison, Direction, Field, Filter, Find, FindGroups, FindKeys, FindSpans, FindTrace, Found,
    GroupBy, GroupOrder, GroupOrderBy, How, KeyPlace, Limits, Measure, Order, Page, Scalar, Select,
    SpanOrderBy, SpanQuery, SpanStore, Test, TraceId,
};
use spanway::store::Store;
use spanway::store::search::Searcher;
use tokio::runtime::Runtime;

use crate::fill::peak_mib;
use crate::spans;

/// Times that each question is asked, each time about something else.
const TIMES: u64 = 50;

struct Asking {
    searcher: Searcher,
    runtime: Runtime,
    count: u64,
}

/// Asks everything and prints how long it took.
pub fn ask(store: &Arc<Store>, count: u64) {
    let asking = Asking {
        searcher: Searcher::over(store.clone()).unwrap(),
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        count,
    };
    println!("## Questions to {count} spans\n");
    println!("| question | p50 ms | p99 ms | limit ms |\n|---|---|---|---|");
    asking.time("a trace by id", "5, p99 25", |asking, time| asking.trace(time));
    forget_pages(store);
    asking.once(
        "a trace by id, nothing in the page cache",
        "50",
        |asking, time| asking.trace(time + 1000),
    );
    let groups = [
        ("services", vec![Field::Service]),
        ("operations", vec![Field::Service, Field::Name]),
    ];
    for (name, by) in groups {
        asking.time(name, "10", |asking, _| asking.groups(&by));
    }
    asking.time("attribute keys", "10", |asking, _| asking.keys());
    asking.time(
        "values of a key that has 100,000, newest million spans",
        "300",
        |asking, _| asking.values(),
    );
    asking.time(
        "service, duration and an attribute, newest 20 of the last hour",
        "30",
        |asking, time| asking.slow(time),
    );
    asking.time(
        "a value on few spans, no column of its own, whole range",
        "150",
        |asking, time| asking.rare(time),
    );
    asking.time("a unique value, whole range", "", |asking, time| {
        asking.unique(time)
    });
    asking.time(
        "a value on 1 % of the spans, newest 100",
        "150",
        |asking, time| asking.tenant(time),
    );
    println!("\nmost resident memory: {} MiB\n", peak_mib());
}

/// Takes the segments out of the page cache.
fn forget_pages(store: &Store) {
    for segment in store.view().segments() {
        let path = segment.path().display();
        let status = std::process::Command::new("dd")
            .args([
                format!("if={path}"),
                "iflag=nocache".into(),
                "count=0".into(),
                "status=none".into(),
            ])
            .status();
        assert!(status.unwrap().success());
    }
}

// === impl Asking ===

impl Asking {
    fn time(&self, name: &str, limit: &str, question: impl Fn(&Self, u64)) {
        question(self, TIMES);
        self.measure(name, limit, TIMES, question);
    }

    fn once(&self, name: &str, limit: &str, question: impl Fn(&Self, u64)) {
        self.measure(name, limit, 1, question);
    }

    fn measure(&self, name: &str, limit: &str, times: u64, question: impl Fn(&Self, u64)) {
        let mut took: Vec<Duration> = (0..times)
            .map(|time| {
                let started = Instant::now();
                question(self, time);
                started.elapsed()
            })
            .collect();
        took.sort();
        let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
        println!("| {name} | {:.2} | {:.2} | {limit} |", at(0.5), at(0.99));
    }

    fn answer(&self, select: Select, find: Find) -> Answer {
        let limits = Limits::default();
        let query = SpanQuery { select, find, limits };
        self.runtime.block_on(self.searcher.answer(query)).unwrap()
    }

    /// The numbers of the spans found.
    fn spans(&self, select: Select, limit: usize) -> Vec<String> {
        let find = FindSpans {
            order: Order {
                by: SpanOrderBy::Start,
                direction: Direction::Descending,
            },
            page: Page::first(limit),
            total: false,
        };
        match self.answer(select, Find::Spans(find)).found {
            Found::Spans(page) => page
                .spans
                .iter()
                .map(|span| span.trace_id().to_string())
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    /// A number that is different each time.
    fn any(&self, time: u64) -> u64 {
        spans::mix(time + 77) % self.count
    }

    fn trace(&self, time: u64) {
        let (trace, _) = spans::place(self.any(time));
        let find = FindTrace {
            id: TraceId(spans::trace_id(trace)),
            page: Page::first(1000),
        };
        match self.answer(Select::default(), Find::Trace(find)).found {
            Found::Trace(found) => assert_eq!(found.total, spans::PER_TRACE),
            other => panic!("{other:?}"),
        }
    }

    fn groups(&self, by: &[Field]) {
        let expected = [spans::SERVICES, spans::SERVICES * 10][by.len() - 1];
        assert_eq!(self.group(Select::default(), by), expected);
    }

    fn values(&self) {
        let million = self.count.min(1_000_000);
        let select = Select {
            from: Some(spans::start(self.count - million)),
            ..Select::default()
        };
        let values = self.group(select, &[Field::Attribute("user.id".into())]);
        assert!((million / 20..=100_000).contains(&values), "{values}");
    }

    /// How many groups there are.
    fn group(&self, select: Select, by: &[Field]) -> u64 {
        let find = FindGroups {
            by: by.iter().cloned().map(GroupBy::Text).collect(),
            missing: false,
            measures: vec![Measure::Spans],
            order: GroupOrder {
                by: GroupOrderBy::Keys,
                direction: Direction::Ascending,
            },
            search: None,
            offset: 0,
            limit: 1000,
        };
        match self.answer(select, Find::Groups(find)).found {
            Found::Groups(page) => page.total,
            other => panic!("{other:?}"),
        }
    }

    fn keys(&self) {
        let find = FindKeys {
            of: KeyPlace::Span,
            search: None,
            offset: 0,
            limit: 1000,
        };
        match self.answer(Select::default(), Find::Keys(find)).found {
            Found::Keys(page) => assert_eq!(page.total, 9 + spans::RARE_KEYS),
            other => panic!("{other:?}"),
        }
    }

    fn slow(&self, time: u64) {
        let last = spans::start(self.count - 1);
        let select = Select {
            from: Some(last.saturating_sub(3_600_000_000_000)),
            filter: Filter::All(vec![
                Filter::text(Field::Service, format!("service-{:02}", time % spans::SERVICES)),
                Filter::Field {
                    field: Field::Duration,
                    test: Test::Compare {
                        op: Comparison::GreaterOrEqual,
                        with: Scalar::Int(20_000_000),
                        how: How::Typed,
                    },
                    missing: false,
                },
                Filter::text(Field::Attribute("http.request.method".into()), "PUT"),
            ]),
            ..Select::default()
        };
        assert_eq!(self.spans(select, 20).len(), 20);
    }

    fn rare(&self, time: u64) {
        let (key, value) = spans::rare(self.any(time));
        let select = Select {
            filter: Filter::text(Field::Attribute(key), value),
            ..Select::default()
        };
        let found = self.spans(select, 1000).len();
        assert!((1..=120).contains(&found), "{found}");
    }

    fn unique(&self, time: u64) {
        let number = self.any(time);
        let select = Select {
            filter: Filter::text(Field::Attribute("request.id".into()), spans::request_id(number)),
            ..Select::default()
        };
        let trace = TraceId(spans::trace_id(spans::place(number).0)).to_string();
        assert_eq!(self.spans(select, 10), [trace]);
    }

    fn tenant(&self, time: u64) {
        let select = Select {
            filter: Filter::text(
                Field::Attribute("app.tenant".into()),
                spans::tenant(self.any(time)),
            ),
            ..Select::default()
        };
        assert_eq!(self.spans(select, 100).len(), 100);
    }
}
