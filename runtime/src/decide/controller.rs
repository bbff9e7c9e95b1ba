//! The control engine's mind: what it sees goes in, what it does comes out.

pub use super::brokerage::DomainView;
use super::brokerage::{Pace, brokerage};
use super::policy::Tuning;

/// What a control engine remembers of its own engines, and of all domains, from one look to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    started: Vec<u64>,
    paces: Vec<Pace>,
}

impl Watch {
    /// How many engines have something queued and have started nothing since the last call. Each comes with whether
    /// something is queued there, and the number of codelets that it has started so far. Who looks `once`, standing in
    /// for a control engine that is silent, may not look again: then all that have something queued count.
    pub fn stalled(&mut self, engines: impl Iterator<Item = (bool, u64)>, once: bool) -> usize {
        let mut stalled = 0;
        for (engine, (queued, started)) in engines.enumerate() {
            if self.started.len() == engine {
                self.started.push(u64::MAX);
            }
            let before = std::mem::replace(&mut self.started[engine], started);
            stalled += usize::from(queued && (once || before == started));
        }
        stalled
    }

    /// How long one codelet of a domain takes, by how many its engines, of which so many are awake, have started by now, and how many are
    /// queued: see [`Pace::look`].
    pub fn pace_ns(
        &mut self,
        domain: usize,
        started: u64,
        queued: usize,
        awake: usize,
        now_ns: u64,
    ) -> u64 {
        if self.paces.len() <= domain {
            self.paces.resize(domain + 1, Pace::default());
        }
        self.paces[domain].look(started, queued, awake, now_ns)
    }
}

/// How long a control engine that watches sleeps at first, while some engines work, and while all sleep, in nanoseconds:
/// an engine at work may leave a codelet behind a long body at any time, sleepers only wait for the world outside.
const NAPS_NS: [u64; 3] = [1_000_000, 2_000_000, 16_000_000];

/// How often a control engine that polls looks while scopes are open, in nanoseconds.
pub const POLL_NS: u64 = 1_000_000;

/// How long a control engine that watches sleeps next, in nanoseconds, after a nap of `last_ns` (0: none) at whose end it
/// was `asked` to decide, or was not.
pub fn nap_ns(last_ns: u64, asked: bool, all_asleep: bool) -> u64 {
    let [first, working, sleeping] = NAPS_NS;
    let most = if all_asleep { sleeping } else { working };
    if asked {
        first
    } else {
        (last_ns * 2).clamp(first, most)
    }
}

/// What a control engine sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Each domain, by number.
    pub domains: Vec<DomainView>,
    /// The domain that this control engine belongs to.
    pub own: usize,
    /// Scopes that have not ended.
    pub open_scopes: usize,
}

/// What a control engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Moves up to this many codelets from a domain that has too many to one that has none.
    Broker {
        /// The domain that gives.
        from: usize,
        /// The domain that takes.
        to: usize,
        /// At most so many.
        count: usize,
    },
    /// Wakes an engine of a domain where a codelet waits behind a long body, which its engine has told nobody of.
    Rouse {
        /// The domain.
        domain: usize,
    },
    /// Looks whether a scope is stuck: everything sleeps, though scopes are open.
    CheckStuck,
}

/// Decides; `far` and `tuning` are for what goes from domain to domain ([`brokerage`]).
pub fn decide(
    seen: &Observation,
    far: impl Fn(usize, usize) -> u64,
    tuning: &Tuning,
) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let all_asleep = seen.domains.iter().all(|d| d.asleep == d.engines);
    if all_asleep && seen.open_scopes > 0 {
        decisions.push(Decision::CheckStuck);
    }
    for (domain, view) in seen.domains.iter().enumerate() {
        let awake = view.engines.saturating_sub(view.asleep);
        let waits = view.stalled > 0 || view.queued > awake;
        if waits && view.asleep > 0 && view.searching == 0 {
            decisions.push(Decision::Rouse { domain });
        }
    }
    let brought = brokerage(&seen.domains, seen.own, far, tuning);
    decisions.extend(brought.into_iter().map(|one| Decision::Broker {
        from: one.from,
        to: one.to,
        count: one.count,
    }));
    decisions
}

#[cfg(test)]
mod tests {
    use super::{Decision, DomainView, Observation, Tuning, Watch, nap_ns};

    fn domain(queued: usize, asleep: usize) -> DomainView {
        DomainView {
            queued,
            asleep,
            engines: 4,
            searching: 0,
            stalled: 0,
            pace_ns: 0,
        }
    }

    /// All domains are in one region.
    fn decide(seen: &Observation) -> Vec<Decision> {
        super::decide(seen, |_, _| 10, &Tuning::default())
    }

    fn seen(domains: Vec<DomainView>) -> Observation {
        Observation {
            domains,
            own: 0,
            open_scopes: 1,
        }
    }

    #[test]
    fn a_sleeping_domain_gets_half_of_what_the_fullest_has_to_spare() {
        let seen = seen(vec![domain(0, 4), domain(6, 0), domain(104, 0)]);
        let broker = Decision::Broker {
            from: 2,
            to: 0,
            count: 50,
        };
        assert_eq!(decide(&seen), [broker]);
    }

    #[test]
    fn nothing_is_taken_that_the_givers_engines_will_run_at_once() {
        assert_eq!(decide(&seen(vec![domain(0, 4), domain(4, 0)])), []);
    }

    #[test]
    fn a_busy_domain_gets_nothing() {
        assert_eq!(decide(&seen(vec![domain(0, 0), domain(99, 0)])), []);
    }

    #[test]
    fn a_codelet_behind_a_long_body_wakes_a_sleeper() {
        let rouse = [Decision::Rouse { domain: 0 }];
        let behind = |asleep, searching| DomainView {
            stalled: 1,
            searching,
            ..domain(1, asleep)
        };
        assert_eq!(decide(&seen(vec![behind(3, 0)])), rouse);
        assert_eq!(decide(&seen(vec![behind(0, 0)])), []);
        assert_eq!(decide(&seen(vec![behind(2, 1)])), []);
        // One that is about to be run by its engine wakes nobody; more than there are engines awake do.
        assert_eq!(decide(&seen(vec![domain(1, 3)])), []);
        assert_eq!(decide(&seen(vec![domain(2, 3)])), rouse);
    }

    #[test]
    fn an_engine_is_stalled_that_started_nothing_between_two_looks() {
        let mut watch = Watch::default();
        let mut stalled =
            |engines: [(bool, u64); 2], once| watch.stalled(engines.into_iter(), once);
        assert_eq!(stalled([(true, 0), (true, 5)], false), 0);
        assert_eq!(stalled([(true, 1), (true, 5)], false), 1);
        assert_eq!(stalled([(true, 1), (false, 5)], false), 1);
        assert_eq!(stalled([(true, 2), (true, 6)], false), 0);
        assert_eq!(stalled([(true, 3), (false, 7)], true), 1);
    }

    #[test]
    fn naps_grow_until_they_are_asked_for() {
        let naps = |all_asleep| {
            let next = move |last: &u64| Some(nap_ns(*last, false, all_asleep));
            std::iter::successors(Some(nap_ns(0, true, all_asleep)), next)
        };
        let ms = |naps: Vec<u64>| naps.iter().map(|ns| ns / 1_000_000).collect::<Vec<_>>();
        assert_eq!(ms(naps(true).take(6).collect()), [1, 2, 4, 8, 16, 16]);
        assert_eq!(ms(naps(false).take(3).collect()), [1, 2, 2]);
    }

    #[test]
    fn when_all_sleep_with_a_scope_open_it_looks_for_the_stuck() {
        let mut view = seen(vec![domain(0, 4), domain(0, 4)]);
        assert_eq!(decide(&view), [Decision::CheckStuck]);
        view.open_scopes = 0;
        assert_eq!(decide(&view), []);
    }
}
