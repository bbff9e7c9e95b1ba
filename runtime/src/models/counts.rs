//! The counters: one caller reaches zero, and sees what all others did.

use super::{Table, Thing};
use crate::counts::{Live, Pending};
use crate::queue::Inbox;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};
use crate::sync::spin_hint;

#[test]
fn the_last_to_arrive_sees_what_all_did() {
    explore(|| {
        let world = Arc::new((Pending::new(), [Thing::new(), Thing::new(), Thing::new()]));
        world.0.set(3);
        let arrive = |world: &(Pending, [Thing; 3]), me: usize| {
            world.1[me].add(1);
            let last = world.0.arrive(1);
            if last {
                assert_eq!(world.1.iter().map(Thing::get).sum::<u32>(), 3);
            }
            u32::from(last)
        };
        let others = [1, 2].map(|me| {
            let world = world.clone();
            spawn(move || arrive(&world, me))
        });
        let last = arrive(&world, 0) + others.map(|t| t.join().unwrap()).iter().sum::<u32>();
        assert_eq!(last, 1);
    });
}

#[test]
fn one_ends_the_codelet_after_its_body_and_all_children() {
    explore(|| {
        let world = Arc::new((Live::new(), [Thing::new(), Thing::new(), Thing::new()]));
        world.0.reset();
        let done = |world: &(Live, [Thing; 3]), last: bool| {
            if last {
                assert_eq!(world.1.iter().map(Thing::get).sum::<u32>(), 3);
            }
            u32::from(last)
        };
        // Two children, which end on engines of their own; one of them ends in a batch of two.
        let children = [(1, 1), (2, 2)].map(|(me, count)| {
            let world = world.clone();
            spawn(move || {
                world.1[me].add(1);
                done(&world, world.0.children_ended(count))
            })
        });
        world.1[0].add(1);
        let body = done(&world, world.0.body_ended(3));
        let enders = body + children.map(|t| t.join().unwrap()).iter().sum::<u32>();
        assert_eq!(enders, 1);
    });
}

/// A body's only child is posted after the body has ended, when its count is no more than a store.
#[test]
fn one_ends_the_codelet_whose_child_nobody_had_seen() {
    explore(|| {
        let world = Arc::new((Live::new(), Inbox::new(), Table::new(), Thing::new()));
        world.0.reset();
        let other = {
            let world = world.clone();
            spawn(move || {
                while world.1.take(&world.2) == 0 {
                    spin_hint();
                }
                assert!(world.0.children_ended(1));
                assert_eq!(world.3.get(), 1);
            })
        };
        world.3.add(1);
        world.0.body_ended_unseen(1);
        world.1.push(1, &world.2);
        other.join().unwrap();
    });
}

/// A child opens another one beside itself, which ends on another engine.
#[test]
fn one_ends_the_scope_in_which_a_child_opened_another() {
    explore(|| {
        let things = [Thing::new(), Thing::new()];
        let world = Arc::new((Live::new(), Inbox::new(), Table::new(), things));
        world.0.reset();
        world.0.body_ended_unseen(1);
        let done = |world: &(Live, Inbox, Table, [Thing; 2]), me: usize| {
            world.3[me].add(1);
            let last = world.0.children_ended(1);
            if last {
                assert_eq!(world.3.iter().map(Thing::get).sum::<u32>(), 2);
            }
            u32::from(last)
        };
        let other = {
            let world = world.clone();
            spawn(move || {
                while world.1.take(&world.2) == 0 {
                    spin_hint();
                }
                done(&world, 1)
            })
        };
        world.0.child_begun();
        world.1.push(1, &world.2);
        let enders = done(&world, 0) + other.join().unwrap();
        assert_eq!(enders, 1);
    });
}
