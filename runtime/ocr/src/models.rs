//! Loom models of what is lock-free here: the code that ships, under all interleavings that matter. Compiled with `--cfg sprat_loom`
//! for tests, and run by `.ci/run loom`; `tests/loom/mutants.txt` lists the mutants that must make them fail.

use crate::guid::Guid;
use crate::memo::{Changes, Seen};
use crate::slot::{Slot, WaitsFor};
use crate::sync::{AtomicU32, AtomicU64, Ordering};
use crate::table::Place;
use loom::sync::Arc;
use loom::thread::spawn;
use sprat::spin_lock::SpinLock;

/// The words of two slots, and how many are to be filled.
struct Words([AtomicU64; 4], AtomicU32);

impl Words {
    fn new() -> Arc<Self> {
        Arc::new(Words(
            std::array::from_fn(|_| AtomicU64::new(0)),
            AtomicU32::new(2),
        ))
    }

    fn slot(&self, at: usize) -> Slot<'_> {
        Slot {
            guid: &self.0[2 * at],
            state: &self.0[2 * at + 1],
        }
    }

    /// The arrival that follows: as `Pending::arrive` of the runtime, which has a model of its own.
    fn arrive(&self) -> bool {
        self.1.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

/// Of two that want a free slot, each in one of the two ways, one gets it.
fn one_of(first: fn(Slot<'_>) -> bool, second: fn(Slot<'_>) -> bool) {
    loom::model(move || {
        let words = Words::new();
        let other = words.clone();
        let other = spawn(move || second(other.slot(0)));
        let mine = first(words.slot(0));
        assert!(mine != other.join().unwrap(), "one of them gets the slot");
    });
}

fn connects(slot: Slot<'_>) -> bool {
    slot.connect(4).is_ok()
}

fn fills(slot: Slot<'_>) -> bool {
    slot.fill(Guid(7), Some(2)).is_ok()
}

#[test]
fn one_of_two_connects_a_slot() {
    one_of(connects, connects);
}

#[test]
fn one_of_two_fills_a_slot() {
    one_of(fills, fills);
}

#[test]
fn a_slot_is_connected_or_filled() {
    one_of(connects, fills);
}

#[test]
fn who_fills_the_last_slot_sees_what_came_on_all() {
    loom::model(|| {
        let words = Words::new();
        words.slot(0).connect(8).unwrap();
        // The event knows of the slot from here on.
        let event = words.clone();
        let look = |words: &Words| {
            if words.arrive() {
                assert_eq!(words.slot(0).filled(), (Guid(10), 8));
                assert_eq!(words.slot(1).filled(), (Guid(11), 2));
                words.slot(1).set_lent(0);
                assert_eq!(
                    (words.slot(0).lent(), words.slot(1).lent()),
                    (None, Some(0))
                );
            }
        };
        let event = spawn(move || {
            event.slot(0).fill(Guid(10), None).unwrap();
            look(&event);
        });
        words.slot(1).fill(Guid(11), Some(2)).unwrap();
        look(&words);
        event.join().unwrap();
        assert_eq!(words.slot(0).waits_for(), None);
    });
}

#[test]
fn a_slot_whose_event_was_none_is_free_again() {
    loom::model(|| {
        let words = Words::new();
        let other = words.clone();
        let other = spawn(move || fills(other.slot(0)));
        let connected = connects(words.slot(0));
        if connected {
            words.slot(0).disconnect();
        }
        match other.join().unwrap() {
            true => assert_eq!(words.slot(0).waits_for(), None),
            false => assert_eq!(words.slot(0).waits_for(), Some(WaitsFor::Dependence)),
        }
    });
}

#[test]
fn who_was_told_of_a_change_remembers_nothing_older() {
    loom::model(|| {
        struct World {
            thing: SpinLock<u32>,
            changes: Changes,
            told: AtomicU32,
        }
        let world = Arc::new(World {
            thing: SpinLock::new(0),
            changes: Changes::new(),
            told: AtomicU32::new(0),
        });
        let look_up = |world: &World| {
            world.thing.with(|thing| Seen {
                name: 1,
                changes: world.changes.now(),
                what: *thing,
            })
        };
        let other = world.clone();
        let other = spawn(move || {
            other.thing.with(|thing| {
                *thing = 1;
                other.changes.count();
            });
            other.told.store(1, Ordering::Release);
        });
        let mut seen = look_up(&world);
        let told = world.told.load(Ordering::Acquire) == 1;
        if !seen.is(1, &world.changes) {
            seen = look_up(&world);
        }
        assert!(!told || seen.what == 1, "it was told");
        other.join().unwrap();
        if !seen.is(1, &world.changes) {
            seen = look_up(&world);
        }
        assert_eq!(seen.what, 1, "it has ended");
    });
}

/// What lies in a place when a thing is new, and what somebody leaves there.
const AS_NEW: u32 = 0;
const LEFT: u32 = 7;

/// Who ends a thing leaves another there, as new, which begins without the lock; who has the old name leaves something in the old one
/// or finds that it is gone.
#[test]
fn what_begins_without_the_lock_is_as_new() {
    loom::model(|| {
        let place = Arc::new((Place::new(AS_NEW), AtomicU32::new(0)));
        let old = place.0.begin();
        let late = place.clone();
        let late = spawn(move || {
            late.0.thing.with(|thing| {
                let there = late.0.has(old);
                if there {
                    *thing = LEFT;
                }
                there
            })
        });
        let ender = place.clone();
        let ender = spawn(move || {
            let found = ender.0.thing.with(|thing| {
                assert!(ender.0.has(old));
                ender.0.end();
                std::mem::replace(thing, AS_NEW)
            });
            assert!(!ender.0.has(old), "nothing has begun");
            // Whoever is told the new name is told by this.
            ender.1.store(ender.0.begin(), Ordering::Release);
            found
        });
        let new = place.1.load(Ordering::Acquire);
        if new != 0 {
            place.0.thing.with(|thing| {
                assert!(place.0.has(new));
                assert_eq!(*thing, AS_NEW);
            });
        }
        let left = late.join().unwrap();
        assert_eq!(ender.join().unwrap() == LEFT, left);
        let new = place.1.load(Ordering::Acquire);
        place.0.thing.with(|thing| {
            assert!(place.0.has(new) && !place.0.has(old));
            assert_eq!(*thing, AS_NEW);
        });
    });
}
