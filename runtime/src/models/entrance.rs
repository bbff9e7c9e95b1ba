//! Entering queues as one step: no deadlock at the locks, no circle among those who wait, no half entrance.

use super::Thing;
use crate::access::Mode;
use crate::block_table::QueueCell;
use crate::counts::Pending;
use crate::decide::dependence::{Effect, Step};
use crate::entrance::{Door, Granted, enter};
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

struct World {
    cells: [QueueCell; 2],
    data: [Thing; 2],
    pending: [Pending; 2],
    ran: [Thing; 2],
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            cells: [QueueCell::of_block(0), QueueCell::of_block(1)],
            data: [Thing::new(), Thing::new()],
            pending: [Pending::new(), Pending::new()],
            ran: [Thing::new(), Thing::new()],
        })
    }

    fn enter(&self, who: u32, slots: &[usize], last: bool) -> Result<Granted, u32> {
        let door = |&slot: &usize| {
            // SAFETY: the cells live as long as the world.
            unsafe { Door::new(&self.cells[slot], Mode::ReadWrite, None) }
        };
        let mut doors: Vec<Door> = slots.iter().map(door).collect();
        enter(&mut doors, &[], who, last)
    }

    /// Spawns a codelet that writes both blocks, and runs what becomes ready by that.
    fn spawn(&self, who: usize, slots: [usize; 2]) {
        self.pending[who].set(1 + 2);
        let granted = self.enter(who as u32, &slots, false).unwrap();
        if self.pending[who].arrive(1 + granted.count) {
            self.run(who);
        }
    }

    fn run(&self, who: usize) {
        self.ran[who].add(1);
        for (cell, data) in self.cells.iter().zip(&self.data) {
            data.add(1);
            let next = cell.queue.with(|queue| {
                queue.leave(who as u32, Mode::ReadWrite, Effect::Done);
                queue.next_step()
            });
            if let Some(Step::Grant(grant)) = next
                && self.pending[grant.who as usize].arrive(1)
            {
                self.run(grant.who as usize);
            }
        }
    }
}

#[test]
fn two_enter_two_queues_in_opposite_orders() {
    explore(|| {
        let world = World::new();
        let other = {
            let world = world.clone();
            spawn(move || world.spawn(1, [1, 0]))
        };
        world.spawn(0, [0, 1]);
        other.join().unwrap();
        let ran = world.ran.each_ref().map(Thing::get);
        assert_eq!(ran, [1, 1], "nobody waits in a circle");
        assert_eq!(world.data.each_ref().map(Thing::get), [2, 2]);
    });
}

#[test]
fn who_finds_a_block_destroyed_is_in_no_queue() {
    explore(|| {
        let world = World::new();
        let other = {
            let world = world.clone();
            spawn(move || world.enter(1, &[1, 0], false))
        };
        let destroyer = world.enter(0, &[0], true).unwrap();
        let queued = |slot: usize| world.cells[slot].queue.with(|q| q.waiting().count());
        match other.join().unwrap() {
            // It came first: the destroyer waits for it.
            Ok(granted) => assert_eq!((granted.count, destroyer.count, queued(0)), (2, 0, 1)),
            Err(slot) => {
                assert_eq!((slot, destroyer.count, queued(0)), (0, 1, 0));
                assert!(world.cells[1].queue.with(|queue| queue.is_idle()));
            }
        }
    });
}
