//! The part of a machine that a process may use.

use std::collections::BTreeMap;
use std::path::Path;

use super::assemble::assemble;
use super::facts::{self, CpuFacts, Facts, LOCAL};
use super::{Cache, CacheGroup, Core, CpuSet, Package, Source, Topology, sysfs};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn restrict(whole: &Topology, cpus: &CpuSet) -> Result<Topology> {
    // A topology put together by hand may hold indices that do not exist.
    whole.check()?;
    let kept: Vec<(usize, Vec<u32>)> = whole
        .cores
        .iter()
        .map(|core| {
            core.cpus
                .iter()
                .copied()
                .filter(|&c| cpus.contains(c))
                .collect::<Vec<_>>()
        })
        .enumerate()
        .filter(|(_, cpus)| !cpus.is_empty())
        .collect();
    if kept.is_empty() {
        return Err(Error::new(
            ErrorKind::Topology,
            format!(
                "none of the CPUs `{cpus}` is in the topology, which has `{}`; allow at least one of these",
                whole.cpus()
            ),
        ));
    }
    // Old index to new one, given out in order of appearance, which keeps the order.
    let mut packages = Renumber::new(whole.packages.len());
    let mut groups = Renumber::new(whole.cache_groups.len());
    let (mut dies, mut clusters) = (BTreeMap::new(), BTreeMap::new());
    let number = |map: &mut BTreeMap<usize, usize>, old: usize| {
        let next = map.len();
        *map.entry(old).or_insert(next)
    };
    let mut new_core = vec![None; whole.cores.len()];
    let mut cores = Vec::with_capacity(kept.len());
    for (old, cpus) in kept {
        new_core[old] = Some(cores.len());
        let core = &whole.cores[old];
        let package = packages.of(core.package);
        let cache_group = groups.of(core.cache_group);
        cores.push(Core {
            os_id: core.os_id,
            package,
            region: core.region,
            cache_group,
            die: number(&mut dies, core.die),
            cluster: number(&mut clusters, core.cluster),
            kind: core.kind,
            cpus,
        });
    }
    let mut cache_groups: Vec<CacheGroup> = groups
        .kept
        .iter()
        .map(|&old| {
            let g = &whole.cache_groups[old];
            let (level, bytes, region) = (g.level, g.bytes, g.region);
            CacheGroup {
                level,
                bytes,
                region,
                package: packages.of(g.package),
                cores: Vec::new(),
            }
        })
        .collect();
    let mut regions = whole.regions.clone();
    let left: CpuSet = cores.iter().flat_map(|c| c.cpus.iter().copied()).collect();
    for region in &mut regions {
        region.has_cpus = false;
        region.local_cpus = region.local_cpus.intersection(&left);
    }
    for (i, core) in cores.iter().enumerate() {
        cache_groups[core.cache_group].cores.push(i);
        regions[core.region].has_cpus = true;
    }
    Ok(Topology {
        packages: packages
            .kept
            .iter()
            .map(|&old| whole.packages[old].clone())
            .collect(),
        regions,
        cache_groups,
        caches: whole
            .caches
            .iter()
            .map(|cache| Cache {
                cores: cache.cores.iter().filter_map(|&c| new_core[c]).collect(),
                ..*cache
            })
            .filter(|cache| !cache.cores.is_empty())
            .collect(),
        core_kinds: whole.core_kinds.clone(),
        cores,
        notes: whole.notes.clone(),
        source: whole.source.clone(),
    })
}

struct Renumber {
    new: Vec<Option<usize>>,
    kept: Vec<usize>,
}

impl Renumber {
    fn new(len: usize) -> Self {
        Renumber {
            new: vec![None; len],
            kept: Vec::new(),
        }
    }

    fn of(&mut self, old: usize) -> usize {
        *self.new[old].get_or_insert_with(|| {
            self.kept.push(old);
            self.kept.len() - 1
        })
    }
}

/// The machine below `root`, restricted to an affinity mask and, where it is narrower still, to a cgroup.
pub(super) fn detect(
    root: &Path,
    mask: CpuSet,
    cgroup: Result<Option<CpuSet>>,
) -> Result<Topology> {
    let mut notes = Vec::new();
    let allowed = match cgroup {
        Ok(None) => mask,
        Ok(Some(cgroup)) => {
            let both = mask.intersection(&cgroup);
            if both.is_empty() {
                notes.push(format!(
                    "the cgroup allows CPUs {cgroup} and the affinity mask {mask}: nothing in common, so the \
                     cgroup is not heeded"
                ));
                mask
            } else {
                if both != mask {
                    notes.push(format!(
                        "the cgroup allows CPUs {cgroup}, fewer than the affinity mask {mask}: only {both} are used"
                    ));
                }
                both
            }
        }
        Err(e) => {
            notes.push(format!("the cgroup's CPUs are not heeded: {e}"));
            mask
        }
    };
    let mut topology = if sysfs::is_below(root) {
        let whole = sysfs::read(root)?;
        let cpus = whole.cpus();
        let known = cpus.intersection(&allowed);
        if known.is_empty() {
            notes.push(format!(
                "the kernel lets this process run on CPUs {allowed}, and its files list {cpus} only, so they are \
                 of no use here"
            ));
            flat(&allowed)?
        } else {
            if known != allowed {
                let unknown = allowed.difference(&known);
                notes.push(format!(
                    "CPUs {unknown} are allowed but not in the kernel's files; they are not used"
                ));
            }
            if known != cpus {
                notes.push(format!(
                    "this process may use CPUs {known} of the machine's {cpus}"
                ));
            }
            whole.restrict(&known)?
        }
    } else {
        notes.push(
            "there is no /sys/devices/system/cpu: each CPU counts as a core, and caches and memory regions are \
             unknown"
                .into(),
        );
        flat(&allowed)?
    };
    topology.notes.append(&mut notes);
    Ok(topology)
}

/// All that is known without files: each CPU a core, in one region.
fn flat(cpus: &CpuSet) -> Result<Topology> {
    assemble(Facts {
        packages: vec![Package { os_id: -1 }],
        regions: vec![facts::region(0, 0, vec![LOCAL])],
        caches: Vec::new(),
        all_caches_known: false,
        kinds: Vec::new(),
        cpus: cpus
            .iter()
            .map(|cpu| CpuFacts {
                region: Some(0),
                ..CpuFacts::unknown(cpu)
            })
            .collect(),
        notes: vec!["how much memory there is is unknown".into()],
        source: Source::Mask,
    })
}
