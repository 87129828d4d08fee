use super::super::config::{DbSanitizer, Statements};
use super::sql::{self, Dialect};
use super::{Databases, Language, Statement, json, redis};

/// Kind, text and result; the results are those of the libraries that the Collector uses.
const TABLE: &str = include_str!("sanitized.jsonl");

fn sanitized(kind: &str, text: &str) -> String {
    let language = match kind {
        "sql" => Language::Sql(Dialect::Standard),
        "mysql" => Language::Sql(Dialect::MySql),
        "redis" => Language::Redis,
        "memcached" => Language::Memcached,
        "json" => Language::Json,
        _ => panic!("{kind}"),
    };
    let databases = Databases::new(DbSanitizer {
        sql: Statements {
            enabled: true,
            attributes: Vec::new(),
        },
        ..DbSanitizer::default()
    });
    let statement = Statement {
        database: &databases.databases[0],
        language,
    };
    statement.sanitized(text)
}

/// Guarantees: statements of every kind, whole, cut off and of random pieces, become what they become in the Collector.
#[test]
fn statements_lose_the_same_values() {
    let mut rows = 0;
    for line in TABLE.lines() {
        let (kind, text, expected): (String, String, String) = serde_json::from_str(line).unwrap();
        assert_eq!(sanitized(&kind, &text), expected, "{kind}: {text:?}");
        rows += 1;
    }
    assert!(rows > 300);
}

/// Guarantees: JSON is read as deep as Go reads it and no deeper, without recursion.
#[test]
fn deep_json_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(json::sanitized(&nested(10_000)), Some(nested(10_000)));
    assert_eq!(json::sanitized(&nested(10_001)), None);
    assert_eq!(json::sanitized(&"[".repeat(1 << 20)), None);
}

/// Guarantees: texts made to be slow take time in proportion to their length; each of these would take minutes if it were
/// the square of it.
#[test]
fn hostile_statements_are_read_in_one_pass() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for piece in [
        "$", "$a", "$$a", "\"", "\".", "'", "/*", "-", "@", "1e+", "$func$", "x1", "\\", "é",
    ] {
        for dialect in [Dialect::Standard, Dialect::MySql] {
            assert!(sql::sanitized(&many(piece), dialect).len() <= 1 << 20, "{piece}");
        }
    }
    for piece in [" ", "\n", "\n ", "\"", "\\", "a ", "a\n", "SET a b\n"] {
        assert!(redis::sanitized(&many(piece)).len() <= 1 << 20, "{piece}");
    }
}
