//! What the kernel lets this process run on: the only file of the topology that calls into C.

use std::io;

use libc::c_ulong;

use super::CpuSet;
use crate::error::{Error, ErrorKind, Result};

const BITS: usize = c_ulong::BITS as usize;
/// What most kernels accept: 1024 CPUs.
const FIRST_WORDS: usize = 1024 / BITS;
/// Where growing ends: 4 million CPUs, far above any kernel's limit (8192 on x86-64).
const MOST_WORDS: usize = (1 << 22) / BITS;

/// The CPUs that the calling thread may run on.
///
/// New threads inherit this mask, so at start it is the process's. The kernel has already taken out CPUs that
/// are offline or outside of the process's cgroup. Errors ([`ErrorKind::System`]) if the kernel refuses.
pub fn affinity() -> Result<CpuSet> {
    ask_with_growing_mask(|mask| {
        // SAFETY: `mask` is a live, writable buffer of exactly the bytes given, aligned for `c_ulong` as
        // `cpu_set_t` is; the call writes at most that many bytes and keeps no pointer. Process 0 is the
        // calling thread.
        let rc = unsafe {
            libc::sched_getaffinity(
                0,
                size_of_val(mask),
                mask.as_mut_ptr().cast::<libc::cpu_set_t>(),
            )
        };
        if rc == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    })
}

/// Asks with larger and larger masks: a kernel built for more CPUs than the mask holds says EINVAL, even if the
/// machine has few.
pub(super) fn ask_with_growing_mask(
    mut ask: impl FnMut(&mut [c_ulong]) -> io::Result<()>,
) -> Result<CpuSet> {
    let mut mask = vec![0; FIRST_WORDS];
    loop {
        match ask(&mut mask) {
            Ok(()) => return Ok(set_of_mask(&mask)),
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) && mask.len() < MOST_WORDS => {
                mask = vec![0; mask.len() * 2];
            }
            Err(e) => {
                return Err(Error::system(
                    "the kernel does not tell which CPUs this thread may run on (sched_getaffinity)",
                    e,
                ));
            }
        }
    }
}

fn set_of_mask(mask: &[c_ulong]) -> CpuSet {
    let bits = |(i, &word): (usize, &c_ulong)| {
        let rest = |word: &c_ulong| Some(word & (word - 1)).filter(|&rest| rest != 0);
        let here = std::iter::successors(Some(word).filter(|&word| word != 0), rest);
        here.map(move |rest| (i * BITS) as u32 + rest.trailing_zeros())
    };
    mask.iter().enumerate().flat_map(bits).collect()
}

/// A mask with room for the set, and never less than what C's `cpu_set_t` has.
pub(super) fn mask_of_set(cpus: &CpuSet) -> Vec<c_ulong> {
    let words = cpus.last().map_or(0, |last| last as usize / BITS + 1);
    let mut mask = vec![0; words.max(FIRST_WORDS)];
    for cpu in cpus.iter() {
        mask[cpu as usize / BITS] |= 1 << (cpu as usize % BITS);
    }
    mask
}

/// Binds the calling thread to these CPUs.
///
/// CPUs that are offline or outside of the process's cgroup are ignored as long as one of the set is left.
/// Errors: [`ErrorKind::Config`] for the empty set, [`ErrorKind::System`] if none of the CPUs can be used.
pub fn set_affinity(cpus: &CpuSet) -> Result<()> {
    if cpus.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            "a thread cannot be bound to no CPU at all; give it at least one",
        ));
    }
    let mask = mask_of_set(cpus);
    // SAFETY: `mask` is a live buffer of exactly the bytes given, aligned for `c_ulong` as `cpu_set_t` is; the
    // call only reads it and keeps no pointer. Process 0 is the calling thread.
    let rc = unsafe {
        libc::sched_setaffinity(
            0,
            size_of_val(&mask[..]),
            mask.as_ptr().cast::<libc::cpu_set_t>(),
        )
    };
    if rc == 0 {
        return Ok(());
    }
    Err(Error::system(
        format!(
            "the kernel does not bind this thread to CPUs {cpus} (sched_setaffinity); \
             at least one must be online and allowed to the process"
        ),
        io::Error::last_os_error(),
    ))
}

/// The CPU that the calling thread runs on now, unless the kernel cannot tell. A thread that is not bound may
/// have left it when this returns.
pub fn current_cpu() -> Option<u32> {
    // SAFETY: the call takes no arguments and touches no memory of ours.
    let cpu = unsafe { libc::sched_getcpu() };
    u32::try_from(cpu).ok()
}
