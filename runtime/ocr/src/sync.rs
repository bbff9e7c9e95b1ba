//! The atomics of what is modelled (`models.rs`): the standard library's, or loom's under `--cfg sprat_loom`.

#[cfg(not(sprat_loom))]
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

#[cfg(sprat_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
