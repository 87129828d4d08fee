//! The columns of a segment: what they are called in the file, and how their values lie there.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

/// A column. Those that every segment has come first, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// The insertion number.
    Number,
    /// Whose span it is.
    Project,
    /// 16 bytes.
    TraceId,
    /// 8 bytes.
    SpanId,
    /// 8 bytes; null when none is named.
    ParentSpanId,
    /// The W3C trace state.
    TraceState,
    /// W3C trace flags and more.
    Flags,
    /// The span's name.
    Name,
    /// `SPAN_KIND_*` as a number.
    Kind,
    /// Nanoseconds since 1970.
    Start,
    /// End less start, in nanoseconds.
    Duration,
    /// `STATUS_CODE_*` as a number.
    StatusCode,
    /// The sender's words about an error.
    StatusMessage,
    /// The resource attribute `service.name`; null when there is none, or it is no text.
    Service,
    /// The resource and its schema URL, as OTLP/JSON of a `ResourceSpans`.
    Resource,
    /// The name of the instrumentation scope.
    ScopeName,
    /// The scope and its schema URL, as OTLP/JSON of a `ScopeSpans`.
    Scope,
    /// Attributes that the sender dropped.
    DroppedAttributes,
    /// The events, as an array of OTLP/JSON; null when there are none.
    Events,
    /// Events that the sender dropped.
    DroppedEvents,
    /// The links, as an array of OTLP/JSON; null when there are none.
    Links,
    /// Links that the sender dropped.
    DroppedLinks,
    /// Bit n: field n of the span is there although it holds its default.
    Explicit,
    /// The order of the attributes, see [`super::order`]; null when it is that of the columns.
    Order,
    /// The span itself, where the other columns do not give its bytes back.
    Raw,
    /// An attribute without a column of its own: its key.
    OtherKey,
    /// Its kind.
    OtherKind,
    /// Its value as text.
    OtherValue,
    /// The attribute that has the column of this number.
    Attribute(u16),
}

/// The columns that every segment has.
pub const FIXED: [Column; 28] = [
    Column::Number,
    Column::Project,
    Column::TraceId,
    Column::SpanId,
    Column::ParentSpanId,
    Column::TraceState,
    Column::Flags,
    Column::Name,
    Column::Kind,
    Column::Start,
    Column::Duration,
    Column::StatusCode,
    Column::StatusMessage,
    Column::Service,
    Column::Resource,
    Column::ScopeName,
    Column::Scope,
    Column::DroppedAttributes,
    Column::Events,
    Column::DroppedEvents,
    Column::Links,
    Column::DroppedLinks,
    Column::Explicit,
    Column::Order,
    Column::Raw,
    Column::OtherKey,
    Column::OtherKind,
    Column::OtherValue,
];

/// What kind of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Text.
    String,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A floating point number.
    Double,
    /// Values in order.
    Array,
    /// Keys and values in order.
    KeyValueList,
    /// Raw bytes.
    Bytes,
    /// A value of no kind.
    Empty,
    /// No value at all.
    Missing,
    /// An index into a string table.
    StringIndex,
}

/// An attribute with a column of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hot {
    /// The attribute's key.
    pub key: String,
    /// The one kind of value that the column holds: text, truth, or a number.
    pub kind: Kind,
}

/// How a column's values lie in its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bytes of any length, or of `width`; by dictionary where that is smaller.
    Bin {
        /// Bytes of each value, when all have the same.
        width: Option<usize>,
    },
    /// Bytes of one length, as they are.
    Id(usize),
    /// Numbers as differences.
    Long,
    /// Bits.
    Bool,
}

/// How rows relate to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value a row.
    Required,
    /// One or none.
    Optional,
    /// Any number.
    List,
}

// === impl Column ===

impl Column {
    /// Its place in the file.
    pub fn place(self) -> usize {
        match self {
            Self::Attribute(number) => FIXED.len() + usize::from(number),
            _ => FIXED
                .iter()
                .position(|column| *column == self)
                .unwrap_or(FIXED.len()),
        }
    }

    /// How rows relate to its values.
    pub fn shape(self) -> Shape {
        match self {
            Self::ParentSpanId
            | Self::Service
            | Self::Events
            | Self::Links
            | Self::Order
            | Self::Raw
            | Self::Attribute(_) => Shape::Optional,
            Self::OtherKey | Self::OtherKind | Self::OtherValue => Shape::List,
            _ => Shape::Required,
        }
    }

    /// How its values lie in its pages.
    pub fn form(self, hot: &[Hot]) -> Form {
        match self {
            Self::TraceId => Form::Id(16),
            Self::SpanId | Self::ParentSpanId => Form::Id(8),
            Self::Number | Self::Start | Self::Duration => Form::Long,
            Self::Flags
            | Self::Kind
            | Self::StatusCode
            | Self::DroppedAttributes
            | Self::DroppedEvents
            | Self::DroppedLinks
            | Self::Explicit => Form::Bin { width: Some(4) },
            Self::Attribute(number) => match hot.get(usize::from(number)).map(|hot| hot.kind) {
                Some(Kind::Bool) => Form::Bool,
                Some(Kind::Int | Kind::Double) => Form::Bin { width: Some(8) },
                _ => Form::Bin { width: None },
            },
            _ => Form::Bin { width: None },
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Project => "project",
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::TraceState => "trace_state",
            Self::Flags => "flags",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Start => "start_time",
            Self::Duration => "duration_nano",
            Self::StatusCode => "status_code",
            Self::StatusMessage => "status_message",
            Self::Service => "service_name",
            Self::Resource => "resource",
            Self::ScopeName => "scope_name",
            Self::Scope => "scope",
            Self::DroppedAttributes => "dropped_attributes_count",
            Self::Events => "events",
            Self::DroppedEvents => "dropped_events_count",
            Self::Links => "links",
            Self::DroppedLinks => "dropped_links_count",
            Self::Explicit => "explicit_defaults",
            Self::Order => "attribute_order",
            Self::Raw => "raw",
            Self::OtherKey => "key",
            Self::OtherKind => "kind",
            Self::OtherValue | Self::Attribute(_) => "value",
        }
    }

    fn is_text(self) -> bool {
        !matches!(self, Self::Order | Self::Raw)
    }
}

/// All columns of a segment with these attributes, in the order of the file.
pub fn all(hot: &[Hot]) -> impl Iterator<Item = Column> {
    let own = (0..hot.len()).map(|number| Column::Attribute(number as u16));
    FIXED.into_iter().chain(own)
}

// === impl Kind ===

/// The kinds by their names in files.
const KINDS: [(Kind, &str); 10] = [
    (Kind::String, "string"),
    (Kind::Bool, "bool"),
    (Kind::Int, "int"),
    (Kind::Double, "double"),
    (Kind::Array, "array"),
    (Kind::KeyValueList, "kvlist"),
    (Kind::Bytes, "bytes"),
    (Kind::Empty, "empty"),
    (Kind::Missing, "missing"),
    (Kind::StringIndex, "string_index"),
];

impl Kind {
    /// All kinds.
    #[cfg(any(test, fuzzing))]
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, _)| *kind)
    }

    /// Its name in files.
    pub fn name(self) -> &'static str {
        let named = KINDS.iter().find(|(kind, _)| *kind == self);
        named.map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn named(name: &[u8]) -> Option<Self> {
        let named = KINDS.iter().find(|(_, known)| known.as_bytes() == name);
        named.map(|(kind, _)| *kind)
    }

    /// Whether an attribute of this kind may have a column of its own.
    pub fn may_be_hot(self) -> bool {
        matches!(self, Self::String | Self::Bool | Self::Int | Self::Double)
    }
}

// === the file's schema ===

/// The schema of a segment with these attributes.
pub fn schema(hot: &[Hot]) -> Result<TypePtr, ParquetError> {
    let mut fields = Vec::new();
    for column in FIXED {
        match column {
            Column::OtherKey => fields.push(others()?),
            Column::OtherKind | Column::OtherValue => {}
            _ => fields.push(leaf(column.name(), column, hot)?),
        }
    }
    for (number, attribute) in hot.iter().enumerate() {
        let name = format!("attributes.{}", attribute.key);
        fields.push(leaf(&name, Column::Attribute(number as u16), hot)?);
    }
    let root = Type::group_type_builder("span").with_fields(fields).build()?;
    Ok(Arc::new(root))
}

/// `other_attributes`: a list of what has no column of its own.
fn others() -> Result<TypePtr, ParquetError> {
    let leaves = [Column::OtherKey, Column::OtherKind, Column::OtherValue];
    let leaves = leaves.into_iter().map(|column| leaf(column.name(), column, &[]));
    let element = Type::group_type_builder("element")
        .with_repetition(Repetition::REQUIRED)
        .with_fields(leaves.collect::<Result<_, _>>()?)
        .build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let others = Type::group_type_builder("other_attributes")
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::LIST)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    Ok(Arc::new(others))
}

fn leaf(name: &str, column: Column, hot: &[Hot]) -> Result<TypePtr, ParquetError> {
    let (physical, length) = match column.form(hot) {
        Form::Bin { width: None } => (PhysicalType::BYTE_ARRAY, -1),
        Form::Bin { width: Some(4) } => (PhysicalType::INT32, -1),
        Form::Bin { .. } if kind_of(column, hot) == Some(Kind::Double) => (PhysicalType::DOUBLE, -1),
        Form::Bin { .. } | Form::Long => (PhysicalType::INT64, -1),
        Form::Id(width) => (PhysicalType::FIXED_LEN_BYTE_ARRAY, width as i32),
        Form::Bool => (PhysicalType::BOOLEAN, -1),
    };
    let repetition = match column.shape() {
        Shape::Optional => Repetition::OPTIONAL,
        Shape::Required | Shape::List => Repetition::REQUIRED,
    };
    let mut builder = Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_length(length);
    if physical == PhysicalType::BYTE_ARRAY && column.is_text() {
        builder = builder
            .with_converted_type(ConvertedType::UTF8)
            .with_logical_type(Some(LogicalType::String));
    }
    if column == Column::Start {
        builder = builder.with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::NANOS)));
    }
    Ok(Arc::new(builder.build()?))
}

fn kind_of(column: Column, hot: &[Hot]) -> Option<Kind> {
    match column {
        Column::Attribute(number) => hot.get(usize::from(number)).map(|hot| hot.kind),
        _ => None,
    }
}
