//! Nodes to typed settings.
