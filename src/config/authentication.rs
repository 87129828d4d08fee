//! Which components have an extension authenticate callers or themselves, and what is wrong with such names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::diagnostic::Diagnostics;
use super::document::Config;
use super::factory::{Catalog, Kind};
use super::id::ComponentId;
use super::naming::{Naming, Role};
use super::read_error::conceal;

/// Who may call, or who calls.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The extension that knows.
    pub authenticator: ComponentId,
}

/// What an extension can be named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It has keys with permissions.
    Keys,
    /// It judges callers.
    Server,
    /// It puts credentials on what is sent.
    Client,
}

const AUTHENTICATOR: Role = Role {
    one: "an authenticator",
    several: "authenticators",
    fits: |component| component.is_authenticator,
};

/// Reports names that lead to no running authenticator, and authenticators that nobody names.
pub fn check(config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    let named = find(config, catalog);
    for Named { naming, .. } in &named {
        naming.check(&AUTHENTICATOR, config, catalog, diagnostics);
    }
    for naming in &named {
        naming.check_side(config, catalog, diagnostics);
    }
    check_circles(&named, diagnostics);
    // Settings that are not sound may name one all the same.
    if diagnostics.has_errors() {
        return;
    }
    for reference in &config.service.extensions {
        let component = catalog.find(Kind::Extension, &reference.id.type_name);
        let is_authenticator = component.is_some_and(|component| component.is_authenticator);
        let is_named = named.iter().any(|named| named.naming.extension == reference.id);
        if is_authenticator && !is_named {
            let message = format!("the authenticator `{}` runs, and nothing names it", reference.id);
            diagnostics
                .warning(Some(&reference.origin), message)
                .help("name it in `auth.authenticator` of a receiver's protocol, of an exporter or of the extension `query`");
        }
    }
}

/// An authenticator as a component names it, and what for.
struct Named<'a> {
    naming: Naming<'a>,
    side: Side,
}

// === impl Named ===

impl Named<'_> {
    /// Reports one that is named for what it does not do.
    fn check_side(&self, config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
        let Naming {
            extension, key, node, ..
        } = &self.naming;
        let component = catalog.find(Kind::Extension, &extension.type_name);
        let (Some(component), Some(settings)) = (component, config.extensions.get(extension)) else {
            return;
        };
        let does = component.authenticates(settings);
        if does.is_empty() || does.contains(&self.side) {
            return;
        }
        let (wrong, help) = match self.side {
            Side::Server => (
                "puts credentials on what is sent; here callers must show theirs",
                "name `keys`, `bearertokenauth`, or `basicauth` with `htpasswd`",
            ),
            Side::Client => (
                "judges callers; here credentials are needed for what is sent",
                "name `bearertokenauth`, `basicauth` with `client_auth`, `oauth2client` or `headers_setter`",
            ),
            Side::Keys => (
                "holds no keys; here callers need keys, which have permissions and projects",
                "name an extension `keys`",
            ),
        };
        let message = format!("`{key}` names the extension `{extension}`, which {wrong}");
        let hidden = node.hidden_texts();
        self.naming.within(diagnostics, |diagnostics| {
            diagnostics
                .error(Some(&node.origin), conceal(&message, &hidden))
                .help(help);
        });
    }
}

/// Reports extensions that name each other in a circle.
fn check_circles(named: &[Named<'_>], diagnostics: &mut Diagnostics) {
    let extensions = || named.iter().filter(|named| named.naming.kind == Kind::Extension);
    for first in extensions() {
        let mut at = &first.naming.extension;
        for _ in extensions() {
            if at == first.naming.by {
                let message = format!(
                    "`{}` of `{at}` leads back to `{at}`, so that it never ends",
                    first.naming.key
                );
                return first.naming.within(diagnostics, |diagnostics| {
                    diagnostics.error(Some(&first.naming.node.origin), message);
                });
            }
            match extensions().find(|next| next.naming.by == at) {
                Some(next) => at = &next.naming.extension,
                None => break,
            }
        }
    }
}

/// Every authenticator that a component in use names.
fn find<'a>(config: &'a Config, catalog: &Catalog) -> Vec<Named<'a>> {
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
            found.extend(names.into_iter().map(|(key, side, extension)| {
                let node = node.find(key).0;
                let naming = Naming {
                    kind,
                    by,
                    extension,
                    key,
                    node,
                };
                Named { naming, side }
            }));
        }
    }
    found
}
