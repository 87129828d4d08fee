use super::{KeysSettings, factory, read};
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::net::auth::{Keys, Permission};

const SHA256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<KeysSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

fn keys(yaml: &str) -> Result<Keys, String> {
    read(&settings(yaml)?, "keys")
}

/// A key is found by its secret, wherever that is from, with its permissions and its project.
#[test]
fn keys_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    std::fs::write(&file, "from-file\r\n").unwrap();
    let keys = keys(&format!(
        "keys:\n- {{name: one, secret: from-text, permissions: [ingest, read], project: shop}}\n\
         - {{name: two, secret_sha256: {}, permissions: [admin]}}\n\
         - {{name: three, secret_file: '{}', permissions: [annotate]}}\n",
        SHA256_OF_ABC.to_uppercase(),
        file.display()
    ))
    .unwrap();
    let one = keys.find("from-text").unwrap();
    assert_eq!((one.name.as_str(), one.project.as_deref()), ("one", Some("shop")));
    assert_eq!(one.permissions, [Permission::Ingest, Permission::Read]);
    let two = keys.find("abc").unwrap();
    assert_eq!((two.name.as_str(), two.project.as_deref()), ("two", None));
    assert_eq!(keys.find("from-file").unwrap().name, "three");
    assert!(keys.find("from-file\r\n").is_none());
}

/// What is wrong with a key is told by its path, and never with its secret.
#[test]
fn wrong_keys_are_named() {
    for (yaml, words) in [
        ("keys: []", "`keys` has no key"),
        ("{}", "`keys` has no key"),
        (
            "keys: [{secret: hush-a, permissions: [read]}]",
            "`keys.0.name` is empty",
        ),
        ("keys: [{name: a, permissions: [read]}]", "`keys.0` has no secret"),
        (
            "keys: [{name: a, secret: hush-a, secret_file: hush-file, permissions: [read]}]",
            "`keys.0` has several secrets",
        ),
        (
            "keys: [{name: a, secret: '', permissions: [read]}]",
            "`keys.0.secret` is empty",
        ),
        (
            "keys: [{name: a, secret: 'hush a', permissions: [read]}]",
            "`keys.0.secret` has spaces",
        ),
        (
            "keys: [{name: a, secret_sha256: hush-hex, permissions: [read]}]",
            "`keys.0.secret_sha256` is not 64 hexadecimal digits",
        ),
        (
            "keys: [{name: a, secret_file: '', permissions: [read]}]",
            "`keys.0.secret_file` is empty",
        ),
        (
            "keys: [{name: a, secret: hush-a}]",
            "`keys.0.permissions` is empty",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [write]}]",
            "`keys.0.permissions.0`",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [ingest], quota: {bytes_per_second: 0}}]",
            "`keys.0.quota.bytes_per_second` is 0",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [ingest], quota: {requests_per_second: 1, burst: 1ms}}]",
            "`keys.0.quota.burst` is too short",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [read], project: ''}]",
            "`keys.0.project` is empty",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [read]}, {name: a, secret: hush-b, permissions: [read]}]",
            "`keys.1.name` is `a`, which is also the name of `keys.0`",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [read]}, {name: b, secret: hush-a, permissions: [read]}]",
            "`keys.1.secret` is the secret of `keys.0` too",
        ),
        (
            "keys: [{name: a, secret: hush-a, permissions: [read], secrets: hush-b}]",
            "secrets",
        ),
    ] {
        let said = settings(yaml).unwrap_err();
        assert!(said.contains(words), "{yaml}: {said}");
        assert!(
            !said.contains("hush-a") && !said.contains("hush a") && !said.contains("hush-hex"),
            "{said}"
        );
    }
    let same = format!(
        "keys: [{{name: a, secret: abc, permissions: [read]}}, {{name: b, secret_sha256: {SHA256_OF_ABC}, permissions: [read]}}]"
    );
    let said = settings(&same).unwrap_err();
    assert!(
        said.contains("`keys.1.secret_sha256` is the secret of `keys.0` too"),
        "{said}"
    );
}

/// A file that holds no secret stops the start, by its name.
#[test]
fn wrong_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        format!(
            "{{name: {name}, secret_file: '{}', permissions: [read]}}",
            path.display()
        )
    };
    let (empty, long) = (file("empty", b"\n"), file("long", &[b'x'; 70_000]));
    let (same, binary) = (file("same", b"abc"), file("binary", &[0xff, 0xfe]));
    let absent = "{name: absent, secret_file: /nowhere/at/all, permissions: [read]}".to_owned();
    for (key, words) in [
        (empty, "is empty"),
        (long, "too many for a secret"),
        (binary, "cannot be read"),
        (absent, "`/nowhere/at/all` cannot be read"),
        (same, "`same` has the same secret as `first`"),
    ] {
        let first = "{name: first, secret: abc, permissions: [read]}";
        let said = keys(&format!("keys: [{first}, {key}]")).unwrap_err();
        assert!(said.contains(words) && said.contains("`keys.1"), "{said}");
    }
}

/// Effective settings show that there are secrets, and none of them.
#[test]
fn secrets_are_not_shown() {
    let yaml = format!(
        "keys: [{{name: a, secret: hush, permissions: [read]}}, {{name: b, secret_sha256: {SHA256_OF_ABC}, permissions: [read]}}]"
    );
    let settings = settings(&yaml).unwrap();
    let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?}");
    assert!(shown.contains("[REDACTED]"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("ba7816"), "{shown}");
    assert!(factory().component().is_authenticator);
}
