//! The place for a lone codelet: each that is put there is taken once, by one who sees it.

use super::Thing;
use crate::lone::Lone;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

/// The owner puts one, takes back what it can, and puts another one; two thieves look meanwhile.
#[test]
fn a_lone_codelet_is_taken_once() {
    explore(|| {
        let world = Arc::new((Lone::new(), [Thing::new(), Thing::new()]));
        let run = |world: &(Lone, [Thing; 2])| {
            world.0.take().map_or(0, |id| {
                world.1[id as usize - 1].add(1);
                1
            })
        };
        let thieves = [0, 1].map(|_| {
            let world = world.clone();
            spawn(move || run(&world))
        });
        let mut ran = 0;
        for id in 1..=2 {
            world.1[id as usize - 1].add(1);
            if !world.0.put(id) {
                // As an engine would put it in its queue.
                world.1[id as usize - 1].add(1);
                ran += 1;
            }
            if id == 1 {
                ran += run(&world);
            }
        }
        ran += thieves.map(|t| t.join().unwrap()).iter().sum::<u32>();
        ran += run(&world);
        assert_eq!(ran, 2);
        assert!(world.0.is_empty());
        world.1.iter().for_each(|thing| assert_eq!(thing.get(), 2));
    });
}
