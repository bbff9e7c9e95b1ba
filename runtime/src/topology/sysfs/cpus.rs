//! Which CPUs are there, and which of them make up a core.

use std::collections::BTreeMap;
use std::path::Path;

use super::Notes;
use super::read::{self, Tree, absurd};
use crate::error::{Error, ErrorKind, Result};
use crate::topology::CpuSet;
use crate::topology::facts::{CpuFacts, MOST_CPUS};

/// The CPUs that run. `present` ones that do not are told of; `possible` ones are only room for more.
pub(super) fn online(tree: &Tree, notes: &mut Notes) -> Result<CpuSet> {
    let dir = tree.system.join("cpu");
    let present = read::full_list(&dir.join("present"))?;
    let online = match read::full_list(&dir.join("online"))? {
        Some(online) => online,
        None => {
            notes.say("the kernel has no list of online CPUs; those with a directory of their own are taken");
            online_by_directories(tree)?
        }
    };
    if online.is_empty() {
        return Err(Error::new(
            ErrorKind::Topology,
            format!(
                "{} has neither a file `online` nor directories cpu0, cpu1, ...: not the tree of a machine",
                dir.display()
            ),
        ));
    }
    if online.len() > MOST_CPUS {
        let what = format!("more than {MOST_CPUS} CPUs");
        return Err(absurd(&dir.join("online"), &online.to_string(), what));
    }
    let listed = present.unwrap_or_else(|| read::numbered(&dir, "cpu"));
    if online.last().is_some_and(|last| last as usize >= MOST_CPUS) {
        let what = format!("a CPU number of {MOST_CPUS} or more");
        return Err(absurd(&dir.join("online"), &online.to_string(), what));
    }
    notes.say_of(&listed.difference(&online), |off| {
        format!("CPUs {off} are present but offline; they are not used")
    });
    notes.say_of(&online.holes().difference(&listed), |holes| {
        format!("CPU numbers have holes: there is no CPU {holes}")
    });
    Ok(online)
}

/// CPU 0 often has no `online` file, since it cannot be taken offline.
fn online_by_directories(tree: &Tree) -> Result<CpuSet> {
    let mut online = CpuSet::new();
    for cpu in read::numbered(&tree.system.join("cpu"), "cpu").iter() {
        if read::number::<u8>(&tree.cpu(cpu).join("online"))? != Some(0) {
            online.insert(cpu);
        }
    }
    Ok(online)
}

/// What the kernel tells of each online CPU's core. Packages, regions and caches come later.
pub(super) fn read(tree: &Tree, online: &CpuSet, notes: &mut Notes) -> Result<Vec<CpuFacts>> {
    let mut facts = Vec::with_capacity(online.len());
    let (mut bare, mut no_siblings, mut not_itself) = (CpuSet::new(), CpuSet::new(), CpuSet::new());
    // Cores by their numbers, for CPUs without a list of siblings.
    let mut by_number: BTreeMap<(i32, i32, i32), Vec<usize>> = BTreeMap::new();
    for cpu in online.iter() {
        let dir = tree.cpu(cpu).join("topology");
        let mut f = CpuFacts::unknown(cpu);
        if !dir.is_dir() {
            bare.insert(cpu);
            facts.push(f);
            continue;
        }
        f.core_id = read::id(&dir.join("core_id"))?;
        match siblings(&dir)? {
            Some(mut siblings) => {
                if siblings.insert(cpu) {
                    not_itself.insert(cpu);
                }
                f.siblings = siblings.intersection(online).iter().collect();
            }
            None => {
                no_siblings.insert(cpu);
                if f.core_id >= 0 {
                    let package = read::id(&dir.join("physical_package_id"))?;
                    let key = (package, read::id(&dir.join("die_id"))?, f.core_id);
                    by_number.entry(key).or_default().push(facts.len());
                }
            }
        }
        facts.push(f);
    }
    part_modules(&mut facts);
    for members in by_number.values() {
        let cpus: Vec<u32> = members.iter().map(|&i| facts[i].cpu).collect();
        members
            .iter()
            .for_each(|&i| facts[i].siblings.clone_from(&cpus));
    }
    notes.say_of(&bare, |cpus| {
        format!("CPUs {cpus} have no topology directory; each counts as a core, in a package of unknown number")
    });
    notes.say_of(&no_siblings, |cpus| {
        format!("CPUs {cpus} have no list of siblings; those with the same package, die and core number count as a core")
    });
    notes.say_of(&not_itself, |cpus| {
        format!("CPUs {cpus} are missing from their own lists of siblings")
    });
    Ok(facts)
}

/// Old kernels show two cores that share a floating-point unit (AMD's modules of 2011 to 2015) as siblings, and give them
/// different numbers, which threads of a core never have.
fn part_modules(facts: &mut [CpuFacts]) {
    let numbers: BTreeMap<u32, i32> = facts.iter().map(|f| (f.cpu, f.core_id)).collect();
    let lists: BTreeMap<u32, Vec<u32>> =
        facts.iter().map(|f| (f.cpu, f.siblings.clone())).collect();
    for f in facts
        .iter_mut()
        .filter(|f| f.core_id >= 0 && f.siblings.len() > 1)
    {
        let both_ways = f
            .siblings
            .iter()
            .all(|cpu| lists.get(cpu) == Some(&f.siblings));
        if both_ways {
            let own = f.core_id;
            f.siblings
                .retain(|cpu| matches!(numbers.get(cpu), Some(&n) if n == own || n < 0));
        }
    }
}

/// The CPUs of the same core: the newer name first, then the one of kernels before 5.2.
fn siblings(topology: &Path) -> Result<Option<CpuSet>> {
    match read::full_cpus(topology, "core_cpus", "core_cpus_list")? {
        Some(set) => Ok(Some(set)),
        None => read::full_cpus(topology, "thread_siblings", "thread_siblings_list"),
    }
}
