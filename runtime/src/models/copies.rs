//! The table of a block's copies: readers add them and find them side by side.

use super::Thing;
use crate::block_table::Copies;
use crate::memory_region::{Chunk, Pool, PoolOptions};
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

/// A table that readers share, and what its copy of region 2 holds, whoever made it.
struct World {
    table: *mut Copies,
    contents: [Thing; 2],
}

// SAFETY: as for readers, the table stays as long as they do.
unsafe impl Send for World {}
// SAFETY: as above.
unsafe impl Sync for World {}

impl World {
    fn table(&self) -> &Copies {
        // SAFETY: it ends when the threads have.
        unsafe { &*self.table }
    }

    /// Makes a copy and adds it; gives it back if there is one.
    fn copy(&self, reader: usize, chunk: Chunk) -> Option<Chunk> {
        self.contents[reader].add(1);
        self.table().add(chunk)
    }
}

/// Two readers of a region make a copy each, and one of them looks what it finds.
#[test]
fn one_copy_of_a_region_is_added_and_found_complete() {
    explore(|| {
        let pool = Pool::new(2, PoolOptions::default()).unwrap();
        let chunks = [0, 1].map(|_| pool.take(64).unwrap());
        let starts = [chunks[0].ptr().as_ptr(), chunks[1].ptr().as_ptr()];
        let starts = starts.map(|start| start.addr());
        let world = Arc::new(World {
            table: Copies::begin(std::ptr::dangling_mut(), 3),
            contents: [Thing::new(), Thing::new()],
        });
        let [first, second] = chunks;
        let other = {
            let world = world.clone();
            spawn(move || world.copy(0, first))
        };
        if let Some(found) = world.table().of(2) {
            assert_eq!(found.addr(), starts[0]);
            assert_eq!(world.contents[0].get(), 1);
        }
        let own = world.copy(1, second);
        let found = world.table().of(2).unwrap().addr();
        let maker = starts.iter().position(|start| *start == found).unwrap();
        assert_eq!(world.contents[maker].get(), 1);
        let others = other.join().unwrap();
        assert!(own.is_some() != others.is_some());
        assert_eq!(world.table().of(1), None);
        // SAFETY: nobody else is left.
        let kept = unsafe { Copies::end(world.table) };
        assert_eq!(kept.len(), 1);
        let all = kept.into_iter().chain(own).chain(others);
        all.for_each(|chunk| pool.give(chunk).unwrap());
    });
}
