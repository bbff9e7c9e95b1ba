//! What is simulated: codelets in program order.

use sprat::decide::dependence::Mode;
use sprat::decide::placement;
pub use sprat::decide::route::Affinity;
use sprat::{Error, ErrorKind, Result};

/// One codelet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codelet {
    /// Its name.
    pub name: &'static str,
    /// How long its body takes, in nanoseconds.
    pub cost_ns: u64,
    /// The blocks it uses, by number, and how.
    pub accesses: Vec<(u32, Mode)>,
    /// Where it would like to run.
    pub affinity: Affinity,
}

/// Codelets in the order in which the host spawns them, which is the order that they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workload {
    /// The codelets. They are named by their places here.
    pub codelets: Vec<Codelet>,
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
                codelets.push(Codelet {
                    name: "jacobi",
                    cost_ns,
                    accesses: reads.into_iter().chain([write]).collect(),
                    affinity: Affinity::Prefer(owner),
                });
            }
            std::mem::swap(&mut now, &mut next);
        }
        Workload { codelets }
    }

    /// Codelets that each change the same block: one after the other.
    pub fn chain(length: u32, cost_ns: u64) -> Self {
        let link = Codelet {
            name: "link",
            cost_ns,
            accesses: vec![(0, Mode::ReadWrite)],
            affinity: Affinity::Anywhere,
        };
        Workload {
            codelets: vec![link; length as usize],
        }
    }

    /// Codelets that need nothing.
    pub fn flat(count: u32, cost_ns: u64) -> Self {
        let one = Codelet {
            name: "flat",
            cost_ns,
            accesses: Vec::new(),
            affinity: Affinity::Anywhere,
        };
        Workload {
            codelets: vec![one; count as usize],
        }
    }

    /// The time of all bodies together.
    pub fn work_ns(&self) -> u64 {
        self.codelets.iter().map(|c| c.cost_ns).sum()
    }

    /// How many blocks there are: one more than the highest number.
    pub(crate) fn blocks(&self) -> usize {
        let accesses = self.codelets.iter().flat_map(|c| &c.accesses);
        accesses
            .map(|&(block, _)| block as usize + 1)
            .max()
            .unwrap_or(0)
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
            for (at, &(block, mode)) in codelet.accesses.iter().enumerate() {
                let clash =
                    |&(other, m): &(u32, Mode)| other == block && (m.writes() || mode.writes());
                if codelet.accesses[..at].iter().any(clash) {
                    let text = format!(
                        "block {block} is there twice, once for writing; name it once, as `ReadWrite`"
                    );
                    return wrong(ErrorKind::Access, text);
                }
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
