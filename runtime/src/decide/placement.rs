//! Where a block's memory comes from, and which engine a new block belongs to, and through it the codelets that are placed
//! near it.

use crate::topology::Topology;

/// Where the memory of a block should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Near the engine that touches it first.
    #[default]
    FirstTouch,
    /// In a region, by number.
    Region(u16),
    /// In all regions by turns.
    Interleaved,
    /// In the region that is fastest for the engine that touches it first.
    Fastest,
}

/// Where memory is to be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// In these regions, of which the first with room has it. Never empty.
    InOrder(&'a [u16]),
    /// In all usable regions by turns.
    ByTurns,
}

/// Where a block goes that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// To this region.
    Region(u16),
    /// To all usable regions by turns.
    ByTurns,
}

/// What is known of memory regions: for each the others in order of preference.
#[derive(Clone, Debug)]
pub struct Regions {
    /// Regions that memory can be had from by choice.
    usable: Vec<u16>,
    /// For each region, itself alone.
    alone: Vec<[u16; 1]>,
    /// For each region, all that have memory or engines, the nearest first.
    around: Vec<Vec<u16>>,
    /// For each region, the usable ones, the nearest first.
    nearest: Vec<Vec<u16>>,
    /// For each region, the usable ones, the fastest first.
    fastest: Vec<Vec<u16>>,
    /// For each region, how much farther than its own memory that of each one is, in tenths of the former.
    far: Vec<Vec<u64>>,
}

/// Where a ready codelet should run: see [`Regions::lean`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lean {
    /// The region.
    pub region: u16,
    /// So many more may wait there for each engine before another region is better.
    pub more: u64,
}

/// What it costs to send a ready codelet to another region, in bytes that could be read from one's own memory meanwhile: some
/// microseconds.
const SENT: u64 = 16 << 10;

impl Regions {
    /// From the machine; `is_usable` says of a region whether memory can be had from it by choice, `bandwidth` how fast it is
    /// for those next to it (0 if nobody knows).
    pub fn new(
        topology: &Topology,
        is_usable: impl Fn(usize) -> bool,
        bandwidth: impl Fn(usize) -> u64,
    ) -> Self {
        let count = topology.regions.len();
        let around: Vec<Vec<u16>> = (0..count)
            .map(|from| {
                let order = topology.nearest_regions(from).into_iter();
                order.map(|region| region as u16).collect()
            })
            .collect();
        let usable = |order: &Vec<u16>| -> Vec<u16> {
            let order = order.iter().copied();
            order
                .filter(|region| is_usable(usize::from(*region)))
                .collect()
        };
        let nearest: Vec<_> = around.iter().map(usable).collect();
        let fastest = nearest.iter().enumerate();
        let fastest = fastest
            .map(|(from, order)| by_speed(topology, from, order, &bandwidth))
            .collect();
        Regions {
            usable: (0..count as u16)
                .filter(|region| is_usable(usize::from(*region)))
                .collect(),
            alone: (0..count as u16).map(|region| [region]).collect(),
            around,
            nearest,
            fastest,
            far: (0..count).map(|from| beyond_own(topology, from)).collect(),
        }
    }

    /// Where a ready codelet should run that says nothing, by where the bytes of its accesses are and how many: in region `here`, where it is, unless
    /// another one is so much nearer to them that it pays to go. `waiting` says how many codelets wait in a region for each of its
    /// engines; `None` if it has no engines. Each of them is taken to be like this one: it takes as long as its bytes do, or `least`
    /// bytes would, which stands for its declared cost.
    pub fn lean(
        &self,
        uses: &[(u16, u64)],
        here: u16,
        least: u64,
        waiting: impl Fn(u16) -> Option<u64>,
    ) -> Lean {
        let all = uses
            .iter()
            .fold(least, |sum, (_, bytes)| sum.saturating_add(*bytes));
        let cost = |region: u16| {
            let far = &self.far[usize::from(region)];
            let one =
                |(home, bytes): &(u16, u64)| bytes.saturating_mul(far[usize::from(*home)]) / 10;
            let away = uses.iter().map(one).fold(0, u64::saturating_add);
            let sent = if region == here { 0 } else { SENT };
            let waits = all.saturating_mul(waiting(region)?);
            Some(away.saturating_add(sent).saturating_add(waits))
        };
        let homes = uses.iter().map(|(home, _)| *home);
        let (mut best, mut next) = (None, None);
        for region in std::iter::once(here).chain(homes) {
            let Some(cost) = cost(region) else { continue };
            match best {
                Some((_, best)) if best == region => (),
                // The first of equal ones, so here if that is as good.
                Some((least, _)) if least <= cost => next = next.min(Some(cost)).or(Some(cost)),
                _ => next = best.replace((cost, region)).map(|(cost, _)| cost),
            }
        }
        let (cost, region) = best.unwrap_or((0, here));
        let more = |next: u64| (next - cost) / all.max(1);
        Lean {
            region,
            more: next.map_or(u64::MAX, more),
        }
    }

    /// How much farther than its own memory each region's is from one, in tenths of the former.
    pub fn far(&self, from: u16) -> &[u64] {
        &self.far[usize::from(from)]
    }

    /// Where the memory of a block is to be looked for whose first user is in region `here`. Where memory cannot be had by
    /// choice it comes from there.
    pub fn search(&self, wish: Wish, here: u16) -> Search<'_> {
        let here = usize::from(here);
        if self.usable.is_empty() {
            return Search::InOrder(&self.alone[here]);
        }
        Search::InOrder(match wish {
            Wish::Interleaved if self.usable.len() > 1 => return Search::ByTurns,
            Wish::FirstTouch | Wish::Interleaved => &self.nearest[here],
            Wish::Region(region) => &self.nearest[usize::from(region)],
            Wish::Fastest => &self.fastest[here],
        })
    }

    /// Where a block goes that is moved by somebody in region `here`; `None` if no memory can be had there: a move goes to the
    /// region that was named, or not at all. Where memory cannot be had by choice any region is as good as its name.
    pub fn destination(&self, wish: Wish, here: u16) -> Option<Destination> {
        if let Wish::Region(region) = wish {
            let usable = self.usable.is_empty() || self.usable.contains(&region);
            return usable.then_some(Destination::Region(region));
        }
        Some(match self.search(wish, here) {
            Search::InOrder(order) => Destination::Region(order[0]),
            Search::ByTurns => Destination::ByTurns,
        })
    }

    /// The region whose memory an engine in region `here` takes for itself.
    pub fn own(&self, here: u16) -> u16 {
        match self.search(Wish::FirstTouch, here) {
            Search::InOrder(order) => order[0],
            Search::ByTurns => here,
        }
    }

    /// The engines, given each one's region, that blocks with such a wish belong to: for a region those in it, or in the
    /// nearest one that has engines; else all.
    pub fn engines(&self, wish: Wish, region_of: &[u16]) -> Vec<u16> {
        let those_in = |region: u16| -> Vec<u16> {
            let all = (0..).zip(region_of);
            all.filter(|(_, its)| **its == region)
                .map(|(xe, _)| xe)
                .collect()
        };
        let near = match wish {
            Wish::Region(region) => self.around[usize::from(region)]
                .iter()
                .map(|region| those_in(*region))
                .find(|engines| !engines.is_empty()),
            _ => None,
        };
        near.unwrap_or_else(|| (0..region_of.len() as u16).collect())
    }
}

/// How much farther than its own memory each region's is from one.
fn beyond_own(topology: &Topology, from: usize) -> Vec<u64> {
    let own = topology.distance(from, from);
    let to = 0..topology.regions.len();
    to.map(|to| u64::from(topology.distance(from, to).saturating_sub(own)))
        .collect()
}

/// Usable regions, the fastest for region `from` first. What is said of a region's bandwidth holds for those next to it: from
/// farther away it counts for less, in the proportion of the distances. If nobody says anything of one of them, the nearest
/// is taken for the fastest.
fn by_speed(
    topology: &Topology,
    from: usize,
    nearest: &[u16],
    bandwidth: &impl Fn(usize) -> u64,
) -> Vec<u16> {
    let mut order = nearest.to_vec();
    let regions = order.iter().map(|region| usize::from(*region));
    if regions.clone().all(|region| bandwidth(region) > 0) {
        let score = |region: &u16| {
            let to = usize::from(*region);
            let with_cpus = (0..topology.regions.len()).filter(|at| topology.regions[*at].has_cpus);
            let least = with_cpus.map(|at| topology.distance(at, to)).min();
            let distance = topology.distance(from, to).max(1);
            let least = least.unwrap_or(distance).min(distance);
            u128::from(bandwidth(to)) * u128::from(least) * 1000 / u128::from(distance)
        };
        // Stable, so that of equally fast ones the nearest comes first.
        order.sort_by_key(|region| std::cmp::Reverse(score(region)));
    }
    order
}

/// The engine that the `index`-th of `count` blocks made together belongs to: contiguous shares, equal up to one, so
/// that neighbours in the array are neighbours in the machine (owner computes; the block distribution of High
/// Performance Fortran).
pub fn owner(index: usize, count: usize, xes: u16) -> u16 {
    debug_assert!(index < count);
    let owner = index as u128 * u128::from(xes) / count as u128;
    owner as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_contiguous_and_equal() {
        let owners: Vec<_> = (0..10).map(|i| owner(i, 10, 4)).collect();
        assert_eq!(owners, [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
        assert_eq!(owner(0, 1, 8), 0);
        assert_eq!(owner(usize::MAX - 1, usize::MAX, u16::MAX), u16::MAX - 1);
    }

    /// Four regions, in two pairs.
    fn four() -> Topology {
        let mut topology = Topology::synthetic("package:2 region:2 core:2").unwrap();
        let table = [
            [10, 16, 28, 30],
            [16, 10, 28, 31],
            [28, 28, 10, 16],
            [30, 31, 16, 10],
        ];
        for (region, row) in topology.regions.iter_mut().zip(table) {
            region.distances = row.to_vec();
        }
        topology
    }

    fn in_order(regions: &Regions, wish: Wish, here: u16) -> Vec<u16> {
        match regions.search(wish, here) {
            Search::InOrder(order) => order.to_vec(),
            Search::ByTurns => panic!("by turns"),
        }
    }

    #[test]
    fn a_region_comes_first_and_then_those_near_it() {
        let regions = Regions::new(&four(), |_| true, |_| 0);
        assert_eq!(in_order(&regions, Wish::FirstTouch, 3), [3, 2, 0, 1]);
        assert_eq!(in_order(&regions, Wish::Region(1), 3), [1, 0, 2, 3]);
        assert_eq!(regions.search(Wish::Interleaved, 3), Search::ByTurns);
    }

    #[test]
    fn regions_that_cannot_be_used_are_left_out() {
        let regions = Regions::new(&four(), |region| region == 1 || region == 2, |_| 0);
        assert_eq!(in_order(&regions, Wish::FirstTouch, 3), [2, 1]);
        assert_eq!(in_order(&regions, Wish::Region(0), 3), [1, 2]);
        assert_eq!((regions.own(0), regions.own(2)), (1, 2));

        let one = Regions::new(&four(), |region| region == 1, |_| 0);
        assert_eq!(in_order(&one, Wish::Interleaved, 3), [1]);
    }

    #[test]
    fn a_codelet_goes_to_its_data_if_that_pays() {
        let regions = Regions::new(&four(), |_| true, |_| 0);
        let idle = |_| Some(0);
        let large = 1 << 20;
        let lean = |uses: &[(u16, u64)], here, waiting: &dyn Fn(u16) -> Option<u64>| {
            regions.lean(uses, here, 0, waiting).region
        };
        assert_eq!(lean(&[(3, large)], 0, &idle), 3);
        assert_eq!(lean(&[(3, 1000)], 0, &idle), 0);
        assert_eq!(lean(&[], 2, &idle), 2);
        // Most of the bytes, or between those who are near each other.
        assert_eq!(lean(&[(1, large), (2, 3 * large)], 1, &idle), 2);
        assert_eq!(lean(&[(0, large), (2, large), (3, large)], 0, &idle), 2);
        assert_eq!(lean(&[(0, large), (1, large)], 0, &idle), 0);
        // Not to a queue that is longer than the way.
        let busy = |region| Some(if region == 3 { 3 } else { 0 });
        assert_eq!(lean(&[(3, large)], 0, &busy), 0);
        assert_eq!(lean(&[(3, large)], 3, &busy), 3);
        // Nor where nobody works.
        let nobody = |region| (region != 3).then_some(0);
        assert_eq!(lean(&[(3, large)], 0, &nobody), 0);
        // One that takes long by its declared cost rather waits nowhere.
        let one = |region| Some(u64::from(region == 3));
        assert_eq!(lean(&[(3, large)], 0, &one), 3);
        assert_eq!(regions.lean(&[(3, large)], 0, 8 * large, one).region, 0);
    }

    #[test]
    fn a_lean_says_how_many_more_may_wait_there() {
        let regions = Regions::new(&four(), |_| true, |_| 0);
        let large = 1 << 20;
        let lean = |waits: u64| {
            let waiting = move |region| Some(if region == 3 { waits } else { 0 });
            regions.lean(&[(3, large)], 0, 0, waiting)
        };
        // From region 0 its memory is two times farther than its own.
        assert_eq!(lean(0), Lean { region: 3, more: 1 });
        assert_eq!(lean(1), Lean { region: 3, more: 0 });
        assert_eq!(lean(2).region, 0);
        let alone = regions.lean(&[(0, large)], 0, 0, |_| Some(7));
        assert_eq!(
            alone,
            Lean {
                region: 0,
                more: u64::MAX
            }
        );
    }

    #[test]
    fn a_move_goes_where_it_is_told_or_nowhere() {
        let region = |region| Some(Destination::Region(region));
        let some = Regions::new(&four(), |region| region == 1 || region == 2, |_| 0);
        assert_eq!(some.destination(Wish::Region(1), 3), region(1));
        assert_eq!(some.destination(Wish::Region(0), 3), None);
        assert_eq!(some.destination(Wish::FirstTouch, 3), region(2));
        let by_turns = some.destination(Wish::Interleaved, 3);
        assert_eq!(by_turns, Some(Destination::ByTurns));
        let none = Regions::new(&four(), |_| false, |_| 0);
        assert_eq!(none.destination(Wish::Region(0), 3), region(0));
        assert_eq!(none.destination(Wish::Interleaved, 3), region(3));
    }

    #[test]
    fn where_nothing_can_be_chosen_memory_comes_from_here() {
        let regions = Regions::new(&four(), |_| false, |_| 7);
        for wish in [
            Wish::FirstTouch,
            Wish::Region(0),
            Wish::Interleaved,
            Wish::Fastest,
        ] {
            assert_eq!(in_order(&regions, wish, 3), [3]);
        }
    }

    #[test]
    fn the_fastest_has_the_most_bandwidth_from_here() {
        // Region 3 has no engines, and is fast.
        let mut topology = four();
        topology.regions[3].has_cpus = false;
        let bandwidth = |region| [100, 100, 100, 400][region];
        let regions = Regions::new(&topology, |_| true, bandwidth);
        assert_eq!(in_order(&regions, Wish::Fastest, 2), [3, 2, 0, 1]);
        // From far away it still has 400 * 16 / 30, and region 0 has 100.
        assert_eq!(in_order(&regions, Wish::Fastest, 0), [3, 0, 1, 2]);

        let slow = Regions::new(&topology, |_| true, |region| [100, 100, 100, 20][region]);
        assert_eq!(in_order(&slow, Wish::Fastest, 2), [2, 0, 1, 3]);
        let unknown = Regions::new(&topology, |_| true, |region| [100, 100, 100, 0][region]);
        assert_eq!(in_order(&unknown, Wish::Fastest, 0), [0, 1, 2, 3]);
    }

    #[test]
    fn blocks_of_a_region_belong_to_its_engines() {
        let regions = Regions::new(&four(), |_| true, |_| 0);
        let region_of = [0, 0, 1, 1, 2, 2];
        assert_eq!(regions.engines(Wish::Region(1), &region_of), [2, 3]);
        // Nobody is in region 3.
        assert_eq!(regions.engines(Wish::Region(3), &region_of), [4, 5]);
        for wish in [Wish::FirstTouch, Wish::Interleaved, Wish::Fastest] {
            assert_eq!(regions.engines(wish, &region_of), [0, 1, 2, 3, 4, 5]);
        }
    }
}
