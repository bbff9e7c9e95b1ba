//! How many engines of a domain a power cap allows, and how fast: by the model of what they draw where nothing is measured, else by what is.
//!
//! By measurement it is a control loop. Above its part of the cap a domain goes to a slower state, which costs least of the speed for the power, and in the slowest one to
//! fewer engines; clearly below it goes back, a little at a time. A step back that turns out too large is tried again later.

use super::narrowing::{Done, LONGEST, PAUSES_NS, WINDOW_NS};
use super::power::{Allotment, Policy, State, View, allot};
use super::words::Words;
use crate::mutants::mutant;

/// A domain goes back to more when it draws less than so many hundredths of its part of the cap.
const BELOW: u128 = 90;
/// And then by this part of the engines that work.
const STEP: usize = 8;

/// What is remembered of a domain under a cap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// Under which cap, of how many engines, and of how many states; `None`: not under one that is measured.
    of: Option<(u64, usize, usize)>,
    engines: usize,
    state: usize,
    since: Option<Done>,
    /// The last step was one back to more.
    raised: bool,
    pause_ns: u64,
    /// When the next step back may come.
    next_ns: u64,
    /// One engine in the slowest state draws more.
    missed: bool,
}

/// A domain under a cap.
#[derive(Clone, Copy, Debug)]
pub struct Capped<'a> {
    /// What it may draw, in microwatts.
    pub cap_uw: u64,
    /// What it draws is measured: else only the model counts.
    pub is_measured: bool,
    /// Engines that may work.
    pub workers: usize,
    /// The model of what one of them draws asleep, in microwatts.
    pub asleep_uw: u64,
    /// What others draw in any case.
    pub rest_uw: u64,
    /// The model of the states, at least one.
    pub states: &'a [State],
}

impl Ceiling {
    /// So many engines may work at most, and in no faster state.
    pub fn look(&mut self, capped: &Capped<'_>, done: Done) -> Allotment {
        if !capped.is_measured {
            let allotment = modelled(capped);
            *self = Ceiling {
                missed: draw(capped, allotment) > capped.cap_uw,
                ..Ceiling::default()
            };
            return allotment;
        }
        let of = (capped.cap_uw, capped.workers, capped.states.len());
        if self.of != Some(of) {
            *self = Ceiling {
                of: Some(of),
                engines: capped.workers,
                ..Ceiling::default()
            };
        }
        let since = *self.since.get_or_insert(done);
        let passed_ns = done.at_ns.saturating_sub(since.at_ns);
        if passed_ns >= WINDOW_NS {
            self.since = Some(done);
            // Who has not looked for so long does not know when it was drawn.
            if passed_ns <= WINDOW_NS * LONGEST {
                let drawn_nj = done.drawn_nj.saturating_sub(since.drawn_nj);
                let drawn_uw = u128::from(drawn_nj) * 1_000_000 / u128::from(passed_ns);
                self.judge(of, drawn_uw, done.at_ns);
            }
        }
        Allotment {
            engines: self.engines,
            state: self.state,
        }
    }

    /// Whether even one engine in the slowest state draws more than the cap, as far as is known.
    pub fn is_missed(&self) -> bool {
        self.missed
    }

    fn judge(
        &mut self,
        (cap_uw, workers, states): (u64, usize, usize),
        drawn_uw: u128,
        now_ns: u64,
    ) {
        let cap_uw = u128::from(cap_uw);
        let is_least = self.engines <= 1 && self.state + 1 == states;
        self.missed = drawn_uw > cap_uw && is_least;
        if drawn_uw > cap_uw && !mutant!("ceiling_never_lowers") {
            if std::mem::take(&mut self.raised) {
                self.pause_ns = self
                    .pause_ns
                    .saturating_mul(2)
                    .clamp(PAUSES_NS[0], PAUSES_NS[1]);
                self.next_ns = now_ns.saturating_add(self.pause_ns);
            }
            if self.state + 1 < states {
                self.state += 1;
            } else {
                let fits = self.engines as u128 * cap_uw / drawn_uw;
                self.engines = (fits as usize).min(self.engines - 1).max(1);
            }
        } else if drawn_uw * 100 < cap_uw * BELOW && now_ns >= self.next_ns {
            if self.raised {
                self.pause_ns = 0;
            }
            self.raised = true;
            if self.engines < workers {
                self.engines = (self.engines + (self.engines / STEP).max(1)).min(workers);
            } else {
                self.state = self.state.saturating_sub(1);
            }
        }
    }
}

/// What the model allows.
fn modelled(capped: &Capped<'_>) -> Allotment {
    let seen = View {
        engines: capped.workers,
        work: capped.workers,
        working: capped.workers,
        state: 0,
        stalled: 0,
        memory_is_full: false,
        asleep_uw: capped.asleep_uw,
        rest_uw: capped.rest_uw,
        states: capped.states,
        cap_uw: Some(capped.cap_uw),
    };
    allot(Policy::Performance, &seen)
}

/// What the model says that a choice draws.
fn draw(capped: &Capped<'_>, choice: Allotment) -> u64 {
    let asleep = (capped.workers - choice.engines) as u64;
    let busy = choice.engines as u64 * capped.states[choice.state].busy_uw;
    capped.rest_uw + busy + asleep * capped.asleep_uw
}

impl Words for Ceiling {
    fn put(&self, out: &mut Vec<u64>) {
        (self.of, self.engines, self.state, self.since).put(out);
        (self.raised, self.pause_ns, self.next_ns, self.missed).put(out);
    }

    fn take(from: &mut &[u64]) -> Option<Self> {
        let (of, engines, state, since): (Option<(u64, usize, usize)>, _, _, _) =
            Words::take(from)?;
        let (raised, pause_ns, next_ns, missed) = Words::take(from)?;
        let fits = |(_, workers, states)| 1 <= engines && engines <= workers && state < states;
        of.is_none_or(fits).then_some(Ceiling {
            of,
            engines,
            state,
            since,
            raised,
            pause_ns,
            next_ns,
            missed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const W: u64 = 1_000_000;

    const STATES: [State; 2] = [
        State {
            speed: 1000,
            busy_uw: 4 * W,
            idle_uw: 4 * W,
        },
        State {
            speed: 500,
            busy_uw: 2 * W,
            idle_uw: 2 * W,
        },
    ];

    fn capped(watts: u64, is_measured: bool, states: &[State]) -> Capped<'_> {
        Capped {
            cap_uw: watts * W,
            is_measured,
            workers: 8,
            asleep_uw: W,
            rest_uw: 0,
            states,
        }
    }

    /// A machine under a cap for so many looks, 10 ms apart, that draws `watts(look, engines, state)`: what it draws in each of them, and its last choice.
    fn run(
        capped: &Capped<'_>,
        looks: u64,
        watts: impl Fn(u64, u64, usize) -> u64,
    ) -> (Vec<u64>, Allotment, bool) {
        let (mut ceiling, mut done) = (Ceiling::default(), Done::default());
        let mut drawn = Vec::new();
        let mut choice = ceiling.look(capped, done);
        for look in 0..looks {
            let now = watts(look, choice.engines as u64, choice.state);
            drawn.push(now);
            done.at_ns += 10 * MS;
            done.drawn_nj += now * 10 * MS;
            choice = ceiling.look(capped, done);
        }
        (drawn, choice, ceiling.is_missed())
    }

    #[test]
    fn by_the_model_as_many_work_as_the_cap_has_room_for() {
        let choice = |watts, states| {
            let choice = Ceiling::default().look(&capped(watts, false, states), Done::default());
            (choice.engines, choice.state)
        };
        let one = &STATES[..1];
        // Eight that sleep draw 8 W, and each at work 3 W more.
        assert_eq!([32, 31, 20, 11].map(|w| choice(w, one).0), [8, 7, 4, 1]);
        // All of them half as fast draw 16 W.
        assert_eq!(choice(20, &STATES), (8, 1));
        assert_eq!(choice(32, &STATES), (8, 0));
        let mut ceiling = Ceiling::default();
        ceiling.look(&capped(10, false, one), Done::default());
        assert!(ceiling.is_missed(), "one at work draws 11 W");
    }

    #[test]
    fn by_measurement_the_cap_holds_and_is_used_whatever_the_model_says() {
        for states in [&STATES[..1], &STATES] {
            // 10 W in any case, and 7 W an engine, or 5 W.
            let watts = |_, engines, state: usize| 10 + engines * [7, 5][state];
            let (drawn, ..) = run(&capped(40, true, states), 1000, watts);
            let above = drawn.iter().filter(|one| **one > 40).count();
            assert!(above < 60, "{above} of 1000 above");
            let mean = drawn[50..].iter().sum::<u64>() / 950;
            assert!((32..=40).contains(&mean), "{mean} W of 40");
        }
    }

    #[test]
    fn what_is_no_longer_drawn_is_given_back() {
        // From the fifth second on an engine draws a seventh.
        let watts = |look, engines, _| 10 + engines * if look < 500 { 7 } else { 1 };
        let (drawn, choice, _) = run(&capped(40, true, &STATES), 1500, watts);
        assert!(drawn[100..500].iter().all(|one| *one <= 52), "{drawn:?}");
        assert_eq!((choice.engines, choice.state), (8, 0));
    }

    #[test]
    fn a_cap_that_cannot_be_held_leaves_one_and_says_so() {
        let (_, choice, missed) = run(&capped(5, true, &STATES), 300, |_, engines, _| 20 + engines);
        assert_eq!((choice.engines, choice.state, missed), (1, 1, true));
        let (.., missed) = run(&capped(50, true, &STATES), 300, |_, engines, _| {
            20 + engines
        });
        assert!(!missed);
    }

    #[test]
    fn what_was_drawn_while_nobody_looked_says_nothing() {
        let (mut ceiling, mut done) = (Ceiling::default(), Done::default());
        let capped = capped(10, true, &STATES[..1]);
        ceiling.look(&capped, done);
        (done.at_ns, done.drawn_nj) = (600 * MS, 600 * 100 * MS);
        assert_eq!(ceiling.look(&capped, done).engines, 8);
        (done.at_ns, done.drawn_nj) = (620 * MS, 620 * 100 * MS);
        assert_eq!(ceiling.look(&capped, done).engines, 1);
    }
}
