//! Counts and look-ups.

use std::collections::BTreeSet;

use super::{CpuSet, MemoryKind, Topology};

impl Topology {
    /// How many hardware threads the usable cores have.
    pub fn threads(&self) -> usize {
        self.cores.iter().map(|c| c.cpus.len()).sum()
    }

    /// All usable CPUs.
    pub fn cpus(&self) -> CpuSet {
        self.cores
            .iter()
            .flat_map(|c| c.cpus.iter().copied())
            .collect()
    }

    /// The index of the core that a CPU belongs to, if it is usable.
    pub fn core_of_cpu(&self, cpu: u32) -> Option<usize> {
        self.cores.iter().position(|c| c.cpus.contains(&cpu))
    }

    /// The cores of a region, by index, ascending.
    pub fn cores_of_region(&self, region: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.cores.len()).filter(move |&c| self.cores[c].region == region)
    }

    /// The usable CPUs of a region.
    pub fn cpus_of_region(&self, region: usize) -> CpuSet {
        let cores = self.cores_of_region(region);
        cores
            .flat_map(|c| self.cores[c].cpus.iter().copied())
            .collect()
    }

    /// The usable CPUs of a cache group.
    ///
    /// # Panics
    /// If there is no such group.
    pub fn cpus_of_cache_group(&self, group: usize) -> CpuSet {
        let cores = self.cache_groups[group].cores.iter();
        cores
            .filter_map(|&c| self.cores.get(c))
            .flat_map(|c| c.cpus.iter().copied())
            .collect()
    }

    /// The usable CPUs that share a cache of [`caches`](Topology::caches).
    ///
    /// # Panics
    /// If there is no such cache.
    pub fn cpus_of_cache(&self, cache: usize) -> CpuSet {
        let cores = self.caches[cache].cores.iter();
        cores
            .filter_map(|&c| self.cores.get(c))
            .flat_map(|c| c.cpus.iter().copied())
            .collect()
    }

    /// How many dies have usable cores.
    pub fn dies(&self) -> usize {
        let dies: BTreeSet<usize> = self.cores.iter().map(|c| c.die).collect();
        dies.len()
    }

    /// How many clusters have usable cores.
    pub fn clusters(&self) -> usize {
        let clusters: BTreeSet<usize> = self.cores.iter().map(|c| c.cluster).collect();
        clusters.len()
    }

    /// The index of the region that the kernel numbers so.
    pub fn region_of_os_id(&self, os_id: u32) -> Option<usize> {
        self.regions.iter().position(|r| r.os_id == os_id)
    }

    /// How far region `b` is for the cores of region `a` (indices): 10 is local. The way back may differ.
    ///
    /// # Panics
    /// If there is no such region.
    pub fn distance(&self, a: usize, b: usize) -> u32 {
        self.regions[a].distances[b]
    }

    /// All regions from the nearest to the farthest of one, which comes first; by index where distances tie.
    ///
    /// # Panics
    /// If there is no such region.
    pub fn nearest_regions(&self, from: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.regions.len()).collect();
        order.sort_by_key(|&to| (to != from, self.distance(from, to)));
        order
    }
}

impl MemoryKind {
    /// The word for it: `dram`, `hbm`, `nvm`, `cxl`, `specific-purpose`, `gpu`, or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            MemoryKind::Unknown => "unknown",
            MemoryKind::Dram => "dram",
            MemoryKind::Hbm => "hbm",
            MemoryKind::Nvm => "nvm",
            MemoryKind::Cxl => "cxl",
            MemoryKind::SpecificPurpose => "specific-purpose",
            MemoryKind::Gpu => "gpu",
        }
    }
}
