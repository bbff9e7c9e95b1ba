//! How many engines of a domain work, and in which state of voltage and frequency: what the policies say, and a power cap.
//!
//! A choice of engines and a state promises so much work a time, and draws so much. A policy is what of the two it looks at. Whether it is
//! cheaper to go slowly or to race and then sleep follows from what is drawn in any case: there is no rule for it.

use crate::error::{Error, ErrorKind, Result};

/// What the runtime aims at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// As fast as possible: every engine works while there is work, as far as a cap allows, and blocks stay where they are.
    #[default]
    Performance,
    /// The same, and little traffic between memory regions: blocks move to where they are used, or get copies there, if that
    /// saves more than it costs, and codelets that say nothing go to their data. For programs whose use of their data changes slowly. It costs each
    /// codelet with accesses some tens of nanoseconds.
    Locality,
    /// As little energy for the work as possible: engines that do not help enough are turned off. What each helps the runtime finds out by
    /// trying ([`super::narrowing`]), the simulator knows.
    Energy,
    /// Likewise, as little as possible of energy times time.
    EnergyDelay,
}

impl Policy {
    /// All of them.
    pub const ALL: [Policy; 4] = [
        Policy::Performance,
        Policy::Locality,
        Policy::Energy,
        Policy::EnergyDelay,
    ];
}

impl Policy {
    /// Whether it turns engines off that do not help enough.
    pub(crate) fn narrows(self) -> bool {
        matches!(self, Policy::Energy | Policy::EnergyDelay)
    }
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Policy::Performance => "performance",
            Policy::Locality => "locality",
            Policy::Energy => "energy",
            Policy::EnergyDelay => "energy_delay",
        })
    }
}

impl std::str::FromStr for Policy {
    type Err = Error;

    /// By its name. Errors: `Config` for any other name.
    fn from_str(text: &str) -> Result<Self> {
        let mut all = Policy::ALL.into_iter();
        let found = all.find(|policy| policy.to_string() == text);
        found.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!(
                    "`{text}` is no policy; there are `performance`, `locality`, `energy` and `energy_delay`"
                ),
            )
        })
    }
}

/// The speed of an engine in its first state, and all of a time.
pub const WHOLE: u32 = 1000;

/// Between two looks of a control engine at its domain's power, in nanoseconds: long beside what it takes to change a state.
pub const LOOK_NS: u64 = 100_000;

/// A state of voltage and frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// How fast an engine computes: [`WHOLE`] in the first state.
    pub speed: u32,
    /// What it draws at work, in microwatts.
    pub busy_uw: u64,
    /// What it draws while it looks for work.
    pub idle_uw: u64,
}

/// The looks that a control engine remembers.
const REMEMBERED: usize = 8;

/// What a control engine remembers of the work that there was: work comes in waves, and who turns engines off in each trough pays for a
/// wake-up on each crest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    recent: [usize; REMEMBERED],
    at: usize,
}

impl Demand {
    /// There is so much work now; the most that there was lately.
    pub fn seen(&mut self, work: usize) -> usize {
        self.recent[self.at] = work;
        self.at = (self.at + 1) % REMEMBERED;
        self.recent.into_iter().max().unwrap_or(work)
    }
}

/// What a control engine sees of its domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// Engines.
    pub engines: usize,
    /// Codelets that run or could: the most of late ([`Demand`]).
    pub work: usize,
    /// Engines that work now.
    pub working: usize,
    /// The state that they are in.
    pub state: usize,
    /// The part of their time in which they wait for memory, of [`WHOLE`]: that does not shrink when they compute faster.
    pub stalled: u32,
    /// The memory gives all that it can: more engines would get no more of it together.
    pub memory_is_full: bool,
    /// What an engine draws asleep, in microwatts.
    pub asleep_uw: u64,
    /// What is drawn in any case: a share of memory, links, control engines.
    pub rest_uw: u64,
    /// The states that engines can be in, at least one.
    pub states: &'a [State],
    /// No more may be drawn than this.
    pub cap_uw: Option<u64>,
}

/// What a domain may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// So many of its engines work at most; at least one.
    pub engines: usize,
    /// In this state.
    pub state: usize,
}

/// What a domain draws at the least and at the most, in microwatts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// With one engine at work, in the state that draws least.
    pub least_uw: u64,
    /// With all of them at work, in the state that draws most.
    pub most_uw: u64,
}

impl Range {
    /// Of so many engines with these states, at least one of each.
    ///
    /// # Panics
    /// If there is no state.
    pub fn new(engines: usize, states: &[State], asleep_uw: u64) -> Self {
        let busy = states.iter().map(|state| state.busy_uw);
        let (least, most) = (busy.clone().min(), busy.max());
        let asleep = engines.saturating_sub(1) as u64 * asleep_uw;
        Range {
            least_uw: least.expect("engines have states") + asleep,
            most_uw: most.expect("engines have states") * engines as u64,
        }
    }
}

/// What of a cap each domain may draw: what it needs at the least, and of what is left a share by how much more it could use. They are no more than
/// the cap together. `None` if that is less than they need.
pub fn share(cap_uw: u64, domains: &[Range]) -> Option<Vec<u64>> {
    let more = |range: &Range| u128::from(range.most_uw.saturating_sub(range.least_uw));
    let least: u64 = domains.iter().map(|range| range.least_uw).sum();
    let all: u128 = domains.iter().map(more).sum();
    let left = u128::from(cap_uw.checked_sub(least)?);
    let of = |range: &Range| {
        let part = (left * more(range)).checked_div(all).unwrap_or(0);
        range.least_uw + part as u64
    };
    Some(domains.iter().map(of).collect())
}

/// Decides how many engines work and in which state.
///
/// # Panics
/// If there is no engine or no state.
pub fn allot(policy: Policy, seen: &View<'_>) -> Allotment {
    assert!(
        seen.engines > 0 && !seen.states.is_empty(),
        "a domain has engines, and they have states"
    );
    // As fast as possible means to be ready for work that is not there yet.
    let work = match policy {
        Policy::Performance | Policy::Locality => seen.engines,
        _ => seen.work.clamp(1, seen.engines),
    };
    let states = 0..seen.states.len();
    let all = states
        .flat_map(|state| (1..=seen.engines).map(move |engines| Allotment { engines, state }));
    let judged = all.map(|choice| (choice, rate(seen, choice, work), draw(seen, choice, work)));
    let is_allowed = |uw: u64| seen.cap_uw.is_none_or(|cap| uw <= cap);
    let allowed = judged.clone().filter(|(_, _, uw)| is_allowed(*uw));
    let best = allowed.min_by(|a, b| compare(policy, (a.1, a.2), (b.1, b.2)));
    // Nothing is little enough: the least.
    let least = || judged.min_by_key(|(_, _, uw)| *uw);
    best.or_else(least).expect("there is at least one choice").0
}

/// How much is done in a time, in thousandths of what one engine does in the first state without memory.
fn rate(seen: &View<'_>, choice: Allotment, work: usize) -> u64 {
    let useful = choice.engines.min(work) as u64;
    match seen.memory_is_full {
        // They wait for each other's data: fewer would wait less, and more would do no more.
        true => {
            let now = seen.working.max(1) as u64 * one(seen, seen.state);
            now.min(useful * u64::from(seen.states[choice.state].speed))
        }
        false => useful * one(seen, choice.state),
    }
}

/// How much one engine does in a state: it computes at the state's speed, and waits for memory as long as in any other.
fn one(seen: &View<'_>, state: usize) -> u64 {
    let stalled = u64::from(seen.stalled.min(WHOLE));
    let whole = u64::from(WHOLE);
    let (now, then) = (
        seen.states[seen.state].speed.max(1),
        seen.states[state].speed.max(1),
    );
    // Of a time as it is now the computing part changes with the speed.
    let computes = (whole - stalled) * u64::from(now) / u64::from(then);
    let work = (whole - stalled) * u64::from(now);
    work / (computes + stalled).max(1)
}

fn draw(seen: &View<'_>, choice: Allotment, work: usize) -> u64 {
    let state = &seen.states[choice.state];
    let busy = choice.engines.min(work) as u64;
    let idle = choice.engines as u64 - busy;
    let asleep = (seen.engines - choice.engines) as u64;
    seen.rest_uw + busy * state.busy_uw + idle * state.idle_uw + asleep * seen.asleep_uw
}

/// What work costs under a policy that looks at energy, when this was drawn for it in this time: energy for each piece of it, or that times the time for each.
/// To be compared with what it costs otherwise, and for nothing else.
pub(super) fn cost(policy: Policy, work: u64, drawn_nj: u64, ns: u64) -> u128 {
    let [work, drawn, ns] = [work.max(1), drawn_nj, ns].map(u128::from);
    match policy {
        Policy::EnergyDelay => drawn.saturating_mul(ns).saturating_mul(1000) / (work * work),
        _ => drawn.saturating_mul(1_000_000) / work,
    }
}

/// Which of two choices of `(rate, draw)` a policy prefers: the less. Of equal ones the one that draws less.
fn compare(policy: Policy, a: (u64, u64), b: (u64, u64)) -> std::cmp::Ordering {
    let [(rate_a, uw_a), (rate_b, uw_b)] =
        [a, b].map(|(rate, uw)| (u128::from(rate.max(1)), u128::from(uw)));
    // Energy for the work is draw over rate; times the time, it is draw over the rate's square.
    let order = match policy {
        Policy::Performance | Policy::Locality => rate_b.cmp(&rate_a),
        Policy::Energy => (uw_a * rate_b).cmp(&(uw_b * rate_a)),
        Policy::EnergyDelay => (uw_a * rate_b * rate_b).cmp(&(uw_b * rate_a * rate_a)),
    };
    order.then(uw_a.cmp(&uw_b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half as fast at a quarter of the power.
    const STATES: [State; 2] = [
        State {
            speed: 1000,
            busy_uw: 1000,
            idle_uw: 400,
        },
        State {
            speed: 500,
            busy_uw: 250,
            idle_uw: 100,
        },
    ];

    fn seen(work: usize) -> View<'static> {
        View {
            engines: 8,
            work,
            working: work.min(8),
            state: 0,
            stalled: 0,
            memory_is_full: false,
            asleep_uw: 1,
            rest_uw: 0,
            states: &STATES,
            cap_uw: None,
        }
    }

    fn chosen(policy: Policy, seen: View<'_>) -> (usize, usize) {
        let allotment = allot(policy, &seen);
        (allotment.engines, allotment.state)
    }

    #[test]
    fn work_counts_for_a_while() {
        let mut demand = Demand::default();
        assert_eq!(demand.seen(5), 5);
        let troughs: Vec<usize> = (0..8).map(|_| demand.seen(1)).collect();
        assert_eq!(troughs, [5, 5, 5, 5, 5, 5, 5, 1]);
    }

    #[test]
    fn a_cap_is_shared_by_what_domains_could_use() {
        let small = Range::new(2, &STATES, 1);
        assert_eq!((small.least_uw, small.most_uw), (251, 2000));
        let large = Range::new(8, &STATES, 1);
        assert_eq!((large.least_uw, large.most_uw), (257, 8000));
        // Equal domains have equal shares, and a large one more than a small one.
        assert_eq!(share(3000, &[small; 3]), Some(vec![1000; 3]));
        let both = share(5000, &[small, large]).unwrap();
        assert_eq!(both, [251 + 4492 * 1749 / 9492, 257 + 4492 * 7743 / 9492]);
        assert!(both.iter().sum::<u64>() <= 5000);
        // Not less than each needs, and nothing if that is too much.
        assert_eq!(share(508, &[small, large]), Some(vec![251, 257]));
        assert_eq!(share(507, &[small, large]), None);
        let fixed = Range {
            least_uw: 5,
            most_uw: 5,
        };
        assert_eq!(share(20, &[fixed; 2]), Some(vec![5, 5]));
    }

    #[test]
    fn policies_have_names() {
        for policy in Policy::ALL {
            assert_eq!(policy.to_string().parse::<Policy>().unwrap(), policy);
        }
        let error = "fast".parse::<Policy>().unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`fast` is no policy; there are")
        );
    }

    #[test]
    fn performance_takes_all_at_full_speed() {
        assert_eq!(chosen(Policy::Performance, seen(3)), (8, 0));
        assert_eq!(chosen(Policy::Performance, seen(0)), (8, 0));
    }

    #[test]
    fn energy_goes_slowly_where_nothing_is_drawn_in_any_case() {
        assert_eq!(chosen(Policy::Energy, seen(8)), (8, 1));
        // Engines that find no work are turned off.
        assert_eq!(chosen(Policy::Energy, seen(3)), (3, 1));
        assert_eq!(chosen(Policy::Energy, seen(0)), (1, 1));
    }

    #[test]
    fn it_races_where_much_is_drawn_in_any_case() {
        let dear = View {
            rest_uw: 100_000,
            ..seen(8)
        };
        assert_eq!(chosen(Policy::Energy, dear), (8, 0));
    }

    #[test]
    fn energy_delay_weighs_time_too() {
        // Half as fast at 0.3 of the power is a better energy, and a worse energy times time.
        let states = [
            STATES[0],
            State {
                speed: 500,
                busy_uw: 300,
                idle_uw: 100,
            },
        ];
        let view = View {
            states: &states,
            ..seen(8)
        };
        assert_eq!(chosen(Policy::Energy, view), (8, 1));
        assert_eq!(chosen(Policy::EnergyDelay, view), (8, 0));
    }

    #[test]
    fn who_waits_for_memory_need_not_compute_fast() {
        let view = View {
            stalled: 900,
            rest_uw: 4_000,
            ..seen(8)
        };
        assert_eq!(chosen(Policy::EnergyDelay, view), (8, 1));
        assert_eq!(
            chosen(Policy::EnergyDelay, View { stalled: 0, ..view }),
            (8, 0)
        );
    }

    #[test]
    fn where_memory_is_full_fewer_engines_do_as_much() {
        // Eight engines wait for three quarters of their time: two that do not wait do as much, or four slow ones.
        let view = View {
            stalled: 750,
            memory_is_full: true,
            ..seen(8)
        };
        assert_eq!(chosen(Policy::Energy, view), (4, 1));
        assert_eq!(
            chosen(
                Policy::EnergyDelay,
                View {
                    states: &STATES[..1],
                    ..view
                }
            ),
            (2, 0)
        );
        assert_eq!(
            chosen(
                Policy::EnergyDelay,
                View {
                    states: &STATES[..1],
                    memory_is_full: false,
                    ..view
                }
            ),
            (8, 0)
        );
    }

    #[test]
    fn a_cap_holds_and_leaves_at_least_one() {
        let capped = |cap| View {
            cap_uw: Some(cap),
            ..seen(8)
        };
        for policy in [Policy::Performance, Policy::Energy, Policy::EnergyDelay] {
            for cap in [300, 1_000, 2_500, 8_000] {
                let choice = allot(policy, &capped(cap));
                assert!(
                    draw(&capped(cap), choice, 8) <= cap,
                    "{policy}, {cap}: {choice:?}"
                );
            }
            assert_eq!(chosen(policy, capped(1)), (1, 1));
        }
        // Eight slow ones do as much as four fast ones for half of it.
        assert_eq!(chosen(Policy::Performance, capped(4_000)), (8, 1));
    }
}
