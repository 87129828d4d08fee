//! `docs/configuration.md` says what the settings types say.

#![allow(clippy::expect_used, reason = "a test may panic")]

use spanway::cli::components::{Show, components};

#[test]
fn the_reference_is_fresh() {
    // The page is generated; whoever changes a key generates it anew.
    let show = Show {
        markdown: true,
        ..Show::default()
    };
    let now = components(&spanway::components::catalog(), show).expect("Markdown has no wrong name");
    let page = std::fs::read_to_string("docs/configuration.md").unwrap_or_default();
    assert!(
        page == now,
        "docs/configuration.md is stale; run: spanway components --markdown > docs/configuration.md"
    );
}
