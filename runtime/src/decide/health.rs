//! Which engines limp or have died: what a control engine concludes from what it sees them do, and nothing else.
//!
//! An engine shows a sign with whatever it does: it starts or ends a body, looks for work, falls asleep. From one that sleeps none is
//! expected. One that looks for work, or was woken, shows one within microseconds; one that runs a body at its end. So a silent engine
//! is judged by how long bodies take that others have ended (until anybody has ended one, by nothing but seconds), and long bodies are no failures: first it only loses what it has not started, which is right even
//! if it does well. Given up it is after a much longer time, which is longer still where half of the others have been as silent in their
//! bodies: then bodies have become long. If it moves again it is trusted again.

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
    Relieved,
    GivenUp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Engine {
    signs: u64,
    /// When `signs` was seen to be something new.
    since_ns: u64,
    ended: u64,
    busy_ns: u64,
    /// How long its bodies took on average between the last two looks at which it had ended some.
    pace_ns: Option<u64>,
    standing: Standing,
}

/// What a control engine remembers of the health of its engines.
#[derive(Clone, Debug, Default)]
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
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            silent_ns: SILENT_NS,
        }
    }
}

impl Rules {
    /// Where an engine that is well may show no sign for so long though no body runs, since a wake-up or a control engine's routine takes as long.
    pub fn where_silence_lasts(ns: u64) -> Self {
        let silent_ns = SILENT_NS.max(ns.saturating_mul(2));
        Rules { silent_ns }
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

impl Health {
    /// Concludes. `engines` are those of the domain, always in the same order; `elsewhere_ns` is the longest body that engines of other domains
    /// have ended. Only what changes is told.
    pub fn look(
        &mut self,
        now_ns: u64,
        engines: impl Iterator<Item = Seen> + Clone,
        elsewhere_ns: u64,
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
            self.engines[at].note(now_ns, seen);
        }
        let mut paces: Vec<u64> = self.engines.iter().filter_map(|one| one.pace_ns).collect();
        paces.sort_unstable();
        let median_ns = paces
            .get(paces.len().saturating_sub(1) / 2)
            .copied()
            .unwrap_or(0);
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
                    let usual_ns = known_ns.max(SHORTEST_NS);
                    let given_up_ns = usual_ns.saturating_mul((GIVEN_UP * vouched) << doubled);
                    (usual_ns.saturating_mul(RELIEVED), given_up_ns)
                }
            };
            let standing = engine.judge(now_ns, seen, patience, median_ns, rules);
            engine.standing = standing;
            if before.get(at).copied().unwrap_or_default() == standing {
                continue;
            }
            match standing {
                Standing::Well => verdicts.push(Verdict::Trust(at)),
                Standing::Relieved => verdicts.push(Verdict::Relieve(at)),
                Standing::GivenUp => {
                    self.given_up += u32::from(seen.doing == Doing::Runs);
                    verdicts.push(Verdict::GiveUp(at));
                }
            }
        }
        verdicts
    }
}

/// Whether of the others that run bodies at least half have been silent at least half as long as this one. In order; this one's silence is among them.
fn is_vouched_for(silent_ns: u64, silences_ns: &[u64]) -> bool {
    let as_long = silences_ns.len() - silences_ns.partition_point(|ns| ns * 2 < silent_ns);
    let (others, vouch) = (silences_ns.len().max(1) - 1, as_long.max(1) - 1);
    vouch > 0 && vouch * 2 >= others
}

impl Engine {
    fn note(&mut self, now_ns: u64, seen: Seen) {
        if seen.signs != self.signs {
            (self.signs, self.since_ns) = (seen.signs, now_ns);
            if self.standing == Standing::GivenUp {
                self.standing = Standing::Relieved;
            }
        }
        let (ended, busy_ns) = (seen.ended - self.ended, seen.busy_ns - self.busy_ns);
        if let Some(pace_ns) = busy_ns.checked_div(ended) {
            self.pace_ns = Some(pace_ns);
            (self.ended, self.busy_ns) = (seen.ended, seen.busy_ns);
        }
    }

    fn judge(
        &self,
        now_ns: u64,
        seen: Seen,
        (relieved_ns, given_up_ns): (u64, u64),
        median_ns: u64,
        rules: &Rules,
    ) -> Standing {
        if self.standing == Standing::GivenUp {
            return Standing::GivenUp;
        }
        let silent_ns = now_ns - self.since_ns;
        let silence = match seen.doing {
            Doing::Asleep => Standing::Well,
            Doing::Looks if silent_ns >= rules.silent_ns => Standing::GivenUp,
            Doing::Looks => Standing::Well,
            Doing::Runs if mutant!("health_no_patience") => match silent_ns >= SHORTEST_NS {
                true => Standing::GivenUp,
                false => Standing::Well,
            },
            Doing::Runs if silent_ns >= given_up_ns => Standing::GivenUp,
            Doing::Runs if silent_ns >= relieved_ns => Standing::Relieved,
            Doing::Runs => Standing::Well,
        };
        let pace_ns = self.pace_ns.unwrap_or(median_ns);
        let limps = match self.standing {
            Standing::Well => pace_ns > median_ns.saturating_mul(LIMPS),
            _ => pace_ns.saturating_mul(2) > median_ns.saturating_mul(LIMPS_NO_MORE_HALVES),
        };
        match silence {
            Standing::Well if limps && !mutant!("health_limps_unseen") => Standing::Relieved,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn seen(doing: Doing, signs: u64, ended: u64, each_ns: u64) -> Seen {
        Seen {
            doing,
            signs,
            ended,
            busy_ns: ended * each_ns,
            longest_ns: if ended > 0 { each_ns } else { 0 },
        }
    }

    fn look(health: &mut Health, now_ns: u64, engines: &[Seen]) -> Vec<Verdict> {
        let rules = Rules::default();
        health.look(now_ns, engines.iter().copied(), 0, &rules)
    }

    #[test]
    fn who_is_silent_in_a_body_loses_what_waits_and_is_given_up_much_later() {
        let mut health = Health::default();
        let well = |signs| seen(Doing::Runs, signs, signs, MS);
        let hangs = seen(Doing::Runs, 7, 5, MS);
        for step in 0..4 {
            assert_eq!(look(&mut health, step * MS, &[well(step), hangs]), []);
        }
        assert_eq!(
            look(&mut health, 4 * MS, &[well(4), hangs]),
            [Verdict::Relieve(1)]
        );
        for step in 5..16 {
            assert_eq!(look(&mut health, step * MS, &[well(step), hangs]), []);
        }
        assert_eq!(
            look(&mut health, 16 * MS, &[well(16), hangs]),
            [Verdict::GiveUp(1)]
        );
        assert_eq!(look(&mut health, 90 * MS, &[well(90), hangs]), []);
        // It was slow, and not dead.
        let back = seen(Doing::Looks, 8, 6, MS);
        assert_eq!(
            look(&mut health, 91 * MS, &[well(91), back]),
            [Verdict::Trust(1)]
        );
    }

    #[test]
    fn nothing_is_expected_of_sleepers_and_much_of_who_was_woken() {
        let mut health = Health::default();
        let (asleep, woken) = (seen(Doing::Asleep, 3, 0, 0), seen(Doing::Looks, 3, 0, 0));
        assert_eq!(look(&mut health, 0, &[asleep, woken]), []);
        assert_eq!(look(&mut health, 3 * MS, &[asleep, woken]), []);
        assert_eq!(
            look(&mut health, 4 * MS, &[asleep, woken]),
            [Verdict::GiveUp(1)]
        );
    }

    #[test]
    fn a_long_body_is_no_failure_where_bodies_are_long() {
        let mut health = Health::default();
        let (long, short) = (seen(Doing::Runs, 1, 0, 0), seen(Doing::Runs, 1, 0, 0));
        let here = [long, short].into_iter();
        let rules = Rules::default();
        assert_eq!(health.look(0, here.clone(), 100 * MS, &rules), []);
        assert_eq!(health.look(300 * MS, here, 100 * MS, &rules), []);
    }

    #[test]
    fn until_somebody_ends_a_body_nobody_knows_how_long_they_take() {
        let mut health = Health::default();
        let first = seen(Doing::Runs, 1, 0, 0);
        for now_ns in [0, MS, 50 * MS, 3_999 * MS] {
            assert_eq!(look(&mut health, now_ns, &[first, first]), []);
        }
        // One has, which took as long.
        let ended = seen(Doing::Runs, 2, 1, 3_999 * MS);
        assert_eq!(look(&mut health, 4_000 * MS, &[ended, first]), []);
        let mut health = Health::default();
        assert_eq!(look(&mut health, 0, &[first]), []);
        assert_eq!(
            look(&mut health, 4_000 * MS, &[first]),
            [Verdict::GiveUp(0)]
        );
    }

    #[test]
    fn who_takes_twice_as_long_as_the_others_limps_until_it_does_not() {
        let mut health = Health::default();
        let mut busy_ns = [0; 3];
        let mut step = |number: u64, each: [u64; 3]| {
            let engines: Vec<Seen> = (0..3)
                .map(|at| {
                    busy_ns[at] += 10 * each[at];
                    Seen {
                        busy_ns: busy_ns[at],
                        ..seen(Doing::Runs, number, 10 * number, MS)
                    }
                })
                .collect();
            look(&mut health, number * MS, &engines)
        };
        assert_eq!(step(1, [MS, MS, MS]), []);
        assert_eq!(step(2, [MS, MS, 3 * MS]), [Verdict::Relieve(2)]);
        assert_eq!(step(3, [MS, MS, 2 * MS]), []);
        assert_eq!(step(4, [MS, MS, MS]), [Verdict::Trust(2)]);
    }
    #[test]
    fn who_is_as_silent_as_most_others_is_in_a_long_body() {
        let mut health = Health::default();
        let [short, long] = [0, 1].map(|more| seen(Doing::Runs, 20 + more, 20, MS));
        assert_eq!(look(&mut health, 0, &[short; 3]), []);
        // All are in bodies that take a hundred times as long as any before.
        let all = look(&mut health, 90 * MS, &[long, short, short]);
        assert_eq!(all, [Verdict::Relieve(1), Verdict::Relieve(2)]);
        let ended = seen(Doing::Runs, 22, 21, 100 * MS);
        let trusted = [Verdict::Trust(1), Verdict::Trust(2)];
        assert_eq!(look(&mut health, 100 * MS, &[long, ended, ended]), trusted);
        // Those that died together vouch for each other, but not for ever.
        let mut health = Health::default();
        assert_eq!(look(&mut health, 0, &[short; 3]), []);
        let asleep = seen(Doing::Asleep, 30, 30, MS);
        let relieved = [Verdict::Relieve(1), Verdict::Relieve(2)];
        assert_eq!(
            look(&mut health, 255 * MS, &[asleep, short, short]),
            relieved
        );
        let given_up = [Verdict::GiveUp(1), Verdict::GiveUp(2)];
        assert_eq!(
            look(&mut health, 256 * MS, &[asleep, short, short]),
            given_up
        );
    }

    #[test]
    fn two_of_five_that_are_silent_do_not_vouch_for_each_other() {
        let mut health = Health::default();
        let at = |step: u64| {
            let well = seen(Doing::Runs, step, step, MS);
            let silent = seen(Doing::Runs, 0, 0, MS);
            [well, well, well, silent, silent]
        };
        let mut all: Vec<Verdict> = Vec::new();
        for step in 0..17 {
            all.extend(look(&mut health, step * MS, &at(step)));
        }
        assert_eq!(all[2..], [Verdict::GiveUp(3), Verdict::GiveUp(4)]);
    }

    #[test]
    fn a_wake_up_may_take_as_long_as_the_machine_says() {
        let woken = seen(Doing::Looks, 3, 0, 0);
        let given_up_at = |rules: Rules| {
            let mut health = Health::default();
            let mut looks = (0..).map(|ms| ms * MS);
            let one = [woken].into_iter();
            looks.find(|ns| !health.look(*ns, one.clone(), 0, &rules).is_empty())
        };
        assert_eq!(given_up_at(Rules::where_silence_lasts(MS)), Some(4 * MS));
        assert_eq!(
            given_up_at(Rules::where_silence_lasts(7 * MS)),
            Some(14 * MS)
        );
    }
}
