//! The control engine's mind: what it sees goes in, what it does comes out.

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

/// Decides. Work goes from the fullest domain to those that sleep, nearest number first, and only what the giver's
/// own engines will not come to soon: half of what is beyond one for each of them.
pub fn decide(seen: &Observation) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let all_asleep = seen.domains.iter().all(|d| d.asleep == d.engines);
    if all_asleep && seen.open_scopes > 0 {
        decisions.push(Decision::CheckStuck);
    }
    for (domain, view) in seen.domains.iter().enumerate() {
        if view.queued > 0 && view.asleep > 0 && view.searching == 0 {
            decisions.push(Decision::Rouse { domain });
        }
    }
    let mut queued: Vec<usize> = seen.domains.iter().map(|d| d.queued).collect();
    let domains = seen.domains.len();
    for step in 0..domains {
        let to = (seen.own + step) % domains;
        let taker = seen.domains[to];
        if taker.queued > 0 || taker.asleep == 0 {
            continue;
        }
        let beyond = |from: &usize| queued[*from].saturating_sub(seen.domains[*from].engines);
        let Some(from) = (0..domains).filter(|&d| d != to).max_by_key(beyond) else {
            continue;
        };
        let spare = beyond(&from);
        if spare > 0 {
            let count = spare.div_ceil(2);
            queued[from] -= count;
            decisions.push(Decision::Broker { from, to, count });
        }
    }
    decisions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(queued: usize, asleep: usize) -> DomainView {
        DomainView {
            queued,
            asleep,
            engines: 4,
            searching: 0,
        }
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
        assert_eq!(
            decide(&seen(vec![domain(1, 3)])),
            [Decision::Rouse { domain: 0 }]
        );
        assert_eq!(decide(&seen(vec![domain(1, 0)])), []);
        let mut view = domain(1, 2);
        view.searching = 1;
        assert_eq!(decide(&seen(vec![view])), []);
    }

    #[test]
    fn when_all_sleep_with_a_scope_open_it_looks_for_the_stuck() {
        let mut view = seen(vec![domain(0, 4), domain(0, 4)]);
        assert_eq!(decide(&view), [Decision::CheckStuck]);
        view.open_scopes = 0;
        assert_eq!(decide(&view), []);
    }
}
