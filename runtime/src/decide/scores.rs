//! Where codelets of a kind run best, remembered from one to the next.
//!
//! To weigh where a codelet runs ([`Regions::lean`]) each region that holds some of its bytes is looked at, and how much waits there. But
//! those of one kind that use as many bytes in the same regions have the same answer, until a control engine tells of other loads
//! or so many have gone there that another region may be better: then the engine looks itself what waits. It remembers the answers of a few kinds;
//! of one that takes another's place it looks itself as well, since what was told says nothing of those that the other has sent since.

use super::placement::Regions;

/// What a control engine tells of a region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Codelets that wait there.
    pub waiting: u64,
    /// Engines that work there.
    pub engines: u64,
}

/// A ready codelet, as far as it is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weighed<'a> {
    /// Its kind: a number that others like it have.
    pub kind: usize,
    /// The regions that hold what it uses, with the bytes there.
    pub uses: &'a [(u16, u64)],
    /// See [`Regions::lean`].
    pub least: u64,
}

/// So many answers are remembered.
const KEPT: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Score {
    /// What the answer depends on, mixed; 0: there is none.
    of: u64,
    region: u16,
    /// So many more may go there.
    left: u64,
}

/// What one engine remembers. See the module.
#[derive(Clone, Debug)]
pub struct Scores {
    scores: Box<[Score; KEPT]>,
    /// What was told last.
    told: u64,
    here: u16,
}

impl Scores {
    /// For an engine in this region.
    pub fn new(here: u16) -> Self {
        Scores {
            scores: Box::new([Score::default(); KEPT]),
            told: 0,
            here,
        }
    }

    /// The region where a codelet should run. `told` is another number each time that a control engine tells of other loads; `load` says what it told
    /// of a region, `now` what is so at this moment, which takes longer to find out.
    pub fn place(
        &mut self,
        codelet: Weighed<'_>,
        regions: &Regions,
        told: u64,
        load: impl Fn(u16) -> Load,
        now: impl Fn(u16) -> Load,
    ) -> u16 {
        if told != self.told {
            self.told = told;
            self.scores.fill(Score::default());
        }
        let of = digest(&codelet);
        let at = (of >> (u64::BITS - KEPT.trailing_zeros())) as usize;
        let known = &mut self.scores[at];
        if known.of == of && known.left > 0 {
            known.left -= 1;
            return known.region;
        }
        // The first since it was told; what went elsewhere since is not in what was told.
        let is_told = known.of == 0;
        let load = |region| if is_told { load(region) } else { now(region) };
        let waiting = |region: u16| {
            let Load { waiting, engines } = load(region);
            waiting.checked_div(engines)
        };
        let lean = regions.lean(codelet.uses, self.here, codelet.least, waiting);
        *known = Score {
            of,
            region: lean.region,
            left: lean.more.saturating_mul(load(lean.region).engines),
        };
        lean.region
    }
}

/// All that the answer depends on, but for the loads; never 0. Two that have the same by chance go the same way, which does no harm.
fn digest(codelet: &Weighed<'_>) -> u64 {
    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4), a word at a time.
    let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let start = mix(codelet.kind as u64, codelet.least);
    let uses = codelet.uses.iter();
    uses.fold(start, |sum, (home, bytes)| {
        mix(mix(sum, u64::from(*home)), *bytes)
    })
    .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Topology;
    use std::cell::Cell;

    fn regions() -> Regions {
        let mut topology = Topology::synthetic("region:2 core:2").unwrap();
        topology.regions[0].distances = vec![10, 30];
        topology.regions[1].distances = vec![30, 10];
        Regions::new(&topology, |_| true, |_| 0)
    }

    const LARGE: u64 = 1 << 20;

    fn codelet(kind: usize, uses: &[(u16, u64)]) -> Weighed<'_> {
        Weighed {
            kind,
            uses,
            least: 0,
        }
    }

    #[test]
    fn a_kind_is_weighed_once_until_loads_are_told() {
        let (regions, asked) = (regions(), Cell::new(0));
        let mut scores = Scores::new(0);
        let mut place = |kind, uses: &[(u16, u64)], told| {
            asked.set(0);
            let load = |_| {
                asked.set(asked.get() + 1);
                Load {
                    waiting: 0,
                    engines: 1000,
                }
            };
            let region = scores.place(codelet(kind, uses), &regions, told, load, load);
            (region, asked.get() > 0)
        };
        assert_eq!(place(1, &[(1, LARGE)], 1), (1, true));
        assert_eq!(place(1, &[(1, LARGE)], 1), (1, false));
        // Another kind, other bytes, other regions.
        assert_eq!(place(2, &[(1, LARGE)], 1), (1, true));
        assert_eq!(place(1, &[(1, 100)], 1), (0, true));
        assert_eq!(place(1, &[(0, LARGE)], 1), (0, true));
        assert_eq!(place(1, &[(1, LARGE)], 1), (1, false));
        assert_eq!(place(1, &[(1, LARGE)], 2), (1, true));
    }

    #[test]
    fn not_all_go_to_one_region_though_nobody_tells_of_its_load() {
        let regions = regions();
        let mut scores = Scores::new(0);
        let sent = [Cell::new(0), Cell::new(0)];
        let load = |waiting| Load {
            waiting,
            engines: 2,
        };
        let mut places = || {
            let now = |region: u16| load(sent[usize::from(region)].get());
            let uses = [(1, LARGE)];
            let region = scores.place(codelet(1, &uses), &regions, 1, |_| load(0), now);
            let sent = &sent[usize::from(region)];
            sent.set(sent.get() + 1);
            region
        };
        let there = (0..100).filter(|_| places() == 1).count();
        // It is two times farther away: so many wait for each of its engines before others stay, and then by turns.
        assert!((40..70).contains(&there), "{there}");
    }

    #[test]
    fn kinds_that_take_each_others_place_do_not_all_go_to_one_region() {
        let regions = regions();
        let mut scores = Scores::new(0);
        let uses = [(1, LARGE)];
        let place_of = |kind| digest(&codelet(kind, &uses)) >> (u64::BITS - KEPT.trailing_zeros());
        let other = (2..).find(|kind| place_of(*kind) == place_of(1)).unwrap();
        let sent = [Cell::new(0), Cell::new(0)];
        let load = |waiting| Load {
            waiting,
            engines: 2,
        };
        let mut places = |kind| {
            let now = |region: u16| load(sent[usize::from(region)].get());
            let region = scores.place(codelet(kind, &uses), &regions, 1, |_| load(0), now);
            let sent = &sent[usize::from(region)];
            sent.set(sent.get() + 1);
            region
        };
        let there = (0..100)
            .filter(|at| places([1, other][at % 2]) == 1)
            .count();
        assert!((40..70).contains(&there), "{there}");
    }

    #[test]
    fn a_load_that_is_told_counts() {
        let regions = regions();
        let mut scores = Scores::new(0);
        let load = |region| Load {
            waiting: if region == 1 { 100 } else { 0 },
            engines: 2,
        };
        let uses = [(1, LARGE)];
        assert_eq!(scores.place(codelet(1, &uses), &regions, 1, load, load), 0);
        let nobody = |region| Load {
            waiting: 0,
            engines: u64::from(region == 0),
        };
        assert_eq!(
            scores.place(codelet(1, &uses), &regions, 2, nobody, nobody),
            0
        );
    }
}
