//! What engines of a domain of threads may do under a policy and a power cap: how many work, and in which state of frequency. What helps is found out by trying
//! ([`super::narrowing`]), what a cap allows is measured or modelled ([`super::ceiling`]).
//!
//! The model of what an engine draws is of no machine: a watt in any case (a share of caches, links and memory), and three more at work, in slower states by the square of the
//! speed (assumed: between the frequency's own part, and its cube, where voltage follows). What comes of it compares one choice with another.

use super::ceiling::{Capped, Ceiling};
use super::narrowing::{Done, Narrowing};
use super::power::{Allotment, Policy, Range, State, WHOLE, share};
use super::words::Words;

/// What the model says an engine draws asleep, in microwatts.
pub const ASLEEP_UW: u64 = 1_000_000;
/// And how much more at work, in the first state.
const BUSY_MORE_UW: u64 = 3_000_000;

/// What the model says of states in which engines are so fast, of [`WHOLE`].
pub fn modelled(speeds: &[u32]) -> Vec<State> {
    let whole = u64::from(WHOLE);
    let state = |speed: &u32| {
        let squared = u64::from(*speed) * u64::from(*speed);
        let busy_uw = ASLEEP_UW + BUSY_MORE_UW * squared / (whole * whole);
        // Who looks for work looks without a pause.
        State {
            speed: *speed,
            busy_uw,
            idle_uw: busy_uw,
        }
    };
    speeds.iter().map(state).collect()
}

/// What the model says that so many engines drew in a time, of which they were at work so long together in a state, in nanojoules.
pub fn drawn_nj(state: &State, engines: usize, ns: u64, busy_ns: u64) -> u64 {
    let each = u128::from(ns) * u128::from(ASLEEP_UW);
    let asleep = each.saturating_mul(engines as u128);
    let more = u128::from(busy_ns) * u128::from(state.busy_uw.saturating_sub(ASLEEP_UW));
    u64::try_from(asleep.saturating_add(more) / 1_000_000).unwrap_or(u64::MAX)
}

/// What of a cap each domain may draw, of which this is known: their engines, and what the model says they draw. If it `is_measured` what they draw,
/// a cap below the model's least is shared all the same; else it is `None`.
pub fn caps(cap_uw: u64, domains: &[(usize, Range)], is_measured: bool) -> Option<Vec<u64>> {
    let ranges: Vec<Range> = domains.iter().map(|(_, range)| *range).collect();
    let engines: usize = domains.iter().map(|(engines, _)| *engines).sum();
    let part = |(own, _): &(usize, Range)| {
        (u128::from(cap_uw) * *own as u128 / engines.max(1) as u128) as u64
    };
    let by_engines = || domains.iter().map(part).collect();
    share(cap_uw, &ranges).or_else(|| is_measured.then(by_engines))
}

/// What processors are asked to prefer under a policy, in the words of Linux (`energy_performance_preference`); `None`: what they were found with.
pub fn preference(policy: Policy) -> Option<&'static str> {
    match policy {
        Policy::Energy => Some("power"),
        Policy::EnergyDelay => Some("balance_power"),
        Policy::Performance | Policy::Locality => None,
    }
}

/// What a control engine sees of what its domain does and draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What is aimed at.
    pub policy: Policy,
    /// Engines that may work.
    pub workers: usize,
    /// All of the domain.
    pub engines: usize,
    /// What the domain may draw, in microwatts.
    pub cap_uw: Option<u64>,
    /// What was drawn is measured, and else modelled.
    pub is_measured: bool,
    /// How fast engines are in each state, of [`WHOLE`], at least one.
    pub speeds: Vec<u32>,
    /// What was done and drawn so far.
    pub done: Done,
}

/// What is remembered of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regulation {
    narrowing: Narrowing,
    ceiling: Ceiling,
}

impl Regulation {
    /// How many engines may work, and in which state.
    pub fn look(&mut self, seen: &Sight) -> Allotment {
        let states = modelled(&seen.speeds);
        let wish = (self.narrowing).look(seen.policy, (seen.workers, states.len()), seen.done);
        let Some(cap_uw) = seen.cap_uw.filter(|_| seen.workers > 0) else {
            self.ceiling = Ceiling::default();
            return wish;
        };
        let capped = Capped {
            cap_uw,
            is_measured: seen.is_measured,
            workers: seen.workers,
            asleep_uw: ASLEEP_UW,
            rest_uw: seen.engines.saturating_sub(seen.workers) as u64 * ASLEEP_UW,
            states: &states,
        };
        let most = self.ceiling.look(&capped, seen.done);
        Allotment {
            engines: wish.engines.min(most.engines),
            state: wish.state.max(most.state),
        }
    }

    /// Whether the cap cannot be held, as far as is known.
    pub fn misses_cap(&self) -> bool {
        self.ceiling.is_missed()
    }
}

/// All that a look was made from: logged, it can be made again, and must lead to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was remembered.
    pub before: Regulation,
    /// What was seen.
    pub seen: Sight,
}

impl Look {
    /// What it leads to.
    pub fn again(&self) -> Allotment {
        self.before.clone().look(&self.seen)
    }

    /// As numbers.
    pub fn numbers(&self) -> Vec<u64> {
        let (mut all, seen) = (Vec::new(), &self.seen);
        (self.before.narrowing).put(&mut all);
        (self.before.ceiling).put(&mut all);
        (seen.policy, seen.workers, seen.engines, seen.cap_uw).put(&mut all);
        (seen.is_measured, seen.done).put(&mut all);
        let speeds = seen.speeds.iter().map(|speed| u64::from(*speed));
        speeds.collect::<Vec<u64>>().put(&mut all);
        all
    }

    /// From these numbers; `None` if they make no sense.
    pub fn from_numbers(numbers: &[u64]) -> Option<Look> {
        let from = &mut &*numbers;
        let before = Regulation {
            narrowing: Words::take(from)?,
            ceiling: Words::take(from)?,
        };
        let (policy, workers, engines, cap_uw) = Words::take(from)?;
        let (is_measured, done) = Words::take(from)?;
        let speeds: Vec<u32> = Words::take(from)?;
        let fits = |speed: &u32| (1..=WHOLE).contains(speed);
        let makes_sense = !speeds.is_empty() && speeds.iter().all(fits) && workers <= engines;
        let small = engines <= MOST_ENGINES && speeds.len() <= MOST_STATES && from.is_empty();
        (makes_sense && small).then_some(Look {
            before,
            seen: Sight {
                policy,
                workers,
                engines,
                cap_uw,
                is_measured,
                speeds,
                done,
            },
        })
    }
}

/// More than these is nonsense: a look at all choices would take for ever.
const MOST_ENGINES: usize = 1 << 16;
const MOST_STATES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(policy: Policy, cap_w: Option<u64>, is_measured: bool) -> Sight {
        Sight {
            policy,
            workers: 8,
            engines: 8,
            cap_uw: cap_w.map(|watts| watts * 1_000_000),
            is_measured,
            speeds: vec![1000, 500],
            done: Done::default(),
        }
    }

    #[test]
    fn the_model_draws_what_it_says() {
        let states = modelled(&[1000, 500]);
        assert_eq!(
            states.iter().map(|s| s.busy_uw).collect::<Vec<_>>(),
            [4_000_000, 1_750_000]
        );
        // Two engines for a second, one of them at work for half of it.
        let (second, half) = (1_000_000_000, 500_000_000);
        assert_eq!(drawn_nj(&states[0], 2, second, half), 3_500_000_000);
        assert_eq!(drawn_nj(&states[1], 2, second, half), 2_375_000_000);
        assert_eq!(drawn_nj(&states[0], usize::MAX, u64::MAX, 0), u64::MAX);
    }

    #[test]
    fn a_cap_is_shared_or_refused() {
        let range = |engines| (engines, Range::new(engines, &modelled(&[1000]), ASLEEP_UW));
        let two = [range(2), range(6)];
        assert_eq!(
            caps(32_000_000, &two, false),
            Some(vec![8_000_000, 24_000_000])
        );
        // One at work in each, and the others asleep: 5 W and 9 W.
        assert_eq!(
            caps(14_000_000, &two, false),
            Some(vec![5_000_000, 9_000_000])
        );
        assert_eq!(caps(13_000_000, &two, false), None);
        assert_eq!(
            caps(8_000_000, &two, true),
            Some(vec![2_000_000, 6_000_000])
        );
    }

    #[test]
    fn a_cap_goes_before_what_a_policy_wishes() {
        let look = |seen: &Sight| Regulation::default().look(seen);
        for policy in Policy::ALL {
            let free = look(&seen(policy, None, false));
            assert_eq!((free.engines, free.state), (8, 0), "{policy}");
            // All eight slow ones draw 14 W.
            let capped = look(&seen(policy, Some(20), false));
            assert_eq!((capped.engines, capped.state), (8, 1), "{policy}");
            let capped = look(&seen(policy, Some(10), false));
            assert_eq!((capped.engines, capped.state), (2, 1), "{policy}");
        }
        let mut regulation = Regulation::default();
        regulation.look(&seen(Policy::Performance, Some(2), false));
        assert!(regulation.misses_cap());
        regulation.look(&seen(Policy::Performance, None, false));
        assert!(!regulation.misses_cap());
    }

    /// Looks at a domain whose second half of engines helps nothing, and whose power is what the model says.
    fn looks(policy: Policy, cap_w: Option<u64>, is_measured: bool) -> Vec<(Look, Allotment)> {
        let (mut regulation, mut all) = (Regulation::default(), Vec::new());
        let mut sight = seen(policy, cap_w, is_measured);
        for _ in 0..400 {
            let before = regulation.clone();
            let choice = regulation.look(&sight);
            let look = Look {
                before,
                seen: sight.clone(),
            };
            all.push((look, choice));
            let state = modelled(&sight.speeds)[choice.state];
            let ns = 10_000_000;
            sight.done.at_ns += ns;
            sight.done.work += choice.engines.min(4) as u64 * u64::from(state.speed) / 10;
            sight.done.drawn_nj += drawn_nj(&state, 8, ns, choice.engines as u64 * ns);
        }
        all
    }

    #[test]
    fn a_look_is_made_again_from_its_numbers() {
        for policy in Policy::ALL {
            for (cap_w, is_measured) in [(None, true), (Some(20), true), (Some(20), false)] {
                let all = looks(policy, cap_w, is_measured);
                for (look, choice) in &all {
                    let again = Look::from_numbers(&look.numbers()).expect("it makes sense");
                    assert_eq!((&again, again.again()), (look, *choice));
                }
                let differs = all.iter().any(|(_, choice)| *choice != all[0].1);
                assert_eq!(differs, policy.narrows() || is_measured && cap_w.is_some());
            }
        }
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        let all = looks(Policy::Energy, Some(20), true);
        let numbers = all[300].0.numbers();
        for short in 0..numbers.len() {
            assert_eq!(Look::from_numbers(&numbers[..short]), None);
        }
        // Any of them changed to anything: an answer, or none, and no panic.
        for at in 0..numbers.len() {
            for other in [0, 1, 2, 63, u64::MAX] {
                let mut changed = numbers.clone();
                changed[at] = other;
                if let Some(look) = Look::from_numbers(&changed) {
                    look.again();
                }
            }
        }
    }
}
