//! A store and a model of it: random histories of requests, seals, merges, deletions and crashes.

mod files;
mod history;
mod world;
