//! Tables of what callers hold by handles: numbers with a generation, so that what is gone is noticed.

use crate::fault::Fault;
use crate::types::{SPRAT_STALE, SPRAT_SYSTEM};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// See the module. A handle is never 0: its upper half is the generation, its lower half the table's number above [`BITS`]
/// bits, and below the place plus one.
#[derive(Debug)]
pub(crate) struct Table<T>(Mutex<Places<T>>);

/// So many bits of a handle are the place.
const BITS: u32 = 28;

#[derive(Debug)]
struct Places<T> {
    /// So that the handle of one thing is none of another one's.
    table: u32,
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Place<T> {
    generation: u32,
    thing: Option<T>,
}

impl<T: Clone> Table<T> {
    /// A table with a number of its own, below 16.
    pub(crate) const fn new(table: u32) -> Self {
        Table(Mutex::new(Places {
            table,
            places: Vec::new(),
            free: Vec::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Places<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a thing away; its handle.
    pub(crate) fn put(&self, thing: T) -> Result<u64, Fault> {
        let mut table = self.lock();
        let at = table.free.pop().unwrap_or(table.places.len() as u32);
        if (at + 1) >> BITS != 0 {
            return Err(Fault::new(
                SPRAT_SYSTEM,
                "there are 268,435,455 things of this kind; destroy those that are not needed any more",
            ));
        }
        if at as usize == table.places.len() {
            let (generation, thing) = (0, None);
            table.places.push(Place { generation, thing });
        }
        let place = &mut table.places[at as usize];
        place.thing = Some(thing);
        Ok(table.handle(at))
    }

    /// The thing with this handle.
    pub(crate) fn get(&self, handle: u64, what: &str) -> Result<T, Fault> {
        let mut table = self.lock();
        let found = table.place(handle).and_then(|place| place.thing.clone());
        found.ok_or_else(|| gone(handle, what))
    }

    /// Takes a thing out: its handle is stale from now on.
    pub(crate) fn take(&self, handle: u64, what: &str) -> Result<T, Fault> {
        let mut table = self.lock();
        let taken = table.empty(handle);
        drop(table);
        taken.ok_or_else(|| gone(handle, what))
    }

    /// Takes out all that are so.
    pub(crate) fn take_all(&self, are_so: impl Fn(&T) -> bool) -> Vec<T> {
        let mut table = self.lock();
        let mut handles = Vec::new();
        for (at, place) in table.places.iter().enumerate() {
            if place.thing.as_ref().is_some_and(&are_so) {
                handles.push(table.handle(at as u32));
            }
        }
        let taken = handles.iter().filter_map(|&handle| table.empty(handle));
        taken.collect()
    }
}

impl<T> Places<T> {
    fn handle(&self, at: u32) -> u64 {
        let generation = self.places[at as usize].generation;
        u64::from(generation) << 32 | u64::from(self.table << BITS | (at + 1))
    }

    fn place(&mut self, handle: u64) -> Option<&mut Place<T>> {
        let low = handle as u32;
        if low >> BITS != self.table {
            return None;
        }
        let at = (low & ((1 << BITS) - 1)).checked_sub(1)?;
        let place = self.places.get_mut(at as usize)?;
        (place.generation == (handle >> 32) as u32).then_some(place)
    }

    fn empty(&mut self, handle: u64) -> Option<T> {
        let place = self.place(handle)?;
        let thing = place.thing.take()?;
        // A place whose generations are used up is never used again.
        let used_up = place.generation == u32::MAX;
        place.generation = place.generation.saturating_add(1);
        if !used_up {
            self.free.push((handle as u32 & ((1 << BITS) - 1)) - 1);
        }
        Some(thing)
    }
}

#[cold]
fn gone(handle: u64, what: &str) -> Fault {
    match handle {
        0 => Fault::nameless(what),
        _ => Fault::new(
            SPRAT_STALE,
            format!("{what} was destroyed before, or never made; use it before its destruction"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SPRAT_NULL;

    #[test]
    fn handles_of_what_is_gone_are_noticed() {
        let table = Table::new(3);
        let (a, b) = (table.put("a").unwrap(), table.put("b").unwrap());
        assert!(Table::<()>::new(4).get(a, "it").is_err());
        assert_eq!(table.get(a, "it").unwrap(), "a");
        assert_eq!(table.take(a, "it").unwrap(), "a");
        let c = table.put("c").unwrap();
        assert_ne!(a, c);
        for stale in [a, 77, u64::MAX, 1 << 40] {
            assert_eq!(table.get(stale, "it").unwrap_err().status, SPRAT_STALE);
            assert_eq!(table.take(stale, "it").unwrap_err().status, SPRAT_STALE);
        }
        assert_eq!(table.get(0, "it").unwrap_err().status, SPRAT_NULL);
        assert_eq!(table.take_all(|thing| *thing != "b"), ["c"]);
        assert_eq!(
            (table.get(b, "it").unwrap(), table.get(c, "it").is_err()),
            ("b", true)
        );
    }
}
