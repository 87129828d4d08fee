//! What OTTL's parsing, decoding and hashing converters make of a text.
//!
//! Promises: everything here is a function of its arguments and gives what the Collector's converter gives, errors aside,
//! which are sentences of our own. Nothing panics; time and memory are in proportion to the text, and where keys or names
//! multiply they are bounded. What a statement says literally is checked once and kept as a type of its own, so that running
//! it checks nothing again. A text of the Collector that is not UTF-8 becomes one that is, with `U+FFFD` in it.

mod csv;
mod decode;
mod fields;
mod flatten;
mod grok;
mod hash;
mod ids;
mod key_value;
mod murmur3;
mod network;
mod patterns;
mod semconv_name;
mod severity;
mod slice_to_map;
#[cfg(test)]
mod tests;
mod url;
mod user_agent;
mod xml;

pub use csv::Csv;
pub use decode::{Encoding, base64_encode};
pub use flatten::Flattening;
pub use grok::{Definitions, Grok};
pub use hash::{fnv, md5, sha1, sha256, sha512, xxh3, xxh128};
pub use ids::{span_id, trace_id, uuid_v4, uuid_v7};
pub use key_value::{Delimiters, key_value_text, parse_key_value};
pub use murmur3::{murmur3, murmur3_128};
pub use network::{Endpoint, Network, community_id, community_seed, is_in_cidr, is_valid_luhn, protocol};
pub use patterns::extract_patterns;
pub use semconv_name::{check_semconv_version, semconv_span_name};
pub use severity::Severities;
pub use slice_to_map::slice_to_map;
pub use url::url;
pub use user_agent::user_agent;
pub use xml::{
    XPath, convert_attributes_to_elements_xml, convert_text_to_elements_xml, get_xml, insert_xml,
    parse_simplified_xml, parse_xml, remove_xml,
};

/// So much of a text is shown in an error.
const SHOWN: usize = 80;

/// A text for an error, in quotes; only the beginning of a long one.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
