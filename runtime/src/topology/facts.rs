//! What a reader finds out about a machine, before it is put together.

use super::{CoreKind, CpuSet, MemoryKind, MemorySpeed, Package, Region, Source};

/// The most hardware threads a topology may have, and the first number that none of them has. Far above what kernels are
/// built for; a larger number is taken for damage, before it costs memory.
pub(super) const MOST_CPUS: usize = 65536;
/// The most regions (the kernel's own limit), since the table of distances grows with its square.
pub(super) const MOST_REGIONS: usize = 1024;
/// The kernel's own values for machines that come without a table of distances.
pub(super) const LOCAL: u32 = 10;
pub(super) const REMOTE: u32 = 20;

pub(super) struct Facts {
    pub packages: Vec<Package>,
    pub regions: Vec<Region>,
    /// Caches of data, or of data and instructions.
    pub caches: Vec<CacheFacts>,
    /// Whether these are all that there are. Kernels do not see the shared cache of some servers.
    pub all_caches_known: bool,
    /// From the weakest to the strongest. Empty if all cores are alike.
    pub kinds: Vec<CoreKind>,
    /// Ascending by number.
    pub cpus: Vec<CpuFacts>,
    pub notes: Vec<String>,
    pub source: Source,
}

/// What is known about one CPU.
#[derive(Clone, Debug)]
pub(super) struct CpuFacts {
    pub cpu: u32,
    /// Index of the package.
    pub package: usize,
    /// CPUs of a package with the same number are on the same die, those of a die in the same cluster; `None` if nobody tells.
    pub die: Option<u32>,
    pub cluster: Option<u32>,
    /// Index of the kind; 0 if there are none.
    pub kind: usize,
    /// The kernel's number, -1 if unknown.
    pub core_id: i32,
    /// The CPUs of the same core, with this one, ascending.
    pub siblings: Vec<u32>,
    /// Index of the region that is the CPU's home, if one lists it.
    pub region: Option<usize>,
    /// Index of the last-level cache, if it is known who shares it.
    pub last_cache: Option<usize>,
}

impl CpuFacts {
    /// A CPU of which nothing is known.
    pub(super) fn unknown(cpu: u32) -> Self {
        CpuFacts {
            cpu,
            package: 0,
            die: None,
            cluster: None,
            kind: 0,
            core_id: -1,
            siblings: vec![cpu],
            region: None,
            last_cache: None,
        }
    }

    pub(super) fn leader(&self) -> u32 {
        self.siblings.first().copied().unwrap_or(self.cpu)
    }
}

/// A cache, told apart from others by its place in the list.
#[derive(Clone, Debug)]
pub(super) struct CacheFacts {
    pub level: u32,
    pub bytes: u64,
    /// The CPUs that share it, ascending.
    pub cpus: Vec<u32>,
}

/// A region of which the number is known, and its memory (0 bytes if not).
pub(super) fn region(os_id: u32, bytes: u64, distances: Vec<u32>) -> Region {
    Region {
        os_id,
        bytes,
        distances,
        has_cpus: false,
        local_cpus: CpuSet::new(),
        kind: MemoryKind::Unknown,
        side_cache_bytes: 0,
        speed: MemorySpeed::default(),
    }
}

/// The distances from one of several regions where there is no table.
pub(super) fn assumed_distances(from: usize, regions: usize) -> Vec<u32> {
    let one = |to| if to == from { LOCAL } else { REMOTE };
    (0..regions).map(one).collect()
}
