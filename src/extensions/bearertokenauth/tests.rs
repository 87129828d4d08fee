use http::{HeaderMap, Uri};

use super::BearerSettings;
use super::tokens::Bearer;
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::net::auth::{Client, Failed, Head, Server};

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<BearerSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

fn bearer(yaml: &str) -> Bearer {
    Bearer::new(&settings(yaml).unwrap(), "bearertokenauth/a").unwrap()
}

async fn admits(bearer: &Bearer, header: &'static str, value: &str) -> bool {
    let headers = HeaderMap::from_iter([(header.parse().unwrap(), value.parse().unwrap())]);
    let uri = Uri::from_static("/v1/traces");
    let judged = bearer.judge(&Head {
        headers: &headers,
        uri: &uri,
    });
    judged.wait().await.is_ok()
}

async fn shown(bearer: &Bearer) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    bearer.put(&[], &mut headers).await.map(|()| headers)
}

/// Callers are let in with any of the tokens, in its header and with its scheme, and with nothing else; exporters show the
/// first.
#[tokio::test]
async fn tokens_are_judged_and_shown() {
    let one = bearer("token: abc");
    assert!(admits(&one, "authorization", "Bearer abc").await);
    assert!(admits(&one, "authorization", "bearer abc").await);
    for wrong in ["abc", "Bearer ab", "Bearer abcd", "Bearer ", "Basic abc", ""] {
        assert!(!admits(&one, "authorization", wrong).await, "{wrong}");
    }
    assert!(!admits(&one, "x-token", "Bearer abc").await);

    let several = bearer("{scheme: '', header: X-Token, tokens: [abc, d e]}");
    assert!(admits(&several, "x-token", "abc").await && admits(&several, "x-token", "d e").await);
    assert!(!admits(&several, "x-token", "").await);
    assert_eq!(shown(&several).await.unwrap()["x-token"], "abc");
    assert_eq!(shown(&one).await.unwrap()["authorization"], "Bearer abc");
    assert!(shown(&one).await.unwrap()["authorization"].is_sensitive());
}

/// A token that is new in the file lets callers in at once, and is what an exporter shows when the old one is refused; the
/// old one counts no longer.
#[tokio::test(start_paused = true)]
async fn a_file_that_changes_counts_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens");
    std::fs::write(&path, "old\n\n").unwrap();
    let bearer = bearer(&format!("filename: '{}'", path.display()));
    assert!(admits(&bearer, "authorization", "Bearer old").await);
    assert!(!admits(&bearer, "authorization", "Bearer ").await);
    let old = shown(&bearer).await.unwrap();
    assert!(!bearer.refused(&old).await);

    std::fs::write(&path, "new\nother\n").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert!(bearer.refused(&old).await);
    assert_eq!(shown(&bearer).await.unwrap()["authorization"], "Bearer new");
    assert!(admits(&bearer, "authorization", "Bearer other").await);
    assert!(!admits(&bearer, "authorization", "Bearer old").await);
}

/// A file that is not there stops the start, unless it may come later; then nobody is let in and nothing is sent before.
#[tokio::test(start_paused = true)]
async fn a_file_may_come_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens");
    let yaml = format!("filename: '{}'", path.display());
    let said = Bearer::new(&settings(&yaml).unwrap(), "a").unwrap_err();
    assert!(
        said.contains("`filename`") && said.contains("cannot be read"),
        "{said}"
    );

    let bearer = bearer(&format!("{yaml}\nfile_retry: {{enabled: true}}"));
    assert!(!admits(&bearer, "authorization", "Bearer a").await);
    let Err(Failed::NotNow(why)) = shown(&bearer).await else {
        panic!("a token out of nowhere");
    };
    assert!(why.contains("cannot be read"), "{why}");
    std::fs::write(&path, "a").unwrap();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert!(admits(&bearer, "authorization", "Bearer a").await);
}

/// What is wrong is told by its key, and never with the token.
#[test]
fn wrong_settings_are_named() {
    for (yaml, words) in [
        ("{}", "has no token"),
        ("{token: hush, header: 'a b'}", "`header`|`a b` is not"),
        ("{token: hush, scheme: \"a\\nb\"}", "`scheme` has characters"),
        ("token: \"hush\\n\"", "`token` has characters"),
        ("tokens: [hush, ' ']", "`tokens.1` is empty"),
        ("{tokn: hush}", "tokn"),
    ] {
        let said = settings(yaml).unwrap_err();
        assert!(
            words.split('|').all(|words| said.contains(words)) && !said.contains("hush"),
            "{yaml}: {said}"
        );
    }
    let settings = settings("{token: hush, tokens: [hush-hush]}").unwrap();
    let bearer = Bearer::new(&settings, "a").unwrap();
    let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?} {bearer:?}");
    assert!(shown.contains("[REDACTED]") && !shown.contains("hush"), "{shown}");
}
