//! How many engines of a domain help, and how fast they should be: found out by trying. For machines that do not tell whether their memory gives all that it can, or
//! what engines wait for, as the simulator's do.
//!
//! A choice is a number of engines that may work and a state of frequency, where those can be set. It costs what was drawn for the work that was done. Now and then
//! another one is tried for a short time: fewer engines, or more, or slower ones, or faster ones. If the work costs clearly less so, it stays, and is tried further; else it is taken
//! back, and the next trial comes later, in the next direction.

use super::power::{Allotment, Policy, cost};
use super::words::Words;
use crate::mutants::mutant;

/// So long a choice is looked at before it is judged, and until so much was done; and no longer than this many times as long.
pub(super) const WINDOW_NS: u64 = 20_000_000;
const LEAST_WORK: u64 = 16;
pub(super) const LONGEST: u64 = 25;
/// A choice is better that in so many windows, one after the other, costs less than so many hundredths of what the present one does.
const BETTER: u128 = 96;
const WINDOWS: u32 = 2;
/// Until the next trial after one that was taken back: twice as long each time.
pub(super) const PAUSES_NS: [u64; 2] = [100_000_000, 3_200_000_000];

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

/// In which direction the next trial goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Narrower,
    Slower,
    Wider,
    Faster,
}

const WAYS: [Way; 4] = [Way::Narrower, Way::Slower, Way::Wider, Way::Faster];

/// What is remembered of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Under which policy, of how many engines, and of how many states: what was found out under another one, or of more or fewer, says nothing.
    of: (Policy, usize, usize),
    /// How many engines may work, and in which state; 0 engines: not looked at yet.
    now: (usize, usize),
    /// From here on what is done belongs to this choice.
    since: Option<Done>,
    /// What the work of the last window cost.
    last: Option<u128>,
    /// A trial: the choice before, what the work cost then, and in how many windows it cost less since.
    trial: Option<((usize, usize), u128, u32)>,
    way: Way,
    pause_ns: u64,
    /// When the next trial may begin.
    next_ns: u64,
}

impl Narrowing {
    /// How many of a domain's engines may work from now on, in which of so many states. A domain that nobody narrows has all of them, in the first one.
    ///
    /// # Panics
    /// If there is no state.
    pub fn look(
        &mut self,
        policy: Policy,
        (engines, states): (usize, usize),
        done: Done,
    ) -> Allotment {
        assert!(states > 0, "engines have a state");
        let of = (policy, engines, states);
        if self.of != of || self.now.0 == 0 {
            *self = Narrowing {
                of,
                now: (engines, 0),
                ..Narrowing::default()
            };
        }
        if policy.narrows() && (engines > 1 || states > 1) {
            let since = *self.since.get_or_insert(done);
            let passed_ns = done.at_ns.saturating_sub(since.at_ns);
            let work = done.work.saturating_sub(since.work);
            if passed_ns >= WINDOW_NS && work >= LEAST_WORK {
                let drawn_nj = done.drawn_nj.saturating_sub(since.drawn_nj);
                self.judge(done, cost(policy, work, drawn_nj, passed_ns));
            } else if passed_ns > WINDOW_NS * LONGEST {
                // Too little is done to tell.
                self.since = Some(done);
            }
        }
        let (engines, state) = self.now;
        Allotment { engines, state }
    }

    fn judge(&mut self, done: Done, cost: u128) {
        self.since = Some(done);
        let last = self.last.replace(cost);
        match self.trial.take() {
            Some((before, best, windows))
                if cost.saturating_mul(100) < best.saturating_mul(BETTER) =>
            {
                if windows.saturating_add(1) < WINDOWS {
                    self.trial = Some((before, best, windows + 1));
                } else {
                    (self.pause_ns, self.next_ns) = (0, done.at_ns);
                }
            }
            Some((before, ..)) => {
                self.be(before);
                self.way = self.way.next();
                self.pause_ns = self
                    .pause_ns
                    .saturating_mul(2)
                    .clamp(PAUSES_NS[0], PAUSES_NS[1]);
                self.next_ns = done.at_ns.saturating_add(self.pause_ns);
            }
            // The better of two windows: what else the machine does may have made one of them worse.
            None => {
                if let Some(last) = last.filter(|_| done.at_ns >= self.next_ns) {
                    self.try_another(cost.min(last));
                }
            }
        }
    }

    /// This holds from now on. What is under way now belongs to no choice.
    fn be(&mut self, choice: (usize, usize)) {
        (self.now, self.since, self.last) = (choice, None, None);
    }

    fn try_another(&mut self, cost: u128) {
        let (now, (_, engines, states)) = (self.now, self.of);
        let there = |way: Way| {
            let next = match way {
                Way::Narrower => (now.0 - now.0.div_ceil(4), now.1),
                Way::Wider => ((now.0 * 2).min(engines), now.1),
                Way::Slower => (now.0, (now.1 + 1).min(states - 1)),
                Way::Faster => (now.0, now.1.saturating_sub(1)),
            };
            (next.0 > 0 && next != now).then_some((way, next))
        };
        let ways = std::iter::successors(Some(self.way), |way| Some(way.next()));
        let found = ways.take(WAYS.len()).find_map(there);
        if let Some((way, next)) = found.filter(|_| !mutant!("narrowing_never_tries")) {
            self.way = way;
            self.trial = Some((now, cost, 0));
            self.be(next);
        }
    }
}

impl Way {
    fn next(self) -> Way {
        WAYS[(self as usize + 1) % WAYS.len()]
    }
}

impl Words for Done {
    fn put(&self, out: &mut Vec<u64>) {
        (self.at_ns, self.work, self.drawn_nj).put(out);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        let (at_ns, work, drawn_nj) = Words::take(from)?;
        Some(Done {
            at_ns,
            work,
            drawn_nj,
        })
    }
}

impl Words for Policy {
    fn put(&self, out: &mut Vec<u64>) {
        let at = Policy::ALL.iter().position(|policy| policy == self);
        at.unwrap_or(Policy::ALL.len()).put(out);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        Policy::ALL.get(usize::take(from)?).copied()
    }
}

impl Words for Narrowing {
    fn put(&self, out: &mut Vec<u64>) {
        (self.of, self.now, self.since, self.last).put(out);
        (self.trial, self.way as usize, self.pause_ns, self.next_ns).put(out);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        let (of, now, since, last) = Words::take(from)?;
        let (trial, way, pause_ns, next_ns): (_, usize, _, _) = Words::take(from)?;
        let narrowing = Narrowing {
            of,
            now,
            since,
            last,
            trial,
            way: *WAYS.get(way)?,
            pause_ns,
            next_ns,
        };
        let before = trial.map_or(now, |(before, ..)| before);
        let fits =
            |(engines, state)| engines <= of.1 && (state < of.2 || (engines, state) == (0, 0));
        (fits(now) && fits(before)).then_some(narrowing)
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
            let width = narrowing.look(policy, (8, 1), done).engines;
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
                width = narrowing.look(policy, (engines, 1), done).engines;
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

    /// Two states, the second half as fast for so many hundredths of what is drawn at work: the state that a domain has most of its time.
    fn state(policy: Policy, slow_draws: u64, rest_w: u64) -> usize {
        let (mut narrowing, mut done) = (Narrowing::default(), Done::default());
        let mut slow = 0;
        for at in 0..800 {
            let choice = narrowing.look(policy, (4, 2), done);
            let engines = choice.engines as u64;
            done.at_ns += 10 * MS;
            let (work, hundredths) = [(100, 100), (50, slow_draws)][choice.state];
            done.work += 10 * work * engines;
            done.drawn_nj += 10 * (rest_w * 100 + engines * hundredths) * MS / 100;
            slow += usize::from(at >= 100 && choice.state == 1);
        }
        usize::from(slow > 350)
    }

    #[test]
    fn slower_states_are_kept_where_they_save_and_not_where_it_is_cheaper_to_race() {
        assert_eq!(state(Policy::Energy, 25, 0), 1);
        // What is drawn in any case is drawn for longer.
        assert_eq!(state(Policy::Energy, 25, 40), 0);
        // Half as fast at 0.3 of the power: a better energy, a worse energy times time.
        assert_eq!(state(Policy::Energy, 30, 0), 1);
        assert_eq!(state(Policy::EnergyDelay, 30, 0), 0);
        assert_eq!(state(Policy::Performance, 1, 0), 0);
    }

    #[test]
    fn a_single_engine_has_states_as_well() {
        let (mut narrowing, mut done) = (Narrowing::default(), Done::default());
        let mut slow = 0;
        for _ in 0..300 {
            let choice = narrowing.look(Policy::Energy, (1, 3), done);
            assert_eq!(choice.engines, 1);
            done.at_ns += 10 * MS;
            done.work += 100;
            done.drawn_nj += 10 * (4 - choice.state as u64) * MS;
            slow += usize::from(choice.state == 2);
        }
        assert!(slow > 200, "{slow}");
    }
}
