//! Messages to and from a model.

use serde_json::{Map, Value};

use super::{Attributes, as_text, list};

/// Adds the messages that a span carries; instructions to the model come first.
pub fn put(from: &Attributes, out: &mut Attributes) {
    let mut input = Vec::new();
    let instructions = list(from, "gen_ai.system_instructions");
    if !instructions.is_empty() {
        let parts = instructions.into_iter().map(Value::Object).collect();
        let members = [("role", Value::from("system")), ("parts", Value::Array(parts))];
        input.push(
            members
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect(),
        );
    }
    input.extend(list(from, "gen_ai.input.messages"));
    for (place, message) in input.iter().enumerate() {
        put_message(message, &format!("llm.input_messages.{place}.message"), out);
    }
    for (place, message) in list(from, "gen_ai.output.messages").iter().enumerate() {
        put_message(message, &format!("llm.output_messages.{place}.message"), out);
    }
}

fn put_message(message: &Map<String, Value>, base: &str, out: &mut Attributes) {
    let mut put = |name: &str, value: String| {
        out.insert(format!("{base}.{name}"), value.into());
    };
    for name in ["role", "name", "finish_reason"] {
        if let Some(text) = word(message, name) {
            put(name, text.to_owned());
        }
    }
    let parts = message.get("parts").and_then(Value::as_array);
    let parts: Vec<&Map<String, Value>> = parts.into_iter().flatten().filter_map(Value::as_object).collect();
    let is = |part: &Map<String, Value>, kind: &str| word(part, "type") == Some(kind);
    if let Some(response) = parts.iter().rev().find(|part| is(part, "tool_call_response")) {
        if let Some(id) = word(response, "id") {
            put("tool_call_id", id.to_owned());
        }
        if let Some(content) = response.get("response").filter(|content| !content.is_null()) {
            put("content", as_text(content));
        }
        return;
    }
    put_contents(&parts, &mut put);
    let calls = parts.iter().filter(|part| is(part, "tool_call"));
    for (place, call) in calls.enumerate() {
        let mut put = |name: &str, value: String| put(&format!("tool_calls.{place}.tool_call.{name}"), value);
        if let Some(id) = word(call, "id") {
            put("id", id.to_owned());
        }
        if let Some(name) = word(call, "name") {
            put("function.name", name.to_owned());
        }
        if let Some(arguments) = call.get("arguments").filter(|arguments| !arguments.is_null()) {
            put("function.arguments", as_text(arguments));
        }
    }
}

/// One text is the content; several, or other things among them, are a list of contents.
fn put_contents(parts: &[&Map<String, Value>], put: &mut impl FnMut(&str, String)) {
    let content = |part: &&&Map<String, Value>| {
        matches!(word(part, "type"), Some("text" | "reasoning" | "uri" | "blob"))
    };
    let contents: Vec<_> = parts.iter().filter(content).collect();
    if let [one] = contents.as_slice()
        && word(one, "type") == Some("text")
    {
        return put("content", of(one, "content"));
    }
    for (place, part) in contents.iter().enumerate() {
        let mut put =
            |name: &str, value: String| put(&format!("contents.{place}.message_content.{name}"), value);
        match word(part, "type") {
            Some(kind @ ("text" | "reasoning")) => {
                put("type", kind.to_owned());
                put("text", of(part, "content"));
            }
            Some("uri") => {
                put("type", "image".into());
                put("image.image.url", of(part, "uri"));
            }
            _ => {
                let kind = word(part, "mime_type").unwrap_or("application/octet-stream");
                put("type", "image".into());
                put(
                    "image.image.url",
                    format!("data:{kind};base64,{}", of(part, "content")),
                );
            }
        }
    }
}

fn of(part: &Map<String, Value>, name: &str) -> String {
    let text = part.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn word<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = members.get(name).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
}
