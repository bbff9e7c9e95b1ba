//! The parts of the machine: cores, and the caches that they share.

use crate::fault::ended;
use crate::machine::{number, sized};
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
use crate::types::*;

/// A core of the machine.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_core {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The operating system's number of its first usable hardware thread.
    pub cpu: u32,
    /// How much work it does in the same time, where 1024 is the strongest of the machine; 0 if unknown.
    pub capacity: u32,
    /// Its usable hardware threads.
    pub threads: usize,
    /// Its package.
    pub package: usize,
    /// Its memory region.
    pub region: usize,
    /// Its group of cores that share a last-level cache.
    pub cache_group: usize,
    /// Its die, counted over the whole machine.
    pub die: usize,
    /// Its cluster of neighbouring cores, counted over the whole machine.
    pub cluster: usize,
}

/// Cores that share a last-level cache.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_cache_group {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The cache's size; 0 if unknown.
    pub bytes: u64,
    /// The cache's level; 0 if none is known.
    pub level: u32,
    /// 0.
    pub reserved: u32,
    /// How many cores it has.
    pub cores: usize,
    /// The first of them: they follow each other.
    pub first_core: usize,
    /// Their memory region.
    pub region: usize,
    /// Their package.
    pub package: usize,
}

sized! { sprat_core 64 sprat_cache_group 56 }

/// Tells of a core.
///
/// # Safety
/// `core` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_core_get(
    runtime: *mut sprat_runtime,
    which: usize,
    core: *mut sprat_core,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let topology = runtime.topology();
        let place = &topology.cores[number(which, topology.cores.len(), "core")?];
        let told = sprat_core {
            size: 0,
            cpu: place.cpus[0],
            capacity: topology.core_kinds[place.kind].capacity,
            threads: place.cpus.len(),
            package: place.package,
            region: place.region,
            cache_group: place.cache_group,
            die: place.die,
            cluster: place.cluster,
        };
        // SAFETY: the caller's promise.
        unsafe { give(core, told) }
    };
    ended(tell())
}

/// Tells of a group of cores that share a last-level cache.
///
/// # Safety
/// `group` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_cache_group_get(
    runtime: *mut sprat_runtime,
    which: usize,
    group: *mut sprat_cache_group,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let groups = &runtime.topology().cache_groups;
        let place = &groups[number(which, groups.len(), "group of cores")?];
        let told = sprat_cache_group {
            size: 0,
            bytes: place.bytes,
            level: place.level,
            reserved: 0,
            cores: place.cores.len(),
            first_core: place.cores[0],
            region: place.region,
            package: place.package,
        };
        // SAFETY: the caller's promise.
        unsafe { give(group, told) }
    };
    ended(tell())
}
