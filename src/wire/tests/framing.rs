//! Fields of a body, in the two ways in which they are read.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::wire::reader::{Extents, Fields};

/// Bytes of which many begin fields: keys of all wire types, of one byte and of two, and short lengths.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(vec![
        0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x4a, 0x85, 0x8a, 0x00, 0x01, 0x02,
    ]);
    vec(prop_oneof![2 => key, 1 => 0..6u8, 1 => any::<u8>()], 0..60)
}

proptest! {
    /// Guarantees: whatever the bytes, those who remember where fields are see the same fields as those who read them.
    #[test]
    fn places_are_those_of_the_fields(body in body()) {
        let fields = Fields::of(&body).map(|field| (field.key, field.raw, field.payload));
        let places = Extents::of(&body).map(|place| {
            let content = match place.key & 7 {
                2 => &place.raw[usize::from(place.head)..],
                _ => &[],
            };
            (place.key, place.raw, content)
        });
        prop_assert_eq!(fields.collect::<Vec<_>>(), places.collect::<Vec<_>>());
    }
}
