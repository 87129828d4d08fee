//! Statements of databases, without the values in them.
//!
//! The results are those of the libraries that the Collector uses.

mod json;
mod redis;
mod sql;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::config::{DbSanitizer, Statements};
use crate::wire::{Amendment, Message};

/// The databases whose statements are sanitized.
pub(super) struct Databases {
    databases: Vec<Database>,
    /// Whether any attribute may hold a statement.
    in_attributes: bool,
    in_names: bool,
}

struct Database {
    /// What `db.system.name` says, in lower case.
    systems: &'static [&'static str],
    language: Language,
    /// Keys of the attributes that hold statements.
    attributes: HashSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Sql(sql::Dialect),
    Redis,
    Memcached,
    Json,
}

/// How statements beside one `db.system.name` are sanitized.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    database: &'a Database,
    language: Language,
}

// === impl Databases ===

impl Databases {
    pub(super) fn new(settings: DbSanitizer) -> Self {
        let sql = Language::Sql(sql::Dialect::Standard);
        let names_only = |statements: Statements| Statements {
            attributes: Vec::new(),
            ..statements
        };
        let all: [(Statements, Language, &'static [&'static str]); 7] = [
            (
                settings.sql,
                sql,
                &["other_sql", "mysql", "postgresql", "mariadb", "sqlite"],
            ),
            (settings.redis, Language::Redis, &["redis"]),
            (settings.valkey, Language::Redis, &["valkey"]),
            (settings.memcached, Language::Memcached, &["memcached"]),
            (settings.mongo, Language::Json, &["mongodb"]),
            (names_only(settings.opensearch), Language::Json, &["opensearch"]),
            (names_only(settings.es), Language::Json, &["elasticsearch"]),
        ];
        let enabled = all.into_iter().filter(|(statements, ..)| statements.enabled);
        let databases: Vec<Database> = enabled
            .map(|(statements, language, systems)| Database {
                systems,
                language,
                attributes: statements.attributes.into_iter().collect(),
            })
            .collect();
        Self {
            in_attributes: databases.iter().any(|database| !database.attributes.is_empty()),
            in_names: settings.sanitize_span_name && !databases.is_empty(),
            databases,
        }
    }

    /// Whether any attribute may hold a statement.
    pub(super) fn in_attributes(&self) -> bool {
        self.in_attributes
    }

    /// Whether names of spans may be statements.
    pub(super) fn in_names(&self) -> bool {
        self.in_names
    }

    /// How statements in the attributes of this message are sanitized, if they are. The Collector reads SQL in attributes
    /// in the same way for all systems.
    pub(super) fn of_attributes<'a, V: Message<'a>>(
        &self,
        message: &Amendment<'a, V>,
    ) -> Option<Statement<'_>> {
        if !self.in_attributes {
            return None;
        }
        self.find(message).map(|(database, _)| Statement {
            database,
            language: database.language,
        })
    }

    /// How a statement in the name of this span is sanitized, if it is.
    pub(super) fn of_name<'a, V: Message<'a>>(&self, message: &Amendment<'a, V>) -> Option<Statement<'_>> {
        self.find(message).map(|(database, system)| Statement {
            database,
            language: match system {
                "mysql" => Language::Sql(sql::Dialect::MySql),
                _ => database.language,
            },
        })
    }

    /// The database that the attributes name, and its system.
    fn find<'a, V: Message<'a>>(&self, message: &Amendment<'a, V>) -> Option<(&Database, &'static str)> {
        let named = ["db.system.name", "db.system"].into_iter().find_map(|key| {
            let value = message.attribute(key)?;
            let system = value.as_str().filter(|system| !system.is_empty())?;
            let systems = self.databases.iter().flat_map(|database| {
                let systems = database.systems.iter();
                systems.map(move |system| (database, *system))
            });
            Some(
                systems
                    .into_iter()
                    .find(|(_, known)| known.eq_ignore_ascii_case(system)),
            )
        });
        named.flatten()
    }
}

// === impl Statement ===

impl Statement<'_> {
    /// Whether the attribute with this key holds a statement.
    pub(super) fn lists(&self, key: &str) -> bool {
        self.database.attributes.contains(key)
    }

    /// The statement without values.
    pub(super) fn sanitized(&self, text: &str) -> String {
        match self.language {
            Language::Sql(dialect) => sql::sanitized(text, dialect),
            Language::Redis => redis::sanitized(text),
            // Values follow in lines of their own.
            Language::Memcached => match text.split_once("\r\n") {
                Some((command, _)) => command.trim().to_owned(),
                None => text.trim().to_owned(),
            },
            Language::Json => json::sanitized(text).unwrap_or_else(|| text.to_owned()),
        }
    }
}
