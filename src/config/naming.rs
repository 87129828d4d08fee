//! Components that need an extension for something name it; this is what may be wrong with such a name.

use super::diagnostic::{Diagnostics, listed, nearest};
use super::document::Config;
use super::factory::{Catalog, Component, Kind};
use super::id::ComponentId;
use super::node::Node;
use super::read_error::conceal;

/// An extension as a component names it.
pub struct Naming<'a> {
    /// The family of the component.
    pub kind: Kind,
    /// The component.
    pub by: &'a ComponentId,
    /// The extension.
    pub extension: ComponentId,
    /// The path of the key that names it.
    pub key: &'static str,
    /// The value of the key.
    pub node: &'a Node,
}

/// What the extension is needed for.
pub struct Role {
    /// One that is good for it, `a storage`.
    pub one: &'static str,
    /// Several, `storages`.
    pub several: &'static str,
    /// Whether a component is good for it.
    pub fits: fn(&Component) -> bool,
}

// === impl Naming ===

impl Naming<'_> {
    /// Reports a name that leads to no running extension of this role.
    pub fn check(&self, role: &Role, config: &Config, catalog: &Catalog, diagnostics: &mut Diagnostics) {
        let extension = &self.extension;
        let component = catalog.find(Kind::Extension, &extension.type_name);
        let runs = config.used(Kind::Extension).contains(extension);
        let (wrong, help) = match component.map(role.fits) {
            _ if !config.extensions.contains_key(extension) => (
                "is not defined".to_owned(),
                role.instead_of(extension, config, catalog),
            ),
            Some(false) => (
                format!("is not {}", role.one),
                role.instead_of(extension, config, catalog),
            ),
            Some(true) if !runs => (
                "is not in `service.extensions`".to_owned(),
                format!("add `{extension}` to `service.extensions`, so that it runs"),
            ),
            // A type that this build has not is reported where it is defined.
            Some(true) | None => return,
        };
        let message = format!("`{}` names the extension `{extension}`, which {wrong}", self.key);
        let hidden = self.node.hidden_texts();
        self.within(diagnostics, |diagnostics| {
            diagnostics
                .error(Some(&self.node.origin), conceal(&message, &hidden))
                .help(conceal(&help, &hidden));
        });
    }

    /// Says that what is told concerns the component.
    pub fn within(&self, diagnostics: &mut Diagnostics, tell: impl FnOnce(&mut Diagnostics)) {
        diagnostics.within(format!("{}.{}", self.kind.section(), self.by), tell);
    }
}

// === impl Role ===

impl Role {
    /// What to name in place of something that is not good for it.
    fn instead_of(&self, wanted: &ComponentId, config: &Config, catalog: &Catalog) -> String {
        let types: Vec<&Component> = catalog
            .of(Kind::Extension)
            .filter(|component| (self.fits)(component))
            .collect();
        let fits = |id: &ComponentId| types.iter().any(|component| component.answers_to(&id.type_name));
        let fitting: Vec<String> = config
            .extensions
            .keys()
            .filter(|id| fits(id))
            .map(ToString::to_string)
            .collect();
        match nearest(&wanted.to_string(), fitting.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if !fitting.is_empty() => format!("the {} here are {}", self.several, listed(fitting)),
            None => {
                let types = listed(types.iter().map(|component| component.about.name));
                format!(
                    "define one below `extensions` and name it in `service.extensions`; this build has {types}"
                )
            }
        }
    }
}
