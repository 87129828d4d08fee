//! Searching spans. [`model`] is the seam: whoever asks knows it alone, and whoever stores spans answers it.

pub mod model;
