//! Keys that a settings type has not: each is reported with the nearest that it has, and taken out of the tree, so
//! that reading goes on to find what else is wrong.

use super::diagnostic::{Diagnostics, listed, nearest};
use super::node::{Node, Value};
use super::reference::join;
use super::schema::Type;
use super::settings::Settings;

/// Keys that the type has not and the component knows, for suggestions.
pub(super) fn known_elsewhere<C: Settings>() -> Vec<String> {
    C::no_effect()
        .into_iter()
        .chain(C::unsupported())
        .map(|key| key.path)
        .collect()
}

/// Reports and takes out every key that the type has not; whether there was none.
pub(super) fn take_unknown(
    node: &mut Node,
    of: Type<'_>,
    path: &str,
    more: &[String],
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut sound = true;
    match &mut node.value {
        Value::Map(map) => {
            let keys: Vec<String> = map.keys().map(str::to_owned).collect();
            for key in keys {
                let inner = of.key(&key).or_else(|| of.values());
                match inner {
                    Some(inner) => {
                        let Some(child) = map.get_mut(&key) else { continue };
                        sound &= take_unknown(child, inner, &join(path, &key), more, diagnostics);
                    }
                    None if of.is_section() => {
                        let Some(child) = map.remove(&key) else { continue };
                        unknown_key(&key, &child, of, path, more, diagnostics);
                        sound = false;
                    }
                    None => {}
                }
            }
        }
        Value::List(items) => {
            if let Some(inner) = of.items() {
                for (at, item) in items.iter_mut().enumerate() {
                    sound &= take_unknown(item, inner, &join(path, &at.to_string()), more, diagnostics);
                }
            }
        }
        Value::Scalar(_) => {}
    }
    sound
}

fn unknown_key(
    key: &str,
    node: &Node,
    of: Type<'_>,
    path: &str,
    more: &[String],
    diagnostics: &mut Diagnostics,
) {
    let keys = of.keys();
    let here = more.iter().filter_map(|known| match known.rsplit_once('.') {
        Some((parent, last)) => (parent == path).then_some(last),
        None => path.is_empty().then_some(known.as_str()),
    });
    let known: Vec<&str> = keys.iter().map(|(key, _)| *key).chain(here).collect();
    let near = nearest(key, known.iter().copied());
    let meant = near.and_then(|near| of.key(near));
    if meant.is_some_and(|meant| meant.is_secret()) {
        diagnostics.keep_secret(&node.origin);
    }
    let place = match path {
        "" => String::new(),
        path => format!(" in `{path}`"),
    };
    let error = diagnostics.error(Some(node.key_origin()), format!("unknown key `{key}`{place}"));
    match near {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => error.help("there are no keys here"),
        None => error.help(format!("the keys here are {}", listed(known))),
    }
}
