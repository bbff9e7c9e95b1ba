//! Tables of small objects with generations: their places stay, so that looking through a stale name is harmless. Model of a place:
//! `models.rs`.

use crate::guid::GENERATION;
use crate::mutants::mutant;
use crate::sync::{AtomicU32, Ordering};
use sprat::spin_lock::SpinLock;
use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;
use std::thread::LocalKey;

/// A place of a table: a generation, and what lies there under a lock. In a cache line, if that is large enough.
#[repr(align(64))]
pub(crate) struct Place<T> {
    /// With [`FREE`].
    generation: AtomicU32,
    pub(crate) thing: SpinLock<T>,
}

/// The place has no thing: a bit of its generation, so that no name is good for it.
const FREE: u32 = 1 << 31;
const _: () = assert!(FREE > GENERATION);

impl<T> Place<T> {
    /// A free place.
    pub(crate) fn new(thing: T) -> Self {
        Place {
            generation: AtomicU32::new(1 | FREE),
            thing: SpinLock::new(thing),
        }
    }

    /// Whether there is a thing, and it is of this generation. Exact under the lock.
    #[inline]
    pub(crate) fn has(&self, generation: u32) -> bool {
        // Relaxed: who knows the name of a new thing was told of it by who made it.
        self.generation.load(Ordering::Relaxed) == generation
    }

    /// The place, which is free and the caller's, has a thing from now on, as it lies there; its generation.
    #[inline]
    pub(crate) fn begin(&self) -> u32 {
        let generation = self.generation.load(Ordering::Relaxed) & !FREE;
        // Relaxed: see `has`. The thing was made under the lock, by us or by who ended the last one.
        self.generation.store(generation, Ordering::Relaxed);
        generation
    }

    /// The thing goes, under whose lock the caller is: its names are stale from now on. What lies there is changed before the lock
    /// is given back. Follow with [`Table::give`], outside the lock, unless the place is kept for another thing.
    #[inline]
    pub(crate) fn end(&self) {
        let step = match mutant!("place_name_stays") {
            true => 0,
            false => 1,
        };
        let next = self.generation.load(Ordering::Relaxed).wrapping_add(step) & GENERATION;
        self.generation.store(next | FREE, Ordering::Relaxed);
    }
}

/// Places of the first bucket; each further bucket has twice as many.
const FIRST: u32 = 1024;
const BUCKETS: usize = 22;
/// How many free places a thread takes or gives at a time.
const BATCH: usize = 64;

/// Free places of one thread, which go back to their table when the thread ends.
pub(crate) struct Spare {
    places: RefCell<Vec<u32>>,
    table: fn(Vec<u32>),
}

impl Spare {
    /// None; `table` takes back what there is at the end: see [`Table::take_back`].
    pub(crate) const fn new(table: fn(Vec<u32>)) -> Self {
        Spare {
            places: RefCell::new(Vec::new()),
            table,
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        (self.table)(self.places.take());
    }
}

/// How many places a [`Kept`] has room for.
const KEPT: usize = 64;

/// A few places of one thread, each with a thing that is as good as new. The last one in is the first one out.
pub(crate) struct Kept {
    count: Cell<u32>,
    places: [Cell<u32>; KEPT],
}

impl Kept {
    pub(crate) const fn new() -> Self {
        Kept {
            count: Cell::new(0),
            places: [const { Cell::new(0) }; KEPT],
        }
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<u32> {
        let count = self.count.get().checked_sub(1)?;
        self.count.set(count);
        Some(self.places[count as usize].get())
    }

    /// False if there is no room.
    #[inline]
    pub(crate) fn push(&self, place: u32) -> bool {
        let count = self.count.get();
        let Some(there) = self.places.get(count as usize) else {
            return false;
        };
        there.set(place);
        self.count.set(count + 1);
        true
    }
}

/// See the module.
pub(crate) struct Table<T: 'static> {
    buckets: [AtomicPtr<Place<T>>; BUCKETS],
    free: Mutex<Free>,
    spare: &'static LocalKey<Spare>,
}

struct Free {
    places: Vec<u32>,
    /// Places handed out at least once.
    used: u32,
}

#[inline]
fn split(place: u32) -> (usize, usize) {
    let shifted = place as u64 + u64::from(FIRST);
    let bucket = shifted.ilog2() - FIRST.ilog2();
    (
        bucket as usize,
        (shifted - (u64::from(FIRST) << bucket)) as usize,
    )
}

impl<T: Default> Table<T> {
    pub(crate) const fn new(spare: &'static LocalKey<Spare>) -> Self {
        Table {
            buckets: [const { AtomicPtr::new(std::ptr::null_mut()) }; BUCKETS],
            free: Mutex::new(Free {
                places: Vec::new(),
                used: 0,
            }),
            spare,
        }
    }

    /// The place with this number, whatever its generation, if there is one.
    #[inline]
    pub(crate) fn at(&self, place: u32) -> Option<&Place<T>> {
        let (bucket, at) = split(place);
        // Acquire pairs with the Release in `refill`.
        let start = self.buckets.get(bucket)?.load(Ordering::Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: a bucket has `FIRST << bucket` places, and `at` is below that.
        let place = unsafe { start.add(at) };
        // SAFETY: made by `refill`, and never freed.
        Some(unsafe { &*place })
    }

    /// Makes a thing in a free place; its number and generation. `None` if the table is full.
    #[inline]
    pub(crate) fn put(&self, make: impl FnOnce(&mut T)) -> Option<(u32, u32)> {
        let number = (self.spare).try_with(|spare| spare.places.borrow_mut().pop());
        let number = match number.ok().flatten() {
            Some(number) => number,
            None => self.refill()?,
        };
        let place = self.at(number).expect("a free place is one");
        place.thing.with(make);
        Some((number, place.begin()))
    }

    /// Gives a place back whose thing has gone.
    #[inline]
    pub(crate) fn give(&self, number: u32) {
        let many = self.spare.try_with(|spare| {
            let mut spare = spare.places.borrow_mut();
            spare.push(number);
            (spare.len() >= 2 * BATCH).then(|| spare.split_off(BATCH))
        });
        // A thread that ends has no places of its own any more.
        if let Some(many) = many.unwrap_or_else(|_| Some(vec![number])) {
            self.take_back(many);
        }
    }

    /// Takes places back that some thread had.
    #[cold]
    pub(crate) fn take_back(&self, places: Vec<u32>) {
        if !places.is_empty() {
            self.lock().places.extend(places);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(|e| e.into_inner())
    }

    #[cold]
    fn refill(&self) -> Option<u32> {
        let mut free = self.lock();
        let keep = free.places.len().saturating_sub(BATCH);
        let mut some: Vec<u32> = free.places.drain(keep..).collect();
        while some.len() < BATCH {
            let number = free.used;
            let (bucket, _) = split(number);
            if bucket == BUCKETS {
                break;
            }
            if self.buckets[bucket].load(Ordering::Relaxed).is_null() {
                let places: Box<[Place<T>]> = (0..FIRST << bucket)
                    .map(|_| Place::new(T::default()))
                    .collect();
                // Release pairs with the Acquire in `at`.
                self.buckets[bucket].store(Box::leak(places).as_mut_ptr(), Ordering::Release);
            }
            some.push(number);
            free.used += 1;
        }
        // The lowest first.
        some.sort_unstable_by(|a, b| b.cmp(a));
        let first = some.pop();
        let kept = (self.spare).try_with(|spare| spare.places.borrow_mut().extend(&some));
        if kept.is_err() {
            // As in `give`.
            free.places.extend(some);
        }
        first
    }

    /// How many places were handed out at least once.
    #[cfg(all(test, not(sprat_loom)))]
    pub(crate) fn used(&self) -> u32 {
        self.lock().used
    }

    /// Looks at every thing that is there, with its number and generation.
    pub(crate) fn each(&self, mut look: impl FnMut((u32, u32), &T)) {
        let used = self.lock().used;
        for number in 0..used {
            if let Some(place) = self.at(number) {
                place.thing.with(|thing| {
                    let generation = place.generation.load(Ordering::Relaxed);
                    if generation & FREE == 0 {
                        look((number, generation), thing);
                    }
                });
            }
        }
    }
}
