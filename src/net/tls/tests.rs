//! Both sides against each other, with authorities made for the test.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;
use crate::config::settings::Problems;
use crate::config::types::{GoDuration, Secret};
use crate::net::stream::{Socket, Stream};

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn identity(&self, name: &str, last_year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(last_year, 1, 1);
        Identity {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

fn server(identity: &Identity) -> ServerTls {
    ServerTls {
        cert_pem: Secret(identity.certificate.clone()),
        key_pem: Secret(identity.key.clone()),
        ..ServerTls::default()
    }
}

fn client(authority: &str) -> ClientTls {
    ClientTls {
        ca_pem: Secret(authority.into()),
        ..ClientTls::default()
    }
}

fn known_as(client: ClientTls, identity: &Identity) -> ClientTls {
    ClientTls {
        cert_pem: Secret(identity.certificate.clone()),
        key_pem: Secret(identity.key.clone()),
        ..client
    }
}

/// Sends a word from a client to a server and back. The error is the first that either side has.
async fn exchange(acceptor: &Acceptor, connector: &Connector, host: &str) -> Result<(), String> {
    let (here, there) = UnixStream::pair().unwrap();
    let serve = async {
        let mut stream = acceptor
            .accept(Socket::Unix(there))
            .await
            .map_err(|error| format!("server: {error}"))?;
        let mut word = [0; 4];
        stream
            .read_exact(&mut word)
            .await
            .map_err(|error| error.to_string())?;
        stream.write_all(&word).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        Ok::<Stream, String>(stream)
    };
    let ask = async {
        let mut stream = connector
            .connect(host, Socket::Unix(here))
            .await
            .map_err(|error| format!("client: {error}"))?;
        let mut word = [0; 4];
        stream
            .write_all(b"word")
            .await
            .map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        stream
            .read_exact(&mut word)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(&word, b"word");
        Ok::<Stream, String>(stream)
    };
    let (served, asked) = tokio::join!(serve, ask);
    match (served, asked) {
        (Err(error), _) if error.starts_with("server: ") && !error.contains("alert") => Err(error),
        (_, Err(error)) | (Err(error), _) => Err(error),
        (Ok(_), Ok(_)) => Ok(()),
    }
}

async fn between(server: &ServerTls, client: &ClientTls, host: &str) -> Result<(), String> {
    let acceptor = Acceptor::new(server, HTTP, "test").unwrap();
    let connector = Connector::new(client, HTTP2, "test").unwrap();
    exchange(&acceptor, &connector, host).await
}

#[track_caller]
fn refused(outcome: Result<(), String>, words: &str) {
    let error = outcome.unwrap_err();
    assert!(error.contains(words), "{error}");
}

/// A server is believed when its certificate is of a trusted authority, has the name, and is in time; else the error says which
/// of these fails.
#[tokio::test]
async fn servers_are_judged() {
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    let good = server(&authority.identity("gateway", 2099));
    between(&good, &client(&authority.pem), "gateway").await.unwrap();
    refused(
        between(&good, &client(&authority.pem), "elsewhere").await,
        "not valid for name",
    );
    refused(
        between(&good, &client(&other.pem), "gateway").await,
        "UnknownIssuer",
    );
    let late = server(&authority.identity("gateway", 2001));
    refused(
        between(&late, &client(&authority.pem), "gateway").await,
        "expired",
    );
    let renamed = ClientTls {
        server_name_override: "gateway".into(),
        ..client(&authority.pem)
    };
    between(&good, &renamed, "elsewhere").await.unwrap();
    let careless = ClientTls {
        insecure_skip_verify: true,
        ..ClientTls::default()
    };
    between(&late, &careless, "elsewhere").await.unwrap();
    let address = server(&authority.identity("127.0.0.1", 2099));
    between(&address, &client(&authority.pem), "127.0.0.1")
        .await
        .unwrap();
}

/// With `client_ca_file` only clients come in that show a certificate of its authorities which is in time.
#[tokio::test]
async fn clients_are_judged() {
    let (authority, other) = (Authority::new("one"), Authority::new("another"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &authority.pem).unwrap();
    let strict = ServerTls {
        client_ca_file: file.to_str().unwrap().into(),
        ..server(&authority.identity("gateway", 2099))
    };
    let anonymous = client(&authority.pem);
    refused(between(&strict, &anonymous, "gateway").await, "no certificates");
    let known = known_as(anonymous.clone(), &authority.identity("app", 2099));
    between(&strict, &known, "gateway").await.unwrap();
    let stranger = known_as(anonymous.clone(), &other.identity("app", 2099));
    refused(between(&strict, &stranger, "gateway").await, "UnknownIssuer");
    let late = known_as(anonymous.clone(), &authority.identity("app", 2001));
    refused(between(&strict, &late, "gateway").await, "expired");
    // Nobody asks for it elsewhere.
    let lax = server(&authority.identity("gateway", 2099));
    between(&lax, &stranger, "gateway").await.unwrap();
}

/// A certificate that is its own authority is believed when it is named, on both sides, and only for its name and time.
#[tokio::test]
async fn self_made_certificates() {
    let make = |name: &str, last_year| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = date_time_ymd(last_year, 1, 1);
        Identity {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    };
    let (gateway, app) = (make("gateway", 2099), make("app", 2099));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    fs::write(&file, &app.certificate).unwrap();
    let strict = ServerTls {
        client_ca_file: file.to_str().unwrap().into(),
        ..server(&gateway)
    };
    let trusting = known_as(client(&gateway.certificate), &app);
    between(&strict, &trusting, "gateway").await.unwrap();
    refused(
        between(&strict, &trusting, "elsewhere").await,
        "not valid for name",
    );
    let other = known_as(client(&app.certificate), &app);
    assert!(between(&strict, &other, "gateway").await.is_err());
    let late = make("gateway", 2001);
    refused(
        between(&server(&late), &client(&late.certificate), "gateway").await,
        "expired",
    );
}

/// Both sides keep to the versions and suites that they are told, and agree on what they speak.
#[tokio::test]
async fn what_is_spoken() {
    let authority = Authority::new("one");
    let modern = ServerTls {
        min_version: "1.3".into(),
        ..server(&authority.identity("gateway", 2099))
    };
    let old = ClientTls {
        max_version: "1.2".into(),
        ..client(&authority.pem)
    };
    assert!(between(&modern, &old, "gateway").await.is_err());
    let one_suite = |name: &str| ServerTls {
        max_version: "1.2".into(),
        cipher_suites: vec![name.into()],
        curve_preferences: vec!["P256".into()],
        ..server(&authority.identity("gateway", 2099))
    };
    // The keys of the test are of ECDSA.
    let fits = one_suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    between(&fits, &old, "gateway").await.unwrap();
    let unfit = one_suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert!(between(&unfit, &old, "gateway").await.is_err());
    let acceptor = Acceptor::new(&server(&authority.identity("gateway", 2099)), HTTP2, "test").unwrap();
    let web = Connector::new(&client(&authority.pem), HTTP1, "test").unwrap();
    assert!(exchange(&acceptor, &web, "gateway").await.is_err());
}

/// Files that change are used by the next connection; what cannot be used leaves the last that could, until it is mended.
#[tokio::test]
async fn certificates_are_renewed() {
    let (first, second) = (Authority::new("one"), Authority::new("another"));
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let put = |identity: &Identity| {
        (
            write("tls.crt", &identity.certificate),
            write("tls.key", &identity.key),
        )
    };
    let old = first.identity("gateway", 2099);
    let (cert_file, key_file) = put(&old);
    let settings = ServerTls {
        cert_file,
        key_file,
        reload_interval: Some(GoDuration::millis(1)),
        ..ServerTls::default()
    };
    let acceptor = Acceptor::new(&settings, HTTP2, "test").unwrap();
    let ask = async |authority: &Authority| {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        let connector = Connector::new(&client(&authority.pem), HTTP2, "test").unwrap();
        exchange(&acceptor, &connector, "gateway").await
    };
    ask(&first).await.unwrap();
    // Half of a renewal: a certificate without its key.
    let new = second.identity("gateway", 2099);
    write("tls.crt", &new.certificate);
    ask(&first).await.unwrap();
    write("tls.crt", "");
    ask(&first).await.unwrap();
    put(&new);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while let Err(error) = ask(&second).await {
        assert!(tokio::time::Instant::now() < deadline, "{error}");
    }
    refused(ask(&first).await, "UnknownIssuer");
}

/// What cannot be used is named by its key and file, and no error shows what stands there.
#[test]
fn files_that_cannot_be_used() {
    let authority = Authority::new("one");
    let identity = authority.identity("gateway", 2099);
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let secret = identity.key.lines().nth(1).unwrap().to_owned();
    let cut = identity.key.replace("-----END", "----END");
    let of = |certificate: &str, key: &str| ServerTls {
        cert_file: write("tls.crt", certificate),
        key_file: write("tls.key", key),
        ..ServerTls::default()
    };
    let other = authority.identity("other", 2099).key;
    let error = |settings: ServerTls| Acceptor::new(&settings, HTTP2, "test").unwrap_err();
    for (error, words) in [
        (error(of("", &identity.key)), "`cert_file`"),
        (error(of("garbage", &identity.key)), "holds no certificate"),
        (error(of(&identity.certificate, "")), "`key_file`"),
        (error(of(&identity.certificate, &cut)), "no private key"),
        (error(of(&identity.certificate, &other)), "`key_file`"),
        (
            error(ServerTls {
                cert_file: folder.path().join("missing").to_str().unwrap().into(),
                ..of("", &identity.key)
            }),
            "missing` cannot be read",
        ),
    ] {
        assert!(error.contains(words) && !error.contains(&secret), "{error}");
    }
    assert!(Path::new(&of("", "").cert_file).exists());
    let shown = format!("{:?}", server(&identity));
    assert!(!shown.contains(&secret), "{shown}");
}

/// Settings that cannot mean anything are refused by the key to blame.
#[test]
fn wrong_settings() {
    let of_client = |text: &str| {
        let settings: ClientTls = serde_saphyr::from_str(text).unwrap();
        let mut problems = Problems::default();
        settings.validate(&mut problems);
        problems
    };
    let of_server = |text: &str| {
        let settings: ServerTls = serde_saphyr::from_str(text).unwrap();
        let mut problems = Problems::default();
        settings.validate(&mut problems);
        problems
    };
    let pair = "cert_file: a, key_file: b";
    for (problems, path, words) in [
        (of_client("{ca_file: a, ca_pem: b}"), "ca_pem", "only one"),
        (of_client("{cert_file: a}"), "", "both"),
        (of_client("{key_pem: a}"), "", "both"),
        (of_client("{min_version: '1.1'}"), "min_version", "not safe"),
        (of_client("{min_version: '2'}"), "min_version", "no version"),
        (
            of_client("{min_version: '1.3', max_version: '1.2'}"),
            "max_version",
            "older",
        ),
        (
            of_client("{cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}"),
            "cipher_suites",
            "there are TLS_ECDHE",
        ),
        (
            of_client("{curve_preferences: [P521]}"),
            "curve_preferences",
            "X25519",
        ),
        (of_server("{}"), "", "both"),
        (
            of_server(&format!("{{{pair}, cert_pem: c}}")),
            "cert_pem",
            "only one",
        ),
        (
            of_server(&format!("{{{pair}, key_pem: c}}")),
            "key_pem",
            "only one",
        ),
    ] {
        let found: Vec<_> = problems.iter().collect();
        assert!(
            found
                .iter()
                .any(|problem| problem.path == path && problem.note.contains(words)),
            "{path} {words}: {found:?}"
        );
    }
    assert!(of_server(&format!("{{{pair}}}")).is_empty());
}
