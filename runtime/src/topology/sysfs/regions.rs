//! Memory regions: NUMA nodes, their memory, their CPUs, and the distances between them.

use std::collections::{BTreeMap, BTreeSet};

use super::Notes;
use super::read::{self, Tree, absurd};
use crate::error::Result;
use crate::topology::assemble::{CpuFacts, MOST_REGIONS};
use crate::topology::{CpuSet, Region};

/// The kernel's own values for machines that come without a table.
const LOCAL: u32 = 10;
const REMOTE: u32 = 20;

/// Reads the regions and tells each CPU its own.
pub(super) fn read(tree: &Tree, facts: &mut [CpuFacts], notes: &mut Notes) -> Result<Vec<Region>> {
    let dir = tree.system.join("node");
    let ids = match read::full_list(&dir.join("online"))? {
        Some(ids) => ids,
        None => read::numbered(&dir, "node"),
    };
    if ids.is_empty() {
        return Ok(vec![single(tree, facts, notes)?]);
    }
    if ids.len() > MOST_REGIONS {
        let what = format!("more than {MOST_REGIONS} memory regions");
        return Err(absurd(&dir.join("online"), &ids.to_string(), what));
    }
    notes.say_of(&ids.holes(), |holes| {
        format!("memory region numbers have holes: there is no node {holes}; regions are counted without them")
    });

    let mut regions = Vec::with_capacity(ids.len());
    let (mut memory_unknown, mut no_memory, mut no_cpus, mut no_distances) =
        (CpuSet::new(), CpuSet::new(), CpuSet::new(), CpuSet::new());
    // The region of each of `facts`, and CPUs that two regions claim.
    let mut region_of: Vec<Option<usize>> = vec![None; facts.len()];
    let mut claimed_twice = CpuSet::new();
    let mut no_list = CpuSet::new();
    for (index, node) in ids.iter().enumerate() {
        let dir = tree.node(node);
        let memory = read::memory(&dir.join("meminfo"))?;
        match memory {
            None => _ = memory_unknown.insert(node),
            Some(0) => _ = no_memory.insert(node),
            Some(_) => {}
        }
        let listed = read::list(&dir.join("cpulist"))?;
        let without_list = listed.is_none();
        let mut has_cpus = false;
        for cpu in listed.unwrap_or_default().iter() {
            // Offline CPUs may be listed; they are none of `facts`.
            if let Ok(at) = facts.binary_search_by_key(&cpu, |f| f.cpu) {
                has_cpus = true;
                if *region_of[at].get_or_insert(index) != index {
                    claimed_twice.insert(cpu);
                }
            }
        }
        if without_list {
            no_list.insert(node);
        } else if !has_cpus {
            no_cpus.insert(node);
        }
        let distances = distances(tree, node, ids.len())?.unwrap_or_else(|| {
            no_distances.insert(node);
            (0..ids.len())
                .map(|to| if to == index { LOCAL } else { REMOTE })
                .collect()
        });
        regions.push(Region {
            os_id: node,
            bytes: memory.unwrap_or(0),
            distances,
            has_cpus: false,
        });
    }
    let homeless = settle(facts, &region_of, &regions);

    notes.say_of(&memory_unknown, |r| {
        format!("how much memory node {r} has is unknown")
    });
    notes.say_of(&no_memory, |r| format!("node {r} has no memory"));
    notes.say_of(&no_list, |r| format!("which CPUs node {r} has is unknown"));
    notes.say_of(&no_cpus, |r| format!("node {r} has no CPUs that run"));
    notes.say_of(&claimed_twice, |c| {
        format!("several memory regions list CPUs {c}; the first one counts")
    });
    notes.say_of(&homeless, |c| {
        format!("no memory region lists CPUs {c}; they count to the first region of their package, or to the first of all")
    });
    if regions.len() > 1 {
        notes.say_of(&no_distances, |r| {
            format!(
                "the distances from node {r} are unknown; {REMOTE} is assumed to each other one"
            )
        });
    }
    Ok(regions)
}

/// A kernel without NUMA: one region with all memory. That is the rule on small machines, and odd on large ones.
fn single(tree: &Tree, facts: &[CpuFacts], notes: &mut Notes) -> Result<Region> {
    let packages: BTreeSet<i32> = facts.iter().map(|f| f.package).collect();
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
    Ok(Region {
        os_id: 0,
        bytes: bytes.unwrap_or(0),
        distances: vec![LOCAL],
        has_cpus: false,
    })
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

/// Gives each CPU its region. Those that no region lists go where their package's other CPUs are, else to the
/// first region with memory; they are returned.
fn settle(facts: &mut [CpuFacts], region_of: &[Option<usize>], regions: &[Region]) -> CpuSet {
    let package_region = |facts: &[CpuFacts], package: i32| {
        let mut same = facts
            .iter()
            .zip(region_of)
            .filter(|(f, _)| f.package == package);
        same.find_map(|(_, r)| *r)
    };
    let first = regions.iter().position(|r| r.bytes > 0).unwrap_or(0);
    let mut homeless = CpuSet::new();
    let mut of_package = BTreeMap::new();
    for i in 0..facts.len() {
        facts[i].region = region_of[i].unwrap_or_else(|| {
            homeless.insert(facts[i].cpu);
            let package = facts[i].package;
            *of_package
                .entry(package)
                .or_insert_with(|| package_region(facts, package).unwrap_or(first))
        });
    }
    homeless
}
