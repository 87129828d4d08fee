//! Questions to the span store of a gateway, through the socket in its directory.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use spanway::query::model::{
    Answer, Direction, Field, Filter, Find, FindGroups, FindTrace, Found, FoundSpan, GroupBy, GroupOrder,
    GroupOrderBy, Limits, Measure, Measured, Page, QueryError, Select, SpanQuery, TraceId,
};

/// The store in a directory, as long as a gateway works there.
pub struct Asked<'a>(pub &'a Path);

// === impl Asked ===

impl Asked<'_> {
    /// Has a question answered.
    pub fn ask(&self, find: Find) -> Result<Answer, QueryError> {
        let query = SpanQuery {
            select: Select {
                filter: Filter::default(),
                ..Select::default()
            },
            find,
            limits: Limits {
                deadline_ms: 60_000,
                memory_bytes: 1 << 30,
            },
        };
        let body = serde_json::to_string(&query).unwrap();
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
        let page = Page::first(200_000);
        match self.ask(Find::Trace(FindTrace { id, page })).unwrap().found {
            Found::Trace(trace) => trace.hits.into_iter().map(|hit| hit.span).collect(),
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
