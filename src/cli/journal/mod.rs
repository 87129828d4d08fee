//! `spanway journal`: what is kept on disk, whether it is sound, and what to do with what was set aside.
//!
//! `ls`, `verify` and `dump` only read, without a lock: they may be used while a gateway works there. `replay` and
//! `forget` change something: they do it themselves where no gateway runs, and ask the one that does.

mod dump;
mod forget;
mod ls;
mod place;
mod replay;
mod verify;

use std::fmt::Display;

use clap::{Args, Subcommand, ValueEnum};

use crate::config::diagnostic::listed;
use place::Where;

/// Looks into journals, sends again what was set aside, gives up what nobody wants.
///
/// A pipeline whose exporters name a storage keeps its spans in a folder of that storage's directory: in its journal
/// until every exporter has delivered them, in a retry file while a destination refuses them for now, and among the
/// dead letters when it refuses them for good.
#[derive(Debug, Args)]
pub(super) struct Journal {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ls(ls::Ls),
    Verify(verify::Verify),
    Dump(dump::Dump),
    Replay(replay::Replay),
    Forget(forget::Forget),
}

/// Where spans lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// The journal.
    Journal,
    /// Records that are parked, because they kept failing while others were delivered.
    Retry,
    /// Dead letters: what the destination refused for good.
    Dead,
}

/// Runs one of the commands.
pub(super) fn run(journal: Journal) -> Result<(), String> {
    match journal.command {
        Command::Ls(ls) => super::print(ls.run()),
        Command::Verify(verify) => verify.run(),
        Command::Dump(dump) => dump.run(),
        Command::Replay(replay) => super::print(replay.run()),
        Command::Forget(forget) => super::print(forget.run()),
    }
}

/// The error for an exporter of which there is nothing.
fn nothing_for(exporter: &str, known: impl IntoIterator<Item = impl Display>) -> String {
    match listed(known) {
        none if none.is_empty() => format!("nothing is kept there for `{exporter}`"),
        others => format!("nothing is kept there for `{exporter}`, but for {others}"),
    }
}
