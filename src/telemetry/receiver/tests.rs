use metrics_exporter_prometheus::PrometheusBuilder;

use super::*;

/// Each event is counted under its own name and labels, and nothing else moves.
#[test]
fn events_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (events, connections) = metrics::with_local_recorder(&recorder, || {
        (
            ReceiverEvents::new("otlp/a", "grpc"),
            ConnectionEvents::new("otlp/a", "grpc"),
        )
    });
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    events.accepted(5);
    events.accepted(2);
    events.rejected(3, "bad id");
    events.refused(Reason::Unavailable, 11, Some(peer), "busy");
    events.refused(Reason::TooLarge, 0, None, "too large");
    let open = [connections.opened(), connections.opened()];
    drop(open);
    let _open = connections.opened();
    connections.refused(Some(peer));

    let text = recorder.handle().render();
    let labels = r#"{receiver="otlp/a",transport="grpc"}"#;
    for (name, value) in [
        ("otelcol_receiver_accepted_spans", 7),
        ("otelcol_receiver_refused_spans", 11),
        ("spanway_receiver_rejected_spans", 3),
        ("spanway_receiver_connections", 1),
        ("spanway_receiver_refused_connections", 1),
    ] {
        let line = format!("{name}{labels} {value}");
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for (reason, value) in Reason::ALL
        .into_iter()
        .zip([1, 0, 0, 1].into_iter().chain(std::iter::repeat(0)))
    {
        let labels = format!(
            r#"receiver="otlp/a",transport="grpc",reason="{}""#,
            reason.label()
        );
        let line = format!("spanway_receiver_refused_requests{{{labels}}} {value}");
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

/// The counter of a reason is the one at its place, whatever the order of declaration.
#[test]
fn reasons_stand_in_their_order() {
    for (at, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, at);
    }
}

/// One line passes; those after it are counted until the quiet time is over.
#[test]
fn a_flood_is_one_line() {
    let mut log = LogLimit::new();
    assert_eq!(log.pass(), Some(0));
    assert_eq!(log.pass(), None);
    assert_eq!(log.pass(), None);
    log.start -= QUIET;
    assert_eq!(log.pass(), Some(2));
    assert_eq!(log.pass(), None);
}
