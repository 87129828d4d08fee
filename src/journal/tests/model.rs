//! Random histories of a journal on a simulated disk, against a plain reference. A failure names its seed and the last
//! operations; `SPANWAY_SEEDS=12..13` replays seed 12, `SPANWAY_SEEDS=100000` runs more of them.

mod check;
mod history;
mod reopen;
mod steps;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use self::history::History;

/// Guarantees: whatever happens to the process, the power and the disk, no committed record is lost to a cursor that
/// was there, unless its own bytes were damaged; records come in order and unchanged; what is settled and remembered
/// does not come again; what comes again says so; all amounts are exact; budgets hold; damaged files are kept.
#[test]
fn no_history_breaks_a_promise() {
    for seed in seeds() {
        let mut history = History::new(seed);
        let lived = catch_unwind(AssertUnwindSafe(|| history.live()));
        if let Err(panic) = lived {
            eprintln!(
                "seed {seed} failed; its last operations were:\n{}",
                history.story()
            );
            resume_unwind(panic);
        }
    }
}

fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("SPANWAY_SEEDS").unwrap_or_default();
    match wanted.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..wanted.parse().unwrap_or(5000),
    }
}
