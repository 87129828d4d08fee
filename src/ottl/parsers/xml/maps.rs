//! XML as maps: `ParseXML` and `ParseSimplifiedXML`.

use std::collections::HashMap;

use super::document::{Attribute, Document, Kind, NodeId, ROOT};
use super::read::{read, read_loosely};
use crate::ottl::parsers::fields::Fields;
use crate::wire::Value;

/// `ParseXML`: an element as a map of `tag`, `content`, `attributes` and `children`, as far as it has them; names without their
/// prefixes. Behind the element nothing may follow.
pub fn parse_xml(text: &str) -> Result<Vec<(String, Value)>, String> {
    let document = read_loosely(text)?;
    let top = document.children(ROOT);
    let root = top.iter().copied().find(|id| tag(&document, *id).is_some());
    let root = root.ok_or("parse xml: there is no element")?;
    if top.last() != Some(&root) {
        return Err("parse xml: there is something behind the element".into());
    }
    Ok(element(&document, root))
}

/// `ParseSimplifiedXML`: elements by their tags: those with nothing but text as texts, others as maps, and lists of both
/// where a tag occurs more than once. Attributes, and texts beside elements, do not count, and nor does what is empty.
pub fn parse_simplified_xml(text: &str) -> Result<Vec<(String, Value)>, String> {
    Ok(simplified(&read(text)?, ROOT))
}

/// The tag and the attributes of an element.
fn tag(document: &Document, id: NodeId) -> Option<(&str, &[Attribute])> {
    match &document.node(id)?.kind {
        Kind::Element(name, attributes) => Some((&name.local, attributes)),
        _ => None,
    }
}

fn element(document: &Document, id: NodeId) -> Vec<(String, Value)> {
    let (tag_name, attributes) = tag(document, id).unwrap_or_default();
    let mut map = vec![("tag".into(), Value::String(tag_name.into()))];
    let (mut content, mut children) = (String::new(), Vec::new());
    for child in document.children(id) {
        match document.node(*child).map(|node| &node.kind) {
            Some(Kind::Text(text) | Kind::CData(text)) => content.push_str(text.trim()),
            Some(Kind::Element(..)) => children.push(Value::KeyValueList(element(document, *child))),
            _ => {}
        }
    }
    if !content.is_empty() {
        map.push(("content".into(), Value::String(content)));
    }
    if !attributes.is_empty() {
        let mut fields = Fields::default();
        for attribute in attributes {
            fields.put_text(attribute.name.local.as_str(), attribute.value.as_str());
        }
        map.push(("attributes".into(), Value::KeyValueList(fields.into_list())));
    }
    if !children.is_empty() {
        map.push(("children".into(), Value::Array(children)));
    }
    map
}

fn simplified(document: &Document, id: NodeId) -> Vec<(String, Value)> {
    let elements = || {
        let children = document.children(id).iter();
        children.filter_map(|child| Some((*child, tag(document, *child)?.0)))
    };
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, tag) in elements() {
        *counts.entry(tag).or_default() += 1;
    }
    let mut map = Vec::new();
    let mut lists: HashMap<&str, usize> = HashMap::new();
    for (child, tag) in elements().filter(|(child, _)| !document.children(*child).is_empty()) {
        let is_repeated = counts.get(tag).is_some_and(|count| *count > 1);
        // A list is there even when all that it could hold turns out empty.
        let list = is_repeated.then(|| {
            *lists.entry(tag).or_insert_with(|| {
                map.push((tag.to_owned(), Value::Array(Vec::new())));
                map.len() - 1
            })
        });
        let value = match leaf(document, child) {
            Some(text) => Value::String(text.into()),
            None => match simplified(document, child) {
                inner if inner.is_empty() => continue,
                inner => Value::KeyValueList(inner),
            },
        };
        match list.map(|place| map.get_mut(place)) {
            Some(Some((_, Value::Array(list)))) => list.push(value),
            _ => map.push((tag.to_owned(), value)),
        }
    }
    map
}

/// The first text of an element that has no elements in it.
fn leaf(document: &Document, id: NodeId) -> Option<&str> {
    let children = || {
        document
            .children(id)
            .iter()
            .filter_map(|child| document.node(*child))
    };
    if children().any(|node| matches!(node.kind, Kind::Element(..))) {
        return None;
    }
    let text = children().find_map(|node| match &node.kind {
        Kind::Text(text) | Kind::CData(text) => Some(text.as_str()),
        _ => None,
    });
    text.filter(|text| !text.is_empty())
}
