//! What is bounded.

use crate::ottl::parsers::*;
use crate::wire::Value;

/// Guarantees: keys that multiply while a map is laid flat end in an error.
#[test]
fn flat_keys_have_a_bound() {
    let key = "k".repeat(1 << 20);
    let inner = (0..32).map(|place| (place.to_string(), Value::Empty)).collect();
    let map = vec![(key, Value::KeyValueList(inner))];
    let flattening = Flattening::new(None, None, false).unwrap();
    assert!(flattening.flatten(map).unwrap_err().contains("16777216"));
}

/// Guarantees: a name that leads back to itself, and names that double each other, end in an error.
#[test]
fn grok_names_have_a_bound() {
    let grok = |definitions: &[String]| Grok::new("%{A0}", false, &Definitions::new(definitions).unwrap());
    assert!(grok(&["A0=%{A1}".into(), "A1=x%{A0}".into()]).is_err());
    let double = |place| format!("A{place}=%{{A{0}}}%{{A{0}}}", place + 1);
    let mut definitions: Vec<String> = (0..30).map(double).collect();
    definitions.push("A30=x".into());
    assert!(grok(&definitions).unwrap_err().contains("65536"));
}

/// Guarantees: XML within XML within XML ends in an error and no overflow; so does what an expression multiplies.
#[test]
fn xml_has_bounds() {
    let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
    assert!(parse_xml(&deep).unwrap_err().contains("within each other"));
    let brackets = "(".repeat(2_000) + "a" + &")".repeat(2_000);
    assert!(XPath::new(&brackets).is_err());
    let wide = format!("<r>{}</r>", "<a/>".repeat(1_000));
    let inserted = format!("<n>{}</n>", "x".repeat(100_000));
    let everywhere = XPath::new("//a").unwrap();
    assert!(insert_xml(&wide, &everywhere, &inserted).is_err());
}

/// Guarantees: an expression that compares each node with each does not run forever.
#[test]
fn xpath_work_has_a_bound() {
    let wide = format!("<r>{}</r>", "<a/>".repeat(20_000));
    let squared = XPath::new("//a[count(//a) > count(//b)]").unwrap();
    let error = get_xml(&wide, &squared).unwrap_err();
    assert!(error.contains("more of the document"), "{error}");
    let linear = XPath::new("//a[last()]").unwrap();
    assert_eq!(get_xml(&wide, &linear).as_deref(), Ok("<a></a>"));
}

/// Guarantees: elements selected within each other are each written once, which the Collector does not survive.
#[test]
fn nested_elements_are_each_written() {
    let nested = XPath::new("//a").unwrap();
    let text = "<a>x<a>y</a>z</a>";
    assert_eq!(get_xml(text, &nested).as_deref(), Ok("<a>x<a>y</a>z</a><a>y</a>"));
    let inserted = insert_xml(text, &nested, "<n/>");
    assert_eq!(inserted.as_deref(), Ok("<a>x<a>y<n></n></a>z<n></n></a>"));
}

/// Guarantees: what of XPath is not supported is named when the expression is read.
#[test]
fn unsupported_xpath_is_named() {
    for (text, named) in [
        ("following-sibling::a", "following-sibling"),
        ("//a[string-length(.) > 1]", "string-length()"),
        ("//a[1 div 2]", "div"),
        ("processing-instruction()", "processing-instruction"),
        ("count(//a)", "does not select nodes"),
    ] {
        let error = XPath::new(text).unwrap_err();
        assert!(error.contains(named), "{text}: {error}");
    }
}
