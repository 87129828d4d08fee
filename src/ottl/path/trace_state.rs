//! W3C trace states: a member by its key.

/// Members of a trace state.
const MAX_MEMBERS: usize = 32;

/// Keys and values of a trace state, in order; nothing where it is not well-formed.
pub(super) fn members(state: &str) -> Option<Vec<(&str, &str)>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in state.split(',').filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=')?;
        let key = key.trim_start_matches([' ', '\t']);
        let value = value.trim_end_matches([' ', '\t']);
        let is_known = members.iter().any(|(known, _)| *known == key);
        if is_known || members.len() == MAX_MEMBERS || !is_key(key) || !is_value(value) {
            return None;
        }
        members.push((key, value));
    }
    Some(members)
}

/// The value of a member; empty where there is none.
pub(super) fn member<'s>(members: &[(&'s str, &'s str)], key: &str) -> &'s str {
    let member = members.iter().find(|(known, _)| *known == key);
    member.map_or("", |(_, value)| value)
}

/// The state with this member first; the last goes where there are too many. Nothing where state, key or value are not
/// well-formed.
pub(super) fn with_member(state: &str, key: &str, value: &str) -> Option<String> {
    let members = members(state).filter(|_| is_key(key) && is_value(value))?;
    let others = members
        .iter()
        .filter(|(known, _)| *known != key)
        .take(MAX_MEMBERS - 1);
    let mut state = format!("{key}={value}");
    for (key, value) in others {
        state.push(',');
        state.push_str(key);
        state.push('=');
        state.push_str(value);
    }
    Some(state)
}

fn is_key(key: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_either = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match key.split_once('@') {
        None => is_part(key, 256, is_letter),
        Some((tenant, system)) => is_part(tenant, 241, is_either) && is_part(system, 14, is_letter),
    }
}

fn is_part(part: &str, longest: usize, begins: impl Fn(u8) -> bool) -> bool {
    let follows = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'*' | b'/')
    };
    match part.as_bytes() {
        [first, rest @ ..] => part.len() <= longest && begins(*first) && rest.iter().all(follows),
        [] => false,
    }
}

fn is_value(value: &str) -> bool {
    let is_inner = |byte: &u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b',' | b'=');
    match value.as_bytes() {
        [inner @ .., last] => {
            value.len() <= 256 && inner.iter().all(is_inner) && *last != b' ' && is_inner(last)
        }
        [] => false,
    }
}
