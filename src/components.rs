//! The table of every component that this build has.

use crate::config::factory::Catalog;
use crate::pipeline::parts::Table;
use crate::{connectors, exporters, extensions, processors, receivers};

/// All factories.
pub fn table() -> Table {
    Table {
        receivers: receivers::table(),
        processors: processors::table(),
        exporters: exporters::table(),
        connectors: connectors::table(),
        extensions: extensions::table(),
    }
}

/// Every component, as configuration sees it.
pub fn catalog() -> Catalog {
    table().catalog()
}
