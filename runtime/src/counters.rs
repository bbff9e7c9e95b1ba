//! What each engine did, in numbers. An engine counts for itself, with plain stores; anybody may read.

use crate::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($(#[$doc:meta])* $cells:ident, $(#[$values_doc:meta])* $values:ident { $($(#[$field_doc:meta])* $field:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $cells { $(pub(crate) $field: Counter,)* }

        impl $cells {
            pub(crate) fn new() -> Self {
                $cells { $($field: Counter::new(),)* }
            }

            #[inline]
            pub(crate) fn read(&self) -> $values {
                $values { $($field: self.$field.get(),)* }
            }
        }

        $(#[$values_doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $values { $($(#[$field_doc])* pub $field: u64,)* }
    };
}

/// A count with one writer at a time.
#[derive(Debug)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    fn new() -> Self {
        Counter(AtomicU64::new(0))
    }

    /// By the one engine that owns it.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        let now = self.0.load(Ordering::Relaxed);
        self.0.store(now.wrapping_add(n), Ordering::Relaxed);
    }

    /// By anybody.
    #[inline]
    pub(crate) fn add_shared(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

counters! {
    /// An execution engine's cells.
    XeCounters,
    /// What an execution engine did since the start.
    XeCounts {
        /// Codelets whose bodies ran here.
        ran,
        /// Codelets skipped here, since they depend on what a failed one was to write.
        skipped,
        /// Codelets that were not started here, since their scope was cancelled.
        cancelled,
        /// Times that the body of a [repeatable](crate::Options::repeatable) codelet ran again here.
        repeated,
        /// Codelets taken from other engines of the domain.
        stolen,
        /// Codelets posted to other engines.
        posted,
        /// Times it parked.
        parked,
        /// Times a control engine's routine ran here, because the control engine was silent too long.
        stood_in,
    }
}

counters! {
    /// A control engine's cells.
    CeCounters,
    /// What a control engine decided since the start.
    CeCounts {
        /// Times its routine ran, on whatever thread.
        rounds,
        /// Codelets moved between domains.
        brokered,
        /// Times it looked for stuck scopes.
        stuck_checks,
        /// Scopes it found stuck.
        stuck_scopes,
    }
}
