//! What the span store costs, and how fast it answers: `cargo bench --bench store -- [--spans N] [--directory DIR]`.
//!
//! Prints Markdown. Fills a store with spans whose content follows from their numbers (`spans.rs`), through its journal,
//! its segments and one round of merging; then asks it questions whose answers are known. Processor time is that of the
//! process less that of the thread that makes the spans.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot go on says so by panicking"
)]

mod fill;
mod questions;
mod spans;

use std::path::PathBuf;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Spans to fill the store with.
    #[arg(long, default_value_t = 1_000_000)]
    spans: u64,
    /// Where the store lies; a directory that goes away afterwards unless given. One that is full is asked only.
    #[arg(long)]
    directory: Option<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    let scratch = tempfile::tempdir().unwrap();
    let directory = args.directory.unwrap_or_else(|| scratch.path().join("spans"));
    let store = fill::fill(&directory, args.spans);
    questions::ask(&store, args.spans);
    store.close().unwrap();
}
