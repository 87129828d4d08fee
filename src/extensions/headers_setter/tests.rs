use std::sync::Arc;

use http::HeaderMap;

use super::HeadersSettings;
use super::setter::Setter;
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::config::types::Secret;
use crate::net::auth::{Authenticator, Authenticators, Client, Failed, Identity};
use crate::pipeline::client::Client as Sender;

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<HeadersSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

fn setter(yaml: &str, known: &Authenticators) -> Setter {
    Setter::new(&settings(yaml).unwrap(), "headers_setter", known).unwrap()
}

fn sender(metadata: &[(&str, &[&str])], user: Option<&str>) -> Sender {
    let pair = |(name, values): &(&str, &[&str])| {
        let values = values.iter().map(|&value| value.to_owned());
        ((*name).to_owned(), values.collect())
    };
    let identity = |user: &str| {
        Arc::new(Identity {
            attributes: vec![("username".into(), Secret(user.into()))],
            ..Identity::default()
        })
    };
    Sender {
        metadata: metadata.iter().map(pair).collect(),
        identity: user.map(identity),
        ..Sender::default()
    }
}

/// The headers that spans of a sender leave with, where `x-there` was there before.
async fn after(setter: &Setter, sender: &Sender) -> Result<Vec<(String, String)>, String> {
    let mut headers = HeaderMap::from_iter([("x-there".parse().unwrap(), "before".parse().unwrap())]);
    let values = setter.values(sender)?;
    setter
        .put(&values, &mut headers)
        .await
        .map_err(|failed| failed.to_string())?;
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let mut headers: Vec<_> = headers.iter().map(text).collect();
    headers.sort();
    Ok(headers)
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    expected.iter().map(pair).collect()
}

/// Each action does to a header that is there, and to one that is not, what the Collector's does.
#[tokio::test]
async fn actions() {
    let nobody = Authenticators::default();
    for (action, there, new) in [
        ("insert", Some("before"), Some("now")),
        ("update", Some("now"), None),
        ("upsert", Some("now"), Some("now")),
        ("delete", None, None),
    ] {
        let yaml = format!(
            "headers: [{{action: {action}, key: X-There, value: now}}, {{action: {action}, key: X-New, value: now}}]"
        );
        let mut expected: Vec<(&str, &str)> = new.map(|value| ("x-new", value)).into_iter().collect();
        expected.extend(there.map(|value| ("x-there", value)));
        let got = after(&setter(&yaml, &nobody), &Sender::default()).await.unwrap();
        assert_eq!(got, pairs(&expected), "{action}");
    }
    let unsaid = setter("headers: [{key: X-There, value: now}]", &nobody);
    assert_eq!(
        after(&unsaid, &Sender::default()).await.unwrap(),
        pairs(&[("x-there", "now")])
    );
    assert!(!unsaid.asks_senders());
}

/// What a sender's request carries, or its authenticator found out, stands on its spans; without it the default does.
#[tokio::test]
async fn senders_decide() {
    let yaml = "headers:\n- {key: X-Tenant, from_context: Tenant, default_value: none}\n\
                - {key: X-User, from_attribute: username}\n";
    let setter = setter(yaml, &Authenticators::default());
    assert!(setter.asks_senders());
    for (sender, tenant, user) in [
        (sender(&[("tenant", &["a"])], Some("one")), "a", "one"),
        (sender(&[("tenant", &[""])], None), "none", ""),
        (sender(&[], Some("two")), "none", "two"),
    ] {
        let expected = pairs(&[("x-tenant", tenant), ("x-there", "before"), ("x-user", user)]);
        assert_eq!(after(&setter, &sender).await.unwrap(), expected);
    }
    let said = after(&setter, &sender(&[("tenant", &["hush", "b"])], None))
        .await
        .unwrap_err();
    assert!(
        said.contains("2 values of `Tenant`") && !said.contains("hush"),
        "{said}"
    );
    let said = after(&setter, &sender(&[("tenant", &["hu\nsh"])], None))
        .await
        .unwrap_err();
    assert!(said.contains("`x-tenant`") && !said.contains("hu"), "{said}");
}

/// Another extension puts its headers on first, senders' values and all; it may be made later.
#[tokio::test]
async fn extensions_chain() {
    let known = Authenticators::default();
    let outer = setter(
        "additional_auth: headers_setter/inner\nheaders: [{action: update, key: X-Inner, from_context: b}]",
        &known,
    );
    let inner = setter(
        "headers: [{key: X-Inner, value: inner}, {key: X-Tenant, from_context: a}]",
        &known,
    );
    let authenticator = Authenticator {
        client: Some(Arc::new(inner)),
        ..Authenticator::default()
    };
    known.register(&"headers_setter/inner".parse().unwrap(), authenticator);
    let got = after(&outer, &sender(&[("a", &["1"]), ("b", &["2"])], None))
        .await
        .unwrap();
    let expected = [("x-inner", "2"), ("x-tenant", "1"), ("x-there", "before")];
    assert_eq!(got, pairs(&expected));

    let lost = setter(
        "{additional_auth: nothing, headers: [{key: a, value: b}]}",
        &known,
    );
    let mut headers = HeaderMap::new();
    let failed = lost.put(&[], &mut headers).await;
    assert!(matches!(failed, Err(Failed::ForGood(_))), "{failed:?}");
}

/// A file is read again when it changes, at the latest when what it said is refused.
#[tokio::test(start_paused = true)]
async fn files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    std::fs::write(&path, "old\n").unwrap();
    let yaml = format!("headers: [{{key: X-There, value_file: '{}'}}]", path.display());
    let setter = setter(&yaml, &Authenticators::default());
    let nobody = Sender::default();
    assert_eq!(
        after(&setter, &nobody).await.unwrap(),
        pairs(&[("x-there", "old")])
    );
    assert!(!setter.refused(&HeaderMap::new()).await);
    std::fs::write(&path, "new\n").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert!(setter.refused(&HeaderMap::new()).await);
    assert_eq!(
        after(&setter, &nobody).await.unwrap(),
        pairs(&[("x-there", "new")])
    );
}

/// What is wrong is told by its key, and never with a value.
#[test]
fn wrong_settings_are_named() {
    for (yaml, words) in [
        ("{}", "`headers` has no header"),
        ("headers: [{value: hush}]", "`headers.0.key` is empty"),
        (
            "headers: [{key: 'a b', value: hush}]",
            "`headers.0.key`|`a b` is not the name",
        ),
        (
            "headers: [{key: grpc-timeout, value: hush}]",
            "`headers.0.key`|belongs to the protocol",
        ),
        ("headers: [{key: a}]", "`headers.0`|does not say what"),
        (
            "headers: [{key: a, value: hush, from_context: b}]",
            "`headers.0.from_context`|cannot stand beside `value`",
        ),
        (
            "headers: [{key: a, value: \"hush\\n\"}]",
            "`headers.0.value` has characters",
        ),
        (
            "headers: [{key: a, value: hush, action: add}]",
            "`headers.0.action`",
        ),
    ] {
        let said = settings(yaml).unwrap_err();
        assert!(
            words.split('|').all(|words| said.contains(words)) && !said.contains("hush"),
            "{yaml}: {said}"
        );
    }
    settings("headers: [{key: a, action: delete}]").unwrap();
    let settings = settings("headers: [{key: a, value: hush, default_value: hush}]").unwrap();
    let setter = Setter::new(&settings, "a", &Authenticators::default()).unwrap();
    let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?} {setter:?}");
    assert!(shown.contains("[REDACTED]") && !shown.contains("hush"), "{shown}");
}
