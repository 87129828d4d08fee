//! What an amendment keeps in memory.

use super::MIN_GATHERED;
use crate::wire::{SpanView, ValueView};

/// Guarantees: fields written over and over take room in proportion to what is in use, and read as written last.
#[test]
fn what_was_written_over_is_forgotten() {
    let mut span = SpanView::over(b"\x2a\x03old").amend();
    let long = "x".repeat(100_000);
    span.upsert("first", "stays");
    for number in 0..500 {
        span.upsert("long", long.as_str());
        span.upsert("number", &number);
        span.set_name(&format!("span {number}"));
        if number % 2 == 0 {
            span.remove("number");
        }
        assert!(span.written.len() <= MIN_GATHERED + 2 * long.len());
    }
    assert_eq!(span.name(), "span 499");
    assert!(matches!(
        span.attribute("first"),
        Some(ValueView::String("stays"))
    ));
    assert!(matches!(span.attribute("number"), Some(ValueView::Int(499))));
    assert!(matches!(span.attribute("long"), Some(ValueView::String(text)) if text == long));
    let encoded = span.encoded();
    let read = SpanView::over(&encoded);
    assert_eq!((read.name(), read.attributes().count()), ("span 499", 3));
}
