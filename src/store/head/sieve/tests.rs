use crate::query::model::{text, worlds};
use crate::store::PartView;

/// Guarantees: a run of rows never denies an attribute or id that one of them has, whatever its value, and denies most of those
/// that none has.
#[test]
fn what_is_there_is_not_denied() {
    let (mut asked, mut affirmed) = (0, 0);
    for seed in 0..20 {
        let view = PartView::of(&worlds::spans(seed, 64));
        for run in view.stretches().flat_map(|stretch| stretch.runs()) {
            let Some(sieve) = run.sieve else {
                continue;
            };
            let spans: Vec<_> = run.rows().map(|row| row.found()).collect();
            assert!(!spans.is_empty());
            for span in &spans {
                assert!(sieve.may_have_span(span.span().span_id().try_into().unwrap()));
                for attribute in span.span().attributes() {
                    assert!(sieve.may_have_key(attribute.key()));
                    assert!(sieve.may_have(attribute.key(), &text(&attribute.value())));
                }
            }
            for number in 0..50 {
                asked += 2;
                let (key, text) = (format!("no such key {number}"), format!("no such value {number}"));
                affirmed += usize::from(sieve.may_have_key(&key));
                affirmed += usize::from(sieve.may_have("http.method", &text));
            }
        }
    }
    assert!(
        asked > 1000 && affirmed * 20 < asked,
        "{affirmed} of {asked} are affirmed"
    );
}
