use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Uri};

use super::callers::Callers;
use super::htpasswd::Users;
use super::shown::Credentials;
use super::{Basic, BasicSettings};
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::net::auth::{Client, Denied, Head, Identity, Judged, Server};

/// As `openssl passwd -apr1` writes it.
const APR1: &str = "$apr1$xxxxxxxx$/mULyOsdWlXlIt5U99q7h1";

/// From the tests of bcrypt's first implementation; the password is `U*U`.
const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<BasicSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

fn callers(yaml: &str) -> Callers {
    Callers::new(&settings(yaml).unwrap().htpasswd.unwrap(), "basicauth").unwrap()
}

fn credentials(yaml: &str) -> Credentials {
    Credentials::new(&settings(yaml).unwrap().client_auth.unwrap(), "basicauth").unwrap()
}

fn judged(callers: &Callers, credentials: &str) -> Judged {
    let value = format!("Basic {}", STANDARD.encode(credentials));
    shows(callers, &value)
}

fn shows(callers: &Callers, value: &str) -> Judged {
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value.parse().unwrap())]);
    let uri = Uri::from_static("/v1/traces");
    callers.judge(&Head {
        headers: &headers,
        uri: &uri,
    })
}

async fn admits(callers: &Callers, credentials: &str) -> Option<Arc<Identity>> {
    judged(callers, credentials).wait().await.ok()
}

/// Every form of `htpasswd` fits its own password and no other.
#[test]
fn every_form_fits_its_password() {
    for (line, password) in [
        (APR1, "secret"),
        (
            "$apr1$ab$1/dVWkZJ5J.6SzpgBz4vx/",
            "a longer password, beyond 16 bytes",
        ),
        (BCRYPT, "U*U"),
        ("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret"),
        ("{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0", "secret"),
        ("secret:with colon", "secret:with colon"),
        ("{PLAIN}secret", "secret"),
        ("{PLAIN}secret", "{PLAIN}secret"),
    ] {
        let users = Users::read(&format!("\n  one:{line}  \ntwo:x")).unwrap();
        let kept = users.find("one").unwrap();
        assert!(kept.fits(password), "{line}");
        for wrong in ["", "Secret", "secret "] {
            assert!(!kept.fits(wrong), "{line}: {wrong}");
        }
        assert!(users.find("three").is_none());
    }
}

/// A line that cannot be used is named by its number, and not shown.
#[test]
fn wrong_lines_are_named() {
    for (line, words) in [
        ("hush", "line 2 has no colon"),
        ("a:$2y$hush", "line 2 has a damaged bcrypt hash"),
        ("a:$apr1$hush", "line 2 has a damaged MD5 hash"),
        ("a:{SHA}hush", "line 2 has a damaged SHA hash"),
        (
            "a:{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
            "line 2 has a damaged SHA hash",
        ),
        ("a:$6$hush$hush", "line 2 has a hash of SHA crypt"),
    ] {
        let Err(said) = Users::read(&format!("b:c\n{line}")) else {
            panic!("{line}");
        };
        assert!(
            said.starts_with(words) && !said.contains("hush"),
            "{line}: {said}"
        );
    }
}

/// Callers are let in with their own passwords; pipelines learn who they are.
#[tokio::test]
async fn callers_are_judged() {
    let callers = callers(&format!(
        "htpasswd: {{inline: \"one:{BCRYPT}\\ntwo:pass:word\\ntwo:word\"}}"
    ));
    let one = admits(&callers, "one:U*U").await.unwrap();
    assert_eq!((&*one.name, one.attribute("username")), ("one", Some("one")));
    assert_eq!(one.attribute("raw"), Some(STANDARD.encode("one:U*U").as_str()));
    assert!(
        !format!("{one:?}").contains(&STANDARD.encode("one:U*U")),
        "{one:?}"
    );
    assert!(admits(&callers, "two:word").await.is_some());
    for wrong in ["one:u*u", "one:", "two:U*U", "two:pass:word", "three:U*U", ":"] {
        assert!(admits(&callers, wrong).await.is_none(), "{wrong}");
    }
    for wrong in ["Bearer abc", "Basic", "Basic !!", "Basic b25l"] {
        let denied = shows(&callers, wrong).wait().await.unwrap_err();
        assert!(matches!(denied, Denied::Unauthenticated(why) if why.contains("none were shown")));
    }
}

/// What is slow is done elsewhere, and once: what was found right is known until its user shows something else, or the file
/// says something else.
#[tokio::test(start_paused = true)]
async fn slow_passwords_are_looked_into_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("users");
    std::fs::write(&path, format!("one:{BCRYPT}\n")).unwrap();
    let callers = callers(&format!("htpasswd: {{file: '{}'}}", path.display()));
    callers.watch();
    assert!(matches!(judged(&callers, "one:U*U"), Judged::Later(_)));
    assert!(admits(&callers, "one:U*U").await.is_some());
    assert!(matches!(judged(&callers, "one:U*U"), Judged::Now(Ok(_))));
    assert!(matches!(judged(&callers, "one:U*V"), Judged::Later(_)));
    assert!(admits(&callers, "one:U*V").await.is_none());
    assert!(matches!(judged(&callers, "one:U*U"), Judged::Now(Ok(_))));

    std::fs::write(&path, format!("one:{APR1}\n")).unwrap();
    while admits(&callers, "one:U*U").await.is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(admits(&callers, "one:secret").await.is_some());
}

/// Exporters show the name and the password, from files what these say now.
#[tokio::test(start_paused = true)]
async fn exporters_show_both() {
    let shown = async |credentials: &Credentials| {
        let mut headers = HeaderMap::new();
        credentials.put(&[], &mut headers).await.unwrap();
        headers
    };
    let written = credentials("client_auth: {username: one, password: 'a:b'}");
    assert_eq!(
        shown(&written).await["authorization"],
        format!("Basic {}", STANDARD.encode("one:a:b"))
    );
    assert!(shown(&written).await["authorization"].is_sensitive());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    std::fs::write(&path, "old\n").unwrap();
    let from_file = credentials(&format!(
        "client_auth: {{username: one, password_file: '{}'}}",
        path.display()
    ));
    let old = shown(&from_file).await;
    assert_eq!(
        old["authorization"],
        format!("Basic {}", STANDARD.encode("one:old"))
    );
    assert!(!from_file.refused(&old).await);
    std::fs::write(&path, "new").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert!(from_file.refused(&old).await);
    assert_eq!(
        shown(&from_file).await["authorization"],
        format!("Basic {}", STANDARD.encode("one:new"))
    );
}

/// What is wrong is told by its key, and never with a password.
#[test]
fn wrong_settings_are_named() {
    for (yaml, words) in [
        ("{}", "has no credentials"),
        (
            "{htpasswd: {inline: 'a:hush'}, client_auth: {username: a, password: hush}}",
            "`client_auth`|stands beside `htpasswd`",
        ),
        ("htpasswd: {}", "`htpasswd`|names nobody"),
        (
            "htpasswd: {inline: hush}",
            "`htpasswd.inline`|line 1 has no colon",
        ),
        (
            "client_auth: {username: 'a:b', password: hush}",
            "`client_auth.username` has a colon",
        ),
        (
            "client_auth: {username: a, password: \"hush\\n\"}",
            "`client_auth.password` has line breaks",
        ),
        (
            "client_auth: {aws_secrets_manager: {secret_arn: hush}}",
            "not supported",
        ),
    ] {
        let said = settings(yaml).unwrap_err();
        assert!(
            words.split('|').all(|words| said.contains(words)) && !said.contains("hush"),
            "{yaml}: {said}"
        );
    }
    let settings = settings("htpasswd: {inline: 'a:hush'}").unwrap();
    let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?}");
    assert!(shown.contains("[REDACTED]") && !shown.contains("hush"), "{shown}");
    let missing = BasicSettings {
        client_auth: Some(super::config::ClientAuth {
            password_file: "/nowhere/at/all".into(),
            ..Default::default()
        }),
        ..BasicSettings::default()
    };
    let Err(said) = Basic::new(&missing, "a") else {
        panic!("a password out of nowhere");
    };
    assert!(
        said.contains("`client_auth.password_file`: `/nowhere/at/all` cannot be read"),
        "{said}"
    );
}
