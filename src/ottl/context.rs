//! What a statement is about, and which paths it may name.

pub use crate::config::statements::Context;

/// The first name of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// Something about spans, or what stands around them.
    Of(Context),
    /// `otelcol`: about the request that brought the spans.
    Request,
}

// === impl Context ===

impl Context {
    /// All, from the inside out; this is also the order in which one is inferred.
    pub const ALL: [Self; 4] = [Self::SpanEvent, Self::Span, Self::Scope, Self::Resource];

    /// Its name in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::SpanEvent => "spanevent",
            Self::Span => "span",
            Self::Scope => "scope",
            Self::Resource => "resource",
        }
    }

    /// The context of this name, in any letters.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|context| context.name().eq_ignore_ascii_case(name))
    }

    /// Whether its statements can read `other`: itself, and what stands above it.
    pub fn reaches(self, other: Self) -> bool {
        self.rank() <= other.rank()
    }

    /// From the inside out.
    pub(super) fn rank(self) -> usize {
        match self {
            Self::SpanEvent => 0,
            Self::Span => 1,
            Self::Scope => 2,
            Self::Resource => 3,
        }
    }

    /// Whether it knows names of numbers, such as `SPAN_KIND_SERVER`.
    pub(super) fn has_enums(self) -> bool {
        matches!(self, Self::Span | Self::SpanEvent)
    }

    /// What its statements may name.
    pub(super) fn prefixes(self) -> Vec<&'static str> {
        let known = [
            "spanevent",
            "span",
            "scope",
            "instrumentation_scope",
            "resource",
            "otelcol",
        ];
        let is_known = |name: &&str| self.prefix(name).is_some();
        known.into_iter().filter(is_known).collect()
    }

    /// What a path that begins with this name is about, where this context can read it.
    pub(super) fn prefix(self, name: &str) -> Option<Prefix> {
        let context = match name {
            "otelcol" => return Some(Prefix::Request),
            "instrumentation_scope" => Self::Scope,
            // Only the names as they are written here.
            name => Self::ALL.into_iter().find(|context| context.name() == name)?,
        };
        let is_odd = name == "instrumentation_scope" && self == Self::Scope;
        (self.reaches(context) && !is_odd).then_some(Prefix::Of(context))
    }
}

/// Names of numbers.
const ENUMERATIONS: [(&str, i64); 9] = [
    ("SPAN_KIND_UNSPECIFIED", 0),
    ("SPAN_KIND_INTERNAL", 1),
    ("SPAN_KIND_SERVER", 2),
    ("SPAN_KIND_CLIENT", 3),
    ("SPAN_KIND_PRODUCER", 4),
    ("SPAN_KIND_CONSUMER", 5),
    ("STATUS_CODE_UNSET", 0),
    ("STATUS_CODE_OK", 1),
    ("STATUS_CODE_ERROR", 2),
];

/// The number behind a name in capital letters.
pub(super) fn enumeration(symbol: &str) -> Option<i64> {
    ENUMERATIONS
        .into_iter()
        .find(|(name, _)| *name == symbol)
        .map(|(_, number)| number)
}

/// The name that is most like another one, if it is like it at all.
pub(super) fn nearest_enumeration(symbol: &str) -> Option<&'static str> {
    let near = ENUMERATIONS
        .into_iter()
        .map(|(name, _)| (strsim::damerau_levenshtein(name, symbol), name))
        .min();
    near.filter(|(distance, _)| *distance <= 4).map(|(_, name)| name)
}
