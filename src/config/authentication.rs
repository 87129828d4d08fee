//! Which components ask callers for keys, because they name an extension that holds some, and what is wrong with
//! such names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnostic::Diagnostics;
use super::document::Config;
use super::factory::{Catalog, Kind};
use super::id::ComponentId;
use super::naming::{Naming, Role};

/// Who may call.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The extension that holds the keys of those who may.
    pub authenticator: ComponentId,
}

const AUTHENTICATOR: Role = Role {
    one: "an authenticator",
    several: "authenticators",
    fits: |component| component.is_authenticator,
};

/// Reports names that lead to no running authenticator, and authenticators that nobody names.
pub fn check(config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    let named = find(config, catalog);
    for naming in &named {
        naming.check(&AUTHENTICATOR, config, catalog, diagnostics);
    }
    // Settings that are not sound may name one all the same.
    if diagnostics.has_errors() {
        return;
    }
    for reference in &config.service.extensions {
        let component = catalog.find(Kind::Extension, &reference.id.type_name);
        let is_authenticator = component.is_some_and(|component| component.is_authenticator);
        let is_named = named.iter().any(|naming| naming.extension == reference.id);
        if is_authenticator && !is_named {
            let message = format!("the keys of `{}` are asked for nowhere", reference.id);
            diagnostics
                .warning(Some(&reference.origin), message)
                .help("name it in `auth.authenticator` of a receiver's protocol or of the extension `query`");
        }
    }
}

/// Every authenticator that a component in use names.
fn find<'a>(config: &'a Config, catalog: &Catalog) -> Vec<Naming<'a>> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let used = config.used(kind);
        for (by, node) in config
            .components(kind)
            .iter()
            .filter(|(id, _)| used.contains(*id))
        {
            let component = catalog.find(kind, &by.type_name);
            let names = component.map_or_else(Vec::new, |component| component.authenticators(node));
            found.extend(names.into_iter().map(|(key, extension)| Naming {
                kind,
                by,
                extension,
                key,
                node: node.find(key).0,
            }));
        }
    }
    found
}
