//! What is told of a processor that works by statements.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{of_spans, read, span};
use crate::cli::test_pipeline::{Tested, text};
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Above, Context, Fate, Processor, Subject};
use crate::pipeline::stage::Stage;
use crate::wire::{ResourceEdit, ScopeEdit, SpanEdit};

/// Notes the last span on its resource and sets statuses, or names spans by what is noted; and tells so.
struct Tell(bool);

impl Processor for Tell {
    fn edits_above(&self) -> bool {
        self.0
    }

    fn span(&self, context: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let last = above.resource.attribute("last").unwrap();
        let name = match span.name() == last.text() {
            true => last.text().repeat(2),
            false => last.text().into_owned(),
        };
        span.set_name(&name);
        context.did("name it", Subject::Span(span));
        Fate::Keep
    }

    fn span_and_above<'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        _: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Fate {
        assert!(context.is_heard());
        resource.upsert("last", span.name());
        context.did("name it: above", Subject::Resource(resource));
        span.set_status(1, "");
        Fate::Keep
    }
}

/// Guarantees: where a processor says which statement it works on, each change stands below the one that made it, on the
/// part that was changed, whichever part it was made from; the changes as a whole stay as they were.
#[test]
fn statements_are_told_with_their_changes() {
    let tested = Tested {
        id: "traces/main".parse().unwrap(),
        stages: vec![(
            "tell".parse().unwrap(),
            Stage::Sees(vec![Arc::new(Tell(true)), Arc::new(Tell(false))]),
        )],
    };
    let input = read(&[of_spans(&[span(1, "a", json!({})), span(2, "b", json!({}))])]);
    let report = tested.run(&input, &Client::default()).unwrap().report;
    let expected = r#"pipeline traces/main: 2 spans in 1 request

1. tell
   changed    resource 1 (service "shop")
      name it: above
         + resource.attributes["last"] = "a"
      name it: above
         ~ resource.attributes["last"]: "a" -> "b"
   changed    "a" 0000000000000001
      by itself
         + status.code = 1
      name it
         ~ name: "a" -> "b"
   changed    "b" 0000000000000002
      by itself
         + status.code = 1
      name it
         ~ name: "b" -> "bb"

       spans in  out  changed  dropped
tell          2    2        2        0
total         2    2        2        0
"#;
    assert_eq!(text::report(&report, false), expected);
    let json: Value = serde_json::from_str(&report.json().unwrap()).unwrap();
    let span = &json["processors"][0]["spans"][0];
    assert_eq!(span["changes"].as_array().unwrap().len(), 2);
    assert_eq!(
        span["statements"][1],
        json!({
            "statement": "name it",
            "changes": [{ "field": "name", "change": "changed", "from": "a", "to": "b" }],
        })
    );
}
