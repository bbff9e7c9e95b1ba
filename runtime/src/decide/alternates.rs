//! Which of a codelet's alternates an engine runs, by what it has measured of them.
//!
//! A bandit with few arms whose rewards change slowly (Robbins, "Some aspects of the sequential design of experiments",
//! Bulletin of the AMS 58(5), 1952), by the plainest rule whose cost is bounded: try each a few times, keep to the
//! fastest, try all again after a while. The while doubles as long as the same one wins, so that trying costs ever less,
//! and is short again after a change.

/// How many there can be, the usual body included.
pub const MOST: usize = 8;
/// How often each is tried in a round of trials. The least time counts, since what disturbs only adds.
pub const TRIES: u32 = 4;
/// Calls between the first two rounds ...
pub const FIRST_SPAN: u32 = 256;
/// ... and at most.
pub const LONGEST_SPAN: u32 = 1 << 16;

/// What an engine knows of one codelet's alternates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trials {
    /// Those that the engine may run, a bit each.
    usable: u8,
    /// The fastest in the last round.
    fastest: Option<u8>,
    /// Calls so far in this round, or left until the next.
    phase: Phase,
    span: u32,
    /// Of the present round, or of the last.
    least_ns: [u64; MOST],
    calls: [u64; MOST],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// So many were chosen, and of so many it is known what became of them: several may be out at once.
    Tries {
        chosen: u32,
        known: u32,
    },
    Left(u32),
}

impl Phase {
    const FIRST: Phase = Phase::Tries {
        chosen: 0,
        known: 0,
    };
}

/// What to run, and whether to take its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number; 0 is the usual body.
    pub which: usize,
    /// Tell [`Trials::measured`] how long it took, or [`Trials::failed`].
    pub measure: bool,
}

impl Trials {
    /// Of those in `usable`, a bit each; at least one.
    pub fn new(usable: u8) -> Self {
        debug_assert!(usable != 0);
        Trials {
            usable,
            fastest: None,
            phase: Phase::FIRST,
            span: FIRST_SPAN,
            least_ns: [u64::MAX; MOST],
            calls: [0; MOST],
        }
    }

    /// What to run next. While the last tries of a round are out it is what won the last round.
    pub fn choose(&mut self) -> Choice {
        let count = self.usable.count_ones();
        let (which, measure) = match &mut self.phase {
            Phase::Tries { chosen, .. } if *chosen < count * TRIES => {
                *chosen += 1;
                // In turn, so that what changes meanwhile changes for all.
                let turn = *chosen - 1;
                (self.nth(turn % count), true)
            }
            Phase::Tries { .. } => (self.winner(), false),
            Phase::Left(left) => {
                *left -= 1;
                if *left == 0 {
                    self.phase = Phase::FIRST;
                }
                (self.winner(), false)
            }
        };
        self.calls[which] += 1;
        Choice { which, measure }
    }

    fn winner(&self) -> usize {
        self.chosen().unwrap_or_else(|| self.nth(0))
    }

    /// The `n`-th usable one.
    fn nth(&self, n: u32) -> usize {
        let set = (0..MOST).filter(|which| self.usable & 1 << which != 0);
        set.into_iter().nth(n as usize).unwrap_or(0)
    }

    /// A round of trials has ended.
    fn settle(&mut self) {
        let usable = (0..MOST).filter(|which| self.usable & 1 << which != 0);
        let fastest = usable
            .min_by_key(|&which| self.least_ns[which])
            .map(|which| which as u8);
        self.span = match fastest == self.fastest {
            true => (self.span * 2).min(LONGEST_SPAN),
            false => FIRST_SPAN,
        };
        self.fastest = fastest;
        self.phase = Phase::Left(self.span);
    }

    /// What was chosen took this long; counts if it was to be measured.
    pub fn measured(&mut self, choice: Choice, ns: u64) {
        let all = self.usable.count_ones() * TRIES;
        let Phase::Tries { known, .. } = &mut self.phase else {
            return;
        };
        if !choice.measure {
            return;
        }
        // A round ends when all of it is known, so this is of the present one; its first forgets the last one's.
        if *known == 0 {
            self.least_ns = [u64::MAX; MOST];
        }
        *known += 1;
        let ends = *known == all;
        let least = &mut self.least_ns[choice.which];
        *least = (*least).min(ns);
        if ends {
            self.settle();
        }
    }

    /// What was chosen came to nothing. If that is what won the last round, all are tried again.
    pub fn failed(&mut self, choice: Choice) {
        self.measured(choice, u64::MAX);
        let is_winner = self.chosen() == Some(choice.which);
        if !choice.measure && is_winner && matches!(self.phase, Phase::Left(_)) {
            self.phase = Phase::FIRST;
        }
    }

    /// The fastest in the last round of trials, if there was one.
    pub fn chosen(&self) -> Option<usize> {
        self.fastest.map(usize::from)
    }

    /// How often one was chosen.
    pub fn calls(&self, which: usize) -> u64 {
        self.calls[which]
    }

    /// The least time of one, in nanoseconds, in the last round of trials or the present one.
    pub fn least_ns(&self, which: usize) -> Option<u64> {
        Some(self.least_ns[which]).filter(|&ns| ns != u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes so many calls, of which each takes what `cost` says; which were chosen, and which of them measured.
    fn call(trials: &mut Trials, count: u32, cost: impl Fn(usize) -> u64) -> Vec<(usize, bool)> {
        let one = |_| {
            let choice = trials.choose();
            if choice.measure {
                trials.measured(choice, cost(choice.which));
            }
            (choice.which, choice.measure)
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn each_usable_one_is_tried_in_turn_then_the_fastest_is_kept_to() {
        let mut trials = Trials::new(0b1011);
        let cost = |which| [30, 10, 1, 20][which];
        let tried = call(&mut trials, 3 * TRIES, cost);
        let turn = [(0, true), (1, true), (3, true)];
        assert_eq!(tried, turn.repeat(TRIES as usize));
        assert_eq!(
            call(&mut trials, FIRST_SPAN, cost),
            [(1, false)].repeat(FIRST_SPAN as usize)
        );
        assert_eq!(trials.chosen(), Some(1));
        assert_eq!(trials.calls(1), u64::from(TRIES + FIRST_SPAN));
        assert_eq!((trials.calls(2), trials.least_ns(2)), (0, None));
        assert_eq!(trials.least_ns(3), Some(20));
    }

    #[test]
    fn what_disturbs_some_calls_does_not_count() {
        let mut trials = Trials::new(0b11);
        let turn = std::cell::Cell::new(0);
        call(&mut trials, 2 * TRIES, |which| {
            turn.set(turn.get() + 1);
            let disturbed = turn.get() > 2;
            [20, 10][which] + if disturbed { 1000 } else { 0 }
        });
        call(&mut trials, 1, |_| 0);
        assert_eq!(trials.chosen(), Some(1));
    }

    #[test]
    fn all_are_tried_again_and_a_change_is_seen() {
        let mut trials = Trials::new(0b11);
        call(&mut trials, 2 * TRIES + FIRST_SPAN, |which| [10, 20][which]);
        assert_eq!(trials.chosen(), Some(0));
        let again = call(&mut trials, 2 * TRIES + 1, |which| [30, 20][which]);
        assert!(
            again[..2 * TRIES as usize]
                .iter()
                .all(|(_, measured)| *measured)
        );
        assert_eq!(again[2 * TRIES as usize], (1, false));
        assert_eq!(trials.least_ns(0), Some(30));
    }

    #[test]
    fn rounds_of_trials_become_rare_while_nothing_changes_and_frequent_after_a_change() {
        let mut trials = Trials::new(0b11);
        let spans = |trials: &mut Trials, rounds, cost: fn(usize) -> u64| {
            let spans = (0..rounds).map(|_| {
                call(trials, 2 * TRIES, cost);
                let mut span = 0;
                while trials.phase != Phase::FIRST || span == 0 {
                    call(trials, 1, cost);
                    span += 1;
                }
                span
            });
            spans.collect::<Vec<u32>>()
        };
        let mut meant: Vec<u32> = (0..9).map(|n| FIRST_SPAN << n).collect();
        meant.push(LONGEST_SPAN);
        assert_eq!(spans(&mut trials, 10, |which| [10, 20][which]), meant);
        assert_eq!(spans(&mut trials, 2, |which| [40, 20][which]), meant[..2]);
    }

    #[test]
    fn one_that_always_fails_loses() {
        // A body that panics has no time.
        let mut trials = Trials::new(0b11);
        for _ in 0..2 * TRIES {
            let choice = trials.choose();
            match choice.which {
                0 => trials.failed(choice),
                _ => trials.measured(choice, 99),
            }
        }
        assert_eq!(trials.chosen(), Some(1));
        assert_eq!(trials.least_ns(0), None);
    }

    #[test]
    fn a_round_settles_when_all_that_are_out_at_once_are_known() {
        let mut trials = Trials::new(0b11);
        let mut round = |cost: [u64; 2], before: Option<usize>| {
            let out: Vec<Choice> = (0..2 * TRIES).map(|_| trials.choose()).collect();
            assert!(out.iter().all(|choice| choice.measure));
            for choice in out {
                // One more than are tried at a time: nothing is known yet.
                let more = trials.choose();
                assert_eq!((more.which, more.measure), (before.unwrap_or(0), false));
                assert_eq!(trials.chosen(), before);
                trials.measured(more, 1);
                trials.measured(choice, cost[choice.which]);
            }
            let least = [0, 1].map(|which| trials.least_ns(which));
            assert_eq!(least, cost.map(Some));
            (0..FIRST_SPAN).for_each(|_| assert!(!trials.choose().measure));
            trials.chosen()
        };
        assert_eq!(round([20, 10], None), Some(1));
        // All times of the round before are forgotten, though several came in late.
        assert_eq!(round([30, 40], Some(1)), Some(0));
    }

    #[test]
    fn what_wins_and_then_fails_is_tried_again_at_once() {
        let mut trials = Trials::new(0b11);
        call(&mut trials, 2 * TRIES, |which| [20, 10][which]);
        let choice = trials.choose();
        assert_eq!((choice.which, choice.measure), (1, false));
        trials.failed(choice);
        assert!(trials.choose().measure);
        // Each once: a round that has begun goes on.
        trials.failed(choice);
        assert_eq!(
            trials.choose(),
            Choice {
                which: 1,
                measure: true
            }
        );
    }
}
