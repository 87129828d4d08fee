//! Units of the view and the records.
