//! What the machine is, where the engines are, and what they did.

use crate::fault::{Fault, ended};
use crate::runtime::{runtime, sprat_runtime};
use crate::sized::{Sized0, give};
use crate::types::*;
use sprat::{CeMode, Runtime};

/// The machine as a runtime has it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_machine {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// Processor packages with usable cores.
    pub packages: usize,
    /// Memory regions, with those without cores.
    pub regions: usize,
    /// Groups of cores that share a last-level cache.
    pub cache_groups: usize,
    /// Usable cores.
    pub cores: usize,
    /// Their hardware threads.
    pub threads: usize,
    /// Execution engines of the runtime.
    pub xes: usize,
    /// Domains, with a control engine each.
    pub domains: usize,
    /// The mode of the control engines.
    pub ce_mode: sprat_ce_mode,
    /// 1 if there are more engines than hardware threads, else 0.
    pub oversubscribed: i32,
}

/// Where an execution engine is, and what it did so far.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_xe {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The operating system's number of its hardware thread.
    pub cpu: u32,
    /// 0.
    pub reserved: u32,
    /// Its core, of those of the machine.
    pub core: usize,
    /// Its memory region.
    pub region: usize,
    /// Its domain.
    pub domain: usize,
    /// Codelets whose bodies ran here.
    pub ran: u64,
    /// Codelets skipped because others failed.
    pub skipped: u64,
    /// Codelets not started because their scope was cancelled.
    pub cancelled: u64,
    /// Times that a body ran again.
    pub repeated: u64,
    /// Codelets taken from other engines.
    pub stolen: u64,
    /// Codelets posted to other engines.
    pub posted: u64,
    /// Times it parked.
    pub parked: u64,
    /// Times a control engine's routine ran here.
    pub stood_in: u64,
}

/// A memory region, and the runtime's memory there.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct sprat_region {
    /// Bytes of the struct, as the caller knows it.
    pub size: usize,
    /// The operating system's number of the NUMA node.
    pub os_id: u32,
    /// 1 if a usable core is there, else 0.
    pub has_cpus: i32,
    /// Its capacity; 0 if unknown.
    pub bytes: u64,
    /// Address space that the runtime has there.
    pub mapped_bytes: usize,
    /// The most that this ever was.
    pub peak_mapped_bytes: usize,
    /// In use.
    pub in_use_bytes: usize,
    /// Waiting for the next use.
    pub recycled_bytes: usize,
}

/// Says of structs of plain numbers how large they were at first.
macro_rules! sized {
    ($($name:ident $least:literal)*) => {$(
        // SAFETY: plain numbers, the first of which is the size.
        unsafe impl Sized0 for $name {
            const NAME: &'static str = stringify!($name);
            const LEAST: usize = $least;
        }
    )*};
}
pub(crate) use sized;
sized! { sprat_machine 72 sprat_xe 96 sprat_region 56 }

/// Tells of the machine.
///
/// # Safety
/// `machine` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_machine_get(
    runtime: *mut sprat_runtime,
    machine: *mut sprat_machine,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let (topology, plan) = (runtime.topology(), runtime.plan());
        let told = sprat_machine {
            size: 0,
            packages: topology.packages.len(),
            regions: topology.regions.len(),
            cache_groups: topology.cache_groups.len(),
            cores: topology.cores.len(),
            threads: topology.threads(),
            xes: plan.xes.len(),
            domains: plan.domains.len(),
            ce_mode: match plan.mode {
                CeMode::Shared => SPRAT_CE_SHARED,
                CeMode::Elastic => SPRAT_CE_ELASTIC,
                CeMode::Dedicated => SPRAT_CE_DEDICATED,
            },
            oversubscribed: i32::from(plan.oversubscribed),
        };
        // SAFETY: the caller's promise.
        unsafe { give(machine, told) }
    };
    ended(tell())
}

pub(crate) fn number(which: usize, count: usize, what: &str) -> Result<usize, Fault> {
    match which < count {
        true => Ok(which),
        false => Err(Fault::argument(format!(
            "there is no {what} {which}; there are {count}, numbered from 0"
        ))),
    }
}

/// Tells of an execution engine.
///
/// # Safety
/// `xe` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_xe_get(
    runtime: *mut sprat_runtime,
    which: usize,
    xe: *mut sprat_xe,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let plan = runtime.plan();
        let which = number(which, plan.xes.len(), "execution engine")?;
        let (place, counts) = (&plan.xes[which], runtime.xe_counts()[which]);
        let told = sprat_xe {
            size: 0,
            cpu: place.cpu,
            reserved: 0,
            core: place.core,
            region: place.region,
            domain: place.domain,
            ran: counts.ran,
            skipped: counts.skipped,
            cancelled: counts.cancelled,
            repeated: counts.repeated,
            stolen: counts.stolen,
            posted: counts.posted,
            parked: counts.parked,
            stood_in: counts.stood_in,
        };
        // SAFETY: the caller's promise.
        unsafe { give(xe, told) }
    };
    ended(tell())
}

fn region(runtime: &Runtime, which: usize) -> Result<usize, Fault> {
    number(which, runtime.topology().regions.len(), "memory region")
}

/// Tells of a memory region.
///
/// # Safety
/// `region` is null or points to a struct as long as its first field says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_region_get(
    runtime: *mut sprat_runtime,
    which: usize,
    region: *mut sprat_region,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let which = self::region(&runtime, which)?;
        let place = &runtime.topology().regions[which];
        let memory = runtime.memory().get(which).cloned().unwrap_or_default();
        let told = sprat_region {
            size: 0,
            os_id: place.os_id,
            has_cpus: i32::from(place.has_cpus),
            bytes: place.bytes,
            mapped_bytes: memory.mapped_bytes,
            peak_mapped_bytes: memory.peak_mapped_bytes,
            in_use_bytes: memory.in_use_bytes,
            recycled_bytes: memory.recycled_bytes,
        };
        // SAFETY: the caller's promise.
        unsafe { give(region, told) }
    };
    ended(tell())
}

/// Tells how far a region is for the cores of another one: 10 is local.
///
/// # Safety
/// `distance` is null or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sprat_distance(
    runtime: *mut sprat_runtime,
    from: usize,
    to: usize,
    distance: *mut u32,
) -> sprat_status {
    let tell = || {
        let runtime = self::runtime(runtime)?;
        let (from, to) = (region(&runtime, from)?, region(&runtime, to)?);
        if distance.is_null() {
            return Err(Fault::null("the place for the distance"));
        }
        // SAFETY: the caller's promise, and it is not null.
        unsafe { distance.write(runtime.topology().distance(from, to)) };
        Ok(())
    };
    ended(tell())
}
