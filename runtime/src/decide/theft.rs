//! What an engine without work decides about the others of its domain: what it takes, and how long it waits between two looks.

use super::policy::Tuning;
use crate::mutants::mutant;

/// What a thief does about a victim's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theft {
    /// Leave it.
    Leave,
    /// Take one.
    One,
    /// Take up to half, as a batch.
    Batch,
}

/// What a thief knows of a victim, from the looks at which a lone codelet lay there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Victim {
    /// How many codelets it had started at the last look.
    started: u64,
    /// When that number was seen first; 0: it was never looked at.
    since_ns: u64,
    /// How often it was seen since.
    seen: u32,
    /// How long its codelets took, on an average between two looks; 0: not known.
    pace_ns: u64,
}

impl Victim {
    /// It is looked at `now_ns`, and has started so many codelets.
    #[inline]
    pub fn look(&mut self, started: u64, now_ns: u64) {
        let (new, time) = (
            started.wrapping_sub(self.started),
            now_ns.saturating_sub(self.since_ns),
        );
        if self.since_ns == 0 {
            *self = Victim {
                started,
                since_ns: now_ns.max(1),
                ..Victim::default()
            };
        } else if let Some(pace_ns) = time.checked_div(new) {
            *self = Victim {
                started,
                since_ns: now_ns,
                seen: 0,
                pace_ns,
            };
        } else {
            self.seen += 1;
        }
    }

    /// Whether its codelets are known to take so long that one which lies there is worth its move.
    #[inline]
    pub fn is_slow(&self, tuning: &Tuning) -> bool {
        self.pace_ns >= tuning.move_ns && !mutant!("theft_no_pace")
    }

    /// Whether the next look may take what lies there.
    #[inline]
    pub fn is_near(&self, tuning: &Tuning) -> bool {
        self.seen > 0 || self.is_slow(tuning)
    }
}

/// A lone codelet is left to its owner, who mostly runs it at once: until it was seen [`Tuning::patience`] times with no codelet
/// started there in between, or if those that the owner runs take so long that waiting for it costs more than the move. From a longer
/// queue a batch is taken at once.
#[inline]
pub fn theft(queued: usize, victim: &Victim, tuning: &Tuning) -> Theft {
    let patient = victim.seen < tuning.patience && !victim.is_slow(tuning);
    match queued {
        0 => Theft::Leave,
        1 if patient && !mutant!("route_no_patience") => Theft::Leave,
        1 => Theft::One,
        _ => Theft::Batch,
    }
}

/// How many codelets one theft takes at most.
pub const HAUL: usize = 32;

/// How many codelets a thief takes as a [`Theft::Batch`] where `queued` lie: half of them, up to a haul.
#[inline]
pub fn batch(queued: usize) -> usize {
    queued.div_ceil(2).min(HAUL)
}

/// What a thief does with what it took, oldest first: the codelet that it runs now, and the others in the order in which it puts them
/// in its own queue. That gives the newest first; so the thief runs all of them in the order in which they became ready, as their owner
/// would have come to them last.
#[inline]
pub fn share<T: Copy>(taken: &[T]) -> Option<(T, impl Iterator<Item = T>)> {
    let newest_first = mutant!("theft_newest_first");
    let (&first, rest) = match newest_first {
        false => taken.split_first()?,
        true => taken.split_last()?,
    };
    let mut rest = rest.iter().copied();
    let puts = std::iter::from_fn(move || match newest_first {
        false => rest.next_back(),
        true => rest.next(),
    });
    Some((first, puts))
}

/// How many times longer than the shortest the longest pause between two looks is.
const LONGEST_PAUSE: u32 = 8;

/// The pause between two looks of an engine that finds nothing, in multiples of the shortest, after a pause of `last` (0:
/// none yet). Each look takes cache lines away from who works, for whom that may cost more than a small codelet; so pauses
/// grow, up to a few microseconds. Not if it is `near` something ([`Victim::is_near`]): then the next look may take it, and those who
/// work have long codelets. Who announces work calls, and ends the pause.
#[inline]
pub fn pause(last: u32, near: bool) -> u32 {
    match near {
        true => 1,
        false if mutant!("theft_no_rest") => 1,
        false => (last * 2).clamp(1, LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(looks: &[(u64, u64)]) -> Victim {
        let mut watch = Victim::default();
        looks
            .iter()
            .for_each(|&(started, now_ns)| watch.look(started, now_ns));
        watch
    }

    #[test]
    fn pauses_grow_unless_a_codelet_is_about_to_be_taken() {
        let grown = std::iter::successors(Some(pause(0, false)), |&last| Some(pause(last, false)));
        assert_eq!(grown.take(6).collect::<Vec<_>>(), [1, 2, 4, 8, 8, 8]);
        assert_eq!(pause(8, true), 1);
    }

    #[test]
    fn a_thief_takes_half_up_to_a_haul_and_runs_it_oldest_first() {
        assert_eq!([1, 2, 5, 63, 64, 1000].map(batch), [1, 1, 3, 32, 32, 32]);
        let (now, puts) = share(&[1, 2, 3, 4]).unwrap();
        assert_eq!((now, puts.collect::<Vec<_>>()), (1, vec![4, 3, 2]));
        let (now, mut puts) = share(&[7]).unwrap();
        assert_eq!((now, puts.next()), (7, None));
        assert!(share::<u32>(&[]).is_none());
    }

    #[test]
    fn a_lone_codelet_is_left_to_its_owner_for_a_while() {
        let tuning = Tuning::default();
        let first = seen(&[(7, 1_000)]);
        assert_eq!(theft(0, &first, &tuning), Theft::Leave);
        assert_eq!(theft(1, &first, &tuning), Theft::Leave);
        assert_eq!(theft(2, &first, &tuning), Theft::Batch);
        assert!(!first.is_near(&tuning));
        let again = seen(&[(7, 1_000), (7, 1_100)]);
        assert!(again.is_near(&tuning));
        assert_eq!(theft(1, &again, &tuning), Theft::Leave);
        let waited = seen(&[(7, 1_000), (7, 1_100), (7, 1_200)]);
        assert_eq!(theft(1, &waited, &tuning), Theft::One);
    }

    #[test]
    fn an_owner_with_short_codelets_keeps_its_lone_one_and_one_with_long_ones_does_not() {
        let tuning = Tuning {
            move_ns: 500,
            ..Tuning::default()
        };
        let short = seen(&[(0, 1_000), (10, 2_000)]);
        assert_eq!(theft(1, &short, &tuning), Theft::Leave);
        assert!(!short.is_near(&tuning));
        let long = seen(&[(0, 1_000), (10, 6_000)]);
        assert_eq!(theft(1, &long, &tuning), Theft::One);
        assert!(long.is_near(&tuning));
        // What it does now counts, not what it did before.
        let quick_again = seen(&[(0, 1_000), (10, 6_000), (20, 7_000)]);
        assert_eq!(theft(1, &quick_again, &tuning), Theft::Leave);
    }

    #[test]
    fn a_victim_that_was_never_looked_at_has_no_pace() {
        let tuning = Tuning::default();
        assert!(!seen(&[(1, 1_000_000)]).is_slow(&tuning));
        assert!(!seen(&[(1, 0)]).is_slow(&tuning));
    }
}
