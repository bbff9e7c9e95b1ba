//! How many engines of a domain help: found out by trying. For machines that do not tell whether their memory gives all that it can, or what
//! engines wait for, as the simulator's do.
//!
//! A width is a number of engines that may work. It costs what was drawn for the work that was done. Now and then another width is tried for
//! a short time: a narrower one, or a wider one. If the work costs clearly less so, it stays, and is tried further; else it is taken back, and the next trial comes later, in the other direction.

use super::power::{Policy, cost};
use crate::mutants::mutant;

/// So long a width is looked at before it is judged, and until so much was done; and no longer than this many times as long.
const WINDOW_NS: u64 = 20_000_000;
const LEAST_WORK: u64 = 16;
const LONGEST: u64 = 25;
/// A width is better that in so many windows, one after the other, costs less than so many hundredths of what the present one does.
const BETTER: u128 = 96;
const WINDOWS: u32 = 2;
/// Until the next trial after one that was taken back: twice as long each time.
const PAUSES_NS: [u64; 2] = [100_000_000, 3_200_000_000];

/// What a domain has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// When, in nanoseconds.
    pub at_ns: u64,
    /// Codelets that have run.
    pub work: u64,
    /// The energy that was drawn, in nanojoules: measured, or modelled.
    pub drawn_nj: u64,
}

/// What is remembered of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Under which policy, and of how many engines: what was found out under another one, or of more or fewer, says nothing.
    of: (Policy, usize),
    /// How many engines may work; 0: not looked at yet.
    width: usize,
    /// From here on what is done belongs to this width.
    since: Option<Done>,
    /// What the work of the last window cost, at this width.
    last: Option<u128>,
    /// A trial: the width before, what the work cost then, and in how many windows it cost less since.
    trial: Option<(usize, u128, u32)>,
    wider: bool,
    pause_ns: u64,
    /// When the next trial may begin.
    next_ns: u64,
}

impl Narrowing {
    /// How many of a domain's engines may work from now on. A domain that nobody narrows has all of them.
    pub fn look(&mut self, policy: Policy, engines: usize, done: Done) -> usize {
        if self.of != (policy, engines) || self.width == 0 {
            *self = Narrowing {
                of: (policy, engines),
                width: engines,
                ..Narrowing::default()
            };
        }
        if !policy.narrows() || engines < 2 {
            return engines;
        }
        let since = *self.since.get_or_insert(done);
        let passed_ns = done.at_ns.saturating_sub(since.at_ns);
        let work = done.work.saturating_sub(since.work);
        if passed_ns >= WINDOW_NS && work >= LEAST_WORK {
            let drawn_nj = done.drawn_nj.saturating_sub(since.drawn_nj);
            self.judge(engines, done, cost(policy, work, drawn_nj, passed_ns));
        } else if passed_ns > WINDOW_NS * LONGEST {
            // Too little is done to tell.
            self.since = Some(done);
        }
        self.width
    }

    fn judge(&mut self, engines: usize, done: Done, cost: u128) {
        self.since = Some(done);
        let last = self.last.replace(cost);
        match self.trial.take() {
            Some((before, best, windows))
                if cost.saturating_mul(100) < best.saturating_mul(BETTER) =>
            {
                if windows + 1 < WINDOWS {
                    self.trial = Some((before, best, windows + 1));
                } else {
                    (self.pause_ns, self.next_ns) = (0, done.at_ns);
                }
            }
            Some((before, ..)) => {
                self.be(before);
                self.wider = !self.wider;
                self.pause_ns = (self.pause_ns * 2).clamp(PAUSES_NS[0], PAUSES_NS[1]);
                self.next_ns = done.at_ns + self.pause_ns;
            }
            // The better of two windows: what else the machine does may have made one of them worse.
            None => {
                if let Some(last) = last.filter(|_| done.at_ns >= self.next_ns) {
                    self.try_another(engines, cost.min(last));
                }
            }
        }
    }

    /// So many engines work from now on. What is under way now belongs to no width.
    fn be(&mut self, width: usize) {
        (self.width, self.since, self.last) = (width, None, None);
    }

    fn try_another(&mut self, engines: usize, cost: u128) {
        let (wide, narrow) = (
            (self.width * 2).min(engines),
            self.width - self.width.div_ceil(4),
        );
        let next = match self.wider {
            true if wide > self.width => wide,
            false if narrow == 0 => wide,
            _ => narrow.max(1),
        };
        self.wider = next > self.width;
        if next != self.width && !mutant!("narrowing_never_tries") {
            self.trial = Some((self.width, cost, 0));
            self.be(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// A domain of eight engines whose work a millisecond at each width is this; each engine at work draws a watt, and two watts are drawn in
    /// any case. The widths that it has, each once, and the part of its time at the last one.
    fn widths(policy: Policy, ms: u64, rate: impl Fn(u64, usize) -> u64) -> Vec<usize> {
        let (mut narrowing, mut done) = (Narrowing::default(), Done::default());
        let mut widths = vec![8];
        for at in 0..ms / 10 {
            let width = narrowing.look(policy, 8, done);
            widths.push(width);
            done.at_ns += 10 * MS;
            done.work += 10 * rate(at * 10, width);
            done.drawn_nj += 10 * (2 + width as u64) * MS;
        }
        widths
    }

    /// The width that it has most of a time.
    fn most(widths: &[usize]) -> usize {
        let count = |width: usize| widths.iter().filter(|one| **one == width).count();
        (1..=8).max_by_key(|width| count(*width)).unwrap()
    }

    #[test]
    fn engines_that_do_not_help_are_turned_off() {
        // Memory has enough with three.
        let rate = |_, width: usize| 100 * width.min(3) as u64;
        assert_eq!(most(&widths(Policy::Energy, 4000, rate)[100..]), 3);
        assert_eq!(most(&widths(Policy::EnergyDelay, 4000, rate)[100..]), 3);
        assert!(
            widths(Policy::Performance, 4000, rate)
                .iter()
                .all(|width| *width == 8)
        );
    }

    #[test]
    fn engines_that_help_stay_and_trials_are_seldom() {
        let widths = widths(Policy::Energy, 20_000, |_, width| 100 * width as u64);
        let narrower = widths.iter().filter(|width| **width < 8).count();
        assert!(
            (1..60).contains(&narrower),
            "{narrower} of {}",
            widths.len()
        );
    }

    #[test]
    fn delay_counts_where_it_is_asked_for() {
        // The eighth engine gives a tenth of what the first one does.
        let rate = |_, width: usize| [0, 100, 160, 200, 230, 250, 265, 276, 286][width];
        let [energy, delay] = [Policy::Energy, Policy::EnergyDelay];
        let energy = most(&widths(energy, 8000, rate)[200..]);
        let delay = most(&widths(delay, 8000, rate)[200..]);
        assert!(energy < delay, "{energy} {delay}");
    }

    #[test]
    fn a_domain_widens_when_more_engines_help_again() {
        let rate = |ms, width: usize| 100 * width.min(if ms < 3000 { 1 } else { 8 }) as u64;
        let widths = widths(Policy::Energy, 14_000, rate);
        assert_eq!(most(&widths[200..300]), 1);
        assert_eq!(most(&widths[1100..]), 8);
    }

    #[test]
    fn another_policy_and_another_number_of_engines_begin_anew() {
        let mut narrowing = Narrowing::default();
        let mut done = Done::default();
        let mut narrow = |policy, engines, looks| {
            let mut width = engines;
            for _ in 0..looks {
                width = narrowing.look(policy, engines, done);
                done.at_ns += 10 * MS;
                done.work += 100;
                done.drawn_nj += 10 * width as u64 * MS;
            }
            width
        };
        assert!(narrow(Policy::Energy, 8, 100) < 4);
        assert_eq!(narrow(Policy::EnergyDelay, 8, 1), 8);
        assert!(narrow(Policy::EnergyDelay, 8, 100) < 4);
        // One is relieved, or well again.
        assert_eq!(narrow(Policy::EnergyDelay, 7, 1), 7);
        assert!(narrow(Policy::EnergyDelay, 7, 100) < 4);
        assert_eq!(narrow(Policy::EnergyDelay, 8, 1), 8);
    }

    #[test]
    fn where_nothing_is_done_nothing_is_concluded() {
        assert!(
            widths(Policy::Energy, 4000, |_, _| 0)
                .iter()
                .all(|width| *width == 8)
        );
    }
}
