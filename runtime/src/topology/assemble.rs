//! From facts about single CPUs to a topology: which make up cores, which cores share a cache, in what order.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{CpuFacts, Facts};
use super::{Cache, CacheGroup, Core, CoreKind, CpuSet, Topology};
use crate::error::Result;

/// A last-level cache by its place in the facts, or none.
type CacheKey = Option<usize>;

struct RawCore {
    os_id: i32,
    cpus: Vec<u32>,
    cache: CacheKey,
    die: Option<u32>,
    cluster: Option<u32>,
    kind: usize,
}

/// Puts the facts together. Contradictions between CPUs (one names a sibling that does not name it back, or lies
/// elsewhere) do not stop it: the CPU then counts as a core of its own, or the cache as split, with a note.
///
/// Errors if the result contradicts itself, which a reader's limits and checks should have seen before.
pub(super) fn assemble(mut facts: Facts) -> Result<Topology> {
    let homes = settle(&mut facts);
    if !facts.all_caches_known {
        join_private(&mut facts, &homes);
    }
    let mut notes = facts.notes;
    // Keyed by place first, so that walking the map is walking the machine.
    let mut places: BTreeMap<(usize, usize), Vec<RawCore>> = BTreeMap::new();
    for ((package, region, _), core) in raw_cores(&facts.cpus, &homes, &mut notes) {
        places.entry((package, region)).or_default().push(core);
    }
    note_split_caches(&places, &mut notes);
    let mut users: BTreeMap<CacheKey, usize> = BTreeMap::new();
    for core in places.values().flatten() {
        *users.entry(core.cache).or_default() += 1;
    }

    let mut regions = facts.regions;
    let (mut cores, mut cache_groups) = (Vec::new(), Vec::new());
    let (mut dies, mut clusters) = (Numbers::default(), Numbers::default());
    for ((package, region), raw) in places {
        regions[region].has_cpus = true;
        let mut groups: BTreeMap<CacheKey, Vec<RawCore>> = BTreeMap::new();
        for core in raw {
            groups.entry(core.cache).or_default().push(core);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, members)| members[0].cpus[0]);
        for (key, members) in groups {
            let cache = key.map(|k| &facts.caches[k]);
            let cache_group = cache_groups.len();
            cache_groups.push(CacheGroup {
                level: cache.map_or(0, |c| c.level),
                bytes: part(cache.map_or(0, |c| c.bytes), members.len(), users[&key]),
                region,
                package,
                cores: (cores.len()..cores.len() + members.len()).collect(),
            });
            cores.extend(members.into_iter().map(|core| {
                let die = dies.of((package, core.die));
                Core {
                    os_id: core.os_id,
                    package,
                    region,
                    cache_group,
                    die,
                    cluster: clusters.of((die, core.cluster)),
                    kind: core.kind,
                    cpus: core.cpus,
                }
            }));
        }
    }
    for core in &cores {
        let local = &mut regions[core.region].local_cpus;
        local.extend(core.cpus.iter().copied());
    }
    let all: CpuSet = cores.iter().flat_map(|c| c.cpus.iter().copied()).collect();
    for region in regions.iter_mut().filter(|r| r.local_cpus.is_empty()) {
        region.local_cpus.clone_from(&all);
    }
    let mut kinds = facts.kinds;
    if kinds.len() < 2 {
        // Where all are alike there is nothing to tell apart.
        kinds = vec![CoreKind::default()];
    }
    let place_of: BTreeMap<u32, usize> = cores
        .iter()
        .enumerate()
        .flat_map(|(i, core)| core.cpus.iter().map(move |&cpu| (cpu, i)))
        .collect();
    let mut caches: Vec<Cache> = facts
        .caches
        .iter()
        .map(|cache| {
            let cores = cache.cpus.iter().filter_map(|cpu| place_of.get(cpu));
            let cores: BTreeSet<usize> = cores.copied().collect();
            Cache {
                level: cache.level,
                bytes: cache.bytes,
                cores: cores.into_iter().collect(),
            }
        })
        .filter(|cache| !cache.cores.is_empty())
        .collect();
    caches.sort_by(|a, b| (a.level, &a.cores).cmp(&(b.level, &b.cores)));
    let topology = Topology {
        packages: facts.packages,
        regions,
        cache_groups,
        caches,
        core_kinds: kinds,
        cores,
        notes,
        source: facts.source,
    };
    topology.check()?;
    Ok(topology)
}

/// Numbers given out in order of appearance.
#[derive(Default)]
struct Numbers(BTreeMap<(usize, Option<u32>), usize>);

impl Numbers {
    fn of(&mut self, key: (usize, Option<u32>)) -> usize {
        let next = self.0.len();
        *self.0.entry(key).or_insert(next)
    }
}

/// The share of a cache that some of its users have.
fn part(bytes: u64, cores: usize, users: usize) -> u64 {
    (u128::from(bytes) * cores as u128 / users.max(1) as u128) as u64
}

/// The region of each CPU. One that no region lists goes where the first other CPU of its package is, else to the first
/// region with memory.
fn settle(facts: &mut Facts) -> Vec<usize> {
    let first = facts.regions.iter().position(|r| r.bytes > 0).unwrap_or(0);
    let mut of_package: BTreeMap<usize, usize> = BTreeMap::new();
    for f in &facts.cpus {
        if let Some(region) = f.region {
            of_package.entry(f.package).or_insert(region);
        }
    }
    let mut homeless = CpuSet::new();
    let mut homes = Vec::with_capacity(facts.cpus.len());
    for f in &facts.cpus {
        homes.push(f.region.unwrap_or_else(|| {
            homeless.insert(f.cpu);
            *of_package.get(&f.package).unwrap_or(&first)
        }));
    }
    if !homeless.is_empty() {
        facts.notes.push(format!(
            "no memory region lists CPUs {homeless}; they count to the first region of their package, or to the \
             first of all"
        ));
    }
    homes
}

/// Where every core has its last known cache to itself (on servers whose shared cache the kernel does not see),
/// the caches tell nothing of who is close to whom, and domains of one core would be useless: such cores are put
/// together by region.
fn join_private(facts: &mut Facts, homes: &[usize]) {
    let mut places: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (i, f) in facts.cpus.iter().enumerate() {
        places.entry((f.package, homes[i])).or_default().push(i);
    }
    let private = |f: &CpuFacts| {
        f.last_cache.is_some_and(|cache| {
            let mut sharers = facts.caches[cache].cpus.iter();
            sharers.all(|cpu| f.siblings.binary_search(cpu).is_ok())
        })
    };
    let mut joined = CpuSet::new();
    for members in places.values() {
        let first = |i: &&usize| facts.cpus[**i].leader() == facts.cpus[**i].cpu;
        if members.iter().all(|&i| private(&facts.cpus[i]))
            && members.iter().filter(first).count() > 1
        {
            joined.extend(members.iter().map(|&i| facts.cpus[i].cpu));
        }
    }
    for f in &mut facts.cpus {
        if joined.contains(f.cpu) {
            f.last_cache = None;
        }
    }
    if !joined.is_empty() {
        facts.notes.push(format!(
            "the cores of CPUs {joined} share no cache that is known; those in the same memory region and package \
             count as a group"
        ));
    }
}

/// Cores by package, region and first CPU; a core is the CPUs that name the same first sibling.
fn raw_cores(
    facts: &[CpuFacts],
    homes: &[usize],
    notes: &mut Vec<String>,
) -> BTreeMap<(usize, usize, u32), RawCore> {
    let mut cores: BTreeMap<(usize, usize, u32), RawCore> = BTreeMap::new();
    for (f, &region) in facts.iter().zip(homes) {
        let fresh = || RawCore {
            os_id: f.core_id,
            cpus: Vec::new(),
            cache: f.last_cache,
            die: f.die,
            cluster: f.cluster,
            kind: f.kind,
        };
        let key = (f.package, region, f.leader());
        cores.entry(key).or_insert_with(fresh).cpus.push(f.cpu);
    }
    let mut disagree = CpuSet::new();
    for (f, &region) in facts.iter().zip(homes) {
        let together = &cores[&(f.package, region, f.leader())].cpus;
        if *together != f.siblings {
            disagree.insert(f.cpu);
        }
    }
    if !disagree.is_empty() {
        notes.push(format!(
            "CPUs {disagree} name siblings that do not name them back or lie in another package or memory \
             region; they are put together only where both sides agree"
        ));
    }
    // The leader of a CPU that disagrees may be in another core, and a core goes by its own first CPU.
    let by_own_first = |((package, region, _), mut core): ((usize, usize, u32), RawCore)| {
        core.cpus.sort_unstable();
        ((package, region, core.cpus[0]), core)
    };
    cores.into_iter().map(by_own_first).collect()
}

/// A last-level cache that spans regions (sub-NUMA clustering) or packages becomes several groups.
fn note_split_caches(places: &BTreeMap<(usize, usize), Vec<RawCore>>, notes: &mut Vec<String>) {
    let mut seen: BTreeMap<usize, BTreeSet<(usize, usize)>> = BTreeMap::new();
    for (&place, cores) in places {
        for cache in cores.iter().filter_map(|c| c.cache) {
            seen.entry(cache).or_default().insert(place);
        }
    }
    let split = seen.values().filter(|at| at.len() > 1).count();
    if split > 0 {
        notes.push(format!(
            "{split} last-level cache(s) are shared by CPUs of several memory regions or packages; each region's \
             CPUs count as a group of their own with their part of the cache"
        ));
    }
}
