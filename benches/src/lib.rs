//! Sprat beside its rivals.
