use super::super::taking::Hold;
use super::super::{BlockTable, SlotCache};
use super::*;
use crate::access::Mode;
use crate::decide::alternates::TRIES;
use crate::decide::migration::Moving;
use crate::decide::plan::{Wishes, plan};
use crate::id::RuntimeId;
use crate::memory_region::{Nodes, Pool, PoolOptions, usable_nodes};
use crate::sync::Arc;
use crate::topology::Topology;
use std::cell::Cell;
use std::io;
use std::ptr::NonNull;

/// Memory of whole huge pages.
const BYTES: usize = 2 << 20;

thread_local! {
    /// How often pages were to be moved; each move that fails is one there and one back.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

/// As the kernel, where somebody else has one of the pages.
unsafe fn one_stays(_: NonNull<u8>, _: usize, _: bool, _: u16) -> io::Result<usize> {
    ASKED.set(ASKED.get() + 1);
    Ok(1)
}

/// Two regions whose memory is on one node, that there is; `None` where nodes cannot be chosen.
fn homes() -> Option<Homes> {
    let node = *usable_nodes().ok()?.first()?;
    let topology = Topology::synthetic("region:2 core:1").unwrap();
    let plan = plan(&topology, &Wishes::default()).unwrap();
    let mut homes = Homes::new(&topology, &plan, false, 0).unwrap();
    homes.put_pools([0, 1].map(|region| {
        let options = PoolOptions {
            nodes: Nodes::One(node),
            ..PoolOptions::default()
        };
        Pool::new(region, options).unwrap().moved_by(one_stays)
    }));
    Some(homes)
}

#[test]
fn a_block_whose_pages_the_kernel_does_not_move_is_copied() {
    let Some(homes) = homes() else { return };
    let table = BlockTable::new();
    let mut cache = SlotCache::default();
    let mut magazine = Magazine::new(Arc::clone(homes.own_pool(0)));
    let count = 2 * TRIES;
    let moving = Moving {
        bytes: BYTES as u64,
        owns_pages: true,
        contents: true,
        recycled: false,
    };
    for value in 0..count as u8 {
        if u32::from(value) < TRIES {
            // Copying is slow, as far as is known; so what is copied after the kernel has failed must not count for the kernel.
            let (way, choice) = homes.moves.choose(moving);
            assert_eq!(way, Way::Copying);
            let hour = Duration::from_secs(3600);
            (homes.moves).measured(moving.bytes, choice.unwrap(), Some(hour));
        }
        let wish = Place::Wish(Wish::Region(0)).encode();
        let id = table
            .make(RuntimeId(1), &mut cache, BYTES, 0, (0, wish))
            .unwrap();
        let slot = table.slot(id.slot());
        let hold = Hold::All(Mode::Write);
        let start = table.look_up_memory(slot, hold, &homes, &mut magazine);
        // SAFETY: the memory is this test's, and so long.
        unsafe { start.unwrap().write_bytes(value, BYTES) };
        // SAFETY: as above; nobody else has the block.
        let start = unsafe { slot.move_to(1, true, &homes, &mut magazine) };
        assert_eq!(slot.place(), Place::Taken(1));
        // SAFETY: the memory is this test's, and so long.
        let bytes = unsafe { std::slice::from_raw_parts(start, BYTES) };
        assert!(bytes.iter().all(|byte| *byte == value));
    }
    let counts = homes.moves.read();
    assert_eq!((counts.moved, counts.refused), (u64::from(count), 0));
    assert_eq!(counts.by_pages, 0);
    // Which is learnt: after its tries the kernel is not asked any more.
    assert_eq!(ASKED.get(), 2 * TRIES as usize);
}
