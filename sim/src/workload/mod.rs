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

    /// Each scope as a workload of its own.
    pub(crate) fn in_scopes(&self) -> Result<Vec<Workload>> {
        let wrong = |text: String| Err(Error::new(ErrorKind::Config, text));
        let ends = self
            .scopes
            .iter()
            .copied()
            .chain([self.codelets.len() as u32]);
        let (mut all, mut begin) = (Vec::new(), 0);
        for end in ends {
            let Some(codelets) = self.codelets.get(begin as usize..end as usize) else {
                return wrong(format!(
                    "scopes begin in order and with a codelet; one at {end} does not"
                ));
            };
            let mut codelets = codelets.to_vec();
            for (codelet, number) in codelets.iter_mut().zip(begin..) {
                codelet.parent = match codelet.parent {
                    Some(parent) if parent < begin => {
                        return wrong(format!(
                            "codelet {number}: its parent belongs to a scope that has ended"
                        ));
                    }
                    parent => parent.map(|parent| parent - begin),
                };
            }
            all.push(Workload {
                codelets,
                sizes: self.sizes.clone(),
                homes: self.homes,
                wishes: self.wishes.clone(),
                repeatable: self.repeatable,
                scopes: Vec::new(),
            });
            begin = end;
        }
        Ok(all)
    }

    /// The time of all bodies together on engines that do one operation a nanosecond.
    pub fn work_ns(&self) -> u64 {
        let work = |codelet: &Codelet| match codelet.cost {
            Cost::Ns(work) | Cost::Operations(work) => work,
        };
        self.codelets.iter().map(work).sum()
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
