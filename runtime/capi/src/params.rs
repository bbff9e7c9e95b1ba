//! Copies of parameters, which lie where their codelet does, or beside it if they are large.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// Where a copy of parameters lies.
pub(crate) trait Params: Send + Sync + 'static {
    fn address(&self) -> *const c_void;
}

/// No parameters: a body gets an address all the same, aligned as others are, so that it is never null.
pub(crate) struct Nothing;

/// Parameters inside the codelet's record: so many units of 16 bytes.
#[repr(align(16))]
pub(crate) struct Inline<const UNITS: usize>([MaybeUninit<[u64; 2]>; UNITS]);

/// Parameters that are large, or aligned to more.
pub(crate) struct Boxed {
    start: NonNull<u8>,
    layout: Layout,
}

impl Params for Nothing {
    #[inline]
    fn address(&self) -> *const c_void {
        NonNull::<Inline<1>>::dangling().as_ptr().cast()
    }
}

impl<const UNITS: usize> Inline<UNITS> {
    /// # Safety
    /// So many bytes can be read there, at most 16 for each unit.
    #[inline(always)]
    pub(crate) unsafe fn copy(from: *const u8, bytes: usize) -> Self {
        debug_assert!(bytes <= 16 * UNITS);
        // Of lengths known here, copies are moves between registers.
        match bytes {
            // SAFETY: the caller's promise.
            8 => unsafe { Self::copy_of(from, 8) },
            // SAFETY: the caller's promise.
            16 => unsafe { Self::copy_of(from, 16) },
            // SAFETY: the caller's promise.
            24 => unsafe { Self::copy_of(from, 24) },
            // SAFETY: the caller's promise.
            _ => unsafe { Self::copy_odd(from, bytes) },
        }
    }

    /// # Safety
    /// As for `copy`.
    #[inline(always)]
    unsafe fn copy_of(from: *const u8, bytes: usize) -> Self {
        let mut copy = Inline([MaybeUninit::uninit(); UNITS]);
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(from, copy.0.as_mut_ptr().cast(), bytes) };
        copy
    }

    /// # Safety
    /// As for `copy`.
    #[inline(never)]
    unsafe fn copy_odd(from: *const u8, bytes: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::copy_of(from, bytes) }
    }
}

impl<const UNITS: usize> Params for Inline<UNITS> {
    #[inline]
    fn address(&self) -> *const c_void {
        self.0.as_ptr().cast()
    }
}

impl Boxed {
    /// # Safety
    /// So many bytes, at least one, can be read there.
    pub(crate) unsafe fn copy(from: *const u8, bytes: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(bytes, align).expect("checked by the definition");
        // SAFETY: it has a size.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        // SAFETY: the caller's promise; there is room for so many.
        unsafe { std::ptr::copy_nonoverlapping(from, start.as_ptr(), bytes) };
        Boxed { start, layout }
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and dropped once.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}

impl Params for Boxed {
    fn address(&self) -> *const c_void {
        self.start.as_ptr().cast()
    }
}

// SAFETY: memory of its own, which is only read; that what lies there may be read on any thread the interface asks of its user.
unsafe impl Send for Boxed {}
// SAFETY: as above.
unsafe impl Sync for Boxed {}
