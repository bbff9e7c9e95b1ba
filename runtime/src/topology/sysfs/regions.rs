//! Memory regions: NUMA nodes, their memory, their CPUs, and the distances between them.

use std::collections::{BTreeMap, BTreeSet};

use super::Notes;
use super::read::{self, Tree, absurd};
use crate::error::Result;
use crate::topology::facts::{self, CpuFacts, LOCAL, MOST_REGIONS, REMOTE};
use crate::topology::{CpuSet, Region};

/// Reads the regions and tells each CPU its own.
pub(super) fn read(tree: &Tree, cpus: &mut [CpuFacts], notes: &mut Notes) -> Result<Vec<Region>> {
    let dir = tree.system.join("node");
    let ids = match read::full_list(&dir.join("online"))? {
        Some(ids) => ids,
        None => read::numbered(&dir, "node"),
    };
    if ids.is_empty() {
        return single(tree, cpus, notes);
    }
    if ids.len() > MOST_REGIONS {
        let what = format!("more than {MOST_REGIONS} memory regions");
        return Err(absurd(&dir.join("online"), &ids.to_string(), what));
    }
    notes.say_of(&ids.holes(), |holes| {
        format!("memory region numbers have holes: there is no node {holes}; regions are counted without them")
    });

    let gpus = gpus(tree)?.intersection(&ids);
    let nodes = nodes(tree, &ids.difference(&gpus), cpus, notes)?;
    if nodes.is_empty() {
        return single(tree, cpus, notes);
    }
    notes.say_of(&gpus, |r| {
        format!("node {r} is the memory of a graphics processor; it is left out")
    });
    let (mut memory_unknown, mut no_memory, mut no_distances) =
        (CpuSet::new(), CpuSet::new(), CpuSet::new());
    let mut regions = Vec::with_capacity(nodes.len());
    for (index, (node, own)) in nodes.iter().enumerate() {
        let memory = read::memory(&tree.node(*node).join("meminfo"))?;
        match memory {
            None => _ = memory_unknown.insert(*node),
            Some(0) => _ = no_memory.insert(*node),
            Some(_) => {}
        }
        for cpu in own.iter() {
            if let Ok(at) = cpus.binary_search_by_key(&cpu, |f| f.cpu) {
                cpus[at].region = Some(index);
            }
        }
        let distances = match distances(tree, *node, ids.len())? {
            // Of the row for all online nodes, those that became regions.
            Some(row) => {
                let kept = ids.iter().zip(row).filter(|(id, _)| nodes.contains_key(id));
                kept.map(|(_, distance)| distance).collect()
            }
            None => {
                no_distances.insert(*node);
                facts::assumed_distances(index, nodes.len())
            }
        };
        let mut region = facts::region(*node, memory.unwrap_or(0), distances);
        region.local_cpus.clone_from(own);
        regions.push(region);
    }
    notes.say_of(&memory_unknown, |r| {
        format!("how much memory node {r} has is unknown")
    });
    notes.say_of(&no_memory, |r| format!("node {r} has no memory"));
    if regions.len() > 1 {
        notes.say_of(&no_distances, |r| {
            format!(
                "the distances from node {r} are unknown; {REMOTE} is assumed to each other one"
            )
        });
    }
    Ok(regions)
}

/// The nodes that become regions, each with those of its CPUs that run.
fn nodes(
    tree: &Tree,
    ids: &CpuSet,
    facts: &[CpuFacts],
    notes: &mut Notes,
) -> Result<BTreeMap<u32, CpuSet>> {
    let running: CpuSet = facts.iter().map(|f| f.cpu).collect();
    let mut nodes = BTreeMap::new();
    let (mut no_list, mut no_cpus, mut overlapping) = (CpuSet::new(), CpuSet::new(), CpuSet::new());
    let mut claimed = CpuSet::new();
    for node in ids.iter() {
        let listed = read::cpus(&tree.node(node), "cpumap", "cpulist")?;
        if listed.is_none() {
            no_list.insert(node);
        }
        // Offline CPUs may be listed.
        let own = listed.clone().unwrap_or_default().intersection(&running);
        if !own.intersection(&claimed).is_empty() {
            overlapping.insert(node);
            continue;
        }
        if listed.is_some() && own.is_empty() {
            no_cpus.insert(node);
        }
        claimed = claimed.union(&own);
        nodes.insert(node, own);
    }
    notes.say_of(&no_list, |r| format!("which CPUs node {r} has is unknown"));
    notes.say_of(&no_cpus, |r| format!("node {r} has no CPUs that run"));
    notes.say_of(&overlapping, |r| {
        format!("node {r} lists CPUs that an earlier node lists too, so one of them is wrong; it is left out")
    });
    Ok(nodes)
}

/// The nodes that are the memory of graphics processors: the driver offers it as ordinary memory, and it is neither near to
/// any core nor meant for other programs.
fn gpus(tree: &Tree) -> Result<CpuSet> {
    let mut nodes = CpuSet::new();
    let folder = tree.base.join("proc/driver/nvidia/gpus");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let status = read::text(&entry.path().join("numa_status"))?.unwrap_or_default();
        let node = status.lines().find_map(|line| line.strip_prefix("Node:"));
        let node = node.and_then(|n| n.trim().parse::<u32>().ok());
        nodes.extend(node.filter(|&n| n < CpuSet::LIMIT));
    }
    Ok(nodes)
}

/// A kernel without NUMA: one region with all memory. That is the rule on small machines, and odd on large ones.
fn single(tree: &Tree, cpus: &mut [CpuFacts], notes: &mut Notes) -> Result<Vec<Region>> {
    let packages: BTreeSet<usize> = cpus.iter().map(|f| f.package).collect();
    if packages.len() > 1 {
        notes.say(format!(
            "the kernel reports no memory regions though there are {} packages; all memory counts as one region",
            packages.len()
        ));
    }
    let bytes = read::memory(&tree.base.join("proc/meminfo"))?;
    if bytes.is_none() {
        notes.say("how much memory there is is unknown");
    }
    cpus.iter_mut().for_each(|f| f.region = Some(0));
    Ok(vec![facts::region(0, bytes.unwrap_or(0), vec![LOCAL])])
}

/// The distances from a node to each online one, in their order.
fn distances(tree: &Tree, node: u32, nodes: usize) -> Result<Option<Vec<u32>>> {
    let file = tree.node(node).join("distance");
    let Some(text) = read::text(&file)? else {
        return Ok(None);
    };
    let row: Option<Vec<u32>> = text.split_whitespace().map(|d| d.parse().ok()).collect();
    match row {
        Some(row) if row.len() == nodes && !row.contains(&0) => Ok(Some(row)),
        Some(row) if row.len() != nodes => {
            let what = format!("{} distances for {nodes} online memory regions", row.len());
            Err(absurd(&file, &text, what))
        }
        _ => Err(absurd(
            &file,
            &text,
            "distances are whole numbers above 0; 10 is local",
        )),
    }
}
