//! The machine: packages, memory regions, shared caches, cores, and how far the regions are from each other.
//!
//! A [`Topology`] is plain data. It comes from the kernel ([`Topology::detect`]), from a copy of a machine's
//! sysfs tree ([`Topology::from_sysfs`]), or from a short description ([`Topology::synthetic`]). Whatever is odd
//! about the machine is said in its [`notes`](Topology::notes).

mod assemble;
mod cgroup;
mod check;
mod cpu_set;
mod display;
mod json;
mod process;
mod query;
mod restrict;
mod synthetic;
mod sysfs;
mod text;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use cgroup::cgroup_cpus;
pub use cpu_set::CpuSet;
pub use process::{affinity, current_cpu, set_affinity};

use crate::error::Result;

/// The machine, or the part of it that a process may use.
///
/// Lists refer to each other by index. [`Topology::check`] tells whether a topology that was put together by
/// hand is consistent; those that this module makes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Processor packages (sockets) that have usable cores, by number.
    pub packages: Vec<Package>,
    /// All memory regions, by number, also those without usable cores.
    pub regions: Vec<Region>,
    /// Cores that share a last-level cache, in the order of their cores.
    pub cache_groups: Vec<CacheGroup>,
    /// Usable cores, ordered by package, region, cache group and first CPU: neighbours in the list are neighbours
    /// in the machine.
    pub cores: Vec<Core>,
    /// Each odd thing about the machine, once, as a sentence for people.
    pub notes: Vec<String>,
    /// Where this comes from.
    pub source: Source,
}

/// Where a topology comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The kernel's tree below this directory; `/` is the machine that this runs on.
    Sysfs(PathBuf),
    /// This description.
    Synthetic(String),
    /// Only the affinity mask: there was no usable sysfs, so each CPU counts as a core and nothing else is known.
    Mask,
}

/// A processor package (socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The kernel's number, -1 if the kernel does not know it.
    pub os_id: i32,
}

/// A memory region: a NUMA node, or another memory with its own distance and capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The kernel's number of the NUMA node; 0 if the kernel has no NUMA nodes.
    pub os_id: u32,
    /// Capacity in bytes. 0 means no memory, or that the kernel does not tell, and then a note says so.
    pub bytes: u64,
    /// The distance to each region by index, itself included: 10 is local, and 20 takes twice as long.
    pub distances: Vec<u32>,
    /// Whether a usable core is in the region.
    pub has_cpus: bool,
}

/// Cores that share a last-level cache and lie in one region and one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheGroup {
    /// The cache's level, normally 2 to 4; 0 if the cores share no known cache and were put together since they
    /// share region and package.
    pub level: u32,
    /// The cache's size in bytes; 0 if unknown. Of a cache that several regions or packages share, each group has its cores'
    /// part.
    pub bytes: u64,
    /// Index of the region.
    pub region: usize,
    /// Index of the package.
    pub package: usize,
    /// Indices of the cores, ascending.
    pub cores: Vec<usize>,
}

/// A core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Core {
    /// The kernel's number, -1 if unknown. Not unique: cores of different packages, dies or kinds can share it.
    pub os_id: i32,
    /// Index of the package.
    pub package: usize,
    /// Index of the region.
    pub region: usize,
    /// Index of the cache group.
    pub cache_group: usize,
    /// The kernel's numbers of the core's usable hardware threads, ascending. Never empty.
    pub cpus: Vec<u32>,
}

impl Topology {
    /// This machine, restricted to the CPUs that the calling thread may run on.
    ///
    /// Errors: [`ErrorKind::Topology`](crate::ErrorKind::Topology) if the kernel's files make no sense,
    /// [`ErrorKind::System`](crate::ErrorKind::System) if it does not tell the thread's affinity mask.
    pub fn detect() -> Result<Topology> {
        restrict::detect(Path::new("/"), affinity()?, cgroup_cpus())
    }

    /// The whole machine whose kernel tree lies below a directory: `root/sys/devices/system`, or
    /// `root/devices/system` if the directory is itself the `sys`.
    ///
    /// What is missing is made up for, with a note. Errors ([`ErrorKind::Topology`](crate::ErrorKind::Topology))
    /// if there is no such tree, or if a file's content makes no sense; the message names the file, quotes it,
    /// and says what to do.
    pub fn from_sysfs(root: &Path) -> Result<Topology> {
        sysfs::read(root)
    }

    /// A machine made from a description: levels with their counts per parent, outermost first, for instance
    /// `package:2 region:4 cache:2 core:8 thread:2`.
    ///
    /// The levels are `package`, `region`, `cache` (a last-level cache), `core`, `thread`. All but `core` can be
    /// left out and then count 1: `package:2 core:4` has a region and a cache in each package. A region has
    /// 16 GiB, a cache 32 MiB. Distances are 10 inside a region, 12 inside a package, 21 between packages. CPUs are
    /// numbered as on most machines: the first threads of all cores, then their second threads, and so on.
    ///
    /// Errors ([`ErrorKind::Topology`](crate::ErrorKind::Topology)) if the text is none of these, or has more
    /// than 65536 hardware threads or 1024 regions.
    pub fn synthetic(description: &str) -> Result<Topology> {
        synthetic::build(description)
    }

    /// The part of the machine that these CPUs make up. Cores, cache groups and packages that are left without
    /// a CPU go, and indices are given anew; all memory regions stay.
    ///
    /// Errors ([`ErrorKind::Topology`](crate::ErrorKind::Topology)) if no CPU is left.
    pub fn restrict(&self, cpus: &CpuSet) -> Result<Topology> {
        restrict::restrict(self, cpus)
    }

    /// Whether the lists fit together, for a topology put together by hand: indices exist, each core has CPUs of its own,
    /// a core's cache group lists it and lies where the core does, every region has a distance to each other, and
    /// `has_cpus` is right.
    ///
    /// Errors ([`ErrorKind::Topology`](crate::ErrorKind::Topology)) with the first contradiction found.
    pub fn check(&self) -> Result<()> {
        check::check(self)
    }
}
