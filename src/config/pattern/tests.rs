use super::*;

/// Guarantees: matches are replaced as Go's `ReplaceAllStringFunc` replaces them, empty ones included, and a text that
/// stays the same is not copied for the caller.
#[test]
fn replacing_is_that_of_go() {
    let replaced = |pattern: &str, text: &str| {
        let pattern = Pattern::new(pattern).unwrap();
        pattern.replace_all(text, |matched| format!("<{matched}>"))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(replaced("a*", "baac"), some("<>b<aa>c<>"));
    assert_eq!(replaced("a*", "aa"), some("<aa>"));
    assert_eq!(replaced("", "\u{e9}x"), some("<>\u{e9}<>x<>"));
    assert_eq!(replaced(r"\b", "one two"), some("<>one<> <>two<>"));
    assert_eq!(replaced("o|$", "foo"), some("f<o><o>"));
    assert_eq!(replaced("x", "foo"), None);
    assert_eq!(Pattern::new("o").unwrap().replace_all("foo", |_| "o"), None);
}
