//! Where recorded codelets' captures lie: one after the other, at places that stay.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;

/// See the module. Whoever puts something in here drops it: this only gives the memory back.
#[derive(Default)]
pub(crate) struct Captures {
    chunks: Vec<(NonNull<u8>, Layout)>,
    /// What is free in the last chunk.
    free: Option<NonNull<u8>>,
    left: usize,
}

/// The first chunk, and the last size that the next one doubles.
const FIRST: usize = 1 << 10;
const LARGEST: usize = 1 << 18;
/// A cache line, so that captures lie as they would alone.
const ALIGN: usize = 64;

impl Captures {
    /// Puts something away, at a place that stays until the captures go.
    pub(crate) fn put<T>(&mut self, thing: T) -> NonNull<T> {
        let place = self.room(Layout::new::<T>()).cast::<T>();
        // SAFETY: room for a `T`, aligned for it, that nobody else has.
        unsafe { place.write(thing) };
        place
    }

    fn room(&mut self, layout: Layout) -> NonNull<u8> {
        if layout.size() == 0 {
            return NonNull::without_provenance(layout.align().try_into().expect("not zero"));
        }
        if layout.align() > ALIGN || layout.size() > LARGEST / 4 {
            return self.chunk(layout);
        }
        loop {
            if let Some(free) = self.free {
                let skip = free.align_offset(layout.align());
                if let Some(left) = self.left.checked_sub(skip.saturating_add(layout.size())) {
                    // SAFETY: inside the chunk, as what is left shows.
                    let place = unsafe { free.add(skip) };
                    // SAFETY: as above; at most one past its end.
                    self.free = Some(unsafe { place.add(layout.size()) });
                    self.left = left;
                    return place;
                }
            }
            let last = self.chunks.last().map_or(0, |(_, layout)| layout.size());
            let size = (2 * last).clamp(FIRST, LARGEST).max(2 * layout.size());
            let layout = Layout::from_size_align(size, ALIGN).expect("a small chunk");
            self.free = Some(self.chunk(layout));
            self.left = size;
        }
    }

    /// Zeros, in cache lines of their own; `None` if there is no memory for so many.
    pub(crate) fn zeroed(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        let bytes = bytes.max(1).checked_next_multiple_of(ALIGN)?;
        let layout = Layout::from_size_align(bytes, ALIGN).ok()?;
        // SAFETY: the layout has a size.
        let chunk = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        self.chunks.push((chunk, layout));
        Some(chunk)
    }

    fn chunk(&mut self, layout: Layout) -> NonNull<u8> {
        // SAFETY: the layout has a size.
        let memory = unsafe { alloc(layout) };
        let Some(chunk) = NonNull::new(memory) else {
            handle_alloc_error(layout)
        };
        self.chunks.push((chunk, layout));
        chunk
    }
}

impl Drop for Captures {
    fn drop(&mut self) {
        for (chunk, layout) in self.chunks.drain(..) {
            // SAFETY: made by `alloc` or `alloc_zeroed` with this layout, and what lay there is gone: see `Captures`.
            unsafe { dealloc(chunk.as_ptr(), layout) };
        }
    }
}

// SAFETY: memory that is its own; what lies there is the business of who put it there.
unsafe impl Send for Captures {}
// SAFETY: as above; shared, it does nothing.
unsafe impl Sync for Captures {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_away_stays_where_it_is() {
        #[repr(align(256))]
        struct Wide(u8);
        let mut captures = Captures::default();
        let small: Vec<NonNull<u64>> = (0..1000).map(|n| captures.put(n)).collect();
        let large = captures.put([7u8; 300_000]);
        let wide = captures.put(Wide(9));
        let zeros = captures.zeroed(1_000).unwrap();
        assert!(captures.zeroed(usize::MAX).is_none());
        let more: Vec<NonNull<u8>> = (0..100).map(|n| captures.put(n)).collect();
        // SAFETY: all of these lie in `captures`, which is still there, and nobody writes to them.
        assert_eq!(unsafe { large.as_ref() }[299_999], 7);
        // SAFETY: as above.
        assert_eq!(unsafe { wide.as_ref() }.0, 9);
        assert_eq!(wide.addr().get() % 256, 0);
        assert_eq!(zeros.addr().get() % ALIGN, 0);
        // SAFETY: as above.
        let zeros = unsafe { std::slice::from_raw_parts(zeros.as_ptr(), 1_000) };
        assert!(zeros.iter().all(|byte| *byte == 0));
        for (n, place) in small.iter().enumerate() {
            // SAFETY: as above.
            assert_eq!(unsafe { *place.as_ref() }, n as u64);
        }
        for (n, place) in more.iter().enumerate() {
            // SAFETY: as above.
            assert_eq!(unsafe { *place.as_ref() }, n as u8);
        }
    }
}
