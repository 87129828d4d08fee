use super::super::config::HashFunction;
use super::super::masking::{Mask, Room};
use crate::config::pattern::Pattern;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

fn matches(mask: &Mask, pattern: &str, text: &str) -> Option<String> {
    mask.matches(&Pattern::new(pattern).unwrap(), text, &mut Room::new())
}

/// Guarantees: every hash is the digest that its name stands for, of the matched text alone.
#[test]
fn digests_are_those_of_their_names() {
    let expected = [
        (HashFunction::None, "****"),
        (HashFunction::Md5, "5910f4ea0062a0e29afd3dccc741e3ce"),
        (HashFunction::Sha1, "68bfb396f35af3876fc509665b3dc23a0930aab1"),
        (
            HashFunction::Sha3,
            "6099154214406cce6105a4688ab66533d3a55d1d7dd393cbccf22b487a22d922",
        ),
        (
            HashFunction::HmacSha256,
            "7b7e6cb2715c7b1c37110f035123abd3fe93c04fa302da2946c4bd9342d2fd2c",
        ),
        (
            HashFunction::HmacSha512,
            "c3e759dbe03dcb4b3c7388988749e92241d68f060aca6b4ee13f1df573ac0007863883398a177f243fbf4bc6da69bae896fbf8a00ff8ce8226c31582b8e05961",
        ),
    ];
    for (function, digest) in expected {
        let key = if function == HashFunction::HmacSha512 {
            KEY.repeat(2)
        } else {
            KEY.to_vec()
        };
        let masked = matches(
            &Mask::new(function, &key),
            "4[0-9]{15}",
            "card 4111111111111111, again",
        );
        assert_eq!(masked, Some(format!("card {digest}, again")), "{function:?}");
    }
}

/// Guarantees: each line of a blocked value is masked by itself, and line feeds stay.
#[test]
fn lines_are_masked_one_by_one() {
    let stars = Mask::new(HashFunction::None, b"");
    for (text, expected) in [
        ("", "****"),
        ("abc", "****"),
        ("a\nb", "****\n****"),
        ("a\n", "****\n****"),
        ("\n", "****\n****"),
    ] {
        assert_eq!(stars.lines(text, &mut Room::new()), expected, "{text:?}");
        assert_eq!(matches(&stars, ".*", text).as_deref(), Some(expected), "{text:?}");
    }
}

/// Guarantees: empty matches are masked, except right behind another match; what does not match is not touched.
#[test]
fn empty_matches_are_masked() {
    let stars = Mask::new(HashFunction::None, b"");
    assert_eq!(matches(&stars, "x*", "axb").as_deref(), Some("****a****b****"));
    assert_eq!(matches(&stars, "$", "ab").as_deref(), Some("ab****"));
    assert_eq!(matches(&stars, "z", "ab"), None);
}

/// Guarantees: hashes of very many matches do not fill the memory; what does not fit is masked whole.
#[test]
fn masked_texts_are_bounded() {
    let hmac = Mask::new(HashFunction::HmacSha512, &KEY.repeat(2));
    let (pattern, mut room) = (Pattern::new("[0-9]").unwrap(), Room::new());
    let fits = "1".repeat(1 << 16);
    assert_eq!(
        hmac.matches(&pattern, &fits, &mut room).map(|text| text.len()),
        Some(8 << 20)
    );
    assert_eq!(
        hmac.matches(&pattern, &"1".repeat(1 << 20), &mut room).as_deref(),
        Some("****")
    );
    assert_eq!(hmac.lines(&"\n".repeat(1 << 20), &mut room), "****");
    assert_eq!(hmac.lines("1", &mut room).len(), 128);
}

/// Guarantees: a value with more matches than can be found in linear time is masked as a whole.
#[test]
fn a_value_with_too_many_matches_is_masked_whole() {
    let hostile = "x".repeat(1 << 20);
    let stars = Mask::new(HashFunction::None, b"");
    assert_eq!(matches(&stars, r"\w+@x|x", &hostile).as_deref(), Some("****"));
    let sha1 = Mask::new(HashFunction::Sha1, b"");
    assert_eq!(
        matches(&sha1, r"\w+@x|x", &hostile),
        Some(sha1.lines(&hostile, &mut Room::new()))
    );
}
