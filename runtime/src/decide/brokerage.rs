//! Stealing between domains: who gets work from whom, by distance, and when that pays.
//!
//! Inside a domain engines take from each other as they like ([`super::theft`]). From domain to domain control engines bring
//! codelets, and only those that may run anywhere: what a user pinned to an engine or a region lies in queues that nobody looks
//! into here.

use super::policy::Tuning;
use crate::mutants::mutant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What memory of a region costs its own engines, in the tenths that [`Regions::far`](super::placement::Regions::far) counts in.
pub const OWN: u64 = 10;
/// How long codelets are taken to be of which nobody knows, in nanoseconds: so long that they are worth the way.
const UNKNOWN_NS: u64 = 1_000_000;
/// What was seen in a longer time than this says nothing of how long codelets take now, in nanoseconds.
const STALE_NS: u64 = 100_000_000;
/// Of so many of the fullest domains the best is chosen: more would take long where there are thousands.
const GIVERS: usize = 16;

/// What a control engine sees of a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DomainView {
    /// Codelets in the queues that other domains may take from.
    pub queued: usize,
    /// Engines that sleep.
    pub asleep: usize,
    /// Engines.
    pub engines: usize,
    /// Engines that look for work.
    pub searching: usize,
    /// Engines with something queued that started no codelet between the last two looks ([`Watch::stalled`](super::controller::Watch::stalled)).
    pub stalled: usize,
    /// How long one of its codelets takes, in nanoseconds ([`Pace::look`]); 0: nobody knows.
    pub pace_ns: u64,
}

/// Codelets that go from a domain that has too many to one that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The domain that gives.
    pub from: usize,
    /// The domain that takes.
    pub to: usize,
    /// At most so many.
    pub count: usize,
}

/// How long the codelets of a domain take, from looks at how many were started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    started: u64,
    /// How many were queued then.
    queued: usize,
    /// When the first look was that saw so many started; 0: never.
    at_ns: u64,
}

impl Pace {
    /// The domain is looked at `now_ns`: its engines have started so many codelets in all, so many are queued, and so many engines are
    /// awake. The time that one codelet takes one engine, in nanoseconds; 0 if nobody knows. Nobody does if the queue has not become shorter
    /// though some were started: then those were others, and say nothing of those that wait.
    pub fn look(&mut self, started: u64, queued: usize, awake: usize, now_ns: u64) -> u64 {
        let before = *self;
        let count = started.wrapping_sub(before.started);
        let is_first = before.at_ns == 0;
        if count > 0 || is_first {
            *self = Pace {
                started,
                queued,
                at_ns: now_ns.max(1),
            };
        }
        let time = now_ns.saturating_sub(before.at_ns);
        if is_first || time == 0 || time > STALE_NS {
            return 0;
        }
        if count > 0 && queued > 0 && queued >= before.queued {
            return 0;
        }
        // If none was, the present ones take that long at least.
        (time.saturating_mul(awake.max(1) as u64) / count.max(1)).max(1)
    }
}

/// A domain that has more than its engines come to soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Giver {
    /// Codelets beyond one for each of its engines.
    spare: u64,
    engines: u64,
    pace_ns: u64,
}

impl Giver {
    /// How many codelets should go to `engines` engines of a domain from which this one's memory is `far` away (in tenths of what
    /// its own is): so many that both have done their part at the same time, if there a codelet takes as much longer as the memory is
    /// farther, which is the worst that can happen, and begins after a wake-up. And how much sooner the giver is done, in
    /// nanoseconds. `None` if it does not pay.
    fn haul(&self, engines: u64, far: u64, tuning: &Tuning) -> Option<(u64, u64)> {
        // Below 2^40, so that products of three are numbers.
        let [spare, from, to, pace, far] = [self.spare, self.engines, engines, self.pace_ns, far]
            .map(|number| u128::from(number.min(1 << 40)));
        let wake = u128::from(tuning.spin_ns);
        let there = (pace + u128::from(tuning.move_ns)) * far;
        let saved = match mutant!("broker_always_pays") {
            true => spare * pace,
            false => (spare * pace).checked_sub(wake * from)?,
        };
        let count = (saved * to * u128::from(OWN))
            .div_ceil(pace * to * u128::from(OWN) + there * from)
            .min(spare);
        let sooner = count * pace / from;
        (count > 0).then_some((count as u64, u64::try_from(sooner).unwrap_or(u64::MAX)))
    }
}

/// What control engine `own` brings from where to where. Each domain with sleepers and nothing queued, its own first, gets from the
/// one that is relieved most, of equal ones from the nearest. `far` says how far the second one's memory is from the first one's
/// engines, in tenths of what its own is ([`OWN`]).
pub fn brokerage(
    domains: &[DomainView],
    own: usize,
    far: impl Fn(usize, usize) -> u64,
    tuning: &Tuning,
) -> Vec<Brought> {
    let giver = |(domain, view): (usize, &DomainView)| {
        let spare = view.queued.saturating_sub(view.engines) as u64;
        (spare > 0).then_some((spare, Reverse(domain)))
    };
    let mut givers: BinaryHeap<_> = domains.iter().enumerate().filter_map(giver).collect();
    let (mut brought, mut fullest) = (Vec::new(), Vec::new());
    for to in (0..domains.len()).map(|step| (own + step) % domains.len()) {
        let taker = domains[to];
        if taker.queued > 0 || taker.asleep == 0 {
            continue;
        }
        // A taker has nothing, so it is not among them.
        fullest.extend(std::iter::from_fn(|| givers.pop()).take(GIVERS));
        let worth = |&(at, &(spare, Reverse(from))): &(usize, &(u64, Reverse<usize>))| {
            let view = domains[from];
            let giver = Giver {
                spare,
                engines: view.engines.max(1) as u64,
                pace_ns: match view.pace_ns {
                    0 => UNKNOWN_NS,
                    known => known,
                },
            };
            let far = match mutant!("broker_sees_no_distance") {
                true => OWN,
                false => far(to, from),
            };
            let (count, sooner) = giver.haul(taker.engines.max(1) as u64, far, tuning)?;
            Some((sooner, Reverse((far, from)), at, count))
        };
        let best = fullest.iter().enumerate();
        let best = best.filter_map(|one| worth(&one)).max();
        if let Some((_, Reverse((_, from)), at, count)) = best {
            fullest[at].0 -= count;
            let count = count as usize;
            brought.push(Brought { from, to, count });
        }
        givers.extend(fullest.drain(..).filter(|(spare, _)| *spare > 0));
        if givers.is_empty() {
            break;
        }
    }
    brought
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four domains, in two pairs: the distances of the guest in `.ci/stages/numa-guest`.
    const FAR: [[u64; 4]; 4] = [
        [10, 16, 28, 30],
        [16, 10, 28, 31],
        [28, 28, 10, 16],
        [30, 31, 16, 10],
    ];

    fn domain(queued: usize, asleep: usize, pace_ns: u64) -> DomainView {
        DomainView {
            queued,
            asleep,
            engines: 4,
            pace_ns,
            ..DomainView::default()
        }
    }

    fn decided(domains: [DomainView; 4], own: usize) -> Vec<(usize, usize, usize)> {
        let far = |to: usize, from: usize| FAR[to][from];
        let all = brokerage(&domains, own, far, &Tuning::default());
        all.iter()
            .map(|one| (one.from, one.to, one.count))
            .collect()
    }

    const SLEEPS: fn() -> DomainView = || domain(0, 4, 0);
    const WORKS: fn() -> DomainView = || domain(0, 0, 0);

    #[test]
    fn of_equally_full_ones_the_nearest_gives() {
        for (to, nearest) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
            let mut domains = [domain(104, 0, 1_000_000); 4];
            domains[to] = SLEEPS();
            let said = decided(domains, 0);
            assert_eq!(said.len(), 1);
            assert_eq!((said[0].0, said[0].1), (nearest, to));
        }
    }

    #[test]
    fn the_farther_the_fewer() {
        let count = |from: usize| {
            let mut domains = [WORKS(); 4];
            (domains[0], domains[from]) = (SLEEPS(), domain(104, 0, 1_000_000));
            decided(domains, 0)[0].2
        };
        // Both are done at the same time: 100 to spare, in the proportion of 1 to the distance, less what the wake-up takes.
        assert_eq!([1, 2, 3].map(count), [39, 27, 25]);
    }

    #[test]
    fn one_far_away_gives_if_it_is_so_much_fuller() {
        let near_or_far = |queued| {
            let far = domain(queued, 0, 1_000_000);
            decided([SLEEPS(), domain(104, 0, 1_000_000), WORKS(), far], 0)[0].0
        };
        assert_eq!(near_or_far(120), 1);
        assert_eq!(near_or_far(400), 3);
    }

    #[test]
    fn short_codelets_are_not_worth_a_wake_up() {
        let said = |queued, pace_ns| {
            let giver = domain(queued, 0, pace_ns);
            decided([SLEEPS(), giver, WORKS(), WORKS()], 0)
        };
        // 50 µs for a wake-up: 100 codelets of 1 µs take the four engines half of it.
        assert_eq!(said(104, 1_000), []);
        assert!(!said(1_004, 1_000).is_empty());
        assert!(!said(104, 10_000).is_empty());
        // So long as nobody knows, they are taken for long.
        assert!(!said(6, 0).is_empty());
    }

    #[test]
    fn each_codelet_goes_once_and_the_own_domain_comes_first() {
        let said = decided([SLEEPS(), SLEEPS(), domain(10, 0, 0), SLEEPS()], 3);
        assert_eq!(said[0].1, 3);
        let all: usize = said.iter().map(|(_, _, count)| count).sum();
        assert!(all <= 6, "{said:?}");
        assert!(said.iter().all(|(from, ..)| *from == 2));
    }

    #[test]
    fn a_pace_is_known_from_the_second_look_on() {
        let mut pace = Pace::default();
        assert_eq!(pace.look(100, 90, 2, 1_000_000), 0);
        assert_eq!(pace.look(150, 40, 2, 2_000_000), 40_000);
        // None was started: a millisecond each at least, and then two.
        assert_eq!(pace.look(150, 40, 2, 3_000_000), 2_000_000);
        assert_eq!(pace.look(150, 40, 2, 4_000_000), 4_000_000);
        // It took them three, of one of two engines.
        assert_eq!(pace.look(151, 39, 2, 5_000_000), 6_000_000);
        // What it did long ago says nothing.
        assert_eq!(pace.look(152, 38, 2, 900_000_000), 0);
        assert_eq!(pace.look(u64::MAX, 0, 2, 900_000_000), 0);
        // With nothing queued any more it is as fast as it is.
        assert_eq!(pace.look(9, 0, 1, 900_010_000), 1_000);
    }

    #[test]
    fn short_ones_beside_the_queue_say_nothing_of_those_that_wait() {
        let mut pace = Pace::default();
        let brought = |pace_ns| {
            let giver = domain(104, 0, pace_ns);
            decided([SLEEPS(), giver, WORKS(), WORKS()], 0)
        };
        assert_eq!(pace.look(0, 104, 4, 1_000_000), 0);
        // One engine has run a thousand of a microsecond that it spawned itself, the others are in long ones.
        let pace_ns = pace.look(1_000, 104, 4, 2_000_000);
        assert_eq!(brought(pace_ns), brought(UNKNOWN_NS));
        assert!(!brought(pace_ns).is_empty());
        // Those that go are short.
        let pace_ns = pace.look(5_000, 100, 4, 3_000_000);
        assert_eq!((pace_ns, brought(pace_ns)), (1_000, Vec::new()));
    }

    #[test]
    fn absurd_numbers_do_no_harm() {
        let giver = domain(usize::MAX, 0, u64::MAX);
        let said = decided([SLEEPS(), giver, giver, giver], 0);
        assert_eq!(said.len(), 1);
    }
}
