//! What keys a settings type has, as its JSON schema tells: to find unknown keys, to keep secrets, and to write
//! the reference.

use schemars::JsonSchema;
use serde_json::{Map, Value};

/// The JSON schema of a settings type.
pub struct Schema {
    root: Value,
}

/// A type within it.
#[derive(Clone, Copy)]
pub struct Type<'a> {
    root: &'a Value,
    schema: &'a Value,
}

// === impl Schema ===

impl Schema {
    /// The schema of `C`.
    pub fn of<C: JsonSchema>() -> Self {
        Self {
            root: schemars::schema_for!(C).to_value(),
        }
    }

    /// The type itself.
    pub fn root(&self) -> Type<'_> {
        Type {
            root: &self.root,
            schema: &self.root,
        }
    }
}

// === impl Type ===

impl<'a> Type<'a> {
    fn at(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }

    /// The schemas that together describe it: itself, what it refers to, its alternatives.
    fn parts(self) -> Vec<&'a Map<String, Value>> {
        let mut parts = Vec::new();
        // Types that refer to themselves would never end; four references in a row are more than any has.
        self.collect(&mut parts, 4);
        parts
    }

    fn collect(self, parts: &mut Vec<&'a Map<String, Value>>, references: usize) {
        let Some(schema) = self.schema.as_object() else {
            return;
        };
        parts.push(schema);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|path| self.root.pointer(path));
            if let (Some(target), 1..) = (target, references) {
                self.at(target).collect(parts, references - 1);
            }
        }
        for group in ["allOf", "anyOf", "oneOf"] {
            for part in schema.get(group).and_then(Value::as_array).into_iter().flatten() {
                self.at(part).collect(parts, references);
            }
        }
    }

    fn word(self, name: &str) -> Option<&'a str> {
        self.parts().into_iter().find_map(|part| part.get(name)?.as_str())
    }

    /// The keys of a section, in the order of the type.
    pub fn keys(self) -> Vec<(&'a str, Type<'a>)> {
        let properties = self
            .parts()
            .into_iter()
            .filter_map(|part| part.get("properties")?.as_object());
        properties
            .flatten()
            .map(|(key, schema)| (key.as_str(), self.at(schema)))
            .collect()
    }

    /// The type of a key.
    pub fn key(self, name: &str) -> Option<Type<'a>> {
        self.keys()
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, of)| of)
    }

    /// The type of the values, where keys are the user's own.
    pub fn values(self) -> Option<Type<'a>> {
        let rest = self
            .parts()
            .into_iter()
            .find_map(|part| part.get("additionalProperties"))?;
        (*rest != Value::Bool(false)).then(|| self.at(rest))
    }

    /// The type of a list's items.
    pub fn items(self) -> Option<Type<'a>> {
        let items = self.parts().into_iter().find_map(|part| part.get("items"))?;
        Some(self.at(items))
    }

    /// Whether its keys are fixed.
    pub fn is_section(self) -> bool {
        self.values().is_none() && !self.keys().is_empty()
            || self.parts().iter().any(|part| {
                part.get("type").and_then(Value::as_str) == Some("object")
                    && part.get("additionalProperties") == Some(&Value::Bool(false))
            })
    }

    /// Whether its value must not be shown.
    pub fn is_secret(self) -> bool {
        self.parts()
            .iter()
            .any(|part| part.get("writeOnly") == Some(&Value::Bool(true)))
    }

    /// The first sentence of its documentation, on one line.
    pub fn sentence(self) -> String {
        let text = self.schema.get("description").and_then(Value::as_str);
        let text = text.or_else(|| self.word("description")).unwrap_or_default();
        let paragraph = text.split("\n\n").next().unwrap_or_default();
        paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The default of the key that has this type, as the type's `Default` has it.
    pub fn default(self) -> Option<&'a Value> {
        self.schema.get("default")
    }

    /// What a user writes there, in a word or two.
    pub fn what(self) -> String {
        let choices = self.choices();
        if !choices.is_empty() {
            return choices
                .iter()
                .map(|choice| format!("`{choice}`"))
                .collect::<Vec<_>>()
                .join(", ");
        }
        if self.is_secret() {
            return "secret".into();
        }
        if let Some(format @ ("duration" | "component" | "pipeline" | "bytes")) = self.word("format") {
            return format.into();
        }
        let alternatives = self.alternatives();
        if alternatives.len() > 1 {
            return alternatives.join(" or ");
        }
        if let Some(items) = self.items() {
            return format!("list of {}", plural(&items.what()));
        }
        if let Some(values) = self.values() {
            return format!("map of {}", plural(&values.what()));
        }
        match self.kind() {
            _ if self.is_section() => "section",
            Some("string") => "text",
            Some("integer") => "whole number",
            Some("number") => "number",
            Some("boolean") => "boolean",
            Some("object") => "section",
            _ => "any value",
        }
        .into()
    }

    /// What each of its alternatives is, where a user has the choice.
    fn alternatives(self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let groups = self
            .parts()
            .into_iter()
            .filter_map(|part| part.get("anyOf")?.as_array());
        for each in groups.flatten().filter(|each| !is_null(each)) {
            let what = self.at(each).what();
            if !found.contains(&what) {
                found.push(what);
            }
        }
        found
    }

    fn kind(self) -> Option<&'a str> {
        self.parts().into_iter().find_map(|part| match part.get("type")? {
            Value::String(name) => Some(name.as_str()).filter(|name| *name != "null"),
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .find(|name| *name != "null"),
            _ => None,
        })
    }

    /// The words of an enumeration.
    fn choices(self) -> Vec<&'a str> {
        let parts = self.parts();
        let listed = parts
            .iter()
            .filter_map(|part| part.get("enum")?.as_array())
            .flatten();
        let single = parts.iter().filter_map(|part| part.get("const"));
        listed.chain(single).filter_map(Value::as_str).collect()
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn plural(what: &str) -> String {
    if let Some((one, other)) = what.split_once(" or ") {
        return format!("{} or {}", plural(one), plural(other));
    }
    match what {
        "any value" | "secret" | "text" | "whole number" | "number" | "boolean" | "section" | "duration"
        | "pipeline" => {
            format!("{}s", what)
        }
        other => other.to_owned(),
    }
}
