use super::config::{GrpcConfig, HttpConfig, OtlpConfig};
use super::factory;
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::parse::parse;
use crate::config::reference::Class;
use crate::config::source::Source;

/// The settings in `yaml`, or everything that is said about them.
fn read(yaml: &str) -> Result<OtlpConfig, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

/// A protocol is switched on by being named, and then has the documented defaults; the other stays off.
#[test]
fn a_named_protocol_has_the_defaults() {
    let config = read("protocols: {grpc: }").unwrap();
    let grpc = config.protocols.grpc.on().unwrap();
    assert_eq!(*grpc, GrpcConfig::default());
    assert_eq!(
        (grpc.endpoint.as_str(), grpc.limit()),
        ("localhost:4317", 64 << 20)
    );
    assert!(config.protocols.http.on().is_none());

    let config = read("protocols: {http: {include_metadata: true}}").unwrap();
    let http = config.protocols.http.on().unwrap();
    assert_eq!(
        (http.endpoint.as_str(), http.limit()),
        ("localhost:4318", 64 << 20)
    );
    assert_eq!(
        *http,
        HttpConfig {
            include_metadata: true,
            ..HttpConfig::default()
        }
    );
}

/// A 0 is the default where the Collector has it so.
#[test]
fn zero_is_the_default() {
    let config =
        read("protocols: {grpc: {max_recv_msg_size_mib: 0}, http: {max_request_body_size: 0}}").unwrap();
    assert_eq!(config.protocols.grpc.on().unwrap().limit(), 64 << 20);
    assert_eq!(config.protocols.http.on().unwrap().limit(), 64 << 20);
}

/// The keys of the Collector's documentation read as they stand there.
#[test]
fn a_collector_configuration_is_read() {
    let config = read(
        "
protocols:
  grpc:
    endpoint: 0.0.0.0:4317
    transport: tcp4
    max_recv_msg_size_mib: 32
    max_concurrent_streams: 16
    read_buffer_size: 524288
    write_buffer_size: 524288
    include_metadata: true
    keepalive:
      server_parameters:
        max_connection_idle: 11s
        max_connection_age: 12s
        max_connection_age_grace: 13s
        time: 30s
        timeout: 5s
      enforcement_policy:
        min_time: 10s
        permit_without_stream: true
  http:
    endpoint: 0.0.0.0:4318
    max_request_body_size: 1000000
    traces_url_path: /otlp/v1/traces
    metrics_url_path: /otlp/v1/metrics
    compression_algorithms: ['', gzip]
    response_headers: {x-by: gateway}
    cors: {allowed_origins: ['https://*.example.com'], allowed_headers: [x-a], max_age: 7200}
    read_timeout: 10s
    read_header_timeout: 11s
    write_timeout: 12s
    idle_timeout: 13s
",
    )
    .unwrap();
    let grpc = config.protocols.grpc.on().unwrap().serve();
    let seconds = |seconds| Some(std::time::Duration::from_secs(seconds));
    assert_eq!(
        (grpc.max_idle, grpc.max_age, grpc.max_age_grace),
        (seconds(11), seconds(12), seconds(13))
    );
    assert_eq!(grpc.ping, seconds(30).zip(seconds(5)));
    assert_eq!(grpc.max_concurrent_streams, 16);
    let http = config.protocols.http.on().unwrap();
    assert_eq!(
        (http.serve().header_timeout, http.serve().max_idle),
        (seconds(11), seconds(13))
    );
    assert_eq!(http.read_timeout(), seconds(10));
}

/// A value that cannot be is an error that names its key and the value.
#[test]
fn wrong_values_are_named() {
    for (yaml, key, words) in [
        ("{}", "protocols", "neither"),
        (
            "protocols: {grpc: {endpoint: here}}",
            "protocols.grpc.endpoint",
            "`here` has no port",
        ),
        (
            "protocols: {grpc: {transport: unix}}",
            "protocols.grpc.endpoint",
            "path of a socket",
        ),
        (
            "protocols: {grpc: {transport: unix, endpoint: /run/a, socket_mode: u+w}}",
            "protocols.grpc.socket_mode",
            "`u+w`",
        ),
        (
            "protocols: {http: {socket_mode: '0660'}}",
            "protocols.http.socket_mode",
            "`transport: unix`",
        ),
        (
            "protocols: {grpc: {max_recv_msg_size_mib: 4096}}",
            "max_recv_msg_size_mib",
            "4096 MiB",
        ),
        (
            "protocols: {http: {traces_url_path: here}}",
            "traces_url_path",
            "`here`",
        ),
        (
            "protocols: {http: {compression_algorithms: [lz4]}}",
            "compression_algorithms",
            "`lz4`",
        ),
        (
            "protocols: {http: {response_headers: {a b: c}}}",
            "response_headers",
            "not a header",
        ),
        (
            "protocols: {http: {tls: {cert_file: a}}}",
            "protocols.http.tls",
            "its key",
        ),
        (
            "protocols: {grpc: {tls: {cert_file: a, key_file: b, tpm: {enabled: true}}}}",
            "protocols.grpc.tls.tpm",
            "not supported",
        ),
        (
            "protocols: {grpc: {auth: {}}}",
            "protocols.grpc.auth",
            "authenticator",
        ),
        (
            "protocols: {http: {auth: {authenticator: a, request_params: [a, 'b c']}}}",
            "protocols.http.auth.request_params.1",
            "cannot stand for a header",
        ),
        (
            "protocols: {grpc: {middlewares: []}}",
            "protocols.grpc.middlewares",
            "not supported",
        ),
    ] {
        let said = read(yaml).unwrap_err();
        assert!(said.contains(key) && said.contains(words), "{yaml}: {said}");
    }
}

/// Every key of the Collector's receiver is in one of the three classes.
#[test]
fn every_key_has_its_class() {
    let keys = factory().component().keys();
    let class = |path: &str| keys.iter().find(|key| key.path == path).map(|key| key.class);
    for (expected, protocol, names) in [
        (
            Class::Works,
            "grpc",
            "endpoint transport max_recv_msg_size_mib max_concurrent_streams include_metadata auth.authenticator \
             tls.cert_file tls.client_ca_file tls.client_ca_file_reload tls.reload_interval tls.min_version",
        ),
        (
            Class::NoEffect,
            "grpc",
            "read_buffer_size write_buffer_size keepalive.enforcement_policy",
        ),
        (Class::Unsupported, "grpc", "tls.tpm middlewares"),
        (
            Class::Works,
            "http",
            "endpoint transport max_request_body_size compression_algorithms traces_url_path include_metadata \
             keep_alives_enabled read_timeout read_header_timeout idle_timeout cors.allowed_origins \
             cors.allowed_headers cors.exposed_headers cors.max_age auth.authenticator auth.request_params",
        ),
        (
            Class::NoEffect,
            "http",
            "write_timeout metrics_url_path logs_url_path",
        ),
        (Class::Unsupported, "http", "tls.tpm middlewares"),
    ] {
        for name in names.split_whitespace() {
            assert_eq!(
                class(&format!("protocols.{protocol}.{name}")),
                Some(expected),
                "{protocol}.{name}"
            );
        }
    }
    for name in [
        "max_connection_idle",
        "max_connection_age",
        "max_connection_age_grace",
        "time",
        "timeout",
    ] {
        let path = format!("protocols.grpc.keepalive.server_parameters.{name}");
        assert_eq!(class(&path), Some(Class::Works), "{path}");
    }
}

/// A key without effect is accepted, and said to have none.
#[test]
fn keys_without_effect_are_noted() {
    let mut diagnostics = Diagnostics::default();
    let yaml = "protocols: {grpc: {read_buffer_size: 5}}";
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).unwrap();
    assert!(node.read::<OtlpConfig>(&mut diagnostics).is_some());
    assert_eq!(diagnostics.count(Severity::Note), 1, "{}", diagnostics.render());
    assert!(diagnostics.render().contains("read_buffer_size"));
}
