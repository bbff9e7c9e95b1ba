//! Which region is the home of which CPU.

use super::objects::Objects;
use crate::topology::facts::{self, assumed_distances};
use crate::topology::{CpuSet, Region};

/// The regions, without their distances' table, and each CPU's home told to it.
///
/// hwloc says of each region which CPUs it is next to, and a CPU can be next to several: to plain and to fast memory. The
/// kernel allocates from one of them first. That is the one with the fewest CPUs around it, and among equals the lowest number,
/// since memory without CPUs of its own is numbered last.
pub(super) fn settle(objects: &mut Objects, notes: &mut Vec<String>) -> Vec<Region> {
    let nodes = &objects.nodes;
    let next_to: Vec<CpuSet> = nodes.iter().map(|n| n.cpus.of(&objects.all)).collect();
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&n| (next_to[n].len(), nodes[n].os_id));
    let (mut settled, mut several) = (CpuSet::new(), CpuSet::new());
    for node in order {
        let cpus = &next_to[node];
        several = several.union(&cpus.intersection(&settled));
        for cpu in cpus.difference(&settled).iter() {
            if let Ok(at) = objects.cpus.binary_search_by_key(&cpu, |f| f.cpu) {
                objects.cpus[at].region = Some(node);
            }
        }
        settled = settled.union(cpus);
    }
    if !several.is_empty() {
        notes.push(format!(
            "CPUs {several} are next to several memory regions; the home of each is the region with the fewest CPUs around \
             it, then the one with the lowest number"
        ));
    }
    let numbers: CpuSet = nodes.iter().map(|n| n.os_id).collect();
    let holes = numbers.holes();
    if !holes.is_empty() {
        notes.push(format!(
            "memory region numbers have holes: there is no node {holes}; regions are counted without them"
        ));
    }
    let empty: CpuSet = nodes
        .iter()
        .filter(|n| n.bytes == 0)
        .map(|n| n.os_id)
        .collect();
    if !empty.is_empty() {
        notes.push(format!(
            "node {empty} has no memory, or the file does not say how much"
        ));
    }
    let regions = nodes.iter().zip(next_to).enumerate();
    regions
        .map(|(index, (node, local_cpus))| Region {
            local_cpus,
            kind: node.kind,
            side_cache_bytes: node.side_cache_bytes,
            ..facts::region(
                node.os_id,
                node.bytes,
                assumed_distances(index, nodes.len()),
            )
        })
        .collect()
}
