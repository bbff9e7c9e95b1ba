//! Levels of priority: in which order an engine looks at them, and who gets a higher one.

use crate::mutants::mutant;

pub use crate::affinity::Priority;

/// Out of so many codelets that an engine starts from queues ...
pub const ROUND: u32 = 64;
/// ... at least so many are of any given level that has something, however much the levels above it have.
pub const SHARE: u32 = 4;

/// In which order an engine looks at the levels when it has started `turn` codelets from queues before. Mostly the
/// highest first; each lower level comes first in [`SHARE`] of [`ROUND`] turns, evenly spread, so none starves.
#[inline]
pub fn order(turn: u32) -> [Priority; 3] {
    use Priority::*;
    const STEP: u32 = ROUND / SHARE;
    const LAST: u32 = STEP - 1;
    const LAST_BUT_ONE: u32 = STEP - 2;
    match turn % STEP {
        LAST_BUT_ONE if !mutant!("priority_low_starves") => [Low, Normal, High],
        LAST => [Normal, High, Low],
        _ => [High, Normal, Low],
    }
}

/// Whether a successor of this level may be the next one of an engine: a low one waits until there is nothing else.
#[inline]
pub fn may_follow(successor: Priority) -> bool {
    successor != Priority::Low
}

/// Whether an engine that was to run a codelet of this level next goes back to its queues instead, where one of the high
/// level waits if `urgent`.
#[inline]
pub fn gives_way(next: Priority, urgent: bool) -> bool {
    urgent && next != Priority::High
}

/// How many codelets, at most, are given the level of one that is spawned and waits for them, directly or through others.
pub const REACH: usize = 32;

/// Whether an engine looks through the `queued` codelets of its own queues for such as were given a higher level, having
/// started `started` since it did so last (`None`: it never has). So that looking costs no more than a few steps for each
/// codelet started, unless the queue is short.
#[inline]
pub fn sorts(queued: usize, started: Option<u64>) -> bool {
    const SHORT: usize = 64;
    const STEPS: u64 = 16;
    queued <= SHORT || started.is_none_or(|n| n.saturating_mul(STEPS) >= queued as u64)
}

#[cfg(test)]
mod tests {
    use super::Priority::*;
    use super::*;

    /// What an engine starts from queues that never run dry, of these levels.
    fn starts(has: &[Priority]) -> impl Iterator<Item = Priority> {
        (0..).map(|turn| {
            let order = order(turn);
            *order.iter().find(|level| has.contains(level)).unwrap()
        })
    }

    #[test]
    fn each_level_has_its_share_in_any_round() {
        for has in [
            &[High, Low][..],
            &[High, Normal],
            &[Normal, Low],
            &[High, Normal, Low],
        ] {
            for first in 0..ROUND as usize {
                let round: Vec<_> = starts(has).skip(first).take(ROUND as usize).collect();
                for level in has {
                    let count = round.iter().filter(|l| *l == level).count() as u32;
                    assert!(count >= SHARE, "{level:?} of {has:?} got {count}");
                }
                let highest = has.iter().max().unwrap();
                let most = round.iter().filter(|l| *l == highest).count() as u32;
                assert!(most >= ROUND - 2 * SHARE);
            }
        }
    }

    #[test]
    fn mostly_the_highest_comes_first() {
        assert!((0..14).all(|turn| order(turn) == [High, Normal, Low]));
        assert_eq!(order(14), [Low, Normal, High]);
        assert_eq!(order(15), [Normal, High, Low]);
    }

    #[test]
    fn a_high_one_comes_before_a_normal_successor_and_everything_before_a_low_one() {
        assert!(may_follow(High) && may_follow(Normal) && !may_follow(Low));
        assert!(gives_way(Normal, true));
        assert!(!gives_way(Normal, false));
        assert!(!gives_way(High, true));
    }

    #[test]
    fn long_queues_are_sorted_only_now_and_then() {
        assert!(sorts(64, Some(0)));
        assert!(sorts(1_000_000, None));
        assert!(!sorts(1_600, Some(99)));
        assert!(sorts(1_600, Some(100)));
    }
}
