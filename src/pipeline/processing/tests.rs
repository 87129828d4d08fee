use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use proptest::prelude::*;

use super::{Processing, Step, Witness};
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Context, Fate, Processor};
use crate::telemetry::processor::{Column, Rule};
use crate::wire::tests::generate::{request, salted};
use crate::wire::{ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces};

/// Edits, keeps and drops by what it sees, each in its own way: the same sight always gets the same answer.
struct Fickle(u64);

/// Writes down every fate.
#[derive(Default)]
struct Notes {
    resources: Vec<Fate>,
    scopes: Vec<Fate>,
    spans: Vec<Fate>,
}

// === impl Fickle ===

impl Fickle {
    fn mood(&self, seen: &[&str]) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0, seen).hash(&mut hasher);
        hasher.finish()
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

    fn resource(&self, _: &Client, resource: &mut ResourceEdit<'_>) -> Fate {
        let mood = self.mood(&[&resource_text(ResourceView::over(&resource.envelope()))]);
        if mood & 64 == 0 {
            resource.upsert("mood", &(mood as i64 % 7));
        }
        if mood & 128 == 0 {
            resource.retain(|pair| pair.key().len() % 3 != 1);
        }
        if mood & 256 == 0 {
            resource.set_schema_url("https://example.org/other");
        }
        Self::fate(mood)
    }

    fn scope(&self, _: &Client, resource: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        let seen = scope_text(ScopeView::over(&scope.envelope()));
        let mood = self.mood(&[&resource_text(resource), &seen]);
        if mood & 64 == 0 {
            scope.insert("mood", &(mood as i64 % 7));
        }
        if mood & 128 == 0 {
            scope.set_name(if mood & 512 == 0 { "" } else { "renamed" });
        }
        Self::fate(mood)
    }

    fn span(&self, context: Context<'_>, span: &mut SpanEdit<'_>) -> Fate {
        let above = resource_text(context.resource) + &scope_text(context.scope);
        let first = span.attributes().next().map(|pair| pair.key().to_owned());
        let seen = format!("{}{}{first:?}", span.name(), span.status().message);
        let mood = self.mood(&[&above, &seen]);
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
        Self::fate(mood)
    }
}

// === impl Notes ===

impl Witness for Notes {
    fn resource(&mut self, _: &ResourceEdit<'_>, fate: Fate) {
        self.resources.push(fate);
    }

    fn scope(&mut self, _: &ScopeEdit<'_>, fate: Fate) {
        self.scopes.push(fate);
    }

    fn span(&mut self, _: &SpanEdit<'_>, fate: Fate) {
        self.spans.push(fate);
    }
}

fn step(seed: u64) -> Step {
    Step::new("fickle", "traces", Arc::new(Fickle(seed)))
}

fn checked(bytes: Vec<u8>) -> Traces {
    Traces::check(bytes.into()).unwrap().traces
}

proptest! {
    /// Processors that run together leave the bytes, and count the spans, of the same ones run one after the other; and
    /// who watches one of them sees as many spans go, by each rule, as are counted.
    #[test]
    fn together_is_one_by_one(request in request(), salt: u64, seeds in prop::collection::vec(any::<u64>(), 1..5)) {
        let traces = checked(salted(&request, salt));
        let client = Client::default();
        let steps = seeds.iter().map(|seed| step(*seed)).collect();
        let together = Processing::new(steps, Budget::new(usize::MAX)).unwrap();
        let together = together.run(&traces, &client).unwrap();
        let (mut alone, mut tallies) = (traces, Vec::new());
        for seed in seeds {
            let mut notes = Notes::default();
            let left = step(seed).watched(&alone, &client, &mut notes);
            let tally = left.tallies[0].clone();
            prop_assert_eq!(notes.spans.len(), alone.spans());
            let by = |fate: Fate| notes.spans.iter().filter(|seen| **seen == fate).count() as u64;
            prop_assert_eq!(&tally.dropped, &[by(Fate::DropBy(0)), by(Fate::DropBy(1))]);
            prop_assert_eq!(&tally.kept, &[by(Fate::KeepBy(0)), by(Fate::KeepBy(1))]);
            prop_assert_eq!(tally.outgoing(), left.traces.spans() as u64);
            alone = left.traces;
            tallies.push(tally);
        }
        prop_assert_eq!(together.traces.bytes(), alone.bytes());
        prop_assert_eq!(together.traces.spans(), alone.spans());
        for (together, alone) in together.tallies.iter().zip(&tallies) {
            prop_assert_eq!(together.incoming, alone.incoming);
            prop_assert_eq!(&together.dropped, &alone.dropped);
            prop_assert_eq!(together.edited_spans, alone.edited_spans);
        }
    }
}
