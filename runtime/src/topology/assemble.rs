//! From facts about single CPUs to a topology: which make up cores, which cores share a cache, in what order.

use std::collections::{BTreeMap, BTreeSet};

use super::{CacheGroup, Core, CpuSet, Package, Region, Source, Topology};

/// The most hardware threads a topology may have. Far above what kernels are built for; a larger number is
/// taken for damage, before it costs memory.
pub(super) const MOST_CPUS: usize = 65536;
/// The most regions (the kernel's own limit), since the table of distances grows with its square.
pub(super) const MOST_REGIONS: usize = 1024;

/// What is known about one CPU.
#[derive(Clone, Debug)]
pub(super) struct CpuFacts {
    pub cpu: u32,
    /// The kernel's numbers, -1 if unknown.
    pub package: i32,
    pub core_id: i32,
    /// The CPUs of the same core, with this one, ascending.
    pub siblings: Vec<u32>,
    /// Index of the region.
    pub region: usize,
    /// The last-level cache, if any is known.
    pub cache: Option<CacheFacts>,
}

impl CpuFacts {
    /// A CPU of which nothing is known.
    pub(super) fn unknown(cpu: u32) -> Self {
        CpuFacts {
            cpu,
            package: -1,
            core_id: -1,
            siblings: vec![cpu],
            region: 0,
            cache: None,
        }
    }

    fn leader(&self) -> u32 {
        self.siblings.first().copied().unwrap_or(self.cpu)
    }
}

#[derive(Clone, Debug)]
pub(super) struct CacheFacts {
    pub level: u32,
    pub bytes: u64,
    /// The first of the CPUs that share it: with the level, this tells caches apart.
    pub first_sharer: u32,
}

/// A cache, told apart by its level and the first CPU that shares it; level 0 is "none known".
type CacheKey = (u32, u32);

struct RawCore {
    os_id: i32,
    cpus: Vec<u32>,
    cache: Option<CacheFacts>,
}

impl RawCore {
    fn cache_key(&self) -> CacheKey {
        self.cache
            .as_ref()
            .map_or((0, 0), |c| (c.level, c.first_sharer))
    }
}

/// Puts the facts together. Contradictions between CPUs (one names a sibling that does not name it back, or lies
/// elsewhere) do not stop it: the CPU then counts as a core of its own, or the cache as split, with a note.
pub(super) fn assemble(
    facts: &[CpuFacts],
    mut regions: Vec<Region>,
    mut notes: Vec<String>,
    source: Source,
) -> Topology {
    let ids: BTreeSet<i32> = facts.iter().map(|f| f.package).collect();
    let packages: Vec<Package> = ids.iter().map(|&os_id| Package { os_id }).collect();
    let package_index: BTreeMap<i32, usize> =
        ids.iter().enumerate().map(|(i, &id)| (id, i)).collect();

    // Keyed by place first, so that walking the map is walking the machine.
    let mut places: BTreeMap<(usize, usize), Vec<RawCore>> = BTreeMap::new();
    for ((package, region, _), core) in raw_cores(facts, &package_index, &mut notes) {
        places.entry((package, region)).or_default().push(core);
    }
    note_split_caches(&places, &mut notes);
    let mut users: BTreeMap<CacheKey, usize> = BTreeMap::new();
    for core in places.values().flatten() {
        *users.entry(core.cache_key()).or_default() += 1;
    }

    let (mut cores, mut cache_groups) = (Vec::new(), Vec::new());
    for ((package, region), raw) in places {
        regions[region].has_cpus = true;
        let mut groups: BTreeMap<CacheKey, Vec<RawCore>> = BTreeMap::new();
        for core in raw {
            groups.entry(core.cache_key()).or_default().push(core);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, members)| members[0].cpus[0]);
        for (key, members) in groups {
            let whole = members[0].cache.as_ref().map_or(0, |c| c.bytes);
            let cache_group = cache_groups.len();
            cache_groups.push(CacheGroup {
                level: key.0,
                bytes: part(whole, members.len(), users[&key]),
                region,
                package,
                cores: (cores.len()..cores.len() + members.len()).collect(),
            });
            cores.extend(members.into_iter().map(|core| Core {
                os_id: core.os_id,
                package,
                region,
                cache_group,
                cpus: core.cpus,
            }));
        }
    }
    Topology {
        packages,
        regions,
        cache_groups,
        cores,
        notes,
        source,
    }
}

/// The share of a cache that some of its users have.
fn part(bytes: u64, cores: usize, users: usize) -> u64 {
    (u128::from(bytes) * cores as u128 / users.max(1) as u128) as u64
}

/// Cores by package, region and first CPU; a core is the CPUs that name the same first sibling.
fn raw_cores(
    facts: &[CpuFacts],
    package_index: &BTreeMap<i32, usize>,
    notes: &mut Vec<String>,
) -> BTreeMap<(usize, usize, u32), RawCore> {
    let mut cores: BTreeMap<(usize, usize, u32), RawCore> = BTreeMap::new();
    for f in facts {
        let leader = f.leader();
        let key = (package_index[&f.package], f.region, leader);
        let fresh = || RawCore {
            os_id: f.core_id,
            cpus: Vec::new(),
            cache: f.cache.clone(),
        };
        cores.entry(key).or_insert_with(fresh).cpus.push(f.cpu);
    }
    let mut disagree = CpuSet::new();
    for f in facts {
        let leader = f.leader();
        let together = &cores[&(package_index[&f.package], f.region, leader)].cpus;
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
    let mut seen: BTreeMap<CacheKey, BTreeSet<(usize, usize)>> = BTreeMap::new();
    for (&place, cores) in places {
        for core in cores.iter().filter(|c| c.cache.is_some()) {
            seen.entry(core.cache_key()).or_default().insert(place);
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
