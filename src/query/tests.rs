use std::path::Path;

use super::{openapi, oracle};

/// Whatever fuzzing found worth keeping is answered, or refused as the client's fault.
#[test]
fn the_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/requests");
    let files = std::fs::read_dir(&folder).into_iter().flatten();
    for file in files {
        oracle::request(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

/// Each product's part of the OpenAPI document can be read, and its names do not meet another's.
#[test]
fn parts_of_the_document() {
    let parts = [
        ("PostHog", include_str!("posthog/openapi.yaml")),
        ("Mackerel", include_str!("mackerel/openapi.yaml")),
        ("Traceloop", include_str!("traceloop/openapi.yaml")),
        ("Phoenix", include_str!("phoenix/openapi.yaml")),
    ];
    for (product, yaml) in parts {
        let part = openapi::part(yaml).unwrap_or_else(|error| panic!("{product}: {error}"));
        let kinds = part["components"].as_object().into_iter().flatten();
        for (kind, named) in kinds {
            for (name, _) in named.as_object().into_iter().flatten() {
                assert!(name.starts_with(product), "{product}: {kind} `{name}`");
            }
        }
    }
}
