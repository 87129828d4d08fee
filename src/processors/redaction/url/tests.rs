use super::super::config::UrlSanitizer;
use super::Urls;

/// Text and result; the results are those of the classifier that the Collector uses. Behind the paths, words of English and
/// random letters.
const TABLE: &str = include_str!("sanitized.jsonl");

fn urls() -> Urls {
    let settings = UrlSanitizer {
        enabled: true,
        ..UrlSanitizer::default()
    };
    Urls::new(settings).unwrap()
}

/// Guarantees: paths, words and random letters become what they become in the Collector.
#[test]
fn paths_become_the_same() {
    let (urls, mut rows) = (urls(), 0);
    for line in TABLE.lines() {
        let (text, expected): (String, String) = serde_json::from_str(line).unwrap();
        assert_eq!(urls.sanitized(&text), expected, "{text:?}");
        rows += 1;
    }
    assert!(rows > 500);
}

/// Guarantees: a path never grows, however long it is.
#[test]
fn paths_do_not_grow() {
    for piece in ["/", "a/", "1", "é/", "?", "xq"] {
        let text = piece.repeat(1 << 18);
        assert!(urls().sanitized(&text).len() <= text.len(), "{piece}");
    }
}
