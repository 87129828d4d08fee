//! A document of XML as a tree, and its text.
//!
//! Promise: what is not changed is written as the Collector writes it: no empty tags, texts and attributes escaped, the
//! declaration as it was.

/// A document: nodes in the order in which they came; the first is the document itself.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub nodes: Vec<Node>,
}

/// A place in a document's nodes.
pub(super) type NodeId = usize;

/// The document itself.
pub(super) const ROOT: NodeId = 0;

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: Kind,
    pub parent: NodeId,
    pub children: Vec<NodeId>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The document itself.
    Document,
    /// `<?xml ...?>`.
    Declaration(Vec<Attribute>),
    /// A tag and its attributes.
    Element(Name, Vec<Attribute>),
    Text(String),
    /// `<![CDATA[...]]>`.
    CData(String),
    Comment(String),
    /// `<!...>`.
    Directive(String),
    /// `<?target ...?>`.
    Instruction(String, String),
}

/// An attribute.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: Name,
    pub value: String,
}

/// A name as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// What stands before the colon; empty where there is none.
    pub prefix: String,
    pub local: String,
}

// === impl Document ===

impl Document {
    /// A document without nodes.
    pub fn new() -> Self {
        let root = Node {
            kind: Kind::Document,
            parent: ROOT,
            children: Vec::new(),
        };
        Self { nodes: vec![root] }
    }

    /// The node at a place that this document gave.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The children of a node.
    pub fn children(&self, id: NodeId) -> &[NodeId] {
        self.node(id).map_or(&[], |node| &node.children)
    }

    /// The attributes of an element.
    pub fn attributes(&self, id: NodeId) -> &[Attribute] {
        match self.node(id).map(|node| &node.kind) {
            Some(Kind::Element(_, attributes)) => attributes,
            _ => &[],
        }
    }

    /// Puts a node behind the other children of `parent`.
    pub fn append(&mut self, parent: NodeId, kind: Kind) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node {
            kind,
            parent,
            children: Vec::new(),
        });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.children.push(id);
        }
        id
    }

    /// Takes nodes away from their parents.
    pub fn remove(&mut self, is_removed: impl Fn(NodeId) -> bool) {
        for node in &mut self.nodes {
            node.children.retain(|child| !is_removed(*child));
        }
    }

    /// Puts a copy of what `other` has at its top behind the children of `parent`.
    pub fn append_copy(&mut self, parent: NodeId, other: &Document) {
        let mut waiting: Vec<(NodeId, NodeId)> = Vec::new();
        let push = |waiting: &mut Vec<_>, children: &[NodeId], into| {
            waiting.extend(children.iter().rev().map(|child| (*child, into)));
        };
        push(&mut waiting, other.children(ROOT), parent);
        while let Some((from, into)) = waiting.pop() {
            if let Some(node) = other.node(from) {
                let copy = self.append(into, node.kind.clone());
                push(&mut waiting, &node.children, copy);
            }
        }
    }

    /// All text within a node, together.
    pub fn inner_text(&self, id: NodeId) -> String {
        let mut out = String::new();
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            let Some(node) = self.node(id) else { continue };
            if let Kind::Text(text) | Kind::CData(text) = &node.kind {
                out.push_str(text);
            }
            waiting.extend(node.children.iter().rev());
        }
        out
    }

    /// The document as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for child in self.children(ROOT) {
            self.put(*child, true, &mut out);
        }
        out
    }

    /// Writes a node; `keeps_space` says whether white space around texts stays. Nesting is bounded where documents are read.
    pub fn put(&self, id: NodeId, keeps_space: bool, out: &mut String) {
        let Some(node) = self.node(id) else { return };
        match &node.kind {
            Kind::Document => {}
            Kind::Text(text) if keeps_space => put_escaped(text, out),
            Kind::Text(text) => put_escaped(text.trim(), out),
            Kind::CData(text) => put_all(&["<![CDATA[", text, "]]>"], out),
            Kind::Comment(text) => put_all(&["<!--", text, "-->"], out),
            Kind::Directive(text) => put_all(&["<!", text, ">"], out),
            Kind::Instruction(target, text) if text.is_empty() => put_all(&["<?", target, "?>"], out),
            Kind::Instruction(target, text) => put_all(&["<?", target, " ", text, "?>"], out),
            Kind::Declaration(attributes) => {
                out.push_str("<?xml");
                put_attributes(attributes, out);
                out.push_str("?>");
            }
            Kind::Element(name, attributes) => {
                out.push('<');
                name.put(out);
                put_attributes(attributes, out);
                out.push('>');
                let space = attributes
                    .iter()
                    .find(|attribute| attribute.name.is("xml", "space"));
                let keeps_space = match space.map(|attribute| attribute.value.as_str()) {
                    Some("preserve") => true,
                    Some("default") => false,
                    _ => keeps_space,
                };
                for child in &node.children {
                    self.put(*child, keeps_space, out);
                }
                out.push_str("</");
                name.put(out);
                out.push('>');
            }
        }
    }
}

fn put_all(texts: &[&str], out: &mut String) {
    out.extend(texts.iter().copied());
}

fn put_attributes(attributes: &[Attribute], out: &mut String) {
    for attribute in attributes {
        out.push(' ');
        attribute.name.put(out);
        out.push_str("=\"");
        put_escaped(&attribute.value, out);
        out.push('"');
    }
}

/// Writes a text or the value of an attribute.
pub(super) fn put_escaped(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            _ => out.push(letter),
        }
    }
}

// === impl Name ===

impl Name {
    /// A name as it is written.
    pub fn new(text: &str) -> Self {
        let (prefix, local) = match text.split_once(':') {
            Some((prefix, local)) if !prefix.is_empty() && !local.is_empty() => (prefix, local),
            _ => ("", text),
        };
        Self {
            prefix: prefix.into(),
            local: local.into(),
        }
    }

    /// Whether it is this name.
    pub fn is(&self, prefix: &str, local: &str) -> bool {
        self.prefix == prefix && self.local == local
    }

    fn put(&self, out: &mut String) {
        if !self.prefix.is_empty() {
            out.push_str(&self.prefix);
            out.push(':');
        }
        out.push_str(&self.local);
    }
}
