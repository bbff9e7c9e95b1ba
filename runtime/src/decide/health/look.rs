//! A look at engines' health as numbers: logged, it can be made again, and must lead to the same.

use super::{Doing, Engine, Health, Rules, Seen, Standing, Verdict};

/// All that a look was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What was remembered.
    pub before: Health,
    /// When.
    pub now_ns: u64,
    /// What was seen.
    pub engines: Vec<Seen>,
    /// See [`Health::look`].
    pub elsewhere_ns: u64,
    /// Likewise.
    pub idle: bool,
    /// What was expected of them.
    pub rules: Rules,
}

const DOINGS: [Doing; 3] = [Doing::Asleep, Doing::Looks, Doing::Runs];
const STANDINGS: [Standing; 4] = [
    Standing::Well,
    Standing::Silent,
    Standing::Limps,
    Standing::GivenUp,
];

impl Look {
    /// What it leads to.
    pub fn again(&self) -> Vec<Verdict> {
        let engines = self.engines.iter().copied();
        let about = (self.elsewhere_ns, self.idle);
        (self.before.clone()).look(self.now_ns, engines, about, &self.rules)
    }

    /// As numbers: the rules and what is alike for all, how many engines there are, and how many were known; then those.
    pub fn numbers(&self) -> Vec<u64> {
        let rules = &self.rules;
        let mut all = vec![
            rules.silent_ns,
            rules.shortest_ns,
            rules.limps,
            u64::from(rules.times),
            rules.recent_ns,
            optional(rules.tried_ns),
            u64::from(rules.gives_up),
            self.now_ns,
            self.elsewhere_ns,
            u64::from(self.idle),
            u64::from(self.before.given_up),
            self.engines.len() as u64,
            self.before.engines.len() as u64,
        ];
        for seen in &self.engines {
            let doing = DOINGS.iter().position(|doing| *doing == seen.doing);
            let doing = doing.unwrap_or(0) as u64;
            all.extend([doing, seen.signs, seen.ended, seen.busy_ns, seen.longest_ns]);
        }
        for engine in &self.before.engines {
            let standing = STANDINGS.iter().position(|one| *one == engine.standing);
            all.extend([
                standing.unwrap_or(0) as u64,
                engine.signs,
                engine.since_ns,
                engine.ended,
                engine.busy_ns,
                optional(engine.pace_ns),
                engine.paced_ns,
                u64::from(engine.slow),
                engine.stood_ns,
                u64::from(engine.tries),
            ]);
        }
        all
    }

    /// From these numbers; `None` if they make no sense.
    pub fn from_numbers(numbers: &[u64]) -> Option<Look> {
        let (about, rest) = numbers.split_first_chunk::<13>()?;
        let [
            silent_ns,
            shortest_ns,
            limps,
            times,
            recent_ns,
            tried,
            gives_up,
            now_ns,
            elsewhere_ns,
            idle,
            given_up,
            seen,
            known,
        ] = *about;
        let seen = usize::try_from(seen).ok()?.checked_mul(5)?;
        let known = usize::try_from(known).ok()?.checked_mul(10)?;
        if rest.len() != seen.checked_add(known)? {
            return None;
        }
        let (seen, known) = rest.split_at(seen);
        let engines = seen.as_chunks::<5>().0.iter().map(|one| {
            Some(Seen {
                doing: *DOINGS.get(usize::try_from(one[0]).ok()?)?,
                signs: one[1],
                ended: one[2],
                busy_ns: one[3],
                longest_ns: one[4],
            })
        });
        let before = known.as_chunks::<10>().0.iter().map(|one| {
            Some(Engine {
                standing: *STANDINGS.get(usize::try_from(one[0]).ok()?)?,
                signs: one[1],
                since_ns: one[2],
                ended: one[3],
                busy_ns: one[4],
                pace_ns: one[5].checked_sub(1),
                paced_ns: one[6],
                slow: u32::try_from(one[7]).ok()?,
                stood_ns: one[8],
                tries: u32::try_from(one[9]).ok()?,
            })
        });
        Some(Look {
            before: Health {
                engines: before.collect::<Option<_>>()?,
                given_up: u32::try_from(given_up).ok()?,
            },
            now_ns,
            engines: engines.collect::<Option<_>>()?,
            elsewhere_ns,
            idle: idle != 0,
            rules: Rules {
                silent_ns,
                shortest_ns,
                limps,
                times: u32::try_from(times).ok()?,
                recent_ns,
                tried_ns: tried.checked_sub(1),
                gives_up: gives_up != 0,
            },
        })
    }
}

/// A number that may be missing: 0 then.
fn optional(number: Option<u64>) -> u64 {
    number.map_or(0, |number| number.saturating_add(1))
}
