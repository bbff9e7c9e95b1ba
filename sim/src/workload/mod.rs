//! What is simulated: codelets in program order, and the blocks that they use.

mod graphs;
mod grids;
mod linear;
mod named;
mod patterns;
mod trees;

pub use named::{Named, named, names};
pub use patterns::PATTERNS;
use sprat::decide::dependence::Mode;
use sprat::decide::placement;
pub use sprat::decide::placement::Wish;
pub use sprat::decide::route::Affinity;
use sprat::{Error, ErrorKind, Result};
use std::ops::Range;

/// How much a codelet has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// So many nanoseconds on an engine in its first state, which was measured with what it moves: its bytes are counted, and take no
    /// more time.
    Ns(u64),
    /// So many operations, at the engine's rate, and what it moves (Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009).
    Operations(u64),
}

/// How a codelet uses a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The block's number.
    pub block: u32,
    /// How much of it in bytes, if not all: an edge of a neighbour's tile.
    pub bytes: u32,
    /// How.
    pub mode: Mode,
}

impl Access {
    /// All of the block.
    pub const ALL: u32 = u32::MAX;

    /// The bytes that are meant, if not all.
    pub(crate) fn part(self) -> Option<u64> {
        (self.bytes != Self::ALL).then_some(u64::from(self.bytes))
    }
}

impl From<(u32, Mode)> for Access {
    fn from((block, mode): (u32, Mode)) -> Self {
        let bytes = Access::ALL;
        Access { block, bytes, mode }
    }
}

/// One codelet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codelet {
    /// Its name.
    pub name: &'static str,
    /// What it has to do.
    pub cost: Cost,
    /// The blocks it uses.
    pub accesses: Vec<Access>,
    /// Where it would like to run.
    pub affinity: Affinity,
    /// The codelet whose body spawns it, of a smaller number; `None`: the host does.
    pub parent: Option<u32>,
}

/// Codelets in the order in which they are spawned, which is the order that they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The codelets. They are named by their places here.
    pub codelets: Vec<Codelet>,
    /// How large blocks are, in bytes, by number; those that are not named have no bytes, only an order.
    pub sizes: Vec<u64>,
    /// Where blocks are to live.
    pub homes: Wish,
    /// Where some of them are to live, by number, if not as `homes` says. A region that the machine does not have counts as no wish.
    pub wishes: Vec<Wish>,
    /// A codelet that was started may be run again, on fresh copies of what it writes.
    pub repeatable: bool,
    /// Codelets with which further scopes of the host begin, in order: the host waits until all before have ended. Each scope begins with all
    /// engines asleep and all blocks at home.
    pub scopes: Vec<u32>,
}

impl Workload {
    /// A heat stencil over a line of tiles, as in the README: in each step a codelet for each tile reads the tile and
    /// its two neighbours in one array and writes the tile in the other; then the arrays change roles. Tiles belong
    /// to the `xes` engines in contiguous shares.
    pub fn stencil(tiles: u32, steps: u32, cost_ns: u64, xes: u16) -> Self {
        let (mut now, mut next) = (0, tiles);
        let mut codelets = Vec::new();
        for _ in 0..steps {
            for tile in 0..tiles {
                let (west, east) = (tile.saturating_sub(1), (tile + 1).min(tiles - 1));
                let reads = [west, tile, east].map(|t| (now + t, Mode::Read));
                let write = (next + tile, Mode::Write);
                let owner = placement::owner(tile as usize, tiles as usize, xes);
                let accesses = reads.into_iter().chain([write]);
                codelets.push(Codelet {
                    accesses: accesses.map(Access::from).collect(),
                    affinity: Affinity::Prefer(owner),
                    ..Codelet::new("jacobi", Cost::Ns(cost_ns))
                });
            }
            std::mem::swap(&mut now, &mut next);
        }
        Workload::from(codelets)
    }

    /// Codelets that each change the same block: one after the other.
    pub fn chain(length: u32, cost_ns: u64) -> Self {
        let link = Codelet {
            accesses: vec![(0, Mode::ReadWrite).into()],
            ..Codelet::new("link", Cost::Ns(cost_ns))
        };
        Workload::from(vec![link; length as usize])
    }

    /// Codelets that need nothing.
    pub fn flat(count: u32, cost_ns: u64) -> Self {
        let one = Codelet::new("flat", Cost::Ns(cost_ns));
        Workload::from(vec![one; count as usize])
    }

    /// The codelets of each scope.
    pub(crate) fn scope_ranges(&self) -> Result<Vec<Range<usize>>> {
        let count = self.codelets.len();
        let ends = self.scopes.iter().map(|end| *end as usize);
        let (mut all, mut begin) = (Vec::new(), 0);
        for end in ends.chain([count]) {
            if end < begin || end > count {
                let text =
                    format!("scopes begin in order and with a codelet; one at {end} does not");
                return Err(Error::new(ErrorKind::Config, text));
            }
            all.push(begin..end);
            begin = end;
        }
        Ok(all)
    }

    /// One scope as a workload of its own: with the blocks that it uses, which have new numbers in the order of the old ones. So a scope costs as much as it
    /// uses, however many blocks all of them together have.
    pub(crate) fn scope(&self, range: Range<usize>) -> Result<Workload> {
        let mut codelets = self.codelets[range.clone()].to_vec();
        let accesses = codelets.iter().flat_map(|codelet| &codelet.accesses);
        let mut used: Vec<u32> = accesses.map(|access| access.block).collect();
        used.sort_unstable();
        used.dedup();
        for (codelet, number) in codelets.iter_mut().zip(range.clone()) {
            codelet.parent = match codelet.parent {
                Some(parent) if (parent as usize) < range.start => {
                    let text =
                        format!("codelet {number}: its parent belongs to a scope that has ended");
                    return Err(Error::new(ErrorKind::Config, text));
                }
                parent => parent.map(|parent| parent - range.start as u32),
            };
            for access in &mut codelet.accesses {
                access.block = used.partition_point(|block| *block < access.block) as u32;
            }
        }
        // Where no block has bytes, none is told to have none.
        let sizes = used.iter().filter(|_| !self.sizes.is_empty());
        let size = |block: &u32| self.sizes.get(*block as usize).copied().unwrap_or(0);
        let wish = |block: &u32| self.wishes.get(*block as usize).copied();
        Ok(Workload {
            codelets,
            sizes: sizes.map(size).collect(),
            homes: self.homes,
            wishes: (used.iter().map(|block| wish(block).unwrap_or(self.homes))).collect(),
            repeatable: self.repeatable,
            scopes: Vec::new(),
        })
    }

    /// The time of all bodies together on engines that do one operation a nanosecond.
    pub fn work_ns(&self) -> u64 {
        let work = |codelet: &Codelet| match codelet.cost {
            Cost::Ns(work) | Cost::Operations(work) => work,
        };
        let all = self.codelets.iter().map(work);
        all.fold(0, u64::saturating_add)
    }

    /// How many blocks there are: one more than the highest number.
    pub(crate) fn blocks(&self) -> usize {
        let accesses = self.codelets.iter().flat_map(|c| &c.accesses);
        let named = accesses.map(|access| access.block as usize + 1).max();
        named.unwrap_or(0).max(self.sizes.len())
    }

    /// The bytes that all codelets together ask for.
    pub(crate) fn bytes(&self) -> u64 {
        let each = 0..self.codelets.len();
        each.map(|codelet| self.bytes_of(codelet)).sum()
    }

    /// The bytes that a codelet reads and writes, by its number.
    ///
    /// # Panics
    /// If there is no such codelet.
    pub fn bytes_of(&self, codelet: usize) -> u64 {
        let asks = |access: &Access| {
            let size = self.sizes.get(access.block as usize).copied().unwrap_or(0);
            let bytes = access.part().unwrap_or(size).min(size);
            bytes * (u64::from(fetches(access.mode)) + u64::from(access.mode.writes()))
        };
        self.codelets[codelet].accesses.iter().map(asks).sum()
    }

    /// What a codelet of the runtime could not be, either.
    pub(crate) fn check(&self, xes: usize, has_engine: impl Fn(u16) -> bool) -> Result<()> {
        for (number, codelet) in self.codelets.iter().enumerate() {
            let wrong = |kind, what: String| {
                let name = codelet.name;
                Err(Error::new(
                    kind,
                    format!("codelet {number} (`{name}`): {what}"),
                ))
            };
            for (at, &Access { block, mode, .. }) in codelet.accesses.iter().enumerate() {
                let clash =
                    |other: &Access| other.block == block && (other.mode.writes() || mode.writes());
                if codelet.accesses[..at].iter().any(clash) {
                    let text = format!(
                        "block {block} is there twice, once for writing; name it once, as `ReadWrite`"
                    );
                    return wrong(ErrorKind::Access, text);
                }
            }
            if codelet
                .parent
                .is_some_and(|parent| parent as usize >= number)
            {
                let text = "its parent comes after it; who spawns comes first".to_owned();
                return wrong(ErrorKind::Config, text);
            }
            match codelet.affinity {
                Affinity::Prefer(xe) | Affinity::Only(xe) if usize::from(xe) >= xes => {
                    let text = format!(
                        "there is no execution engine {xe}; the machine has {xes}, numbered from 0"
                    );
                    return wrong(ErrorKind::Config, text);
                }
                Affinity::Control => {
                    let text = "no files are simulated; name an engine, a region, or `Anywhere`";
                    return wrong(ErrorKind::Config, text.to_owned());
                }
                Affinity::Region(region) if !has_engine(region) => {
                    let text = format!("no execution engine is in memory region {region}");
                    return wrong(ErrorKind::Config, text);
                }
                _ => (),
            }
        }
        Ok(())
    }
}

/// Whether what was in the block before is needed. Who adds to a lane of a reduction begins with nothing.
pub(crate) fn fetches(mode: Mode) -> bool {
    mode.reads() && !matches!(mode, Mode::Reduce(_))
}

impl Codelet {
    /// One that uses nothing, runs anywhere and is spawned by the host.
    pub fn new(name: &'static str, cost: Cost) -> Self {
        Codelet {
            name,
            cost,
            accesses: Vec::new(),
            affinity: Affinity::Anywhere,
            parent: None,
        }
    }
}

impl From<Vec<Codelet>> for Workload {
    /// Codelets whose blocks have no bytes.
    fn from(codelets: Vec<Codelet>) -> Self {
        Workload {
            codelets,
            ..Workload::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty thousand scopes, each with a few of a hundred thousand blocks.
    #[test]
    fn a_scope_has_the_blocks_that_it_uses_and_no_others() {
        let codelet = |block: u32, parent| Codelet {
            accesses: vec![(block + 1, Mode::Read).into(), (block, Mode::Write).into()],
            parent,
            ..Codelet::new("one", Cost::Ns(1))
        };
        let mut all = Workload {
            codelets: (0..20_000).map(|at| codelet(5 * at, None)).collect(),
            sizes: (0..100_000).map(|block| block * 10).collect(),
            wishes: (0..50_000)
                .map(|block| Wish::Region(block as u16 % 2))
                .collect(),
            scopes: (1..20_000).collect(),
            ..Workload::default()
        };
        let ranges = all.scope_ranges().unwrap();
        assert_eq!((ranges.len(), ranges[7].clone()), (20_000, 7..8));
        let scope = all.scope(7..8).unwrap();
        assert_eq!(scope.sizes, [350, 360]);
        assert_eq!(scope.wishes, [Wish::Region(1), Wish::Region(0)]);
        let accesses: Vec<u32> = scope.codelets[0]
            .accesses
            .iter()
            .map(|one| one.block)
            .collect();
        assert_eq!(accesses, [1, 0]);
        // A block without a wish of its own has the general one.
        let scope = all.scope(19_999..20_000).unwrap();
        assert_eq!(
            (scope.sizes, scope.wishes),
            (vec![999_950, 999_960], vec![all.homes; 2])
        );
        all.codelets[8].parent = Some(7);
        assert!(
            all.scope(8..9)
                .unwrap_err()
                .to_string()
                .starts_with("codelet 8: its parent")
        );
        assert_eq!(all.scope(7..9).unwrap().codelets[1].parent, Some(0));
        all.sizes.clear();
        assert_eq!(all.scope(7..9).unwrap().sizes, [0; 0]);
        all.scopes = vec![9, 8];
        assert!(
            all.scope_ranges()
                .unwrap_err()
                .to_string()
                .contains("one at 8")
        );
        all.scopes = vec![20_001];
        assert!(all.scope_ranges().is_err());
    }

    #[test]
    fn work_does_not_overflow() {
        assert_eq!(Workload::flat(3, u64::MAX / 2).work_ns(), u64::MAX);
    }
}
