//! Fetching a cache line before it is needed. A hint: it reads nothing, writes nothing, and never faults.

/// Brings the cache line at an address here, to be written soon. Any address will do.
#[inline(always)]
pub(crate) fn prefetch_to_write(at: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint that touches neither memory nor registers, and ignores addresses that are not mapped. Processors
    // that do not know it take it as no operation.
    unsafe {
        std::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: a hint that touches neither memory nor registers, and ignores addresses that are not mapped.
    unsafe {
        std::arch::asm!("prfm pstl1keep, [{}]", in(reg) at, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
    let _ = at;
}
