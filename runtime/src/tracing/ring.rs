//! A ring of records: one engine writes, and whoever drains reads. Protocol and proof: `docs/design/trace.md`; model:
//! `models/trace.rs`.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `slots[n]`, `head <= n < tail + capacity` | the producer | nobody else |
//! | `slots[n]`, `tail <= n < head` | nobody | the consumer |
//! | `head` | the producer | the consumer |
//! | `tail` | the consumer | the producer |
//! | `dropped` | the producer | anybody |

use crate::mutants::mutant;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU64, Ordering};
use crossbeam_utils::CachePadded;
use std::mem::MaybeUninit;
use std::sync::Arc;

struct Ring<T> {
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
    /// How many were written.
    head: CachePadded<AtomicU64>,
    /// How many were read.
    tail: CachePadded<AtomicU64>,
    dropped: AtomicU64,
}

// SAFETY: a slot is touched by the producer or by the consumer, as the table above says; `head` and `tail` hand it over, with
// Release and Acquire.
unsafe impl<T: Send> Sync for Ring<T> {}

/// The end of the engine that writes.
pub(crate) struct Producer<T> {
    ring: Arc<Ring<T>>,
    head: u64,
    /// No more than what the consumer has read.
    tail: u64,
    /// When this many are written, the consumer is called.
    call_at: u64,
}

/// The end of whoever reads.
pub(crate) struct Consumer<T> {
    ring: Arc<Ring<T>>,
    tail: u64,
}

/// A ring for so many records, a power of two.
pub(crate) fn ring<T: Copy>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    assert!(capacity.is_power_of_two());
    let slot = |_| UnsafeCell::new(MaybeUninit::uninit());
    let ring = Arc::new(Ring {
        slots: (0..capacity).map(slot).collect(),
        head: CachePadded::new(AtomicU64::new(0)),
        tail: CachePadded::new(AtomicU64::new(0)),
        dropped: AtomicU64::new(0),
    });
    let producer = Producer {
        ring: ring.clone(),
        head: 0,
        tail: 0,
        call_at: capacity as u64 / 2,
    };
    (producer, Consumer { ring, tail: 0 })
}

impl<T: Copy> Producer<T> {
    /// P1 to P3: writes these records, all or, if there is no room, none. Whether it is time to call the consumer.
    #[inline(always)]
    pub(crate) fn push(&mut self, records: &[T]) -> bool {
        let capacity = self.ring.slots.len() as u64;
        let after = self.head + records.len() as u64;
        if after - self.tail > capacity && !self.has_room(records.len() as u64) {
            return true;
        }
        // P2.
        for (record, at) in records.iter().zip(self.head..) {
            self.ring.slots[(at & (capacity - 1)) as usize].with_mut(|slot| {
                // SAFETY: behind `head` and less than the capacity before `tail`: ours, by the table above.
                unsafe { slot.cast::<T>().write(*record) };
            });
        }
        self.head = after;
        // P3. Release pairs with the Acquire in `drain`: who sees the head sees the records.
        let order = if mutant!("trace_publish_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.ring.head.store(after, order);
        if after < self.call_at {
            return false;
        }
        self.call_at = after + capacity / 2;
        true
    }

    /// How many were written.
    #[inline]
    pub(crate) fn written(&self) -> u64 {
        self.head
    }

    /// P1: looks again whether there is room for so many; counts them if not.
    #[cold]
    #[inline(never)]
    fn has_room(&mut self, more: u64) -> bool {
        // Acquire pairs with the Release in `drain`: the consumer has done with the slots before.
        let order = if mutant!("trace_room_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        self.tail = self.ring.tail.load(order);
        let has = self.head + more - self.tail <= self.ring.slots.len() as u64;
        if !has {
            let dropped = self.ring.dropped.load(Ordering::Relaxed);
            self.ring.dropped.store(dropped + more, Ordering::Relaxed);
        }
        has
    }
}

impl<T: Copy> Consumer<T> {
    /// Whether nothing was written since the last time.
    pub(crate) fn is_empty(&self) -> bool {
        self.ring.head.load(Ordering::Relaxed) == self.tail
    }

    /// How many there were not room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.ring.dropped.load(Ordering::Relaxed)
    }

    /// D1 to D3: gives each record that was written since the last time, in order.
    pub(crate) fn drain(&mut self, mut take: impl FnMut(&T)) {
        // D1. Acquire pairs with the Release in `push`.
        let order = if mutant!("trace_look_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Acquire
        };
        let head = self.ring.head.load(order);
        let (from, count) = (self.tail as usize, (head - self.tail) as usize);
        // From the tail's slot to the last one, and then from the first.
        let slots = &self.ring.slots;
        let (before, behind) = slots.split_at(from & (slots.len() - 1));
        let last = count.min(behind.len());
        // D2.
        for slots in [&behind[..last], &before[..count - last]] {
            for slot in slots {
                slot.with(|slot| {
                    // SAFETY: between `tail` and `head`: ours until D3, by the table above, and written.
                    take(unsafe { &*slot.cast::<T>() });
                });
            }
        }
        self.tail = head;
        // D3. Release pairs with the Acquire in `push`: we have done with the slots.
        let order = if mutant!("trace_give_relaxed") {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        self.ring.tail.store(head, order);
    }
}
