//! Questions to the span store of a gateway, through the socket in its directory.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

use spanway::query::model::{
    Answer, Direction, Field, Find, FindGroups, FindSpans, FindTrace, Found, FoundSpan, GroupBy, GroupOrder,
    GroupOrderBy, Limits, Measure, Measured, Order, Page, QueryError, Select, SpanOrderBy, SpanPage,
    SpanQuery, TraceId, TraceSpans,
};

use super::child::wait_until;
use super::control;
use super::spanway::Plan;

/// A gateway that keeps what it is sent in `directory`, on ports that stay the same; `more` are the store's settings.
pub fn plan(directory: &Path, more: &str) -> Plan {
    let settings = format!("{{directory: '{}', {more}}}", directory.display());
    Plan::default().same_ports().exporter("store", &settings)
}

/// Sends a request over HTTP until it is taken; a store that has just been opened, or is full, asks to come back.
pub fn post(address: SocketAddr, body: &[u8]) {
    let kind = "content-type: application/x-protobuf\r\n";
    wait_until("the request is taken", || {
        let (status, answer) = control::send(address, "POST", "/v1/traces", kind, body).unwrap();
        assert!(matches!(status, 200 | 503), "{status}: {answer}");
        status == 200
    });
}

/// The store in a directory, as long as a gateway works there.
pub struct Asked<'a>(pub &'a Path);

// === impl Asked ===

impl Asked<'_> {
    /// Has a question about all spans answered.
    pub fn ask(&self, find: Find) -> Result<Answer, QueryError> {
        self.ask_of(Select::default(), find)
    }

    /// Has a question answered, as soon as the store has read its journal.
    pub fn ask_of(&self, select: Select, find: Find) -> Result<Answer, QueryError> {
        let query = SpanQuery {
            select,
            find,
            limits: Limits {
                deadline_ms: 60_000,
                memory_bytes: 1 << 30,
            },
        };
        let mut answer = self.send(&query);
        wait_until("the store is ready", || match answer {
            Err(QueryError::Unavailable(_)) => {
                answer = self.send(&query);
                false
            }
            _ => true,
        });
        answer
    }

    fn send(&self, query: &SpanQuery) -> Result<Answer, QueryError> {
        let body = serde_json::to_string(query).unwrap();
        let mut stream = UnixStream::connect(self.0.join("query.sock")).unwrap();
        let head = "POST /query HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").expect("an answer of HTTP").1;
        serde_json::from_str(body).unwrap()
    }

    /// The spans of a trace, as they came.
    pub fn trace(&self, id: TraceId) -> Vec<FoundSpan> {
        let trace = self.page_of_trace(id, Page::first(200_000));
        trace.hits.into_iter().map(|hit| hit.span).collect()
    }

    /// Some spans of a trace.
    pub fn page_of_trace(&self, id: TraceId, page: Page<u64>) -> TraceSpans {
        match self.ask(Find::Trace(FindTrace { id, page })).unwrap().found {
            Found::Trace(trace) => trace,
            other => panic!("{other:?}"),
        }
    }

    /// The first of the selected spans, and how many there are.
    pub fn select(&self, select: Select, by: SpanOrderBy) -> SpanPage {
        let find = Find::Spans(FindSpans {
            order: Order {
                by,
                direction: Direction::Ascending,
            },
            page: Page::first(10),
            total: true,
        });
        match self.ask_of(select, find).unwrap().found {
            Found::Spans(page) => page,
            other => panic!("{other:?}"),
        }
    }

    /// How many spans there are.
    pub fn spans(&self) -> u64 {
        self.most(Vec::new())
    }

    /// How many spans have the span id that most have.
    pub fn most_copies(&self) -> u64 {
        self.most(vec![GroupBy::Text(Field::SpanId)])
    }

    fn most(&self, by: Vec<GroupBy>) -> u64 {
        let find = Find::Groups(FindGroups {
            by,
            missing: false,
            measures: vec![Measure::Spans],
            order: GroupOrder {
                by: GroupOrderBy::Measure(0),
                direction: Direction::Descending,
            },
            search: None,
            offset: 0,
            limit: 1,
        });
        let groups = match self.ask(find).unwrap().found {
            Found::Groups(page) => page.groups,
            other => panic!("{other:?}"),
        };
        match groups.first().map(|group| group.measures.as_slice()) {
            Some([Measured::Count(count)]) => *count,
            None => 0,
            other => panic!("{other:?}"),
        }
    }
}
