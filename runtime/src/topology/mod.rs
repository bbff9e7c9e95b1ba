//! The machine: packages, memory regions, shared caches, cores, and how far the regions are from each other.
//!
//! A [`Topology`] is plain data. It comes from the kernel ([`Topology::detect`]), from a copy of a machine's
//! sysfs tree ([`Topology::from_sysfs`]), from a file that hwloc's `lstopo` wrote ([`Topology::from_xml`]), or from a short
//! description ([`Topology::synthetic`]). Whatever is odd about the machine is said in its [`notes`](Topology::notes).
//!
//! All of these collect facts and hand them to one function, which puts them together and checks the result.

mod assemble;
mod cgroup;
mod check;
mod cpu_set;
mod display;
mod facts;
#[cfg(feature = "hwloc")]
mod hwloc;
mod json;
mod mask;
mod process;
mod query;
mod restrict;
mod synthetic;
mod sysfs;
mod text;
mod xml;

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
    /// Every cache of data that is known, of all levels, from the lowest level up and then in the order of their cores.
    pub caches: Vec<Cache>,
    /// What kinds of cores there are, from the weakest to the strongest as far as that is known. One if all are alike, or
    /// if nobody tells.
    pub core_kinds: Vec<CoreKind>,
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
    /// This file, as `lstopo` writes it; without a name if the text itself was given.
    Xml(PathBuf),
    /// The library hwloc on this machine, in this version.
    Hwloc(String),
    /// This description.
    Synthetic(String),
    /// Only the affinity mask: there was no usable sysfs, so each CPU counts as a core and nothing else is known.
    Mask,
}

impl Source {
    /// Whether it is the machine that this runs on: its numbers are the system's then.
    pub(crate) fn is_this_machine(&self) -> bool {
        match self {
            Source::Sysfs(root) => root == Path::new("/"),
            Source::Hwloc(_) | Source::Mask => true,
            Source::Xml(_) | Source::Synthetic(_) => false,
        }
    }
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
    /// Whether a usable core is in the region, which is then the core's home.
    pub has_cpus: bool,
    /// The usable CPUs that this memory is next to. Those of the region's own cores are among them; memory without cores of
    /// its own is next to those from which it is reached best, and next to all of them if nothing is known.
    pub local_cpus: CpuSet,
    /// What the memory is made of, as far as somebody says so.
    pub kind: MemoryKind,
    /// Bytes of the caches that stand in front of this memory (on its side, not in the processor); 0 if none is known.
    pub side_cache_bytes: u64,
    /// How fast the memory is for its local CPUs.
    pub speed: MemorySpeed,
}

/// What a region's memory is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryKind {
    /// Nobody says. Normally plain memory (DRAM).
    #[default]
    Unknown,
    /// Plain memory.
    Dram,
    /// High-bandwidth memory, MCDRAM among it.
    Hbm,
    /// Memory that keeps its contents without power.
    Nvm,
    /// Memory behind a CXL link.
    Cxl,
    /// Memory set aside for a purpose, of unknown make.
    SpecificPurpose,
    /// The memory of a graphics processor.
    Gpu,
}

/// How fast a region is for the CPUs next to it, as the firmware tells (its HMAT table): good for comparing regions of a
/// machine, not to be taken for a measurement. 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemorySpeed {
    /// Megabytes per second.
    pub read_bandwidth: u64,
    /// Megabytes per second.
    pub write_bandwidth: u64,
    /// Nanoseconds.
    pub read_latency: u64,
    /// Nanoseconds.
    pub write_latency: u64,
}

/// A cache of data, or of data and instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// 1 is next to the core.
    pub level: u32,
    /// The size of the whole cache in bytes; 0 if unknown.
    pub bytes: u64,
    /// Indices of the usable cores that share it, ascending. Never empty.
    pub cores: Vec<usize>,
}

/// Cores that are alike, where a machine has several kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreKind {
    /// What the kernel's driver calls them, such as `IntelAtom`; empty if it does not.
    pub name: String,
    /// How much work one does in the same time, where 1024 is the strongest of the machine; 0 if unknown.
    pub capacity: u32,
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
    /// The die, counted over the whole machine in the order of the cores. A package of which no dies are known is one.
    pub die: usize,
    /// The cluster of neighbouring cores that the kernel knows inside of the die, counted over the whole machine. Where it
    /// knows none, the die's cores are one.
    pub cluster: usize,
    /// Index of the kind.
    pub kind: usize,
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

    /// The whole machine that a file in hwloc's XML describes, of the formats 2 and 3: `lstopo --of xml machine.xml` writes
    /// one. It may be of another machine than this one.
    ///
    /// A CPU's home is the region with the fewest CPUs around it, and of several such the one with the lowest number: high-bandwidth memory
    /// beside plain memory gets the higher numbers. What the writer of the file was not allowed to use is left out. What the file does not tell is made up for, with a note. Errors
    /// ([`ErrorKind::Topology`](crate::ErrorKind::Topology)) if the file cannot be read, is in format 1, is not such a file, or makes no
    /// sense; the message names the file and the line.
    pub fn from_xml(file: &Path) -> Result<Topology> {
        xml::read(file)
    }

    /// The same from the file's text.
    pub fn from_xml_text(text: &str) -> Result<Topology> {
        xml::read_text(text, Source::Xml(PathBuf::new()))
    }

    /// This machine as the library hwloc sees it; the process's affinity mask does not narrow it, its cgroup does.
    ///
    /// Only with the feature `hwloc`, which needs the C library. Errors
    /// ([`ErrorKind::Topology`](crate::ErrorKind::Topology)) if the library finds no machine or one that makes no sense.
    #[cfg(feature = "hwloc")]
    pub fn from_hwloc() -> Result<Topology> {
        hwloc::read()
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
