//! The last-level cache of each CPU.

use std::collections::BTreeMap;
use std::path::Path;

use super::Notes;
use super::read::{self, Tree, absurd};
use crate::error::Result;
use crate::topology::CpuSet;
use crate::topology::assemble::{CacheFacts, CpuFacts};

/// A CPU's last-level cache as its directory tells it.
struct LastLevel {
    level: u32,
    bytes: Option<u64>,
    shared: Shared,
}

enum Shared {
    /// These online CPUs share it, the CPU itself included.
    With(CpuSet),
    /// Those share it that name the same number at the same level.
    Number(u32),
    Unknown,
}

/// Tells each CPU its cache.
pub(super) fn read(
    tree: &Tree,
    online: &CpuSet,
    facts: &mut [CpuFacts],
    notes: &mut Notes,
) -> Result<()> {
    let (mut none, mut no_size, mut not_itself) = (CpuSet::new(), CpuSet::new(), CpuSet::new());
    let mut first_of_number: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut private = vec![false; facts.len()];
    for (f, private) in facts.iter_mut().zip(&mut private) {
        let Some(last) = last_level(tree, f.cpu)? else {
            none.insert(f.cpu);
            continue;
        };
        let first_sharer = match last.shared {
            Shared::With(mut shared) => {
                if shared.insert(f.cpu) {
                    not_itself.insert(f.cpu);
                }
                let shared = shared.intersection(online);
                *private = shared.iter().all(|cpu| f.siblings.contains(&cpu));
                shared.first().unwrap_or(f.cpu)
            }
            Shared::Number(id) => *first_of_number.entry((last.level, id)).or_insert(f.cpu),
            Shared::Unknown => {
                none.insert(f.cpu);
                continue;
            }
        };
        if last.bytes.is_none() {
            no_size.insert(f.cpu);
        }
        f.cache = Some(CacheFacts {
            level: last.level,
            bytes: last.bytes.unwrap_or(0),
            first_sharer,
        });
    }
    notes.say_of(&none, |cpus| {
        format!(
            "it is not known which caches CPUs {cpus} share; those in the same memory region and package count \
             as sharing one"
        )
    });
    notes.say_of(&no_size, |cpus| {
        format!("the size of the last-level cache of CPUs {cpus} is unknown")
    });
    notes.say_of(&not_itself, |cpus| {
        format!("CPUs {cpus} are missing from the lists of those that share their last-level cache")
    });
    join_private(facts, &private, notes);
    Ok(())
}

/// Where every core has its last known cache to itself (on servers whose shared cache the kernel does not see),
/// the caches tell nothing of who is close to whom, and domains of one core would be useless: such cores are put
/// together by region.
fn join_private(facts: &mut [CpuFacts], private: &[bool], notes: &mut Notes) {
    let mut places: BTreeMap<(i32, usize), Vec<usize>> = BTreeMap::new();
    for (i, f) in facts.iter().enumerate() {
        places.entry((f.package, f.region)).or_default().push(i);
    }
    let mut joined = CpuSet::new();
    for members in places.values() {
        let cores = |i: &&usize| facts[**i].siblings.first() == Some(&facts[**i].cpu);
        if members.iter().all(|&i| private[i]) && members.iter().filter(cores).count() > 1 {
            for &i in members {
                facts[i].cache = None;
                joined.insert(facts[i].cpu);
            }
        }
    }
    notes.say_of(&joined, |cpus| {
        format!(
            "the cores of CPUs {cpus} share no cache that the kernel knows of; those in the same memory region \
             and package count as a group"
        )
    });
}

/// The data or unified cache of the highest level.
fn last_level(tree: &Tree, cpu: u32) -> Result<Option<LastLevel>> {
    let dir = tree.cpu(cpu).join("cache");
    let mut last: Option<(u32, u32)> = None;
    for index in read::numbered(&dir, "index").iter() {
        let dir = dir.join(format!("index{index}"));
        let Some(level) = level(&dir.join("level"))? else {
            continue;
        };
        if holds_data(&dir.join("type"))? && last.is_none_or(|(highest, _)| level > highest) {
            last = Some((level, index));
        }
    }
    let Some((level, index)) = last else {
        return Ok(None);
    };
    let dir = dir.join(format!("index{index}"));
    let shared = match read::full_list(&dir.join("shared_cpu_list"))? {
        Some(shared) => Shared::With(shared),
        None => read::number(&dir.join("id"))?.map_or(Shared::Unknown, Shared::Number),
    };
    Ok(Some(LastLevel {
        level,
        bytes: read::size(&dir.join("size"))?,
        shared,
    }))
}

fn level(file: &Path) -> Result<Option<u32>> {
    match read::number::<u32>(file)? {
        Some(level) if !(1..=16).contains(&level) => Err(absurd(
            file,
            &level.to_string(),
            "caches have levels from 1 on, and few",
        )),
        level => Ok(level),
    }
}

/// Old kernels and some machines do not say the type; it is then unified at the levels that matter.
fn holds_data(file: &Path) -> Result<bool> {
    match read::text(file)?.as_deref() {
        None | Some("Unified" | "Data") => Ok(true),
        Some("Instruction") => Ok(false),
        Some(other) => Err(absurd(
            file,
            other,
            "caches are Unified, Data or Instruction",
        )),
    }
}
