//! What the commands print about configuration, on a component made up for the purpose.

use super::components::{Show, components};
use super::print_config::print_config;
use super::validate::validate;
use crate::config::load::Inputs;
use crate::config::tests::{around, catalog, environment};

fn with<T>(text: &str, command: impl FnOnce(&Inputs<'_>) -> T) -> T {
    let configs = [format!("yaml:{text}")];
    command(&Inputs {
        configs: &configs,
        sets: &[],
        environment: &environment,
    })
}

#[test]
fn validate_counts_what_runs_and_prints_notes() {
    // A sound configuration succeeds, and what has no effect is still told.
    let said = with(&around("read_buffer_size: 1"), |inputs| {
        validate(inputs, false, &catalog())
    })
    .unwrap();
    assert!(
        said.contains("note: `read_buffer_size` has no effect here: buffers are sized by the system\n"),
        "{said}"
    );
    assert!(
        said.ends_with("the configuration is sound: 1 pipeline, 1 receiver, 1 exporter\n"),
        "{said}"
    );
}

#[test]
fn validate_fails_with_a_count_of_errors() {
    // The text that explains comes first, the verdict last.
    let said = with(&around("workers: x"), |inputs| {
        validate(inputs, false, &catalog())
    })
    .unwrap_err();
    assert!(said.starts_with("error: `workers`: "), "{said}");
    assert!(
        said.ends_with("the configuration cannot run: 1 error\n"),
        "{said}"
    );
}

#[test]
fn traces_only_leaves_the_rest_out_and_says_so() {
    // Pipelines of other signals go, with a receiver that this build would not know.
    let text = around("workers: 1").replace("receivers:\n  fake:\n", "receivers:\n  fake:\n  prometheus:\n")
        + "    metrics:\n      receivers: [prometheus]\n      exporters: [fake]\n";
    assert!(with(&text, |inputs| validate(inputs, false, &catalog())).is_err());
    let said = with(&text, |inputs| validate(inputs, true, &catalog())).unwrap();
    assert!(
        said.contains("note: left out, because they carry no traces: `metrics`\n"),
        "{said}"
    );
}

#[test]
fn print_config_shows_defaults_and_hides_secrets() {
    // The effective value of every key, and of secrets only that there is one.
    let text = around("token: abc\nheaders: {x: '${env:SECRET}'}\ntimeout: 90s\ngrpc:");
    let printed = with(&text, |inputs| print_config(inputs, false, &catalog(), false)).unwrap();
    for line in [
        "    timeout: 90s\n",
        "    workers: 10\n",
        "    grpc:\n",
        "      receivers:\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(
        printed.contains("[REDACTED]") && !printed.contains("abc") && !printed.contains("s3cr3t"),
        "{printed}"
    );
    let text = around("workers: 1") + "  telemetry:\n    resource: {a: , b: c}\n";
    let resource = with(&text, |inputs| print_config(inputs, false, &catalog(), false)).unwrap();
    assert!(
        resource.contains("    resource:\n      a: null\n      b: c\n"),
        "{resource}"
    );
    let again = with(&printed, |inputs| print_config(inputs, false, &catalog(), false));
    assert_eq!(again.unwrap(), printed);
}

#[test]
fn print_config_knows_where_each_value_was_written() {
    // A place for what is written, `default` for what is not.
    let printed = with(&around("queue: {size: 5}"), |inputs| {
        print_config(inputs, false, &catalog(), true)
    })
    .unwrap();
    assert!(
        printed.contains("exporters.fake.queue.size: 5  # --config yaml:5:19\n"),
        "{printed}"
    );
    assert!(
        printed.contains("exporters.fake.queue.wait: true  # default\n"),
        "{printed}"
    );
}

#[test]
fn components_are_listed_with_their_keys() {
    // By name or alias; a wrong name gets the nearest.
    let all = components(&catalog(), Show::default()).unwrap();
    assert!(
        all.contains("receivers:\n  fake (or fak)                beta    Does as if.\n"),
        "{all}"
    );
    let one = components(
        &catalog(),
        Show {
            name: Some("fak"),
            ..Show::default()
        },
    )
    .unwrap();
    for line in [
        "timeout                 [duration, default 5s] How long one attempt may take.\n",
        "compression             [`none`, `gzip`, default none] How hard to squeeze.\n",
        "headers                 [map of secrets, default {}] Sent along.\n",
        "grpc                    [section] A block that is on when written.\n",
        "grpc.share              [number, default 0.5] How much of it.\n",
        "queue.size              [whole number] How many fit.\n",
        "read_buffer_size        [no effect] buffers are sized by the system\n",
        "tls                     [not supported] end TLS before the gateway\n",
    ] {
        assert!(one.contains(line), "{line}\n{one}");
    }
    assert_eq!(
        components(
            &catalog(),
            Show {
                name: Some("feke"),
                ..Show::default()
            }
        ),
        Err("this build has no component `feke`; did you mean `fake`?\n".into())
    );
}

#[test]
fn the_reference_has_every_key_in_one_table_row() {
    // Markdown tables, with what differs and what does not work.
    let text = components(
        &catalog(),
        Show {
            markdown: true,
            ..Show::default()
        },
    )
    .unwrap();
    for row in [
        "| `timeout` | duration | `5s` | How long one attempt may take. |\n",
        "| receiver `fake` | `queue.wait` | true, not false: an answer means accepted |\n",
        "| `tls` | end TLS before the gateway |\n",
        "| `metrics.readers.*.pull.exporter.prometheus.port` | whole number | `8888` | The port to listen on. |\n",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
}

/// A real configuration with a journal, whose exporter has these settings.
fn journaled(exporter: &str) -> String {
    format!(
        "
receivers: {{otlp: {{protocols: {{grpc: }}}}}}
exporters:
  otlp_grpc: {{endpoint: 'https://localhost:5317', {exporter}}}
extensions: {{file_storage/wal: {{directory: /data}}}}
service:
  extensions: [file_storage/wal]
  pipelines: {{traces: {{receivers: [otlp], exporters: [otlp_grpc]}}}}
"
    )
}

#[test]
fn a_storage_of_this_build_is_accepted_and_its_defaults_are_told() {
    // Each default that a journal changes is named, and those of the memory queue are not.
    let catalog = crate::components::catalog();
    let text = journaled("sending_queue: {storage: file_storage/wal}");
    let said = with(&text, |inputs| validate(inputs, false, &catalog)).unwrap();
    for key in [
        "sending_queue.queue_size",
        "retry_on_failure.max_elapsed_time",
        "fsync",
    ] {
        let note = format!("note: `{key}` differs from the Collector: ");
        assert!(said.contains(&note), "{key}: {said}");
    }
    assert!(
        !said.contains("wait_for_result") && !said.contains("warning:"),
        "{said}"
    );
    // A second exporter of the pipeline names no storage itself.
    let second = "  otlp_grpc/2:
    endpoint: https://localhost:5318
    sending_queue: {wait_for_result: false}
    retry_on_failure: {max_elapsed_time: 1m}
extensions: {";
    let text = text
        .replace("extensions: {", second)
        .replace("[otlp_grpc]", "[otlp_grpc, otlp_grpc/2]");
    let said = with(&text, |inputs| validate(inputs, false, &catalog)).unwrap();
    assert_eq!(said.matches("warning:").count(), 1, "{said}");
    assert!(
        said.contains("`retry_on_failure.max_elapsed_time` is 1m: acknowledged spans expire"),
        "{said}"
    );
}

#[test]
fn print_config_shows_what_a_journal_makes_of_defaults() {
    // The same exporter never gives up with a journal, and does after the Collector's five minutes without.
    let catalog = crate::components::catalog();
    let print = |text: &str| with(text, |inputs| print_config(inputs, false, &catalog, false)).unwrap();
    let printed = print(&journaled("sending_queue: {storage: file_storage/wal}"));
    assert!(printed.contains("max_elapsed_time: 0s\n"), "{printed}");
    assert!(printed.contains("storage: file_storage/wal\n"), "{printed}");
    assert!(!printed.contains("queue_size"), "{printed}");
    let printed = print(&journaled(""));
    assert!(printed.contains("max_elapsed_time: 5m\n"), "{printed}");
    assert!(printed.contains("queue_size: 1000\n"), "{printed}");
}
