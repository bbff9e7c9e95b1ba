//! What is asked of Linux: address ranges, huge pages, a node, and to take pages back.

use std::io;
use std::ptr::{self, NonNull};

/// Maps `len` bytes of zeroed, private memory at a multiple of `align`. No page of it is there before it is touched.
///
/// `len` and `align` are multiples of the page size, `align` a power of two, and their sum fits in an `isize`.
pub(super) fn map(len: usize, align: usize) -> io::Result<NonNull<u8>> {
    // Recent kernels align large mappings themselves, so the plain call often suffices.
    let first = map_anywhere(len)?;
    if first.addr().get().is_multiple_of(align) {
        return Ok(first);
    }
    // SAFETY: `first` is a mapping of `len` bytes that was just made, and that nobody else knows.
    unsafe { unmap(first, len) };

    let wide = map_anywhere(len + align)?;
    let head = wide.addr().get().next_multiple_of(align) - wide.addr().get();
    // SAFETY: head < align, so this points into the wide mapping.
    let start = unsafe { wide.add(head) };
    // SAFETY: head + len <= len + align: the end of what is kept is inside the wide mapping or at its end.
    let end = unsafe { start.add(len) };
    if head > 0 {
        // SAFETY: the first `head` bytes of the wide mapping, whole pages that nobody knows.
        unsafe { unmap(wide, head) };
    }
    if head < align {
        // SAFETY: what the wide mapping has beyond `end`, whole pages that nobody knows.
        unsafe { unmap(end, align - head) };
    }
    Ok(start)
}

fn map_anywhere(len: usize) -> io::Result<NonNull<u8>> {
    let (prot, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no existing memory.
    let at = unsafe { libc::mmap(ptr::null_mut(), len, prot, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    #[cfg(all(test, not(sprat_loom)))]
    super::tests::count_mapped(len as isize);
    NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at address zero"))
}

/// Takes a range of `len` addresses without any memory behind them; see [`commit`].
pub(super) fn reserve(len: usize) -> io::Result<NonNull<u8>> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no existing memory.
    let at = unsafe { libc::mmap(ptr::null_mut(), len, libc::PROT_NONE, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    #[cfg(all(test, not(sprat_loom)))]
    super::tests::count_mapped(len as isize);
    NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at address zero"))
}

/// How many addresses a reservation asks for at first, of `most` that would be welcome.
pub(super) fn reserved(most: usize) -> usize {
    most
}

/// Puts zeroed memory behind a part of a range that [`reserve`] gave.
///
/// # Safety
/// The part consists of whole pages of the range.
pub(super) unsafe fn commit(at: NonNull<u8>, len: usize) -> io::Result<()> {
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: by this function's premise; more rights to pages take nothing from anybody.
    match unsafe { libc::mprotect(at.as_ptr().cast(), len, prot) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives a range back to the system.
///
/// # Safety
/// The range consists of whole pages that [`map`] or [`reserve`] gave, and nobody uses it any more.
pub(super) unsafe fn unmap(at: NonNull<u8>, len: usize) {
    // SAFETY: by this function's premise nobody is left who could notice.
    let failed = unsafe { libc::munmap(at.as_ptr().cast(), len) };
    #[cfg(all(test, not(sprat_loom)))]
    super::tests::count_mapped(-(len as isize));
    debug_assert_eq!(failed, 0, "munmap: {}", io::Error::last_os_error());
}

/// Asks for huge pages in a range; whether the kernel will try.
///
/// # Safety
/// The range consists of whole pages that [`map`] or [`reserve`] gave.
pub(super) unsafe fn advise_huge(at: NonNull<u8>, len: usize) -> bool {
    // SAFETY: this advice changes no contents, and the range is mapped by this function's premise.
    unsafe { libc::madvise(at.as_ptr().cast(), len, libc::MADV_HUGEPAGE) == 0 }
}

/// Whether the administrator allows huge pages for those who ask. `madvise` itself accepts the wish either way.
pub(super) fn huge_allowed() -> bool {
    std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|s| !s.contains("[never]"))
}

/// Takes the pages out of a range: it reads as zero afterwards, and costs no memory until it is touched again.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave, and nobody relies on its contents.
pub(super) unsafe fn discard(at: NonNull<u8>, len: usize) -> io::Result<()> {
    // SAFETY: nobody relies on the contents, by this function's premise; for private anonymous memory the next
    // touch finds zeros.
    match unsafe { libc::madvise(at.as_ptr().cast(), len, libc::MADV_DONTNEED) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Asks that the pages of a range come from a node of the system's, whoever touches them first; from others when it
/// is full. Whether the kernel agreed: containers often forbid the call.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave.
pub(super) unsafe fn prefer_node(at: NonNull<u8>, len: usize, node: u16) -> bool {
    const MPOL_PREFERRED: libc::c_int = 1;
    const MASK_BITS: usize = 1024;
    let mut mask = [0u64; MASK_BITS / 64];
    let Some(word) = mask.get_mut(usize::from(node) / 64) else {
        return false;
    };
    *word = 1 << (node % 64);
    // The kernel reads one bit less than it is told there are.
    let bits = MASK_BITS + 1;
    // SAFETY: the kernel reads MASK_BITS bits of the mask, which is alive, and changes no contents of the range.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            at.as_ptr(),
            len,
            MPOL_PREFERRED,
            mask.as_ptr(),
            bits,
            0,
        )
    };
    failed == 0
}

/// The size of a small page in bytes.
pub(super) fn page_bytes() -> usize {
    // SAFETY: reads a constant of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

/// The machine's memory in bytes; zero if the system does not say.
pub(super) fn ram_bytes() -> usize {
    // SAFETY: reads a number of the system's.
    let pages = unsafe { libc::sysconf(libc::_SC_PHYS_PAGES) };
    usize::try_from(pages)
        .unwrap_or(0)
        .saturating_mul(page_bytes())
}

/// The limit on this process's memory or addresses, the lower one, if there is one.
pub(super) fn limit_bytes() -> Option<usize> {
    let limit = |which| {
        let mut limit = libc::rlimit {
            rlim_cur: libc::RLIM_INFINITY,
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: the system writes one limit to a place that is ours.
        let failed = unsafe { libc::getrlimit(which, &raw mut limit) };
        let set = failed == 0 && limit.rlim_cur != libc::RLIM_INFINITY;
        set.then_some(usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
    };
    let limits = [limit(libc::RLIMIT_AS), limit(libc::RLIMIT_DATA)];
    limits.into_iter().flatten().min()
}

/// Whether [`protect`] does anything.
pub(super) const PROTECTS: bool = true;

/// Makes a range accessible, or not.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave, and nobody uses its contents while it is not accessible.
pub(super) unsafe fn protect(at: NonNull<u8>, len: usize, open: bool) -> io::Result<()> {
    let prot = match open {
        true => libc::PROT_READ | libc::PROT_WRITE,
        false => libc::PROT_NONE,
    };
    // SAFETY: by this function's premise.
    match unsafe { libc::mprotect(at.as_ptr().cast(), len, prot) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
