//! Who is let in.

use tonic::Code;

use super::support::grpc::{EXPORT, Grpc, framed};
use super::support::otlp;
use super::support::spanway::Spanway;
use super::{post, say};

/// The password of `one` is `U*U`.
const USERS: &str = "one:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

/// `one:U*U` and `one:wrong`.
const RIGHT: &str = "Basic b25lOlUqVQ==";
const WRONG: &str = "Basic b25lOndyb25n";

fn yaml(grpc: &str, http: &str) -> String {
    format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: 127.0.0.1:0, auth: {{{grpc}}}}}, \
         http: {{endpoint: 127.0.0.1:0, auth: {{{http}}}}}}}}}}}\n\
         extensions:\n  bearertokenauth: {{tokens: [abc, def]}}\n  \
         bearertokenauth/query: {{header: X-Token, scheme: '', token: abc}}\n  \
         basicauth: {{htpasswd: {{inline: '{USERS}'}}}}\n  \
         basicauth/client: {{client_auth: {{username: a, password: b}}}}\n  \
         oauth2client: {{client_id: a, client_secret: b, token_url: 'http://localhost:1/t'}}\n\
         exporters: {{nop: }}\n\
         service: {{extensions: [bearertokenauth, bearertokenauth/query, basicauth, basicauth/client, oauth2client], \
         pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
    )
}

fn named(id: &str) -> String {
    format!("authenticator: {id}")
}

/// Guarantees: each protocol lets in who shows what its authenticator knows, and tells others in its own form.
#[tokio::test(flavor = "multi_thread")]
async fn protocols_have_their_forms() {
    for (grpc_asks, http_asks) in [("bearertokenauth", "basicauth"), ("basicauth", "bearertokenauth")] {
        let gateway = Spanway::start(&yaml(&named(grpc_asks), &named(http_asks)));
        let grpc = Grpc::connect(gateway.grpc).await;
        for (shown, fits, realm) in [
            ("Bearer abc", "bearertokenauth", "Bearer"),
            ("Bearer def", "bearertokenauth", "Bearer"),
            ("Bearer abd", "", ""),
            (RIGHT, "basicauth", "Basic"),
            (RIGHT, "basicauth", "Basic"),
            (WRONG, "", ""),
            ("", "", ""),
        ] {
            let pieces = vec![framed(false, &otlp::encoded(1))];
            let answer = grpc.call(EXPORT, &[("authorization", shown)], pieces).await;
            let expected = if fits == grpc_asks {
                Code::Ok
            } else {
                Code::Unauthenticated
            };
            assert_eq!(
                answer.code(),
                expected,
                "{grpc_asks}: {shown}: {}",
                answer.message()
            );

            let answer = post(
                gateway.http,
                "/v1/traces",
                ("authorization", shown),
                otlp::encoded(1),
            )
            .await;
            let challenge = answer.headers.get("www-authenticate");
            if fits == http_asks {
                assert_eq!(
                    (answer.status.as_u16(), challenge),
                    (200, None),
                    "{http_asks}: {shown}"
                );
                continue;
            }
            assert_eq!(answer.status, 401, "{http_asks}: {shown}");
            let (code, _) = answer.error();
            assert_eq!(Code::from(code), Code::Unauthenticated);
            let challenge = challenge.unwrap().to_str().unwrap();
            let asked = if http_asks == "basicauth" {
                "Basic"
            } else {
                "Bearer"
            };
            assert_eq!(challenge, format!("{asked} realm=\"spanway\""), "{realm}");
        }
    }
}

/// Guarantees: a parameter of the query counts as the header of its name where the configuration says so, and prevails.
#[tokio::test(flavor = "multi_thread")]
async fn parameters_may_be_headers() {
    let http = "authenticator: bearertokenauth/query, request_params: [x-token]";
    let gateway = Spanway::start(&yaml(&named("basicauth"), http));
    for (path, header, status) in [
        ("/v1/traces?x-token=abc", "", 200),
        ("/v1/traces?x-token=abc", "wrong", 200),
        ("/v1/traces?x-token=wrong", "abc", 401),
        ("/v1/traces", "abc", 200),
        ("/v1/traces?other=abc", "", 401),
    ] {
        let answer = post(gateway.http, path, ("x-token", header), otlp::encoded(1)).await;
        assert_eq!(answer.status, status, "{path} {header}");
    }
}

/// Guarantees: an extension that is named for what it does not do is an error that says so, and what would do.
#[test]
fn sides_are_not_mixed_up() {
    let basic = named("basicauth");
    let (sound, said) = say("validate", &yaml(&basic, &basic));
    assert!(sound, "{said}");
    for id in ["oauth2client", "basicauth/client"] {
        let (sound, said) = say("validate", &yaml(&basic, &named(id)));
        let words = format!(
            "`protocols.http.auth.authenticator` names the extension `{id}`, which puts credentials on what is sent"
        );
        assert!(
            !sound && said.contains(&words) && said.contains("name `keys`"),
            "{said}"
        );
    }
    for (id, wrong) in [
        ("basicauth", "judges callers; here credentials are needed"),
        ("nowhere", "is not defined"),
    ] {
        let exporter =
            format!("otlp_http: {{endpoint: 'http://localhost:1', auth: {{authenticator: {id}}}}}");
        let yaml = yaml(&basic, &basic)
            .replace("nop: }", &format!("{exporter}}}"))
            .replace("[nop]", "[otlp_http]");
        let (sound, said) = say("validate", &yaml);
        assert!(
            !sound && said.contains("`auth.authenticator`") && said.contains(wrong),
            "{said}"
        );
    }
    let circle = yaml(&basic, &basic)
        .replace("extensions:\n", "extensions:\n  headers_setter: {additional_auth: headers_setter/b, headers: [{key: a, value: b}]}\n  \
                  headers_setter/b: {additional_auth: headers_setter, headers: [{key: a, value: b}]}\n")
        .replace("extensions: [", "extensions: [headers_setter, headers_setter/b, ");
    let (sound, said) = say("validate", &circle);
    assert!(!sound && said.contains("leads back"), "{said}");
}

/// Guarantees: every listener that other machines reach and that asks nobody who they are is named, by `validate` and at
/// the start.
#[test]
fn open_listeners_are_named() {
    let yaml = "receivers: {otlp: {protocols: {grpc: {endpoint: '0.0.0.0:0'}, http: {endpoint: '0.0.0.0:0'}}}}\n\
                extensions: {health_check: {endpoint: '0.0.0.0:0'}}\nexporters: {nop: }\n\
                service: {extensions: [health_check], telemetry: {metrics: {address: '0.0.0.0:0'}}, \
                pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";
    let (sound, said) = say("validate", yaml);
    let named = [
        "`protocols.grpc.endpoint` is `0.0.0.0:0`, where other machines can send spans",
        "`protocols.http.endpoint` is `0.0.0.0:0`, where other machines can send spans",
        "`endpoint` is `0.0.0.0:0`, where other machines can read whether",
        "`metrics.address` is `0.0.0.0:0`, where other machines can read the metrics",
    ];
    for words in named {
        assert!(sound && said.contains(words), "{words}: {said}");
    }
    let gateway = Spanway::start(yaml);
    let log = gateway.child.stderr.all().join("\n");
    for words in ["can send spans", "can read whether"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let (sound, said) = say("validate", &yaml.replace("0.0.0.0", "localhost"));
    assert!(sound && !said.contains("other machines"), "{said}");
}
