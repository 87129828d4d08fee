use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use super::OAuthSettings;
use super::tokens::Tokens;
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::net::auth::{Client, Failed};
use crate::net::http_client::fake::{Fake, Reply, Seen};

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<OAuthSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

fn tokens(fake: &Fake, more: &str) -> Tokens {
    let yaml = format!(
        "client_id: me\nclient_secret: 'hu sh'\ntoken_url: http://{}/token\n{more}",
        fake.address
    );
    Tokens::new(settings(&yaml).unwrap(), "oauth2client").unwrap()
}

fn granted(token: &str, lives: u64) -> Reply {
    let body =
        format!("{{\"access_token\": \"{token}\", \"token_type\": \"bearer\", \"expires_in\": {lives}}}");
    Reply::new(200, "", body.as_bytes())
}

async fn headers(tokens: &Tokens) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    tokens.put(&[], &mut headers).await.map(|()| headers)
}

async fn shown(tokens: &Tokens) -> String {
    let headers = headers(tokens).await.unwrap();
    headers["authorization"].to_str().unwrap().to_owned()
}

/// Time goes by at once; sockets do not like it to stand still.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// A request for a token says what the settings say, and a token is fetched once, whoever needs it.
#[tokio::test]
async fn a_token_is_fetched_once() {
    let seen: &'static Mutex<Vec<Seen>> = Box::leak(Box::default());
    let fake = Fake::start(move |_, request| {
        seen.lock().unwrap().push(request);
        granted("t0", 3600)
    })
    .await;
    let tokens = tokens(
        &fake,
        "scopes: [a, b]\nendpoint_params: {audience: us, x: ['1', '2']}\ntimeout: 30s",
    );
    let all = futures_util::future::join_all((0..20).map(|_| shown(&tokens))).await;
    assert!(all.iter().all(|shown| shown == "Bearer t0"), "{all:?}");
    assert!(headers(&tokens).await.unwrap()["authorization"].is_sensitive());
    let seen = seen.lock().unwrap();
    let [Seen { head, body }] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    let basic = STANDARD.encode("me:hu+sh").to_lowercase();
    assert!(
        head.starts_with("post /token ") && head.contains(&format!("authorization: basic {basic}")),
        "{head}"
    );
    let body = String::from_utf8(body.clone()).unwrap();
    assert_eq!(
        body,
        "grant_type=client_credentials&scope=a+b&audience=us&x=1&x=2"
    );
}

/// A token is replaced before it ends; while the server is away, it counts until then, and afterwards nothing is sent yet.
#[tokio::test]
async fn tokens_are_renewed() {
    let fake = Fake::start(|number, _| match number {
        0 | 1 => granted(&format!("t{number}"), 600),
        _ => Reply::new(503, "", b"hush"),
    })
    .await;
    let tokens = tokens(&fake, "expiry_buffer: 60s");
    assert_eq!(shown(&tokens).await, "Bearer t0");
    pass(Duration::from_secs(500)).await;
    assert_eq!(shown(&tokens).await, "Bearer t0");
    pass(Duration::from_secs(45)).await;
    assert_eq!(shown(&tokens).await, "Bearer t1");

    pass(Duration::from_secs(580)).await;
    assert_eq!(shown(&tokens).await, "Bearer t1");
    assert_eq!(fake.requests(), 3);
    pass(Duration::from_secs(30)).await;
    let Err(Failed::NotNow(why)) = headers(&tokens).await else {
        panic!("a token that has ended");
    };
    assert!(why.contains("503") && !why.contains("hush"), "{why}");
}

/// A token that lives for less than the buffer is not fetched for each request.
#[tokio::test]
async fn short_lives_are_lived() {
    let fake = Fake::start(|number, _| granted(&format!("t{number}"), 20)).await;
    let tokens = tokens(&fake, "");
    assert_eq!(shown(&tokens).await, "Bearer t0");
    pass(Duration::from_secs(8)).await;
    assert_eq!(shown(&tokens).await, "Bearer t0");
    pass(Duration::from_secs(3)).await;
    assert_eq!(shown(&tokens).await, "Bearer t1");
}

/// A token that a destination refuses is fetched anew, once for all who were refused with it.
#[tokio::test]
async fn refused_tokens_are_fetched_anew() {
    let fake = Fake::start(|number, _| granted(&format!("t{number}"), 3600)).await;
    let tokens = tokens(&fake, "");
    let old = headers(&tokens).await.unwrap();
    for _ in 0..3 {
        assert!(tokens.refused(&old).await);
        assert_eq!(shown(&tokens).await, "Bearer t1");
    }
    assert_eq!(fake.requests(), 2);
}

/// A server that does not know `Authorization` is asked by parameters, from then on at once; a file is read for each token.
#[tokio::test]
async fn some_servers_want_parameters() {
    let fake = Fake::start(|number, seen| {
        let body = String::from_utf8(seen.body).unwrap();
        let is_param = body.ends_with("client_id=me&client_secret=from+file");
        match (seen.head.contains("authorization"), is_param) {
            (false, true) => granted(&format!("t{number}"), 60),
            _ => Reply::new(401, "", b"{\"error\": \"invalid_client\"}"),
        }
    })
    .await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    std::fs::write(&path, "wrong").unwrap();
    let tokens = tokens(&fake, &format!("client_secret_file: '{}'", path.display()));
    let failed = headers(&tokens).await.unwrap_err();
    assert!(
        matches!(&failed, Failed::ForGood(why) if why.contains("401") && why.contains("`invalid_client`")),
        "{failed}"
    );
    std::fs::write(&path, "from file\n").unwrap();
    pass(Duration::from_secs(1)).await;
    assert_eq!(shown(&tokens).await, "Bearer t3");
    pass(Duration::from_secs(61)).await;
    assert_eq!(shown(&tokens).await, "Bearer t4");
}

/// What a failure is: a server that is away or in trouble may be back, one that refuses us needs somebody.
#[tokio::test]
async fn failures_have_their_kinds() {
    for (status, body, is_for_good) in [
        (500, "hush", false),
        (429, "hush", false),
        (
            400,
            "{\"error\": \"invalid_scope\", \"error_description\": \"hush\"}",
            true,
        ),
        (403, "hush", true),
        (200, "hush", true),
        (200, "{\"access_token\": \"hu\\nsh\"}", true),
    ] {
        let fake = Fake::start(move |_, _| Reply::new(status, "", body.as_bytes())).await;
        let failed = headers(&tokens(&fake, "")).await.unwrap_err();
        assert_eq!(
            matches!(failed, Failed::ForGood(_)),
            is_for_good,
            "{status}: {failed}"
        );
        assert!(!failed.to_string().contains("hush"), "{failed}");
    }
    let gone = {
        let fake = Fake::start(|_, _| Reply::Stall).await;
        tokens(&fake, "timeout: 20ms")
    };
    assert!(matches!(headers(&gone).await, Err(Failed::NotNow(_))));
    let fake = Fake::start(|_, _| Reply::Stall).await;
    let slow = headers(&tokens(&fake, "timeout: 20ms")).await;
    assert!(matches!(slow, Err(Failed::NotNow(_))), "{slow:?}");
}

/// What is wrong is told by its key, and never with a secret.
#[test]
fn wrong_settings_are_named() {
    let sound = "client_id: me, client_secret: hush, token_url: 'http://a/t'";
    for (yaml, words) in [
        ("{}", "`client_id` is empty"),
        ("{client_id: me}", "`client_secret` is empty"),
        ("{client_id: me, client_secret: hush}", "`token_url` is empty"),
        (
            "{client_id: me, client_secret: hush, token_url: 'ftp://a'}",
            "`token_url`|`ftp://a` does not begin",
        ),
        ("{SOUND, tls: {key_pem: hush}}", "needs both a certificate"),
        (
            "{SOUND, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}",
            "`grant_type` is `urn",
        ),
        ("{SOUND, client_certificate_key: hush}", "not supported"),
        (
            "{SOUND, scopes: [a], endpoint_params: {scope: b}}",
            "`endpoint_params.scope`|says the same",
        ),
    ] {
        let said = settings(&yaml.replace("SOUND", sound)).unwrap_err();
        assert!(
            words.split('|').all(|words| said.contains(words)) && !said.contains("hush"),
            "{yaml}: {said}"
        );
    }
    let settings = settings(&format!("{{{sound}, endpoint_params: {{password: hush}}}}")).unwrap();
    let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?}");
    assert!(shown.contains("[REDACTED]") && !shown.contains("hush"), "{shown}");
}
