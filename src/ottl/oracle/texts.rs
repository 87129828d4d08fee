//! Hexadecimal digits and trace states, in the plainest way.

use regex::Regex;

/// Two lower-case digits a byte.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes.
pub(super) fn from_hex(text: &str, count: usize) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 2 * count)?;
    let byte = |pair: &[u32]| pair.iter().fold(0, |byte, digit| byte * 16 + *digit as u8);
    Some(digits.chunks(2).map(byte).collect())
}

fn is_like(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

fn is_key(key: &str) -> bool {
    is_like(r"^[a-z][a-z0-9_*/-]{0,255}\z", key)
        || is_like(r"^[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}\z", key)
}

fn is_value(value: &str) -> bool {
    is_like(r"^[ -+\--<>-~]{0,255}[!-+\--<>-~]\z", value)
}

/// The members of a W3C trace state; nothing where it is none.
pub(super) fn members(state: &str) -> Option<Vec<(String, String)>> {
    let mut members: Vec<(String, String)> = Vec::new();
    for member in state.split(',').filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=')?;
        let (key, value) = (
            key.trim_start_matches([' ', '\t']),
            value.trim_end_matches([' ', '\t']),
        );
        if !is_key(key) || !is_value(value) || members.iter().any(|(known, _)| known == key) {
            return None;
        }
        members.push((key.to_owned(), value.to_owned()));
    }
    (members.len() <= 32).then_some(members)
}

/// The value of a member, empty where there is none.
pub(super) fn member(members: &[(String, String)], key: &str) -> String {
    let member = members.iter().find(|(known, _)| known == key);
    member.map_or(String::new(), |(_, value)| value.clone())
}

/// The state with a member in front; nothing where anything is not as it must be.
pub(super) fn with_member(state: &str, key: &str, value: &str) -> Option<String> {
    let mut members = members(state)?;
    if !is_key(key) || !is_value(value) {
        return None;
    }
    members.retain(|(known, _)| known != key);
    members.insert(0, (key.to_owned(), value.to_owned()));
    members.truncate(32);
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Some(members.join(","))
}
