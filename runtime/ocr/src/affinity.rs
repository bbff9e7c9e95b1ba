//! Affinities: one for each memory region that has engines, in the order of their numbers.

use crate::code::{Answer, EINVAL, EPERM};
use crate::guid::{AFFINITY, Guid};
use crate::program;
use sprat::topology;

/// The regions with engines.
fn regions() -> Answer<Vec<u16>> {
    let program = program::program().ok_or(EPERM)?;
    let mut regions: Vec<u16> = program
        .runtime
        .plan()
        .xes
        .iter()
        .map(|xe| xe.region as u16)
        .collect();
    regions.sort_unstable();
    regions.dedup();
    Ok(regions)
}

/// The region of an affinity's number; `None` if there is no choice.
pub(crate) fn region(number: u64) -> Option<u16> {
    let regions = regions().ok()?;
    (regions.len() > 1)
        .then(|| regions.get(number as usize).copied())
        .flatten()
}

/// The affinity of the engine that we are on.
pub(crate) fn current() -> Answer<Guid> {
    let program = program::program().ok_or(EPERM)?;
    let cpu = topology::current_cpu();
    let xes = &program.runtime.plan().xes;
    let here = xes.iter().find(|xe| Some(xe.cpu) == cpu).or(xes.first());
    let region = here.map_or(0, |xe| xe.region as u16);
    let at = regions()?
        .iter()
        .position(|&other| other == region)
        .unwrap_or(0);
    Ok(Guid::other(AFFINITY, at as u64))
}

/// OCR's kinds of what is asked for.
const CURRENT: u32 = 0;
const PD: u32 = 1;
const PD_MASTER: u32 = 2;

pub(crate) fn count(kind: u32) -> Answer<u64> {
    match kind {
        PD => Ok(regions()?.len() as u64),
        CURRENT | PD_MASTER => regions().map(|_| 1),
        _ => Err(EINVAL),
    }
}

pub(crate) fn at(kind: u32, index: u64) -> Answer<Guid> {
    match kind {
        _ if index >= count(kind)? => Err(EINVAL),
        CURRENT => current(),
        _ => Ok(Guid::other(AFFINITY, index)),
    }
}
