//! Taking turns as one step: no circle among those who hold some and wait for others, nobody is forgotten in a list, one
//! at a time is in a block.

use super::Thing;
use crate::block_table::QueueCell;
use crate::commuting::{take_turns, turn_at_entrance};
use crate::decide::dependence::Mode;
use crate::in_turn::InTurn;
use crate::sync::Arc;
use crate::sync::model::{explore, explore_within, spawn};

struct World {
    cells: [QueueCell; 2],
    data: [Thing; 2],
    ran: [Thing; 3],
    wants: [&'static [usize]; 3],
}

impl World {
    /// Codelets that commute on these blocks, and all have been let into the groups.
    fn new(wants: [&'static [usize]; 3]) -> Arc<Self> {
        World::entered_by(wants, wants.len())
    }

    /// The same, and only so many of them have been let in.
    fn entered_by(wants: [&'static [usize]; 3], first: usize) -> Arc<Self> {
        let world = World {
            cells: [QueueCell::of_block(0), QueueCell::of_block(1)],
            data: [Thing::new(), Thing::new()],
            ran: [Thing::new(), Thing::new(), Thing::new()],
            wants,
        };
        for (who, wants) in wants.iter().enumerate().take(first) {
            for &at in *wants {
                let enter = |queue: &mut crate::block_table::Queue| {
                    queue.enter(who as u32, Mode::Commute);
                };
                world.cells[at].queue.with(enter);
            }
        }
        Arc::new(world)
    }

    /// What an engine does with a codelet that is ready, and with those that become ready by that.
    fn start(&self, who: u32) {
        let mut ready = vec![who];
        while let Some(who) = ready.pop() {
            let wants = self.wants[who as usize];
            let mut cells: Vec<&QueueCell> = wants.iter().map(|&at| &self.cells[at]).collect();
            if !take_turns(&mut cells, who, false, &mut ready) {
                continue;
            }
            self.ran[who as usize].add(1);
            wants.iter().for_each(|&at| self.data[at].add(1));
            for &at in wants {
                ready.extend(self.cells[at].queue.with(|queue| queue.pass_turn(who)));
            }
        }
    }

    /// The same for one that wants the first block alone: the engine goes on with those who have their turns next, until it has run so
    /// `many` of those that it saw at one look.
    fn start_in_turn(&self, who: u32, many: usize) {
        let queue = &self.cells[0].queue;
        let mut begun = queue.with(|queue| InTurn::begin(queue, who, usize::MAX));
        while let Some(turns) = begun {
            let run = &turns.ids()[..many.min(turns.ids().len())];
            for &id in run {
                self.ran[id as usize].add(1);
                self.data[0].add(1);
            }
            let goes_on = run.len() == turns.ids().len();
            let (next, then) = queue.with(|queue| {
                turns.reach(queue, run.len() - 1);
                turns.leave(queue, run.len() - 1, if goes_on { usize::MAX } else { 0 })
            });
            if let (Some(next), None) = (next, &then) {
                self.start(next.who);
            }
            begun = then;
        }
    }

    /// One enters the queue of the first block; whether it has its turn at once.
    fn enter(&self, who: u32) -> bool {
        self.cells[0].queue.with(|queue| {
            queue.enter(who, Mode::Commute);
            turn_at_entrance(queue, who)
        })
    }

    fn check(&self) {
        for (ran, wants) in self.ran.iter().zip(self.wants) {
            let meant = u32::from(!wants.is_empty());
            assert_eq!(ran.get(), meant, "each that commutes ran once");
        }
        for (at, data) in self.data.iter().enumerate() {
            let users = self.wants.iter().filter(|wants| wants.contains(&at));
            assert_eq!(data.get(), users.count() as u32);
        }
    }
}

/// Two want both blocks, named in opposite orders.
#[test]
fn two_want_two_blocks_in_opposite_orders() {
    explore(|| {
        let world = World::new([&[0, 1], &[1, 0], &[]]);
        let other = {
            let world = world.clone();
            spawn(move || world.start(1))
        };
        world.start(0);
        other.join().unwrap();
        world.check();
    });
}

/// One of three wants both blocks; it may be woken for the first one while the second one is busy, and somebody else
/// waits for the first one.
#[test]
fn who_is_woken_in_vain_passes_it_on() {
    explore_within(2, || {
        let world = World::new([&[0, 1], &[0], &[1]]);
        // The first block is busy: the one that wants both waits there, then the one that wants it alone.
        let first = &world.cells[0].queue;
        first.with(|queue| queue.take_turn(9));
        world.start(0);
        world.start(1);
        let other = {
            let world = world.clone();
            spawn(move || world.start(2))
        };
        if let Some(next) = first.with(|queue| queue.pass_turn(9)) {
            world.start(next);
        }
        other.join().unwrap();
        world.check();
    });
}

/// One enters and takes its turn, or waits for it, in one step, while another is in the block and leaves it.
#[test]
fn who_waits_from_its_entrance_is_woken() {
    explore(|| {
        let world = World::entered_by([&[0], &[0], &[]], 1);
        let other = {
            let world = world.clone();
            spawn(move || {
                if world.enter(1) {
                    world.start(1);
                }
            })
        };
        world.start(0);
        other.join().unwrap();
        world.check();
    });
}

/// The same beside one that wants both blocks, and was woken for the one where the other enters.
#[test]
fn who_enters_waits_behind_one_that_was_woken() {
    explore_within(2, || {
        let world = World::entered_by([&[0, 1], &[0], &[]], 1);
        // The one that wants both waits for the first block.
        let first = &world.cells[0].queue;
        first.with(|queue| queue.take_turn(9));
        world.start(0);
        let other = {
            let world = world.clone();
            spawn(move || {
                if world.enter(1) {
                    world.start(1);
                }
            })
        };
        if let Some(next) = first.with(|queue| queue.pass_turn(9)) {
            world.start(next);
        }
        other.join().unwrap();
        world.check();
    });
}

/// Two enter while a third one is in the block, whose engine runs those that it finds in the list, too: all that it saw, or the first
/// alone.
#[test]
fn who_is_in_the_block_runs_those_who_wait() {
    for many in [1, 2, 9] {
        explore_within(2, move || {
            let world = World::entered_by([&[0], &[0], &[0]], 1);
            let other = {
                let world = world.clone();
                spawn(move || {
                    for who in [1, 2] {
                        if world.enter(who) {
                            world.start_in_turn(who, many);
                        }
                    }
                })
            };
            world.start_in_turn(0, many);
            other.join().unwrap();
            world.check();
        });
    }
}

/// The same when two are in the list from the beginning, and beside one that wants another block, too.
#[test]
fn who_runs_those_who_wait_wakes_who_wants_more() {
    for many in [1, 9] {
        explore_within(2, move || {
            let world = World::entered_by([&[0], &[0], &[0, 1]], 3);
            let first = &world.cells[0].queue;
            assert!(first.with(|queue| turn_at_entrance(queue, 0)));
            assert!(!first.with(|queue| turn_at_entrance(queue, 1)));
            let other = {
                let world = world.clone();
                spawn(move || world.start(2))
            };
            world.start_in_turn(0, many);
            other.join().unwrap();
            world.check();
        });
    }
}
