//! What the keys of a connection are to librdkafka, and what is wrong with them.

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::*;
use crate::config::settings::Problems;
use crate::config::types::{GoDuration, Section};
use crate::net::tls::ClientTls;
use crate::telemetry::kafka::{KafkaEvents, Side};

fn configured(tls: &str, auth: &str) -> (ClientConfig, Vec<String>) {
    let tls: Section<ClientTls> = match tls {
        "" => Section::Off,
        yaml => Section::On(serde_saphyr::from_str(yaml).unwrap()),
    };
    let auth: Authentication = serde_saphyr::from_str(auth).unwrap();
    let connection = Connection {
        brokers: &["a:1".into(), "b:2".into()],
        client_id: "me",
        rack_id: "",
        resolve_canonical: true,
        dial_timeout: GoDuration::secs(10),
        conn_idle_timeout: GoDuration::secs(540),
        metadata: &Metadata::default(),
        tls: &tls,
        auth: &auth,
    };
    let mut client = ClientConfig::new();
    connection.configure(&mut client);
    let mut problems = Problems::default();
    connection.validate(&mut problems);
    (
        client,
        problems.iter().map(|problem| problem.path.clone()).collect(),
    )
}

/// TLS and credentials choose the protocol; the system's authorities are trusted where no others are named.
#[test]
fn the_protocol_follows_from_the_keys() {
    let sasl = "sasl: {mechanism: SCRAM-SHA-256, username: u, password: p}";
    for (tls, auth, protocol) in [
        ("", "{}", "plaintext"),
        ("insecure: true", "{}", "plaintext"),
        ("{}", "{}", "ssl"),
        ("", sasl, "sasl_plaintext"),
        (
            "ca_file: /ca",
            "plain_text: {username: u, password: p}",
            "sasl_ssl",
        ),
    ] {
        let (client, problems) = configured(tls, auth);
        assert_eq!(client.get("security.protocol"), Some(protocol), "{tls} {auth}");
        assert!(problems.is_empty(), "{problems:?}");
    }
    let (client, _) = configured("{}", "plain_text: {username: u, password: p}");
    assert_eq!(client.get("ssl.ca.location"), Some("probe"));
    assert_eq!(client.get("sasl.mechanism"), Some("PLAIN"));
    assert_eq!(
        client.get("client.dns.lookup"),
        Some("resolve_canonical_bootstrap_servers_only")
    );
    let (client, _) = configured(
        "{ca_pem: PEM, cert_file: /c, key_pem: KEY, insecure_skip_verify: true}",
        "{}",
    );
    assert_eq!(client.get("ssl.ca.pem"), Some("PEM"));
    assert_eq!(client.get("ssl.ca.location"), None);
    assert_eq!(client.get("ssl.certificate.location"), Some("/c"));
    assert_eq!(client.get("ssl.key.pem"), Some("KEY"));
    assert_eq!(client.get("enable.ssl.certificate.verification"), Some("false"));
}

/// Two ways to say who we are are one too many.
#[test]
fn one_way_to_say_who_we_are() {
    let both = "{sasl: {mechanism: PLAIN, username: u, password: p}, plain_text: {username: u, password: p}}";
    assert_eq!(configured("", both).1, ["auth.plain_text"]);
}

/// What keeps a client from its work is remembered until it works again; refused credentials are told from a broker that is away.
#[test]
fn obstacles_are_remembered() {
    let told = Told::new(KafkaEvents::new(Side::Exporter, "kafka"));
    told.error(
        &KafkaError::Global(RDKafkaErrorCode::AllBrokersDown),
        "all are down",
    );
    assert_eq!(
        (told.reason().as_deref(), told.is_refused()),
        (Some("all are down"), false)
    );
    told.error(
        &KafkaError::Global(RDKafkaErrorCode::Authentication),
        "wrong password",
    );
    assert_eq!(
        (told.reason().as_deref(), told.is_refused()),
        (Some("wrong password"), true)
    );
    told.error(
        &KafkaError::Global(RDKafkaErrorCode::AllBrokersDown),
        "all are down",
    );
    assert!(told.is_refused(), "that follows from it");
    told.clear();
    assert_eq!((told.reason(), told.is_refused()), (None, false));
}
