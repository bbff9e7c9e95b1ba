//! What is asked of Linux: address ranges, huge pages, a node, and to take pages back.

use super::pages::HUGE;
use super::zones;
use crate::sync::sleep;
use std::io;
use std::ptr::{self, NonNull};
use std::time::Duration;

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

/// Asks for small pages in a range, where huge ones would come unasked. If the kernel refuses, they do.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave.
pub(super) unsafe fn advise_small(at: NonNull<u8>, len: usize) {
    // SAFETY: this advice changes no contents, and the range is mapped by this function's premise.
    let _ = unsafe { libc::madvise(at.as_ptr().cast(), len, libc::MADV_NOHUGEPAGE) };
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
    // SAFETY: by this function's premise.
    unsafe { bind(at, len, libc::MPOL_PREFERRED, &[node]) }
}

/// Asks that the pages of a range come from these nodes by turns: weighted if the kernel can, which is then said, else in equal
/// shares. `None` if it refused both.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave.
pub(super) unsafe fn interleave(at: NonNull<u8>, len: usize, nodes: &[u16]) -> Option<bool> {
    /// From Linux 6.9 on; older kernels refuse it.
    const MPOL_WEIGHTED_INTERLEAVE: libc::c_int = 6;
    // SAFETY: by this function's premise.
    let weighted = unsafe { bind(at, len, MPOL_WEIGHTED_INTERLEAVE, nodes) };
    // SAFETY: as above.
    let agreed = weighted || unsafe { bind(at, len, libc::MPOL_INTERLEAVE, nodes) };
    agreed.then_some(weighted)
}

/// Asks the kernel to move the pages of a range to a node, under their addresses and with their contents; how many of its small
/// pages that are there are not on the node now.
///
/// Errors: the kernel does not let this process do so.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave.
pub(super) unsafe fn move_pages(
    at: NonNull<u8>,
    len: usize,
    huge: bool,
    node: u16,
) -> io::Result<usize> {
    /// So many pages are told of in one call.
    const MOST: usize = 16 << 10;
    let all = |step: usize| {
        (0..len)
            .step_by(step)
            .map(|offset| at.addr().get() + offset)
    };
    let mut left: Vec<usize> = match huge {
        // The first page of a huge one takes the others along, which would be busy until it has arrived.
        true => all(HUGE).collect(),
        false => all(page_bytes()).collect(),
    };
    let mut patience = PATIENCE;
    let passes: &[bool] = if huge { &[true, false] } else { &[false] };
    for whole in passes {
        for pages in left.chunks(MOST) {
            // SAFETY: by this function's premise.
            unsafe { pages_of(pages, Some(node)) }?;
        }
        if *whole {
            left = strays(all(page_bytes()).collect(), node, &mut patience, where_are)?;
        }
    }
    Ok(strays(left, node, &mut patience, where_are)?.len())
}

/// Whether an error of [`move_pages`] says that this process may never do so; else it is of these pages, or of this moment.
pub(super) fn is_forbidden(error: &io::Error) -> bool {
    [Some(libc::EPERM), Some(libc::ENOSYS)].contains(&error.raw_os_error())
}

/// How long a move waits for pages that are said to be busy, in all.
pub(super) const PATIENCE: Duration = Duration::from_millis(5);

/// What the kernel says of each page: its node, or an error less than 0.
fn where_are(pages: &[usize]) -> io::Result<Vec<i32>> {
    // SAFETY: nothing is moved.
    unsafe { pages_of(pages, None) }
}

/// Those of some pages that are there, and not on a node, as [`where_are`] says. Waits at most as long as there is `patience`, which is
/// less afterwards.
pub(super) fn strays(
    mut pages: Vec<usize>,
    node: u16,
    patience: &mut Duration,
    where_are: impl Fn(&[usize]) -> io::Result<Vec<i32>>,
) -> io::Result<Vec<usize>> {
    const MOST: usize = 16 << 10;
    let mut pause = Duration::from_micros(100);
    loop {
        let mut busy = 0;
        let mut others = Vec::new();
        for some in pages.chunks(MOST) {
            for (page, said) in some.iter().zip(where_are(some)?) {
                busy += usize::from(said == -libc::EBUSY);
                if said != i32::from(node) && ![-libc::ENOENT, -libc::EFAULT].contains(&said) {
                    others.push(*page);
                }
            }
        }
        // A page of a huge one that was just moved may be said to be busy although it has arrived.
        pages = others;
        if busy == 0 || patience.is_zero() {
            return Ok(pages);
        }
        pause = pause.min(*patience);
        sleep(pause);
        *patience -= pause;
        pause *= 2;
    }
}

/// What the kernel says of each page: its node, or an error less than 0. If a node is named they are to go there before.
///
/// # Safety
/// If a node is named the pages are ours.
unsafe fn pages_of(pages: &[usize], node: Option<u16>) -> io::Result<Vec<i32>> {
    const MPOL_MF_MOVE: libc::c_int = 2;
    let nodes = node.map(|node| vec![libc::c_int::from(node); pages.len()]);
    let to = nodes.as_ref().map_or(ptr::null(), Vec::as_ptr);
    let mut said = vec![-libc::ENOENT; pages.len()];
    // SAFETY: the kernel reads as many addresses, and as many nodes if any, and writes as many answers. Contents stay.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_move_pages,
            0,
            pages.len(),
            pages.as_ptr(),
            to,
            said.as_mut_ptr(),
            MPOL_MF_MOVE,
        )
    };
    // More than 0: so many were not moved, which the answers say, too.
    match failed {
        0.. => Ok(said),
        _ => match io::Error::last_os_error() {
            // There was nothing to move, or no room.
            error if [Some(libc::ENOENT), Some(libc::ENOMEM)].contains(&error.raw_os_error()) => {
                Ok(said)
            }
            error => Err(error),
        },
    }
}

/// The most nodes that a kernel can have.
const MOST_NODES: usize = 1024;
/// A bit for each node.
type NodeMask = [u64; MOST_NODES / 64];
/// How many bits the kernel is told there are: it reads one less.
const MASK_BITS: usize = MOST_NODES + 1;

/// Gives a range a memory policy. False if the kernel refuses.
///
/// # Safety
/// The range consists of whole pages that [`map`] gave.
unsafe fn bind(at: NonNull<u8>, len: usize, policy: libc::c_int, nodes: &[u16]) -> bool {
    let mut mask: NodeMask = [0; MOST_NODES / 64];
    for node in nodes {
        let Some(word) = mask.get_mut(usize::from(*node) / 64) else {
            return false;
        };
        *word |= 1 << (node % 64);
    }
    // SAFETY: the kernel reads the mask, which is alive and as long as it is told, and changes no contents of the range.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            at.as_ptr(),
            len,
            policy,
            mask.as_ptr(),
            MASK_BITS,
            0,
        )
    };
    failed == 0
}

/// The nodes whose memory this process may use. Errors if the kernel has no nodes, or a container forbids to ask.
pub(super) fn allowed_nodes() -> io::Result<Vec<u16>> {
    const MPOL_F_MEMS_ALLOWED: libc::c_ulong = 4;
    let mut mask: NodeMask = [0; MOST_NODES / 64];
    // SAFETY: the kernel writes the mask, which is alive and as long as it is told, and nothing else.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_get_mempolicy,
            ptr::null_mut::<libc::c_int>(),
            mask.as_mut_ptr(),
            MASK_BITS - 1,
            ptr::null::<libc::c_void>(),
            MPOL_F_MEMS_ALLOWED,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    let is_set = |node: &u16| mask[usize::from(*node) / 64] & 1 << (node % 64) != 0;
    Ok((0..MOST_NODES as u16).filter(is_set).collect())
}

/// How many bytes of a node's memory the kernel would hand out before it turned to other nodes; `None` if it does not say.
pub(super) fn free_bytes(node: u16) -> Option<usize> {
    let path = format!("/sys/devices/system/node/node{node}/meminfo");
    let text = std::fs::read_to_string(path).ok()?;
    let (free, total) = (
        zones::bytes(&text, "MemFree")?,
        zones::bytes(&text, "MemTotal")?,
    );
    if free > total / 4 {
        // What the kernel keeps is less than this.
        return Some(free - total / 8);
    }
    // Exact, but long where there are many processors.
    let text = std::fs::read_to_string("/proc/zoneinfo").ok()?;
    Some(zones::above_watermark(&text, node)?.saturating_mul(page_bytes()))
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
