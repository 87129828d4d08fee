//! Many small requests in flight are not slowed by a batch that does not fill.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use support::load::Load;
use support::sink::Sink;
use support::spanway::{Plan, Spanway};

/// The least share of the throughput without `batch` that is left with it.
const SHARE: f64 = 0.8;

/// Guarantees: with 1,024 spans in flight in requests of 8, batches of 8,192 or 200 ms leave at least 80 % of the
/// throughput that there is without.
#[test]
fn batches_that_do_not_fill() {
    let sink = Sink::start(&["--count-only"]);
    let without = Plan::default().exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""));
    let with = without
        .clone()
        .processor("batch", "{send_batch_size: 8192, timeout: 200ms}");
    let (without, with) = (without.start(), with.start());
    let rounds = if support::long() { 9 } else { 3 };
    let (mut plain, mut batched) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        plain.push(spans_per_second(&without));
        batched.push(spans_per_second(&with));
    }
    let (plain, batched) = (median(plain), median(batched));
    println!("{plain:.0} spans/s without batch, {batched:.0} with");
    assert!(
        batched >= SHARE * plain,
        "{plain:.0} spans/s without batch, {batched:.0} with"
    );
}

fn spans_per_second(gateway: &Spanway) -> f64 {
    let flags = "--spans-per-request 8 --in-flight 128 --duration 2s --retry-for 0s";
    let report = Load::run(gateway.grpc, flags);
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    report.spans_per_second
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}
