//! How far a partition is, against a model that remembers everything.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::receivers::kafka::offsets::Offsets;

/// What is done to a partition.
#[derive(Clone, Debug)]
enum Step {
    /// A message comes so many offsets after the last.
    Read(i64, usize),
    /// One of the messages so far is settled, by its number modulo how many there are.
    Settle(usize),
    Commit,
    CommitFails,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..4_i64, 0..100_usize).prop_map(|(gap, bytes)| Step::Read(gap, bytes)),
        4 => any::<usize>().prop_map(Step::Settle),
        2 => Just(Step::Commit),
        1 => Just(Step::CommitFails),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    /// An offset is committed when every message before it is settled, and none that could be is forgotten; bytes are those of
    /// what is not settled.
    #[test]
    fn commits_are_contiguous(steps in steps(), first in 0..1000_i64) {
        let mut offsets = Offsets::default();
        let mut model: BTreeMap<i64, (usize, bool)> = BTreeMap::new();
        let mut last = first;
        let mut committed = None;
        for step in steps {
            match step {
                Step::Read(gap, bytes) => {
                    last += gap;
                    prop_assert!(offsets.read(last, bytes));
                    prop_assert!(!offsets.read(last, bytes), "a message that is open is not read again");
                    model.insert(last, (bytes, false));
                }
                Step::Settle(number) if !model.is_empty() => {
                    let count = model.len();
                    let (offset, message) = model.iter_mut().nth(number % count).unwrap();
                    message.1 = true;
                    offsets.settle(*offset);
                    offsets.settle(*offset);
                }
                Step::Settle(_) => {}
                Step::Commit => {
                    let open = model.iter().find(|(_, (_, is_settled))| !is_settled).map(|(offset, _)| *offset);
                    let expected = open.or_else(|| model.keys().next_back().map(|last| last + 1));
                    let said = offsets.commit();
                    prop_assert_eq!(said, expected.filter(|expected| committed != Some(*expected)));
                    committed = said.or(committed);
                }
                Step::CommitFails => {
                    offsets.forget_commit();
                    committed = None;
                }
            }
            let open = model.values().filter(|(_, is_settled)| !is_settled);
            prop_assert_eq!(offsets.bytes(), open.map(|(bytes, _)| bytes).sum::<usize>());
        }
    }
}
