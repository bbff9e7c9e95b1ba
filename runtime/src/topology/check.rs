//! Whether a topology's lists fit together.

use super::{CpuSet, Topology};
use crate::error::{Error, ErrorKind, Result};

pub(super) fn check(t: &Topology) -> Result<()> {
    if t.cores.is_empty() {
        return wrong("it has no core");
    }
    for (i, r) in t.regions.iter().enumerate() {
        if r.distances.len() != t.regions.len() {
            let (have, want) = (r.distances.len(), t.regions.len());
            return wrong(format!(
                "region {i} has {have} distances and there are {want} regions"
            ));
        }
        if r.distances.contains(&0) {
            return wrong(format!(
                "region {i} has a distance of 0; 10 is local and the least"
            ));
        }
        if r.has_cpus != t.cores.iter().any(|c| c.region == i) {
            return wrong(format!(
                "region {i} says has_cpus: {}, and its cores say otherwise",
                r.has_cpus
            ));
        }
        if t.regions[..i].iter().any(|other| other.os_id == r.os_id) {
            return wrong(format!("two regions have the number {}", r.os_id));
        }
    }
    let mut seen = CpuSet::new();
    for (i, core) in t.cores.iter().enumerate() {
        if core.cpus.is_empty() {
            return wrong(format!("core {i} has no CPU"));
        }
        if let Some(cpu) = core.cpus.iter().find(|&&cpu| !seen.insert(cpu)) {
            return wrong(format!("CPU {cpu} is in two cores, or twice in one"));
        }
        let Some(group) = t.cache_groups.get(core.cache_group) else {
            return wrong(format!(
                "core {i} is in cache group {}, which does not exist",
                core.cache_group
            ));
        };
        if (group.package, group.region) != (core.package, core.region) {
            return wrong(format!(
                "core {i} and its cache group differ in package or region"
            ));
        }
        if core.kind >= t.core_kinds.len() {
            return wrong(format!(
                "core {i} is of kind {}, which does not exist",
                core.kind
            ));
        }
        if core.package >= t.packages.len() || core.region >= t.regions.len() {
            return wrong(format!(
                "core {i} is in a package or region that does not exist"
            ));
        }
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); t.cache_groups.len()];
    for (i, core) in t.cores.iter().enumerate() {
        members[core.cache_group].push(i);
    }
    for (i, (group, members)) in t.cache_groups.iter().zip(&members).enumerate() {
        if group.cores.is_empty() || group.cores != *members {
            return wrong(format!(
                "cache group {i} lists cores {:?}, and the cores that name it are {members:?}",
                group.cores
            ));
        }
    }
    for (i, cache) in t.caches.iter().enumerate() {
        let ascending = cache.cores.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || cache.cores.last().is_none_or(|&c| c >= t.cores.len()) {
            return wrong(format!(
                "cache {i} lists cores {:?}, which are not cores in ascending order",
                cache.cores
            ));
        }
    }
    Ok(())
}

fn wrong(what: impl std::fmt::Display) -> Result<()> {
    Err(Error::new(
        ErrorKind::Topology,
        format!("the topology contradicts itself: {what}"),
    ))
}
