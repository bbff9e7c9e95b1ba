//! Which engines limp or have died: what a control engine concludes from what it sees them do, and nothing else.
//!
//! An engine shows a sign with whatever it does: it starts or ends a body, looks for work, falls asleep. From one that sleeps none is
//! expected. One that looks for work, or was woken, shows one within microseconds; one that runs a body at its end. So a silent engine
//! is judged by how long bodies take that others have ended (until anybody has ended one, by nothing but seconds), and long bodies are no failures: first it only loses what it has not started, which is right even
//! if it does well. Given up it is after a much longer time, which is longer still where half of the others have been as silent in their
//! bodies: then bodies have become long. If it moves again it is trusted again.

mod look;

pub use look::Look;

use crate::mutants::mutant;

/// What is seen of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It sleeps.
    Asleep,
    /// It looks for work, or was woken to do so.
    Looks,
    /// It runs a body.
    Runs,
}

/// What a control engine sees of one of its engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it does.
    pub doing: Doing,
    /// A number that has grown whenever it has done something.
    pub signs: u64,
    /// Bodies that it has ended so far.
    pub ended: u64,
    /// How long these took in all, in nanoseconds.
    pub busy_ns: u64,
    /// The longest of them.
    pub longest_ns: u64,
}

/// A conclusion about an engine, by its place in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is slow or silent: what waits there and has not started goes elsewhere, and nothing is posted to it.
    Relieve(usize),
    /// It is taken for dead: what it has started is run again if it may be, or has failed. It is asked for nothing any more.
    GiveUp(usize),
    /// It is as the others again.
    Trust(usize),
}

/// What is thought of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Well,
    /// It is relieved since it shows no sign.
    Silent,
    /// It is relieved since it limps.
    Limps,
    GivenUp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Engine {
    signs: u64,
    /// When `signs` was seen to be something new.
    since_ns: u64,
    ended: u64,
    busy_ns: u64,
    /// How long its bodies took on average between the last two looks at which it had ended some.
    pace_ns: Option<u64>,
    /// When that was seen.
    paced_ns: u64,
    /// How often one after the other its pace was that of one that limps.
    slow: u32,
    standing: Standing,
    /// When it came to this standing.
    stood_ns: u64,
    /// How often it was tried again since it was well for long.
    tries: u32,
}

/// What a control engine remembers of the health of its engines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    engines: Vec<Engine>,
    /// How often one was given up in a body.
    given_up: u32,
}

/// What a control engine expects of engines, which differs between machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Silent for so long though no body runs: given up.
    pub silent_ns: u64,
    /// Bodies are taken to last so long at the least.
    pub shortest_ns: u64,
    /// An engine limps whose bodies take this many times as long as the median engine's.
    pub limps: u64,
    /// So often one after the other, before it is relieved.
    pub times: u32,
    /// What was seen of an engine's bodies so long ago says nothing any more.
    pub recent_ns: u64,
    /// One that was relieved since it limped, and has nothing to show since, is tried again after so long; then after twice as long.
    pub tried_ns: Option<u64>,
    /// Whether one that is silent for long is given up, and so relieved early. Else silence is no failure, and one is relieved for it only if
    /// somebody is idle, and most of the others are not as silent.
    pub gives_up: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            silent_ns: SILENT_NS,
            shortest_ns: SHORTEST_NS,
            limps: LIMPS,
            times: 1,
            recent_ns: u64::MAX,
            tried_ns: None,
            gives_up: true,
        }
    }
}

impl Rules {
    /// Where an engine that is well may show no sign for so long though no body runs, since a wake-up or a control engine's routine takes as long.
    pub fn where_silence_lasts(ns: u64) -> Self {
        let silent_ns = SILENT_NS.max(ns.saturating_mul(2));
        Rules {
            silent_ns,
            ..Rules::default()
        }
    }

    /// Of threads, whose signs are what the system says of their processor time ([`super::run_share`]): it lets others run for some
    /// milliseconds, who is stopped for a quota has a period of mostly 100 ms, and a machine may have other work than this. One that is relieved
    /// sleeps, and shows nothing.
    pub const OF_THREADS: Rules = Rules {
        silent_ns: u64::MAX,
        shortest_ns: 12_000_000,
        limps: 3,
        times: 2,
        recent_ns: 2_000_000_000,
        tried_ns: Some(4_000_000_000),
        gives_up: false,
    };

    /// For how long one must be silent in a body, as soon as anybody has ended one, to be relieved for it.
    pub const fn shortest_silence_ns(&self) -> u64 {
        self.shortest_ns * RELIEVED
    }
}

/// Silent in a body for so many times the longest body that anybody has ended: relieved.
const RELIEVED: u64 = 4;
/// Likewise: given up. Twice as many each time, up to a bound: what is run again may be one that takes long, and then engine after engine would be
/// given up for it.
const GIVEN_UP: u64 = 16;
const MOST_DOUBLED: u32 = 6;
/// So many times as patient where half of the others in bodies are as silent. They may have died together, so not for ever.
const VOUCHED: u64 = 16;
/// Bodies are taken to last so long at the least.
const SHORTEST_NS: u64 = 50_000;
/// Silent for so long in a body though nobody has ended one, so that nobody knows how long they take: given up.
const FIRST_NS: u64 = 4_000_000_000;
/// Mostly wake-ups take less by far.
const SILENT_NS: u64 = 4_000_000;
/// An engine limps whose bodies take this many times as long as the median engine's, and limps no more below this many halves of the median.
const LIMPS: u64 = 2;
const LIMPS_NO_MORE_HALVES: u64 = 3;
/// The time until one is tried again is doubled so often at most.
const MOST_TRIES: u32 = 6;

impl Health {
    /// Concludes. `engines` are those of the domain, always in the same order; `elsewhere_ns` is the longest body that engines of other domains
    /// have ended; some engine is `idle`, and could do what another one does not: else nobody is relieved who does something. Only what changes is told.
    pub fn look(
        &mut self,
        now_ns: u64,
        engines: impl Iterator<Item = Seen> + Clone,
        (elsewhere_ns, idle): (u64, bool),
        rules: &Rules,
    ) -> Vec<Verdict> {
        let longest_ns = engines.clone().map(|seen| seen.longest_ns).max();
        let known_ns = longest_ns.unwrap_or(0).max(elsewhere_ns);
        let before: Vec<Standing> = self.engines.iter().map(|one| one.standing).collect();
        for (at, seen) in engines.clone().enumerate() {
            if self.engines.len() == at {
                self.engines.push(Engine {
                    since_ns: now_ns,
                    ..Engine::default()
                });
            }
            self.engines[at].note(now_ns, seen, rules);
        }
        let median_ns = self.median_ns(now_ns, rules);
        for engine in &mut self.engines {
            engine.count_slow(now_ns, median_ns, rules);
        }
        let doubled = match mutant!("health_same_patience") {
            true => 0,
            false => self.given_up.min(MOST_DOUBLED),
        };
        let mut silences_ns: Vec<u64> = (self.engines.iter().zip(engines.clone()))
            .filter(|(one, seen)| seen.doing == Doing::Runs && one.standing != Standing::GivenUp)
            .map(|(one, _)| now_ns - one.since_ns)
            .collect();
        silences_ns.sort_unstable();
        let mut verdicts = Vec::new();
        for (at, seen) in engines.enumerate() {
            let engine = &mut self.engines[at];
            let silent_ns = now_ns - engine.since_ns;
            let vouched = match is_vouched_for(silent_ns, &silences_ns) {
                true if !mutant!("health_nobody_vouches") => VOUCHED,
                _ => 1,
            };
            let patience = match known_ns {
                0 if !mutant!("health_first_bodies") => (FIRST_NS, FIRST_NS << doubled),
                _ => {
                    let usual_ns = known_ns.max(rules.shortest_ns);
                    let given_up_ns = usual_ns.saturating_mul((GIVEN_UP * vouched) << doubled);
                    (usual_ns.saturating_mul(RELIEVED), given_up_ns)
                }
            };
            let spared = !rules.gives_up && vouched > 1;
            let standing = engine.judge(now_ns, seen, patience, (median_ns, idle, spared), rules);
            engine.stands(standing, now_ns, rules);
            let before = before.get(at).copied().unwrap_or_default();
            if before == standing || before.is_relieved() && standing.is_relieved() {
                continue;
            }
            match standing {
                Standing::Well => verdicts.push(Verdict::Trust(at)),
                Standing::Silent | Standing::Limps => verdicts.push(Verdict::Relieve(at)),
                Standing::GivenUp => {
                    self.given_up += u32::from(seen.doing == Doing::Runs);
                    verdicts.push(Verdict::GiveUp(at));
                }
            }
        }
        verdicts
    }

    /// How long the median engine's bodies take, of those whose pace is known and recent; `None` if there are none to compare.
    fn median_ns(&self, now_ns: u64, rules: &Rules) -> Option<u64> {
        let recent = self
            .engines
            .iter()
            .filter(|one| one.is_recent(now_ns, rules));
        let mut paces: Vec<u64> = recent.filter_map(|one| one.pace_ns).collect();
        paces.sort_unstable();
        (paces.len() > 1).then(|| paces[(paces.len() - 1) / 2])
    }
}

impl Standing {
    fn is_relieved(self) -> bool {
        matches!(self, Standing::Silent | Standing::Limps)
    }
}

/// Whether of the others that run bodies at least half have been silent at least half as long as this one. In order; this one's silence is among them.
fn is_vouched_for(silent_ns: u64, silences_ns: &[u64]) -> bool {
    let as_long = silences_ns.len() - silences_ns.partition_point(|ns| ns * 2 < silent_ns);
    let (others, vouch) = (silences_ns.len().max(1) - 1, as_long.max(1) - 1);
    vouch > 0 && vouch * 2 >= others
}

impl Engine {
    fn note(&mut self, now_ns: u64, seen: Seen, rules: &Rules) {
        if seen.doing == Doing::Asleep {
            // Silence begins when it is woken.
            self.since_ns = now_ns;
        }
        if seen.signs != self.signs {
            (self.signs, self.since_ns) = (seen.signs, now_ns);
            if self.standing == Standing::GivenUp {
                self.standing = Standing::Silent;
            }
        }
        let (ended, busy_ns) = (seen.ended - self.ended, seen.busy_ns - self.busy_ns);
        if let Some(pace_ns) = busy_ns.checked_div(ended) {
            (self.pace_ns, self.paced_ns) = (Some(pace_ns), now_ns);
            (self.ended, self.busy_ns) = (seen.ended, seen.busy_ns);
        } else if self.standing == Standing::Limps
            && self.pace_ns.is_some()
            && !mutant!("health_never_tries")
            && now_ns - self.stood_ns >= self.tried_ns(rules)
        {
            // Of one that has limped a single time more says enough.
            (self.pace_ns, self.slow) = (None, rules.times - 1);
            self.tries = (self.tries + 1).min(MOST_TRIES);
        }
    }

    /// Whether what is known of its bodies still says something.
    fn is_recent(&self, now_ns: u64, rules: &Rules) -> bool {
        self.pace_ns.is_some() && now_ns - self.paced_ns <= rules.recent_ns
    }

    /// If it has just ended some bodies: whether they took as long as those of one that limps.
    fn count_slow(&mut self, now_ns: u64, median_ns: Option<u64>, rules: &Rules) {
        let is_slow = |median_ns: u64| {
            let pace_ns = self.pace_ns.unwrap_or(0);
            pace_ns > median_ns.saturating_mul(rules.limps)
        };
        match median_ns.is_some_and(is_slow) {
            true if self.paced_ns == now_ns => self.slow = self.slow.saturating_add(1),
            true if self.is_recent(now_ns, rules) => (),
            _ if self.pace_ns.is_none() => (),
            _ => self.slow = 0,
        }
    }

    /// After how long it is tried again.
    fn tried_ns(&self, rules: &Rules) -> u64 {
        rules.tried_ns.map_or(u64::MAX, |ns| ns << self.tries)
    }

    /// It stands so from now on.
    fn stands(&mut self, standing: Standing, now_ns: u64, rules: &Rules) {
        if standing == self.standing {
            return;
        }
        let was_ns = now_ns - self.stood_ns;
        if self.standing == Standing::Well && was_ns > self.tried_ns(rules) {
            self.tries = 0;
        }
        (self.standing, self.stood_ns) = (standing, now_ns);
    }

    fn judge(
        &self,
        now_ns: u64,
        seen: Seen,
        (relieved_ns, given_up_ns): (u64, u64),
        (median_ns, idle, spared): (Option<u64>, bool, bool),
        rules: &Rules,
    ) -> Standing {
        if self.standing == Standing::GivenUp {
            return Standing::GivenUp;
        }
        let silent_ns = now_ns - self.since_ns;
        let is_silent = silent_ns >= relieved_ns && !spared;
        let silence = match seen.doing {
            Doing::Asleep => Standing::Well,
            Doing::Looks if silent_ns >= rules.silent_ns => Standing::GivenUp,
            Doing::Looks => Standing::Well,
            Doing::Runs if mutant!("health_no_patience") => match silent_ns >= SHORTEST_NS {
                true => Standing::GivenUp,
                false => Standing::Well,
            },
            Doing::Runs if rules.gives_up && silent_ns >= given_up_ns => Standing::GivenUp,
            Doing::Runs if is_silent && (idle || self.standing != Standing::Well) => {
                Standing::Silent
            }
            Doing::Runs => Standing::Well,
        };
        let limps = match (self.standing, self.pace_ns, median_ns) {
            (Standing::Limps, Some(pace_ns), Some(median_ns)) => {
                pace_ns.saturating_mul(2) > median_ns.saturating_mul(LIMPS_NO_MORE_HALVES)
            }
            // What it did before is not forgotten since the others do nothing.
            (Standing::Limps, pace_ns, None) => pace_ns.is_some(),
            (Standing::Limps, None, _) => false,
            _ => idle && self.slow >= rules.times,
        };
        match silence {
            Standing::Well | Standing::Silent if limps && !mutant!("health_limps_unseen") => {
                Standing::Limps
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests;
