//! What a region's memory is like: who is next to it, how fast it is, what caches stand in front of it.

use std::path::Path;

use super::read::{self, Tree};
use crate::error::Result;
use crate::topology::{CpuSet, MemorySpeed, Region};

/// Completes regions whose numbers, CPUs (as `local_cpus`) and distances are known.
pub(super) fn read(tree: &Tree, online: &CpuSet, regions: &mut [Region]) -> Result<()> {
    let own: Vec<CpuSet> = regions.iter().map(|r| r.local_cpus.clone()).collect();
    let numbers: Vec<u32> = regions.iter().map(|r| r.os_id).collect();
    for (index, region) in regions.iter_mut().enumerate() {
        let dir = tree.node(region.os_id);
        // Class 1 is from CPUs, class 0 from whatever is nearest, which older kernels have alone.
        let class = ["access1/initiators", "access0/initiators"];
        let initiators = class.map(|c| dir.join(c));
        if let Some(initiators) = initiators.iter().find(|dir| dir.is_dir()) {
            for number in read::numbered(initiators, "node").iter() {
                if let Some(at) = numbers.iter().position(|&n| n == number) {
                    region.local_cpus = region.local_cpus.union(&own[at]);
                }
            }
            region.speed = speed(initiators)?;
        }
        if region.local_cpus.is_empty() {
            region.local_cpus = nearest(index, &region.distances, &own);
        }
        if region.local_cpus.is_empty() {
            region.local_cpus.clone_from(online);
        }
        let caches = dir.join("memory_side_cache");
        for cache in read::numbered(&caches, "index").iter() {
            let size = caches.join(format!("index{cache}/size"));
            let bytes = read::size(&size)?.unwrap_or(0);
            region.side_cache_bytes = region.side_cache_bytes.saturating_add(bytes);
        }
    }
    Ok(())
}

fn speed(initiators: &Path) -> Result<MemorySpeed> {
    let number = |name: &str| read::number(&initiators.join(name)).map(Option::unwrap_or_default);
    Ok(MemorySpeed {
        read_bandwidth: number("read_bandwidth")?,
        write_bandwidth: number("write_bandwidth")?,
        read_latency: number("read_latency")?,
        write_latency: number("write_latency")?,
    })
}

/// The CPUs of the regions that memory without CPUs is nearest to, unless all are equally far, or as near as itself.
fn nearest(index: usize, distances: &[u32], own: &[CpuSet]) -> CpuSet {
    let others = || (0..distances.len()).filter(|&to| to != index);
    let Some(least) = others().map(|to| distances[to]).min() else {
        return CpuSet::new();
    };
    let near: Vec<usize> = others().filter(|&to| distances[to] == least).collect();
    if least <= distances[index] || near.len() == distances.len() - 1 {
        return CpuSet::new();
    }
    near.iter()
        .fold(CpuSet::new(), |all, &r| all.union(&own[r]))
}
