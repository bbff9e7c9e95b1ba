//! How fast a thread runs, by what the system says of it: how long it had a processor, and how long it wanted one and had none.
//!
//! For [`super::health`] that is a series of bodies: a microsecond of processor is one, and takes as long as the thread wanted to run for it.

/// What a microsecond of processor takes who has one alone.
pub const ALONE_NS: u64 = 1000;

/// So long a thread must have wanted to run before it is told how fast it runs: a period of the kernel's quotas.
const WINDOW_NS: u64 = 100_000_000;

/// What is known of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunShare {
    /// At the end of the last window that was told.
    ran_ns: u64,
    waited_ns: u64,
    ended: u64,
    busy_ns: u64,
}

impl RunShare {
    /// Begins with another thread, which has run and waited so long until now.
    pub fn begin(&mut self, ran_ns: u64, waited_ns: u64) {
        (self.ran_ns, self.waited_ns) = (ran_ns, waited_ns);
    }

    /// It has run and waited so long by now. Its bodies so far, and how long they took in all, in nanoseconds: of whole windows.
    pub fn look(&mut self, ran_ns: u64, waited_ns: u64) -> (u64, u64) {
        let ran = ran_ns.saturating_sub(self.ran_ns);
        let wanted = ran.saturating_add(waited_ns.saturating_sub(self.waited_ns));
        if wanted >= WINDOW_NS {
            self.ended += (ran / ALONE_NS).max(1);
            self.busy_ns += wanted;
            self.begin(ran_ns, waited_ns);
        }
        (self.ended, self.busy_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_fifth_of_a_processor_is_five_times_slower_and_sleep_is_no_want() {
        let mut share = RunShare::default();
        share.begin(7 * MS, 3 * MS);
        assert_eq!(share.look(7 * MS, 3 * MS), (0, 0));
        assert_eq!(share.look(17 * MS, 43 * MS), (0, 0));
        assert_eq!(share.look(27 * MS, 83 * MS), (20_000, 100 * MS));
        // Another thread, whose times have nothing to do with these.
        share.begin(900 * MS, MS);
        assert_eq!(share.look(1000 * MS, MS), (120_000, 200 * MS));
        // One that has none at all takes for ever.
        assert_eq!(share.look(1000 * MS, 500 * MS), (120_001, 699 * MS));
    }
}
