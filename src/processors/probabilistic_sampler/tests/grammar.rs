//! What is read as a trace state, what is not, and how it is written.

use proptest::prelude::*;

use super::super::oracle;
use super::super::threshold::{Randomness, Threshold};
use super::super::trace_state::{Malformed, TraceState};
use super::text;

fn fault(state: &str) -> Option<Malformed> {
    TraceState::read(state).1
}

/// W3C's limits hold at exactly their bytes, and all that is within them passes.
#[test]
fn limits_of_the_list() {
    use Malformed::{List, TooLong};
    let key = |len| format!("{}=1", "k".repeat(len));
    let tenant = |tenant, system| format!("{}@{}=1", "0".repeat(tenant), "s".repeat(system));
    let value = |len| format!("k={}", "v".repeat(len));
    let members = |count| vec!["a=b"; count].join(",");
    for sound in [
        "".into(),
        " , ,\t a=b ,".into(),
        "a*-_/0=!#$%&'()+./:;<>?@[]^_`{|}~ x".into(),
        key(256),
        tenant(241, 14),
        value(256),
        members(31),
        members(31) + ",",
        ",".repeat(31),
    ] {
        assert_eq!(fault(&sound), None, "{sound}");
    }
    for (unsound, why) in [
        ("a".into(), List),
        ("=b".into(), List),
        ("a=".into(), List),
        ("A=b".into(), List),
        ("0a=b".into(), List),
        ("a@=b".into(), List),
        ("@a=b".into(), List),
        ("a@0=b".into(), List),
        ("a@b@c=b".into(), List),
        ("a=b=c".into(), List),
        ("a=é".into(), List),
        ("a=\u{7f}".into(), List),
        ("a=b\n".into(), List),
        (value(257), List),
        (key(257), TooLong),
        (tenant(242, 1), TooLong),
        (tenant(1, 15), TooLong),
        (members(32), TooLong),
        (",".repeat(32), TooLong),
        (" ".repeat(1025), TooLong),
    ] {
        assert_eq!(fault(&unsound), Some(why), "{unsound}");
    }
}

/// The member `ot` has a grammar of its own, in which `rv` and `th` have theirs.
#[test]
fn limits_of_the_member() {
    for sound in [
        "ot=rv:00000000000000",
        "ot=th:F",
        "ot=th:0123456789abcd;k1:;x:A.b_c-9",
    ] {
        assert_eq!(fault(sound), None, "{sound}");
    }
    for (unsound, why) in [
        ("ot=a", Malformed::Ot),
        ("ot=:a", Malformed::Ot),
        ("ot=a:b;", Malformed::Ot),
        ("ot=a:b;;c:d", Malformed::Ot),
        ("ot=A:b", Malformed::Ot),
        ("ot=a:b:c", Malformed::Ot),
        ("ot=a:b c", Malformed::Ot),
        ("ot=rv:1", Malformed::Randomness),
        ("ot=rv:0000000000000g", Malformed::Randomness),
        ("ot=rv:000000000000000", Malformed::Randomness),
        ("ot=th:", Malformed::Threshold),
        ("ot=th:000000000000000", Malformed::Threshold),
        ("ot=th:x", Malformed::Threshold),
    ] {
        assert_eq!(fault(unsound), Some(why), "{unsound}");
    }
}

/// `ot` is written first, in it `rv` before `th`; of what is there more than once the last counts; `rv` keeps its case.
#[test]
fn the_written_order() {
    let written = |state| text(&TraceState::read(state).0);
    assert_eq!(
        written(" b=1 ,ot=x:y;th:80;rv:9B8233F7E3A151;z:, a=2\t"),
        "ot=rv:9B8233F7E3A151;th:80;x:y;z:,b=1,a=2"
    );
    assert_eq!(written("ot=a:b,x=y,ot=th:1;th:2"), "ot=th:2,x=y");
    assert_eq!(written("x=y,x=z"), "x=y,x=z");
    let (mut state, _) = TraceState::read("ot=th:80");
    state.raise_threshold(Threshold::passing(1 << 13));
    assert_eq!(text(&state), "ot=th:8");
    state.raise_threshold(Threshold::ALWAYS);
    assert_eq!(text(&state), "ot=th:8");
    state.clear_threshold();
    assert_eq!(text(&state), "");
    state.raise_threshold(Threshold::ALWAYS);
    state.set_randomness(Randomness::new(0xab));
    assert_eq!(text(&state), "ot=rv:000000000000ab;th:0");
}

/// Texts that resemble trace states.
fn resembling() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        Just("ot=".to_owned()),
        "(ot|[a-z@/*]{1,5})=[ -~]{0,6}",
        "ot=(rv:[0-9a-fA-F]{13,15};?)?(th:[0-9a-f]{0,15};?)?([a-z]:[a-z]*;?){0,2}",
        "[ \t]{0,2}",
        "\\PC{0,4}",
    ];
    proptest::collection::vec(member, 0..40).prop_map(|members| members.join(","))
}

proptest! {
    /// No text makes the reader panic; what is written of a sound one is sound, reads as the same, and is written alike.
    #[test]
    fn what_is_written_reads_the_same(state in resembling()) {
        oracle::trace_state(state.as_bytes());
    }
}
