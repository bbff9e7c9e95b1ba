//! What failed: a log that poison points into.
//!
//! Poison outlives scopes (a block that a failed codelet was to write stays poisoned until it is written), so the log
//! belongs to the runtime. Its entries are numbered from 1; the number is what travels.

use crate::decide::dependence::Poison;
use crate::error::Failure;
use crate::sync::{Mutex, lock};
use std::panic::Location;

/// The first cause of a poison.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) codelet: &'static str,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) message: String,
    pub(crate) panicked: bool,
}

impl Cause {
    /// The error's detail, with the counts of the scope that reports it.
    pub(crate) fn report(self, failed: u64, skipped: u64) -> Failure {
        Failure {
            codelet: self.codelet.to_owned(),
            spawned_at: self.spawned_at,
            cause: self.message,
            panicked: self.panicked,
            failed,
            skipped,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    causes: Mutex<Vec<Cause>>,
}

/// Beyond this many failures further ones share the last entry: the log of a program that fails forever stays small.
const KEPT: usize = 1 << 16;

impl FailureLog {
    /// Adds a failure; its number.
    pub(crate) fn add(&self, cause: Cause) -> Poison {
        let mut causes = lock(&self.causes);
        if causes.len() < KEPT {
            causes.push(cause);
        }
        Poison::new(causes.len() as u32).expect("the log has an entry now")
    }

    /// The failure with this number.
    pub(crate) fn cause(&self, poison: Poison) -> Cause {
        lock(&self.causes)[poison.get() as usize - 1].clone()
    }
}
