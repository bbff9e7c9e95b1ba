//! The end of a reduction: whoever finds it puts the lanes together, once, and nobody is in the block meanwhile.

use super::Thing;
use crate::block_table::QueueCell;
use crate::decide::dependence::{Effect, Entered, Mode, Operator, Step};
use crate::reducing::combine;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

const SUM: Mode = Mode::Reduce(Operator::new(0));
const READER: u32 = 2;

struct World {
    cell: QueueCell,
    lanes: [Thing; 2],
    block: Thing,
    read: Thing,
}

impl World {
    /// Two members that hold their lanes.
    fn new() -> Arc<Self> {
        let world = World {
            cell: QueueCell::of_block(0),
            lanes: [Thing::new(), Thing::new()],
            block: Thing::new(),
            read: Thing::new(),
        };
        world.cell.queue.with(|queue| {
            (0..2).for_each(|who| assert_eq!(queue.enter(who, SUM), Entered::Granted(None)));
        });
        Arc::new(world)
    }

    fn member(&self, who: u32) {
        self.lanes[who as usize].add(1 + who);
        let step = self.cell.queue.with(|queue| {
            queue.leave(who, SUM, Effect::Done);
            queue.next_step()
        });
        self.go_on(step);
    }

    fn reader(&self) {
        let entered = self
            .cell
            .queue
            .with(|queue| queue.enter(READER, Mode::Read));
        match entered {
            Entered::Combine => self.go_on(Some(Step::Combine)),
            Entered::Queued => (),
            Entered::Granted(_) => panic!("nobody has put the lanes together"),
        }
    }

    /// As engines do it.
    fn go_on(&self, mut step: Option<Step<u32>>) {
        while let Some(now) = step {
            if now == Step::Combine {
                combine(&self.cell, |sums| {
                    assert!(sums.wanted);
                    self.lanes
                        .iter()
                        .for_each(|lane| self.block.add(lane.get()));
                    Effect::Done
                });
            }
            step = self.cell.queue.with(|queue| queue.next_step());
            if let Step::Grant(grant) = now {
                assert_eq!(grant.who, READER);
                self.read.add(self.block.get());
            }
        }
    }
}

#[test]
fn the_last_member_and_the_next_access_come_together() {
    explore(|| {
        let world = World::new();
        let other = {
            let world = world.clone();
            spawn(move || world.member(0))
        };
        world.member(1);
        world.reader();
        other.join().unwrap();
        assert_eq!(world.read.get(), 3, "read once, when all was there");
    });
}
