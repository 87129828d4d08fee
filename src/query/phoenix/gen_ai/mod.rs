//! OpenInference attributes made from OpenTelemetry's `gen_ai.*`; those that a span has already win.

mod messages;

use serde_json::{Map, Value, json};

use super::json_text::{self, dumps, str_of};

type Attributes = Map<String, Value>;

/// What providers are called in OpenInference: the provider, and the system, where there is one.
const PROVIDERS: [(&str, &str, Option<&str>); 14] = [
    ("openai", "openai", Some("openai")),
    ("anthropic", "anthropic", Some("anthropic")),
    ("cohere", "cohere", Some("cohere")),
    ("mistral_ai", "mistralai", Some("mistralai")),
    ("deepseek", "deepseek", None),
    ("groq", "groq", None),
    ("perplexity", "perplexity", None),
    ("x_ai", "xai", None),
    ("azure.ai.openai", "azure", Some("openai")),
    ("azure.ai.inference", "azure", None),
    ("aws.bedrock", "aws", None),
    ("gcp.vertex_ai", "google", Some("vertexai")),
    ("gcp.gen_ai", "google", None),
    ("gcp.gemini", "google", None),
];

/// Parameters of a request, and what a model's API calls them.
const PARAMETERS: [(&str, &str); 9] = [
    ("gen_ai.request.temperature", "temperature"),
    ("gen_ai.request.top_p", "top_p"),
    ("gen_ai.request.top_k", "top_k"),
    ("gen_ai.request.max_tokens", "max_tokens"),
    ("gen_ai.request.frequency_penalty", "frequency_penalty"),
    ("gen_ai.request.presence_penalty", "presence_penalty"),
    ("gen_ai.request.seed", "seed"),
    ("gen_ai.request.stream", "stream"),
    ("gen_ai.request.choice.count", "n"),
];

/// Counts of tokens.
const TOKENS: [(&str, &str); 4] = [
    ("gen_ai.usage.input_tokens", "llm.token_count.prompt"),
    ("gen_ai.usage.output_tokens", "llm.token_count.completion"),
    (
        "gen_ai.usage.cache_read.input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    (
        "gen_ai.usage.cache_creation.input_tokens",
        "llm.token_count.prompt_details.cache_write",
    ),
];

/// Lists of messages that are taken over whole or not at all, since their places in the list count.
const LISTS: [&str; 2] = ["llm.input_messages.", "llm.output_messages."];

/// What instrumentations always send, one or another.
const SIGNS: [&str; 14] = [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.system",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.response.id",
    "gen_ai.response.model",
    "gen_ai.response.finish_reasons",
    "gen_ai.tool.definitions",
    "gen_ai.tool.name",
];

/// Adds what follows from `gen_ai.*`.
pub fn add(attributes: &mut Attributes) {
    if !attributes.keys().any(|key| key.starts_with("gen_ai.")) {
        return;
    }
    let taken: Vec<&str> = LISTS
        .into_iter()
        .filter(|list| attributes.keys().any(|key| key.starts_with(list)))
        .collect();
    for (key, value) in made(attributes) {
        if !taken.iter().any(|list| key.starts_with(list)) {
            attributes.entry(key).or_insert(value);
        }
    }
}

/// The attributes one of which a span has when something at this path follows from `gen_ai.*`.
pub fn sources(path: &str) -> &'static [&'static str] {
    match path.split('.').next().unwrap_or_default() {
        "session" => &["gen_ai.conversation.id"],
        "openinference" | "llm" | "embedding" | "tool" | "output" | "input" | "retrieval" => &SIGNS,
        _ => &[],
    }
}

fn made(from: &Attributes) -> Attributes {
    let mut out = Attributes::new();
    let kind = kind(from);
    if let Some(kind) = kind {
        out.insert("openinference.span.kind".into(), kind.into());
    }
    put_base(from, &mut out);
    put_request(from, kind, &mut out);
    put_tokens(from, &mut out);
    messages::put(from, &mut out);
    put_response(from, &mut out);
    put_tools(from, &mut out);
    match kind {
        Some("TOOL") => put_tool_call(from, &mut out),
        Some("RETRIEVER") => put_retrieval(from, &mut out),
        _ => {}
    }
    out
}

/// The kind of span that its operation makes it, or else what it carries.
fn kind(from: &Attributes) -> Option<&'static str> {
    let Some(operation) = text(from, "gen_ai.operation.name") else {
        let has = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| from.get(*name));
            values.any(json_text::is_truthy)
        };
        let dimensions = from.get("gen_ai.embeddings.dimension.count");
        return if has(&["gen_ai.tool.call.id", "gen_ai.tool.name"]) {
            Some("TOOL")
        } else if has(&["gen_ai.retrieval.documents", "gen_ai.retrieval.query.text"]) {
            Some("RETRIEVER")
        } else if dimensions.is_some_and(|count| !count.is_null()) {
            Some("EMBEDDING")
        } else if has(&[
            "gen_ai.input.messages",
            "gen_ai.output.messages",
            "gen_ai.request.model",
        ]) {
            Some("LLM")
        } else {
            None
        };
    };
    match operation.as_str() {
        "chat" | "text_completion" | "generate_content" => Some("LLM"),
        "embeddings" => Some("EMBEDDING"),
        "execute_tool" => Some("TOOL"),
        "retrieval" => Some("RETRIEVER"),
        "invoke_agent" | "create_agent" => Some("AGENT"),
        _ => None,
    }
}

fn put_base(from: &Attributes, out: &mut Attributes) {
    let name = text(from, "gen_ai.provider.name")
        .or_else(|| text(from, "gen_ai.system").map(|system| system.to_lowercase()));
    if let Some(name) = name {
        match PROVIDERS.iter().find(|(known, _, _)| *known == name) {
            Some((_, provider, system)) => {
                out.insert("llm.provider".into(), (*provider).into());
                if let Some(system) = system {
                    out.insert("llm.system".into(), (*system).into());
                }
            }
            None => drop(out.insert("llm.system".into(), name.into())),
        }
    }
    copy(from, "gen_ai.conversation.id", "session.id", out);
}

fn put_request(from: &Attributes, kind: Option<&str>, out: &mut Attributes) {
    let (model, invocation) = match kind {
        Some("EMBEDDING") => ("embedding.model_name", "embedding.invocation_parameters"),
        _ => ("llm.model_name", "llm.invocation_parameters"),
    };
    copy(from, "gen_ai.request.model", model, out);
    let parameters = parameters(from);
    if !parameters.is_empty() {
        out.insert(invocation.into(), dumps(&Value::Object(parameters), false).into());
    }
}

fn parameters(from: &Attributes) -> Attributes {
    let given = PARAMETERS.iter().filter_map(|(name, parameter)| {
        let value = from.get(*name).filter(|value| !value.is_null())?;
        Some(((*parameter).to_owned(), value.clone()))
    });
    let mut parameters: Attributes = given.collect();
    let stop = texts(from, "gen_ai.request.stop_sequences");
    if !stop.is_empty() {
        parameters.insert("stop".into(), stop.into());
    }
    match texts(from, "gen_ai.request.encoding_formats").as_slice() {
        [] => {}
        [one] => drop(parameters.insert("encoding_format".into(), one.as_str().into())),
        several => drop(parameters.insert("encoding_formats".into(), several.into())),
    }
    match text(from, "gen_ai.output.type").as_deref() {
        Some("json") => drop(parameters.insert("response_format".into(), json!({ "type": "json_object" }))),
        Some("text") => drop(parameters.insert("response_format".into(), json!({ "type": "text" }))),
        _ => {}
    }
    parameters
}

fn put_tokens(from: &Attributes, out: &mut Attributes) {
    let counts = TOKENS.map(|(name, count)| (count, from.get(name).and_then(tokens)));
    for (name, count) in counts {
        if let Some(count) = count {
            out.insert(name.into(), count.into());
        }
    }
    if let [(_, Some(prompt)), (_, Some(completion)), ..] = counts {
        out.insert(
            "llm.token_count.total".into(),
            prompt.saturating_add(completion).into(),
        );
    }
}

fn tokens(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(_) => None,
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => None,
        _ => json_text::whole(value),
    }
}

fn put_response(from: &Attributes, out: &mut Attributes) {
    match texts(from, "gen_ai.response.finish_reasons").as_slice() {
        [] => {}
        [one] => drop(out.insert("llm.finish_reason".into(), one.as_str().into())),
        several => drop(out.insert("llm.finish_reason".into(), several.into())),
    }
    let mut response = Attributes::new();
    copy(from, "gen_ai.response.id", "id", &mut response);
    copy(from, "gen_ai.response.model", "model", &mut response);
    if !response.is_empty() {
        out.insert(
            "output.value".into(),
            dumps(&Value::Object(response), false).into(),
        );
        out.insert("output.mime_type".into(), "application/json".into());
    }
}

fn put_tools(from: &Attributes, out: &mut Attributes) {
    let tools = list(from, "gen_ai.tool.definitions");
    for (place, tool) in tools.iter().enumerate() {
        let Some(name) = tool.get("name").filter(|name| name.is_string()) else {
            continue;
        };
        let mut function = Attributes::new();
        function.insert("name".into(), name.clone());
        for member in ["description", "parameters"] {
            if let Some(value) = tool.get(member).filter(|value| !value.is_null()) {
                function.insert(member.into(), value.clone());
            }
        }
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or("function");
        let schema = json!({ "type": kind, "function": function });
        out.insert(
            format!("llm.tools.{place}.tool.json_schema"),
            dumps(&schema, false).into(),
        );
    }
}

fn put_tool_call(from: &Attributes, out: &mut Attributes) {
    copy(from, "gen_ai.tool.name", "tool.name", out);
    copy(from, "gen_ai.tool.description", "tool.description", out);
    copy(from, "gen_ai.tool.call.id", "tool.id", out);
    let given = |name: &str| from.get(name).filter(|value| !value.is_null());
    if let Some(arguments) = given("gen_ai.tool.call.arguments") {
        let parameters = match parsed(arguments) {
            Some(map @ Value::Object(_)) => dumps(&map, false),
            _ => as_text(arguments),
        };
        out.insert("tool.parameters".into(), parameters.into());
    }
    if let Some(result) = given("gen_ai.tool.call.result") {
        out.insert("output.value".into(), as_text(result).into());
        if matches!(parsed(result), Some(Value::Object(_) | Value::Array(_))) {
            out.insert("output.mime_type".into(), "application/json".into());
        }
    }
}

fn put_retrieval(from: &Attributes, out: &mut Attributes) {
    if let Some(query) = text(from, "gen_ai.retrieval.query.text") {
        out.insert("input.value".into(), query.into());
        out.insert("input.mime_type".into(), "text/plain".into());
    }
    for (place, document) in list(from, "gen_ai.retrieval.documents").iter().enumerate() {
        let mut put = |name: &str, value: Value| {
            out.insert(format!("retrieval.documents.{place}.document.{name}"), value);
        };
        let member = |name: &str| document.get(name).filter(|value| !value.is_null());
        if let Some(id) = member("id").filter(|id| json_text::is_truthy(id)) {
            put("id", str_of(id).into());
        }
        if let Some(score) = member("score").and_then(Value::as_f64) {
            put("score", score.into());
        }
        if let Some(content) = member("content") {
            put("content", as_text(content).into());
        }
        if let Some(metadata) = member("metadata") {
            put("metadata", as_text(metadata).into());
        }
    }
}

fn copy(from: &Attributes, name: &str, to: &str, out: &mut Attributes) {
    if let Some(text) = text(from, name) {
        out.insert(to.into(), text.into());
    }
}

/// An attribute's text, when there is some.
fn text(from: &Attributes, name: &str) -> Option<String> {
    let value = from.get(name).filter(|value| !value.is_null())?;
    Some(str_of(value)).filter(|text| !text.is_empty())
}

fn texts(from: &Attributes, name: &str) -> Vec<String> {
    match from.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().map(str_of).collect(),
        _ => Vec::new(),
    }
}

/// The objects of a list that is kept as JSON text; none when it is anything else.
fn list(from: &Attributes, name: &str) -> Vec<Attributes> {
    let value = from.get(name).and_then(parsed);
    let Some(Value::Array(items)) = value else {
        return Vec::new();
    };
    let objects: Option<Vec<Attributes>> = items
        .into_iter()
        .map(|item| match item {
            Value::Object(members) => Some(members),
            _ => None,
        })
        .collect();
    objects.unwrap_or_default()
}

fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => Some(value.clone()),
    }
}

/// Text as it is, anything else as JSON.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        _ => dumps(value, false),
    }
}
