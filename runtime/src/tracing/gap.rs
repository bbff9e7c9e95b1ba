//! When a body begins that follows right on another one: so long after that one's end as it took the last time that both were measured.
//! What an engine does in between, when nothing became ready and the next codelet lies in its own queue, is always the same, and to
//! read the clock for each would take a third of that time.

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gap {
    ticks: u64,
    /// So many more begin as long after the end before.
    left: u32,
}

/// One in so many is measured.
const EACH: u32 = 8;

impl Gap {
    /// When a body begins whose engine has had nothing else to do since the `end` of the one before. A gap longer than `most` is no usual
    /// one: it tells nothing of the next.
    #[inline]
    pub(super) fn start(&mut self, end: u64, most: u64, now: impl FnOnce() -> u64) -> u64 {
        if self.left > 0 {
            self.left -= 1;
            return end + self.ticks;
        }
        let now = now();
        self.ticks = now.saturating_sub(end);
        self.left = if self.ticks <= most { EACH - 1 } else { 0 };
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_eight_is_measured() {
        let mut gap = Gap::default();
        let unread = || unreachable!("the clock is not read");
        assert_eq!(gap.start(1000, 100, || 1030), 1030);
        for end in (2000..).step_by(1000).take(7) {
            assert_eq!(gap.start(end, 100, unread), end + 30);
        }
        assert_eq!(gap.start(9000, 100, || 9100), 9100);
        assert_eq!(gap.start(10_000, 100, unread), 10_100);
    }

    #[test]
    fn an_interruption_is_not_told_of_the_next_ones() {
        let mut gap = Gap::default();
        for end in [1000, 2000, 3000] {
            assert_eq!(gap.start(end, 100, || end + 101), end + 101);
        }
        // A clock that goes back is no gap.
        assert_eq!(gap.start(5000, 100, || 4990), 4990);
        assert_eq!(gap.start(6000, 100, || 0), 6000);
    }
}
