//! Whatever becomes of files and of the process, nothing that was written is missing; and without crashes and copies, nothing is
//! read twice.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;

use super::{World, append, line, wait_until};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So many lines are appended.
    Write(u8),
    /// A part of a line is; the next write completes it.
    Part,
    /// The file gets another name, which is looked for too, and a new one is begun.
    Rotate,
    /// The file is copied and truncated.
    CopyTruncate,
    /// All that was written is read.
    Wait,
    /// The gateway is stopped in order and started again.
    Restart,
    /// It is killed: what it wrote down is as old as at the last `Remember`.
    Kill,
    /// What is written down now is what a kill leaves.
    Remember,
    /// Pipelines refuse what comes, a few times.
    Refuse,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..5_u8).prop_map(Step::Write),
        1 => Just(Step::Part),
        2 => Just(Step::Rotate),
        1 => Just(Step::CopyTruncate),
        2 => Just(Step::Wait),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
        1 => Just(Step::Remember),
        1 => Just(Step::Refuse),
    ]
}

fn run(steps: &[Step]) {
    let mut world = World::new("start_at: beginning, include_file_name: false", true);
    let path = world.path("data.json");
    world.start();
    let (mut written, mut files, mut rest) = (BTreeSet::new(), 0, String::new());
    let mut remembered: Option<Vec<u8>> = None;
    let all_is_there = |world: &World, written: &BTreeSet<String>| {
        wait_until("all that was written is read", || {
            let found: BTreeSet<_> = world.keeper.names().into_iter().collect();
            found.is_superset(written)
        });
    };
    for step in steps.iter().chain(&[Step::Write(1), Step::Wait]) {
        match *step {
            Step::Write(lines) => {
                for _ in 0..lines {
                    if rest.is_empty() {
                        let name = format!("{:04}", written.len());
                        rest = line(&name) + "\n";
                        written.insert(name);
                    }
                    append(&path, std::mem::take(&mut rest).as_bytes());
                }
            }
            Step::Part if rest.is_empty() => {
                let name = format!("{:04}", written.len());
                let whole = line(&name) + "\n";
                let (part, other) = whole.split_at(100);
                append(&path, part.as_bytes());
                rest = other.into();
                written.insert(name);
            }
            // Who renames a file that is being written to lets its line be ended first.
            Step::Rotate if rest.is_empty() && path.exists() => {
                files += 1;
                fs::rename(&path, world.path(&format!("data-{files}.json"))).unwrap();
            }
            Step::CopyTruncate if rest.is_empty() && path.exists() => {
                files += 1;
                // It appears at once, as logrotate's does with `olddir` on the same disk or not; read halves are no matter.
                fs::copy(&path, world.path("copying")).unwrap();
                fs::rename(world.path("copying"), world.path(&format!("data-{files}.json"))).unwrap();
                fs::File::options()
                    .write(true)
                    .open(&path)
                    .unwrap()
                    .set_len(0)
                    .unwrap();
            }
            Step::Wait if rest.is_empty() => all_is_there(&world, &written),
            Step::Restart => {
                world.stop();
                world.start();
            }
            Step::Kill => {
                world.stop();
                match &remembered {
                    Some(remembered) => fs::write(world.checkpoint(), remembered).unwrap(),
                    None => fs::remove_file(world.checkpoint()).unwrap(),
                }
                world.start();
            }
            Step::Remember => remembered = fs::read(world.checkpoint()).ok(),
            Step::Refuse => world.keeper.refuse(3),
            _ => {}
        }
    }
    let repeats = |step: &Step| matches!(step, Step::Kill | Step::CopyTruncate);
    if !steps.iter().any(repeats) {
        world.stop();
        let once: Vec<_> = written.into_iter().collect();
        assert_eq!(world.keeper.names(), once, "something was read twice");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Guarantees: nothing is lost, over renames, truncations, restarts, kills and refusals; nothing is repeated without a kill
    /// or a copy.
    #[test]
    fn nothing_is_lost(steps in proptest::collection::vec(step(), 1..14)) {
        run(&steps);
    }
}

/// A copy of a file that was read to its end and truncated is not read again, and its last lines are where they were not.
#[test]
fn a_copy_is_recognised() {
    let mut world = World::new("start_at: beginning", true);
    world.write("data.json", &["a", "b"]);
    world.start();
    world.expect(&["a", "b"]);
    world.idle();
    world.stop();
    world.write("data.json", &["c"]);
    fs::copy(world.path("data.json"), world.path("data.json.1")).unwrap();
    fs::write(world.path("data.json"), line("d") + "\n").unwrap();
    world.start();
    world.expect(&["a", "b", "c", "d"]);
    world.idle();
    world.expect(&["a", "b", "c", "d"]);
}
