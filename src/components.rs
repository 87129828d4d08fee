//! The table of every component that this build has.

use crate::config::factory::Catalog;

/// Every component, as configuration sees it.
pub fn catalog() -> Catalog {
    Catalog::default()
}
