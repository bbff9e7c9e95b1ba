//! The caches of each CPU.

use std::collections::BTreeMap;
use std::path::Path;

use super::Notes;
use super::read::{self, Tree, absurd};
use crate::error::Result;
use crate::topology::CpuSet;
use crate::topology::facts::{CacheFacts, CpuFacts};

/// What tells caches of a level apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The first of the CPUs that share it.
    First(u32),
    /// The kernel's number, where it does not say who shares it.
    Number(u32),
}

/// Finds the caches and tells each CPU its last one.
pub(super) fn read(
    tree: &Tree,
    online: &CpuSet,
    facts: &mut [CpuFacts],
    notes: &mut Notes,
) -> Result<Vec<CacheFacts>> {
    let (mut none, mut not_itself) = (CpuSet::new(), CpuSet::new());
    let mut no_size: Vec<usize> = Vec::new();
    let mut index: BTreeMap<(u32, Key), usize> = BTreeMap::new();
    let mut caches: Vec<CacheFacts> = Vec::new();
    for f in &mut *facts {
        let dir = tree.cpu(f.cpu).join("cache");
        // The highest level so far, and its cache if it is known which one it is.
        let mut last: (u32, Option<usize>) = (0, None);
        for number in read::numbered(&dir, "index").iter() {
            let dir = dir.join(format!("index{number}"));
            let Some(level) = level(&dir.join("level"))? else {
                continue;
            };
            if !holds_data(&dir.join("type"))? {
                continue;
            }
            let cache = match key(&dir, f, online, &mut not_itself)? {
                None => None,
                Some(key) => Some(match index.get(&(level, key)) {
                    Some(&known) => known,
                    None => {
                        let bytes = read::size(&dir.join("size"))?;
                        if bytes.is_none() {
                            no_size.push(caches.len());
                        }
                        caches.push(CacheFacts {
                            level,
                            bytes: bytes.unwrap_or(0),
                            cpus: Vec::new(),
                        });
                        index.insert((level, key), caches.len() - 1);
                        caches.len() - 1
                    }
                }),
            };
            if let Some(cache) = cache.filter(|&c| caches[c].cpus.last() != Some(&f.cpu)) {
                caches[cache].cpus.push(f.cpu);
            }
            if level > last.0 {
                last = (level, cache);
            }
        }
        f.last_cache = last.1;
        if last.1.is_none() {
            none.insert(f.cpu);
        }
    }
    let no_size: CpuSet = no_size
        .iter()
        .flat_map(|&c| caches[c].cpus.iter().copied())
        .collect();
    notes.say_of(&none, |cpus| {
        format!(
            "it is not known which caches CPUs {cpus} share; those in the same memory region and package count \
             as sharing one"
        )
    });
    notes.say_of(&no_size, |cpus| {
        format!("the size of a cache of CPUs {cpus} is unknown")
    });
    notes.say_of(&not_itself, |cpus| {
        format!("CPUs {cpus} are missing from the lists of those that share their caches")
    });
    Ok(caches)
}

/// Which of the caches of its level a CPU's is, if that is known.
fn key(
    cache: &Path,
    f: &CpuFacts,
    online: &CpuSet,
    not_itself: &mut CpuSet,
) -> Result<Option<Key>> {
    let Some(mut shared) = shared(cache)? else {
        let number = read::number(&cache.join("id"))?;
        return Ok(number.map(Key::Number));
    };
    if shared.is_empty() {
        // Some old kernels have masks of zeros for caches that the threads of a core share.
        return Ok(Some(Key::First(f.leader())));
    }
    if shared.insert(f.cpu) {
        not_itself.insert(f.cpu);
    }
    let first = shared.intersection(online).first();
    Ok(Some(Key::First(first.unwrap_or(f.cpu))))
}

/// Who shares a cache. A list must name somebody; a mask need not.
fn shared(cache: &Path) -> Result<Option<CpuSet>> {
    let set = read::cpus(cache, "shared_cpu_map", "shared_cpu_list")?;
    match set {
        Some(set) if set.is_empty() && !cache.join("shared_cpu_map").exists() => Err(absurd(
            &cache.join("shared_cpu_list"),
            "",
            "the list is empty and must not be",
        )),
        set => Ok(set),
    }
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
