//! The same as `linux.rs` asks of Linux, asked of the allocator: for other systems, and for Miri, which has no mmap
//! that could be trimmed. Memory is zeroed, but not untouched.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ptr::NonNull;

/// All ranges are aligned so, since [`unmap`] has to name the alignment and is not told it.
const ALIGN: usize = 2 << 20;

fn layout(len: usize) -> io::Result<Layout> {
    Layout::from_size_align(len, ALIGN).map_err(io::Error::other)
}

/// Takes `len` > 0 zeroed bytes at a multiple of `align`, which is at most 2 MiB.
pub(super) fn map(len: usize, align: usize) -> io::Result<NonNull<u8>> {
    debug_assert!(align <= ALIGN && len > 0);
    let layout = layout(len)?;
    // SAFETY: the layout's size is not zero.
    let at = unsafe { alloc_zeroed(layout) };
    #[cfg(all(test, not(sprat_loom)))]
    super::tests::count_mapped(layout.size() as isize);
    NonNull::new(at).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Takes a range of `len` bytes; here with memory behind them.
pub(super) fn reserve(len: usize) -> io::Result<NonNull<u8>> {
    map(len, ALIGN)
}

/// How many addresses a reservation asks for at first, of `most` that would be welcome: here they cost memory.
pub(super) fn reserved(most: usize) -> usize {
    most.min(64 << 20)
}

/// There is memory behind all of a reservation.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn commit(_: NonNull<u8>, _: usize) -> io::Result<()> {
    Ok(())
}

/// Gives a range back to the system.
///
/// # Safety
/// The range is exactly what [`map`] gave, and nobody uses it any more.
pub(super) unsafe fn unmap(at: NonNull<u8>, len: usize) {
    if let Ok(layout) = layout(len) {
        // SAFETY: `map` took the range with this very layout.
        unsafe { dealloc(at.as_ptr(), layout) };
        #[cfg(all(test, not(sprat_loom)))]
        super::tests::count_mapped(-(len as isize));
    }
}

/// Huge pages are not asked for here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn advise_huge(_: NonNull<u8>, _: usize) -> bool {
    false
}

/// Huge pages are not asked for here.
pub(super) fn huge_allowed() -> bool {
    false
}

/// Makes a range read as zero.
///
/// # Safety
/// The range was given by [`map`], and nobody relies on its contents.
pub(super) unsafe fn discard(at: NonNull<u8>, len: usize) -> io::Result<()> {
    // SAFETY: writable by this function's premise.
    unsafe { at.write_bytes(0, len) };
    Ok(())
}

/// Huge pages do not come unasked here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn advise_small(_: NonNull<u8>, _: usize) {}

/// Nodes are not known here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn prefer_node(_: NonNull<u8>, _: usize, _: u16) -> bool {
    false
}

/// Nodes are not known here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn move_pages(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nothing moves here.
pub(super) fn is_forbidden(_: &io::Error) -> bool {
    true
}

/// Nodes are not known here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn interleave(_: NonNull<u8>, _: usize, _: &[u16]) -> Option<bool> {
    None
}

/// Nodes are not known here.
pub(super) fn allowed_nodes() -> io::Result<Vec<u16>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nodes are not known here.
pub(super) fn free_bytes(_: u16) -> Option<usize> {
    None
}

/// What is taken for the size of a page, in bytes.
pub(super) fn page_bytes() -> usize {
    4096
}

/// The machine's memory is not known here.
pub(super) fn ram_bytes() -> usize {
    0
}

/// Limits are not known here.
pub(super) fn limit_bytes() -> Option<usize> {
    None
}

/// Whether [`protect`] does anything.
pub(super) const PROTECTS: bool = false;

/// Everything stays accessible here.
///
/// # Safety
/// None; unsafe as its namesake on Linux is.
pub(super) unsafe fn protect(_: NonNull<u8>, _: usize, _: bool) -> io::Result<()> {
    Ok(())
}
