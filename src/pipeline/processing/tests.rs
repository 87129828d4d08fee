use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message as _;

use super::{Processing, Step, Witness};
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Above, Context, Fate, Processor, Subject};
use crate::telemetry::processor::{Column, Rule, Tally};
use crate::wire::tests::generate::{request, salted};
use crate::wire::{
    Amendment, Index, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces, ValueView,
};

/// Edits, keeps and drops by what it sees, each in its own way: the same sight always gets the same answer. Some edit what
/// stands above.
struct Fickle(u64);

/// Writes down the fate of every span, and whether it was changed.
#[derive(Default)]
struct Notes {
    spans: Vec<(Fate, bool)>,
}

// === impl Fickle ===

impl Fickle {
    fn mood(&self, seen: &[&str]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0, seen).hash(&mut hasher);
        hasher.finish()
    }

    fn edits_resource(mood: u64, resource: &mut ResourceEdit<'_>) {
        if mood & 64 == 0 {
            resource.upsert("mood", &(mood as i64 % 7));
        }
        if mood & 128 == 0 {
            resource.retain(|pair| pair.key().len() % 3 != 1);
        }
        if mood & 256 == 0 {
            resource.set_schema_url("https://example.org/other");
        }
    }

    fn edits_scope(mood: u64, scope: &mut ScopeEdit<'_>) {
        if mood & 64 == 0 {
            scope.insert("mood", &(mood as i64 % 7));
        }
        if mood & 128 == 0 {
            scope.set_name(if mood & 512 == 0 { "" } else { "renamed" });
        }
    }

    fn edits_span(mood: u64, span: &mut SpanEdit<'_>) {
        let first = span.attributes().next().map(|pair| pair.key().to_owned());
        if let Some(first) = first.filter(|_| mood & 64 == 0) {
            span.remove(&first);
        }
        if mood & 128 == 0 {
            span.upsert("mood", &(mood as i64 % 7));
        }
        if mood & 256 == 0 {
            span.set_name(&format!("{mood:x}"));
        }
        if mood & 512 == 0 {
            span.set_status(2, "moody");
        }
    }

    fn span_mood(&self, above: Above<'_>, span: &SpanEdit<'_>) -> u64 {
        let above = resource_text(above.resource.before()) + &scope_text(above.scope.before());
        let first = span.attributes().next().map(|pair| pair.key().to_owned());
        let seen = format!("{}{}{first:?}", span.name(), span.status().message);
        self.mood(&[&above, &seen])
    }

    fn fate(mood: u64) -> Fate {
        match mood % 16 {
            0 => Fate::DropBy(0),
            1 => Fate::DropBy(1),
            2 => Fate::KeepBy(1),
            _ => Fate::Keep,
        }
    }
}

/// All that a resource shows.
fn resource_text(resource: ResourceView<'_>) -> String {
    let pairs = resource.attributes();
    let pairs: Vec<String> = pairs
        .map(|pair| format!("{}={}", pair.key(), pair.value().text()))
        .collect();
    pairs.join(",") + resource.schema_url()
}

fn scope_text(scope: ScopeView<'_>) -> String {
    let pairs = scope.attributes();
    let pairs: Vec<String> = pairs
        .map(|pair| format!("{}={}", pair.key(), pair.value().text()))
        .collect();
    pairs.join(",") + scope.name()
}

impl Processor for Fickle {
    fn rules(&self) -> Vec<Rule> {
        [("dull", Column::Filtered), ("unlucky", Column::SampledOut)]
            .map(|(name, column)| Rule {
                name: name.into(),
                column,
            })
            .into()
    }

    fn edits_above(&self) -> bool {
        self.0.is_multiple_of(3)
    }

    fn resource(&self, _: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        let mood = self.mood(&[&resource_text(ResourceView::over(&resource.envelope()))]);
        Self::edits_resource(mood, resource);
        Self::fate(mood)
    }

    fn scope(&self, _: Context<'_>, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        let seen = scope_text(ScopeView::over(&scope.envelope()));
        let mood = self.mood(&[&resource_text(resource), &seen]);
        Self::edits_scope(mood, scope);
        Self::fate(mood)
    }

    fn span(&self, _: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let mood = self.span_mood(above, span);
        Self::edits_span(mood, span);
        Self::fate(mood)
    }

    fn scope_and_above<'a>(
        &self,
        context: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
    ) -> Fate {
        let above = resource.envelope();
        let fate = self.scope(context, ResourceView::over(&above), scope);
        Self::edits_resource(self.mood(&[scope.name()]), resource);
        fate
    }

    fn span_and_above<'a>(
        &self,
        _: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        span: &mut SpanEdit<'a>,
    ) -> Fate {
        let bodies = (resource.envelope(), scope.envelope());
        let above = Above {
            resource: &Amendment::new(ResourceView::over(&bodies.0)),
            scope: &Amendment::new(ScopeView::over(&bodies.1)),
        };
        let mood = self.span_mood(above, span);
        Self::edits_resource(mood >> 10, resource);
        Self::edits_scope(mood >> 20, scope);
        Self::edits_span(mood, span);
        Self::fate(mood)
    }
}

// === impl Notes ===

impl Witness for Notes {
    fn pass(&mut self) {}

    fn comes(&mut self, _: Subject<'_, '_>) {}

    fn did(&mut self, _: &str, _: Subject<'_, '_>) {}

    fn leaves(&mut self, subject: Subject<'_, '_>, fate: Fate, stays: bool) {
        if let Subject::Span(span) = subject {
            assert_eq!(stays, !matches!(fate, Fate::DropBy(_)));
            self.spans.push((fate, span.is_changed()));
        }
    }
}

fn step(seeds: &[u64]) -> Step {
    let parts = seeds
        .iter()
        .map(|seed| Arc::new(Fickle(*seed)) as Arc<dyn Processor>);
    Step::new("fickle", "traces", parts.collect())
}

fn processing(steps: Vec<Step>) -> Processing {
    Processing::new(steps, Budget::new(usize::MAX)).unwrap()
}

fn checked(bytes: Vec<u8>) -> Traces {
    Traces::check(bytes.into()).unwrap().traces
}

/// What the parts of one processor do, each alone and over the whole request.
fn one_by_one(seeds: &[u64], traces: &Traces, client: &Client) -> (Traces, Tally) {
    let mut left = traces.clone();
    let mut tally = Tally {
        incoming: traces.spans() as u64,
        ..Tally::default()
    };
    let mut edited = vec![false; traces.spans()];
    for seed in seeds {
        let mut notes = Notes::default();
        left = step(&[*seed]).watched(&left, client, &mut notes).unwrap().traces;
        assert_eq!(notes.spans.len(), edited.len());
        let by = |fate: Fate| notes.spans.iter().filter(|(seen, _)| *seen == fate).count() as u64;
        tally.dropped.extend([by(Fate::DropBy(0)), by(Fate::DropBy(1))]);
        tally.kept.extend([by(Fate::KeepBy(0)), by(Fate::KeepBy(1))]);
        let stays = notes.spans.iter().zip(&edited);
        let stays = stays.filter(|((fate, _), _)| !matches!(fate, Fate::DropBy(_)));
        edited = stays.map(|((_, now), before)| *now || *before).collect();
    }
    tally.edited_spans = edited.iter().filter(|edited| **edited).count() as u64;
    (left, tally)
}

proptest! {
    /// Processors that run together, in parts and in passes, leave the bytes, and count the spans, of the same ones run one
    /// after the other.
    #[test]
    fn together_is_one_by_one(
        request in request(),
        salt: u64,
        seeds in prop::collection::vec(prop::collection::vec(any::<u64>(), 1..4), 1..4),
    ) {
        let traces = checked(salted(&request, salt));
        let client = Client::default();
        let together = processing(seeds.iter().map(|seeds| step(seeds)).collect());
        let together = together.run(&traces, &client).unwrap();
        let mut alone = traces;
        for (seeds, together) in seeds.iter().zip(&together.tallies) {
            let watched = step(seeds).watched(&alone, &client, &mut Notes::default()).unwrap();
            let (left, tally) = one_by_one(seeds, &alone, &client);
            prop_assert_eq!(watched.traces.bytes(), left.bytes());
            for seen in [together, &watched.tallies[0]] {
                prop_assert_eq!(seen.incoming, tally.incoming);
                prop_assert_eq!(&seen.dropped, &tally.dropped);
                prop_assert_eq!(&seen.kept, &tally.kept);
                prop_assert_eq!(seen.edited_spans, tally.edited_spans);
            }
            alone = left;
        }
        prop_assert_eq!(together.traces.bytes(), alone.bytes());
        prop_assert_eq!(together.traces.spans(), alone.spans());
    }
}

/// Counts spans on their resource and scope, where it stands above; else tells each span how many there were.
struct Counting(bool);

impl Processor for Counting {
    fn edits_above(&self) -> bool {
        self.0
    }

    fn span(&self, _: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let counted = [above.resource.attribute("spans"), above.scope.attribute("spans")];
        for (key, counted) in ["of resource", "of scope"].iter().zip(counted) {
            if let Some(ValueView::Int(spans)) = counted {
                span.upsert(key, &spans);
            }
        }
        Fate::Keep
    }

    fn span_and_above<'a>(
        &self,
        _: Context<'_>,
        resource: &mut ResourceEdit<'a>,
        scope: &mut ScopeEdit<'a>,
        _: &mut SpanEdit<'a>,
    ) -> Fate {
        let one_more = |counted: Option<ValueView<'_>>| match counted {
            Some(ValueView::Int(spans)) => spans + 1,
            _ => 1,
        };
        let (resources, scopes) = (
            one_more(resource.attribute("spans")),
            one_more(scope.attribute("spans")),
        );
        resource.upsert("spans", &resources);
        scope.upsert("spans", &scopes);
        Fate::Keep
    }
}

/// Rejects every request with a span of this name.
struct Strict(&'static str);

impl Processor for Strict {
    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        match span.name() == self.0 {
            true => Fate::Fail("no such span".into()),
            false => Fate::Keep,
        }
    }
}

/// A request of a resource with two scopes of two and one spans.
fn three_spans() -> Traces {
    let span = |name: &str| Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.into(),
        ..Span::default()
    };
    let scope = |names: &[&str]| ScopeSpans {
        spans: names.iter().map(|name| span(name)).collect(),
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope(&["a", "b"]), scope(&["c"])],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource],
    };
    checked(request.encode_to_vec())
}

/// Guarantees: what a span makes of its resource and scope is seen by all spans in the next part, and counted once, whether
/// the parts belong to one processor or to two.
#[test]
fn what_is_edited_from_below_is_seen_by_the_next_part() {
    let parts = || -> [Arc<dyn Processor>; 3] {
        [true, true, false].map(|above| Arc::new(Counting(above)) as Arc<dyn Processor>)
    };
    let one = vec![Step::new("one", "traces", parts().into())];
    let [first, second, third] = parts();
    let two = vec![
        Step::new("one", "traces", vec![first]),
        Step::new("two", "traces", vec![second, third]),
    ];
    for (steps, counted) in [(one, vec![(1, 2, 3)]), (two, vec![(1, 2, 0), (1, 2, 3)])] {
        let processed = processing(steps).run(&three_spans(), &Client::default()).unwrap();
        let index = Index::of(&processed.traces);
        let told: Vec<[i64; 2]> = index
            .spans()
            .map(|located| {
                ["of resource", "of scope"].map(|key| match located.span.attribute(key) {
                    Some(ValueView::Int(spans)) => spans,
                    other => panic!("{other:?}"),
                })
            })
            .collect();
        assert_eq!(told, [[6, 4], [6, 4], [6, 2]]);
        let tallies = processed.tallies.iter();
        let tallies = tallies.map(|tally| (tally.edited_resources, tally.edited_scopes, tally.edited_spans));
        assert_eq!(tallies.collect::<Vec<_>>(), counted);
        assert!(processed.tallies.iter().all(|tally| tally.incoming == 3));
        assert_eq!(processed.edited, 3);
    }
}

/// Drops every span of this name.
struct Drops(&'static str);

impl Processor for Drops {
    fn rules(&self) -> Vec<Rule> {
        vec![Rule {
            name: "named so".into(),
            column: Column::Filtered,
        }]
    }

    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        match span.name() == self.0 {
            true => Fate::DropBy(0),
            false => Fate::Keep,
        }
    }
}

/// Counts scopes on their resource, or rejects a request that had a scope of one span.
struct Scopes(bool);

impl Processor for Scopes {
    fn edits_above(&self) -> bool {
        self.0
    }

    fn scope(&self, _: Context<'_>, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        match scope.before().spans() {
            1 => Fate::Fail("a scope of one span".into()),
            _ => Fate::Keep,
        }
    }

    fn scope_and_above(
        &self,
        _: Context<'_>,
        resource: &mut ResourceEdit<'_>,
        _: &mut ScopeEdit<'_>,
    ) -> Fate {
        let counted = match resource.attribute("scopes") {
            Some(ValueView::Int(scopes)) => scopes,
            _ => 0,
        };
        resource.upsert("scopes", &(counted + 1));
        Fate::Keep
    }
}

/// Guarantees: a scope that has lost all its spans to a processor before is neither shown to one that edits above, nor may it
/// make one reject the request.
#[test]
fn what_has_lost_its_spans_is_gone() {
    let after = |name, second| {
        let steps: [Arc<dyn Processor>; 2] = [Arc::new(Drops(name)), Arc::new(Scopes(second))];
        let steps = steps.map(|processor| Step::new("one", "traces", vec![processor]));
        processing(steps.into()).run(&three_spans(), &Client::default())
    };
    for (name, scopes) in [("c", 1), ("a", 2)] {
        let processed = after(name, true).unwrap();
        let index = Index::of(&processed.traces);
        let counted = index.spans().next().unwrap().resource.attribute("scopes");
        assert!(matches!(counted, Some(ValueView::Int(counted)) if counted == scopes));
    }
    assert_eq!(after("c", false).unwrap().traces.spans(), 2);
    assert!(after("a", false).is_err());
}

/// Guarantees: a processor that rejects a request is named with its reason, and what was written until then is given back.
#[test]
fn a_rejected_request_leaves_nothing() {
    let steps = vec![
        Step::new("counting", "traces", vec![Arc::new(Counting(true))]),
        Step::new("strict/1", "traces", vec![Arc::new(Strict("b"))]),
    ];
    let budget = Budget::new(1 << 20);
    let processing = Processing::new(steps, budget.clone()).unwrap();
    let rejected = processing.run(&three_spans(), &Client::default()).unwrap_err();
    assert_eq!(rejected.to_string(), "`strict/1` failed: no such span");
    assert_eq!(budget.used(), 0);
}
