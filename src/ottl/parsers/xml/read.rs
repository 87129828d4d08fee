//! Reading XML.

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesStart, Event};

use super::document::{Attribute, Document, Kind, Name, NodeId, ROOT};

/// Elements within each other.
pub(super) const MAX_DEPTH: usize = 250;

/// Prefixes declared at a time.
const MAX_PREFIXES: usize = 100;

/// What reading finds, in order.
struct Builder {
    document: Document,
    /// The element that is open, and how many are.
    open: NodeId,
    depth: usize,
    /// A text that may go on.
    text: String,
    /// Whether an element or a declaration has been seen.
    has_begun: bool,
    /// The prefixes that open elements declare, with how deep these are.
    prefixes: Vec<(usize, String)>,
    checks_prefixes: bool,
}

/// Reads a document. As in the Collector there may be several elements at the top, and what comes before the first of them
/// counts only behind a declaration; the declaration counts when the text begins with it.
pub(super) fn read(text: &str) -> Result<Document, String> {
    read_with(text, true)
}

/// The same, but whatever the prefixes of elements are.
pub(super) fn read_loosely(text: &str) -> Result<Document, String> {
    read_with(text, false)
}

fn read_with(text: &str, checks_prefixes: bool) -> Result<Document, String> {
    check_letters(text)?;
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_comments = true;
    config.expand_empty_elements = true;
    let mut builder = Builder {
        document: Document::new(),
        open: ROOT,
        depth: 0,
        text: String::new(),
        has_begun: false,
        prefixes: Vec::new(),
        checks_prefixes,
    };
    loop {
        let event = reader.read_event();
        let event = event.map_err(|error| wrong(&error))?;
        match event {
            Event::Eof => break,
            event => builder.take(event)?,
        }
    }
    builder.finish(text.starts_with("<?xml"))
}

fn wrong(error: &dyn std::fmt::Display) -> String {
    format!("parse xml: {}", error.to_string().trim_end_matches('.'))
}

// === impl Builder ===

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Text(text) => {
                let text = text.xml10_content();
                if text.contains("]]>") {
                    return Err("parse xml: ]]> outside of CDATA".into());
                }
                self.text.push_str(&text);
                return Ok(());
            }
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().map_err(|error| wrong(&error))?;
                match letter {
                    Some(letter) => {
                        check_letters(letter.encode_utf8(&mut [0; 4]))?;
                        self.text.push(letter);
                    }
                    None => {
                        let name = reference.into_inner();
                        let entity = resolve_xml_entity(&name);
                        self.text
                            .push_str(entity.ok_or_else(|| format!("parse xml: unknown entity &{name};"))?);
                    }
                }
                return Ok(());
            }
            _ => self.end_text(),
        }
        match event {
            Event::Start(tag) | Event::Empty(tag) => self.open(&tag)?,
            Event::End(_) => {
                self.open = self.document.node(self.open).map_or(ROOT, |node| node.parent);
                self.depth = self.depth.saturating_sub(1);
                self.prefixes.retain(|(depth, _)| *depth <= self.depth);
            }
            Event::CData(text) => self.put(Kind::CData(text.xml10_content().into_owned())),
            Event::Comment(text) => self.put(Kind::Comment(text.xml10_content().into_owned())),
            Event::DocType(text) => self.put(Kind::Directive(format!("DOCTYPE {}", text.xml10_content()))),
            Event::PI(text) => {
                self.has_begun = true;
                let (target, content) = (text.target().to_owned(), text.content().trim().to_owned());
                self.put(Kind::Instruction(target, content));
            }
            Event::Decl(text) => {
                self.has_begun = true;
                let attributes = declared(&text);
                let version = attributes
                    .iter()
                    .find(|attribute| attribute.name.is("", "version"));
                if version.is_some_and(|version| version.value != "1.0") {
                    return Err("parse xml: only version 1.0 is supported".into());
                }
                self.put(Kind::Declaration(attributes));
            }
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "parse xml: more than {MAX_DEPTH} elements within each other"
            ));
        }
        if !self.has_begun {
            self.has_begun = true;
            // Stands for the declaration, which is taken away at the end.
            self.put(Kind::Declaration(Vec::new()));
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|error| wrong(&error))?;
            if attribute.value.contains('<') {
                return Err("parse xml: unescaped < in an attribute".into());
            }
            let value = unescape(&attribute.value).map_err(|error| wrong(&error))?;
            check_letters(&value)?;
            attributes.push(Attribute {
                name: Name::new(attribute.key.as_ref()),
                value: value.replace("\r\n", "\n").replace('\r', "\n"),
            });
        }
        let mut names = attributes.iter().map(|attribute: &Attribute| &attribute.name);
        let name = Name::new(tag.name().as_ref());
        if !is_name(&name) || !names.all(is_name) {
            return Err("parse xml: a name contains a letter that names do not have".into());
        }
        if self.checks_prefixes {
            self.check_prefix(&name, &attributes)?;
        }
        self.open = self.document.append(self.open, Kind::Element(name, attributes));
        Ok(())
    }

    /// Checks that the prefix of an element's name is declared, there or further out.
    fn check_prefix(&mut self, name: &Name, attributes: &[Attribute]) -> Result<(), String> {
        for attribute in attributes
            .iter()
            .filter(|attribute| attribute.name.prefix == "xmlns")
        {
            if self.prefixes.len() == MAX_PREFIXES {
                return Err(format!(
                    "parse xml: more than {MAX_PREFIXES} prefixes are declared"
                ));
            }
            self.prefixes.push((self.depth, attribute.name.local.clone()));
        }
        let prefix = name.prefix.as_str();
        let is_known = matches!(prefix, "" | "xml") || self.prefixes.iter().any(|(_, known)| known == prefix);
        match is_known {
            true => Ok(()),
            false => Err(format!("parse xml: the prefix {prefix} is not declared")),
        }
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.put(Kind::Text(text));
        }
    }

    fn put(&mut self, kind: Kind) {
        if self.has_begun {
            self.document.append(self.open, kind);
        }
    }

    fn finish(mut self, has_declaration: bool) -> Result<Document, String> {
        self.end_text();
        if self.open != ROOT {
            return Err("parse xml: an element is not closed".into());
        }
        let nodes = &self.document.nodes;
        let top = self.document.children(ROOT);
        let is_element = |id: &NodeId| {
            nodes
                .get(*id)
                .is_some_and(|node| matches!(node.kind, Kind::Element(..)))
        };
        if !top.iter().any(is_element) {
            return Err("parse xml: there is no element".into());
        }
        if !has_declaration && let Some(root) = self.document.nodes.first_mut() {
            root.children.remove(0);
        }
        Ok(self.document)
    }
}

/// Checks that a text has no letters that XML does not have.
fn check_letters(text: &str) -> Result<(), String> {
    let is_forbidden = |letter: &char| matches!(letter, '\0'..'\t' | '\u{b}' | '\u{c}' | '\u{e}'..' ' | '\u{fffe}' | '\u{ffff}');
    match text.chars().find(is_forbidden) {
        None => Ok(()),
        Some(letter) => Err(format!("parse xml: illegal character {letter:?}")),
    }
}

fn is_name(name: &Name) -> bool {
    let is_inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ':' | '·');
    let is_first = |letter: char| letter.is_alphabetic() || matches!(letter, '_' | ':');
    let parts = [name.prefix.as_str(), name.local.as_str()];
    name.local.starts_with(is_first) && parts.iter().all(|part| part.chars().all(is_inner))
}

/// The attributes of a declaration.
fn declared(text: &str) -> Vec<Attribute> {
    let pairs = text.split(' ').filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| Attribute {
            name: Name::new(name),
            value: value.trim_matches(['"', '\'']).into(),
        })
        .collect()
}
