//! The functions that read and change XML.
//!
//! Promise: the results are the Collector's, where it has some: selecting elements within each other makes it run in circles,
//! and here it does not. Documents have a bounded depth, and what comes out has a bounded size.

mod document;
mod maps;
mod read;
mod xpath;

use document::{Attribute, Document, Kind, Name, NodeId, put_escaped};
pub use maps::{parse_simplified_xml, parse_xml};
use read::read;
pub use xpath::XPath;

/// Bytes that may come out.
const MAX_OUTPUT: usize = 16 << 20;

/// `GetXML`: the elements and texts that an expression selects, in one text; of attributes and CDATA the text.
pub fn get_xml(text: &str, xpath: &XPath) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let document = read(text)?;
    let mut out = String::new();
    for place in xpath.select(&document)? {
        if let Some(attribute) = place.attribute.checked_sub(1) {
            if let Some(attribute) = document.attributes(place.node).get(attribute) {
                put_escaped(&attribute.value, &mut out);
            }
            continue;
        }
        match document.node(place.node).map(|node| &node.kind) {
            Some(Kind::Element(..) | Kind::Text(_)) => document.put(place.node, true, &mut out),
            Some(Kind::CData(text)) => put_escaped(text, &mut out),
            _ => {}
        }
        check_len(out.len())?;
    }
    Ok(out)
}

/// `RemoveXML`: without the elements, attributes, texts, comments and CDATA that an expression selects. Attributes whose names
/// have a prefix stay.
pub fn remove_xml(text: &str, xpath: &XPath) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let mut document = read(text)?;
    let mut is_removed = vec![false; document.nodes.len()];
    let places = xpath.select(&document)?;
    for (node, attribute) in attributes(&document, &places) {
        remove_attribute(&mut document, node, &attribute.name.local);
    }
    for place in places.into_iter().filter(|place| place.attribute == 0) {
        if let (Some(node), Some(flag)) = (document.node(place.node), is_removed.get_mut(place.node)) {
            *flag = matches!(
                node.kind,
                Kind::Element(..) | Kind::Text(_) | Kind::Comment(_) | Kind::CData(_)
            );
        }
    }
    document.remove(|id| is_removed.get(id).copied().unwrap_or_default());
    Ok(document.text())
}

/// `InsertXML`: with a document behind what is in each element that an expression selects. It is an error to select anything
/// else.
pub fn insert_xml(text: &str, xpath: &XPath, sub_document: &str) -> Result<String, String> {
    let mut document = match text {
        "" => Document::new(),
        text => read(text)?,
    };
    let inserted = read(sub_document)?;
    let mut bytes = text.len();
    for place in xpath.select(&document)? {
        let kind = document.node(place.node).map(|node| &node.kind);
        if place.attribute > 0 || !matches!(kind, Some(Kind::Element(..) | Kind::Document)) {
            return Err("the xpath of InsertXML selects something that is no element".into());
        }
        bytes = bytes.saturating_add(sub_document.len());
        check_len(bytes)?;
        document.append_copy(place.node, &inserted);
    }
    Ok(document.text())
}

/// `ConvertAttributesToElementsXML`: attributes that an expression selects, by default all, become elements behind what is in
/// their element. Those whose names have a prefix stay beside it.
pub fn convert_attributes_to_elements_xml(text: &str, xpath: &XPath) -> Result<String, String> {
    let mut document = read(text)?;
    let places = xpath.select(&document)?;
    for (node, attribute) in attributes(&document, &places) {
        remove_attribute(&mut document, node, &attribute.name.local);
        let plain = Name {
            prefix: String::new(),
            local: attribute.name.local,
        };
        let element = document.append(node, Kind::Element(plain, Vec::new()));
        document.append(element, Kind::Text(attribute.value));
    }
    Ok(document.text())
}

/// `ConvertTextToElementsXML`: within the nodes that an expression selects, texts that are not alone in their element become
/// elements of this name.
pub fn convert_text_to_elements_xml(text: &str, xpath: &XPath, element_name: &str) -> Result<String, String> {
    let mut document = read(text)?;
    let mut is_seen = vec![false; document.nodes.len()];
    let mut waiting: Vec<NodeId> = xpath
        .select(&document)?
        .into_iter()
        .filter(|place| place.attribute == 0)
        .map(|place| place.node)
        .collect();
    while let Some(node) = waiting.pop() {
        if is_seen
            .get_mut(node)
            .is_none_or(|seen| std::mem::replace(seen, true))
        {
            continue;
        }
        let children = document.children(node).to_vec();
        let is_text = |id: &NodeId| {
            document
                .node(*id)
                .is_some_and(|node| matches!(node.kind, Kind::Text(_)))
        };
        let is_element = |id: &NodeId| {
            document
                .node(*id)
                .is_some_and(|node| matches!(node.kind, Kind::Element(..)))
        };
        let texts: Vec<NodeId> = children.iter().copied().filter(is_text).collect();
        let elements: Vec<NodeId> = children.into_iter().filter(is_element).collect();
        if texts.len() + elements.len() > 1 {
            for text in texts {
                let name = Name::new(element_name);
                if let Some(node) = document.nodes.get_mut(text) {
                    let text_kind = std::mem::replace(&mut node.kind, Kind::Element(name, Vec::new()));
                    document.append(text, text_kind);
                }
            }
        }
        waiting.extend(elements);
    }
    Ok(document.text())
}

/// The attributes among places, with their elements.
fn attributes(document: &Document, places: &[xpath::Place]) -> Vec<(NodeId, Attribute)> {
    let attributes = places.iter().filter_map(|place| {
        let attribute = place.attribute.checked_sub(1)?;
        let attribute = document.attributes(place.node).get(attribute)?;
        Some((place.node, attribute.clone()))
    });
    attributes.collect()
}

/// Takes away the first attribute of this name without a prefix.
fn remove_attribute(document: &mut Document, node: NodeId, local: &str) {
    if let Some(Kind::Element(_, attributes)) = document.nodes.get_mut(node).map(|node| &mut node.kind)
        && let Some(place) = attributes
            .iter()
            .position(|attribute| attribute.name.is("", local))
    {
        attributes.remove(place);
    }
}

fn check_len(len: usize) -> Result<(), String> {
    match len {
        0..=MAX_OUTPUT => Ok(()),
        _ => Err(format!("the result would take more than {MAX_OUTPUT} bytes")),
    }
}
