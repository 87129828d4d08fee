//! The table of every component that this build has.
