//! The order of a span's attributes, when it is not that of the columns: a byte for each attribute, which is the number of
//! the column that holds it, or [`OTHER`] for the next one without a column of its own.

/// The next attribute without a column of its own.
pub const OTHER: u8 = u8::MAX;

/// Attributes with a column of their own, at most.
pub const MOST: usize = 64;

/// Whether an order is that of the columns: those of their own first, then the others.
pub fn is_usual(order: &[u8]) -> bool {
    order.windows(2).all(|pair| match pair {
        [OTHER, after] => *after == OTHER,
        [before, after] => before < after,
        _ => true,
    })
}
