//! The messages of an OTLP trace request, as a table: one description for JSON both ways and for telling
//! where a request is broken.

/// A message.
pub(super) struct Message {
    pub fields: &'static [Field],
}

/// A field of a message.
pub(super) struct Field {
    pub number: u32,
    /// The name as `.proto` has it.
    pub snake: &'static str,
    /// The name as JSON has it.
    pub camel: &'static str,
    pub kind: Kind,
    pub repeated: bool,
    /// Belongs to a oneof: written in JSON even when it holds its default.
    pub oneof: bool,
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    String,
    Bytes,
    /// Bytes that are hexadecimal in JSON.
    Id,
    Bool,
    Int32,
    Uint32,
    Int64,
    Fixed32,
    Fixed64,
    Double,
    /// The names, from number 0 on.
    Enum(&'static [&'static str]),
    Message(&'static Message),
}

// === impl Message ===

impl Message {
    /// Whether only one of the fields counts, as in `AnyValue`.
    pub fn is_oneof(&self) -> bool {
        self.fields.iter().any(|field| field.oneof)
    }

    pub fn by_number(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    pub fn by_name(&self, name: &str) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| field.camel == name || field.snake == name)
    }
}

// === impl Kind ===

impl Kind {
    pub fn is_message(self) -> bool {
        matches!(self, Kind::Message(_))
    }

    pub fn wire_type(self) -> u32 {
        use super::reader::wire;
        match self {
            Kind::Bool | Kind::Int32 | Kind::Uint32 | Kind::Int64 | Kind::Enum(_) => wire::VARINT,
            Kind::Fixed32 => wire::FIXED32,
            Kind::Fixed64 | Kind::Double => wire::FIXED64,
            Kind::String | Kind::Bytes | Kind::Id | Kind::Message(_) => wire::LEN,
        }
    }
}

const fn one(number: u32, snake: &'static str, camel: &'static str, kind: Kind) -> Field {
    Field {
        number,
        snake,
        camel,
        kind,
        repeated: false,
        oneof: false,
    }
}

const fn many(number: u32, snake: &'static str, camel: &'static str, kind: Kind) -> Field {
    Field {
        number,
        snake,
        camel,
        kind,
        repeated: true,
        oneof: false,
    }
}

const fn either(number: u32, snake: &'static str, camel: &'static str, kind: Kind) -> Field {
    Field {
        number,
        snake,
        camel,
        kind,
        repeated: false,
        oneof: true,
    }
}

const DROPPED_ATTRIBUTES: (&str, &str) = ("dropped_attributes_count", "droppedAttributesCount");

const fn dropped_attributes(number: u32) -> Field {
    one(number, DROPPED_ATTRIBUTES.0, DROPPED_ATTRIBUTES.1, Kind::Uint32)
}

const fn attributes(number: u32) -> Field {
    many(number, "attributes", "attributes", Kind::Message(&KEY_VALUE))
}

const fn schema_url(number: u32) -> Field {
    one(number, "schema_url", "schemaUrl", Kind::String)
}

/// `ExportTraceServiceRequest`.
pub(super) static REQUEST: Message = Message {
    fields: &[many(
        1,
        "resource_spans",
        "resourceSpans",
        Kind::Message(&RESOURCE_SPANS),
    )],
};

/// `ExportTraceServiceResponse`.
pub(super) static RESPONSE: Message = Message {
    fields: &[one(
        1,
        "partial_success",
        "partialSuccess",
        Kind::Message(&PARTIAL_SUCCESS),
    )],
};

static PARTIAL_SUCCESS: Message = Message {
    fields: &[
        one(1, "rejected_spans", "rejectedSpans", Kind::Int64),
        one(2, "error_message", "errorMessage", Kind::String),
    ],
};

pub(super) static RESOURCE_SPANS: Message = Message {
    fields: &[
        one(1, "resource", "resource", Kind::Message(&RESOURCE)),
        many(2, "scope_spans", "scopeSpans", Kind::Message(&SCOPE_SPANS)),
        schema_url(3),
    ],
};

static RESOURCE: Message = Message {
    fields: &[
        attributes(1),
        dropped_attributes(2),
        many(3, "entity_refs", "entityRefs", Kind::Message(&ENTITY_REF)),
    ],
};

static ENTITY_REF: Message = Message {
    fields: &[
        schema_url(1),
        one(2, "type", "type", Kind::String),
        many(3, "id_keys", "idKeys", Kind::String),
        many(4, "description_keys", "descriptionKeys", Kind::String),
    ],
};

pub(super) static SCOPE_SPANS: Message = Message {
    fields: &[
        one(1, "scope", "scope", Kind::Message(&SCOPE)),
        many(2, "spans", "spans", Kind::Message(&SPAN)),
        schema_url(3),
    ],
};

static SCOPE: Message = Message {
    fields: &[
        one(1, "name", "name", Kind::String),
        one(2, "version", "version", Kind::String),
        attributes(3),
        dropped_attributes(4),
    ],
};

pub(super) static SPAN: Message = Message {
    fields: &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        one(4, "parent_span_id", "parentSpanId", Kind::Id),
        one(16, "flags", "flags", Kind::Fixed32),
        one(5, "name", "name", Kind::String),
        one(6, "kind", "kind", Kind::Enum(SPAN_KINDS)),
        one(7, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(8, "end_time_unix_nano", "endTimeUnixNano", Kind::Fixed64),
        attributes(9),
        dropped_attributes(10),
        many(11, "events", "events", Kind::Message(&EVENT)),
        one(12, "dropped_events_count", "droppedEventsCount", Kind::Uint32),
        many(13, "links", "links", Kind::Message(&LINK)),
        one(14, "dropped_links_count", "droppedLinksCount", Kind::Uint32),
        one(15, "status", "status", Kind::Message(&STATUS)),
    ],
};

const SPAN_KINDS: &[&str] = &[
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

static EVENT: Message = Message {
    fields: &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(2, "name", "name", Kind::String),
        attributes(3),
        dropped_attributes(4),
    ],
};

static LINK: Message = Message {
    fields: &[
        one(1, "trace_id", "traceId", Kind::Id),
        one(2, "span_id", "spanId", Kind::Id),
        one(3, "trace_state", "traceState", Kind::String),
        attributes(4),
        dropped_attributes(5),
        one(6, "flags", "flags", Kind::Fixed32),
    ],
};

static STATUS: Message = Message {
    fields: &[
        one(2, "message", "message", Kind::String),
        one(3, "code", "code", Kind::Enum(STATUS_CODES)),
    ],
};

const STATUS_CODES: &[&str] = &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

static KEY_VALUE: Message = Message {
    fields: &[
        one(1, "key", "key", Kind::String),
        one(2, "value", "value", Kind::Message(&ANY_VALUE)),
        one(3, "key_strindex", "keyStrindex", Kind::Int32),
    ],
};

pub(super) static ANY_VALUE: Message = Message {
    fields: &[
        either(1, "string_value", "stringValue", Kind::String),
        either(2, "bool_value", "boolValue", Kind::Bool),
        either(3, "int_value", "intValue", Kind::Int64),
        either(4, "double_value", "doubleValue", Kind::Double),
        either(5, "array_value", "arrayValue", Kind::Message(&ARRAY_VALUE)),
        either(6, "kvlist_value", "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        either(7, "bytes_value", "bytesValue", Kind::Bytes),
        either(8, "string_value_strindex", "stringValueStrindex", Kind::Int32),
    ],
};

static ARRAY_VALUE: Message = Message {
    fields: &[many(1, "values", "values", Kind::Message(&ANY_VALUE))],
};

static KEY_VALUE_LIST: Message = Message {
    fields: &[many(1, "values", "values", Kind::Message(&KEY_VALUE))],
};
