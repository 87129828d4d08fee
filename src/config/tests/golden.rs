//! What a user sees, to the letter.
