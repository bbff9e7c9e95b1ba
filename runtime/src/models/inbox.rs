//! The inbox: what is pushed is taken once, oldest first for each pusher, and is seen as it was pushed.

use super::{Table, Thing};
use crate::queue::Inbox;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

struct World {
    inbox: Inbox,
    links: Table,
    /// What each codelet carries.
    carried: [Thing; 4],
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(World {
            inbox: Inbox::new(),
            links: Table::new(),
            carried: std::array::from_fn(|_| Thing::new()),
        })
    }

    fn push(&self, id: u32) {
        self.carried[id as usize].add(1);
        self.inbox.push(id, &self.links);
    }

    fn take(&self) -> Vec<u32> {
        let taken = self.links.walk(self.inbox.take(&self.links));
        for &id in &taken {
            assert_eq!(self.carried[id as usize].get(), 1);
        }
        taken
    }
}

fn sorted(lists: &[Vec<u32>]) -> Vec<u32> {
    let mut all = lists.concat();
    all.sort();
    all
}

#[test]
fn two_push_while_one_takes() {
    explore(|| {
        let world = World::new();
        let pushers = [vec![1, 2], vec![3]].map(|ids| {
            let world = world.clone();
            spawn(move || ids.iter().for_each(|&id| world.push(id)))
        });
        let taker = {
            let world = world.clone();
            spawn(move || world.take())
        };
        let first = taker.join().unwrap();
        for thread in pushers {
            thread.join().unwrap();
        }
        let all = [first, world.take()];
        let order = all.concat();
        let at = |id| order.iter().position(|&other| other == id);
        assert!(at(1) < at(2), "oldest first");
        assert_eq!(sorted(&all), [1, 2, 3]);
    });
}

#[test]
fn two_take_while_one_pushes() {
    explore(|| {
        let world = World::new();
        world.push(1);
        let taker = {
            let world = world.clone();
            spawn(move || world.take())
        };
        let pusher = {
            let world = world.clone();
            spawn(move || world.push(2))
        };
        let here = world.take();
        let there = taker.join().unwrap();
        pusher.join().unwrap();
        assert_eq!(sorted(&[here, there, world.take()]), [1, 2]);
    });
}
