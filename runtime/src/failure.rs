//! What failed: a log that poison points into.
//!
//! Poison outlives scopes (a block that a failed codelet was to write stays poisoned until it is written), so the log
//! belongs to the runtime. Its entries are numbered from 1; the number is what travels.

use crate::decide::dependence::Poison;
use crate::error::{ErrorKind, Failure, Origin};
use crate::sync::{Mutex, lock};
use std::collections::VecDeque;
use std::panic::Location;

/// The first cause of a poison.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub(crate) codelet: &'static str,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) message: String,
    pub(crate) panicked: bool,
    pub(crate) kind: ErrorKind,
    pub(crate) origin: Origin,
}

impl Cause {
    /// The error's detail, with the counts of the scope that reports it, and whether this one is counted there.
    pub(crate) fn report(self, counted: bool, failed: u64, skipped: u64) -> Failure {
        Failure {
            origin: self.origin,
            codelet: self.codelet.to_owned(),
            spawned_at: self.spawned_at,
            kind: self.kind,
            cause: self.message,
            panicked: self.panicked,
            counted,
            failed,
            skipped,
        }
    }
}

/// See the module. The newest failures are kept in full; scopes keep their own first one themselves.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    causes: Mutex<Causes>,
}

#[derive(Debug, Default)]
struct Causes {
    /// How many have been dropped: the number before that of the first one kept.
    dropped: u32,
    kept: VecDeque<Cause>,
}

/// So many failures are kept: the log of a program that fails forever stays small.
const KEPT: usize = 1 << 16;

impl FailureLog {
    /// Adds a failure; its number.
    pub(crate) fn add(&self, cause: Cause) -> Poison {
        let mut causes = lock(&self.causes);
        let number = causes.dropped.saturating_add(causes.kept.len() as u32);
        causes.kept.push_back(cause);
        if causes.kept.len() > KEPT {
            causes.kept.pop_front();
            // After four thousand million failures the numbers stand still, and name a later failure than they should.
            causes.dropped = causes
                .dropped
                .saturating_add(1)
                .min(u32::MAX - 2 * KEPT as u32);
        }
        Poison::MIN.saturating_add(number)
    }

    /// The failure with this number, or the oldest one that is kept.
    pub(crate) fn cause(&self, poison: u32) -> Cause {
        let causes = lock(&self.causes);
        let index = poison.saturating_sub(causes.dropped + 1) as usize;
        causes.kept[index.min(causes.kept.len() - 1)].clone()
    }
}

// Under loom its locks and atomics work in models alone.
#[cfg(not(sprat_loom))]
#[cfg(test)]
mod tests {
    use super::*;

    fn cause(number: usize) -> Cause {
        Cause {
            codelet: "c",
            spawned_at: Location::caller(),
            message: number.to_string(),
            panicked: false,
            kind: ErrorKind::User,
            origin: Origin::Codelet,
        }
    }

    #[test]
    fn numbers_lead_back_to_their_failures_also_after_very_many() {
        let log = FailureLog::default();
        let numbers: Vec<u32> = (0..KEPT + 10).map(|n| log.add(cause(n)).get()).collect();
        assert_eq!(numbers[0], 1);
        assert_eq!(log.cause(numbers[KEPT + 9]).message, (KEPT + 9).to_string());
        assert_eq!(log.cause(numbers[10]).message, "10");
        assert_eq!(log.cause(numbers[3]).message, "10");
    }
}
