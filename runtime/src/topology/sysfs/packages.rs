//! Which CPUs make up a package, and the dies and clusters inside of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Notes;
use super::read::{self, Tree};
use crate::error::Result;
use crate::topology::facts::CpuFacts;
use crate::topology::{CpuSet, Package};

/// A package by its number, or where the kernel has none, by the first CPU of those that it says are together.
type Key = (i32, Option<u32>);

/// CPUs that are together, by the first of them.
#[derive(Clone, Copy)]
struct Part {
    first: u32,
    cpus: usize,
}

impl Part {
    fn of(set: Option<CpuSet>, online: &CpuSet) -> Option<Part> {
        let set = set?.intersection(online);
        Some(Part {
            first: set.first()?,
            cpus: set.len(),
        })
    }
}

/// Reads the packages and tells each CPU its own, and its die and cluster.
pub(super) fn read(
    tree: &Tree,
    online: &CpuSet,
    facts: &mut [CpuFacts],
    notes: &mut Notes,
) -> Result<Vec<Package>> {
    let mut unknown = CpuSet::new();
    let mut keys: Vec<Key> = Vec::with_capacity(facts.len());
    let mut parts: Vec<[Option<Part>; 2]> = Vec::with_capacity(facts.len());
    for f in &*facts {
        let dir = tree.cpu(f.cpu).join("topology");
        let os_id = read::id(&dir.join("physical_package_id"))?;
        let mut together = None;
        if os_id < 0 {
            let mut set = read::cpus(&dir, "package_cpus", "package_cpus_list")?;
            if set.is_none() {
                set = read::cpus(&dir, "core_siblings", "core_siblings_list")?;
            }
            together = Part::of(set, online).map(|part| part.first);
            if together.is_none() && dir.is_dir() {
                unknown.insert(f.cpu);
            }
        }
        keys.push((os_id, together));
        let die = read::cpus(&dir, "die_cpus", "die_cpus_list")?;
        let cluster = read::cpus(&dir, "cluster_cpus", "cluster_cpus_list")?;
        parts.push([Part::of(die, online), Part::of(cluster, online)]);
    }
    let different: BTreeSet<Key> = keys.iter().copied().collect();
    let index: BTreeMap<Key, usize> = different.iter().enumerate().map(|(i, &k)| (k, i)).collect();
    for ((f, key), [die, cluster]) in facts.iter_mut().zip(&keys).zip(parts) {
        f.package = index[key];
        f.die = die.map(|die| die.first);
        // One that is no larger than the core tells nothing.
        let cluster = cluster.filter(|cluster| cluster.cpus > f.siblings.len());
        f.cluster = cluster.map(|cluster| cluster.first);
    }
    notes.say_of(&unknown, |cpus| {
        format!("the kernel does not know the package of CPUs {cpus}; they count as one package")
    });
    Ok(different
        .iter()
        .map(|&(os_id, _)| Package { os_id })
        .collect())
}
