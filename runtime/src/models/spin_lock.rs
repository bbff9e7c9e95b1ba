//! The spin lock: one holder at a time, who sees what the last one did.

use super::Thing;
use crate::spin_lock::SpinLock;
use crate::sync::Arc;
use crate::sync::model::{explore, spawn};

#[test]
fn holders_follow_each_other() {
    explore(|| {
        let world = Arc::new((SpinLock::new(0), Thing::new()));
        let work = |world: &(SpinLock<u32>, Thing)| {
            world.0.with(|count| {
                *count += 1;
                world.1.add(1);
            });
        };
        let other = {
            let world = world.clone();
            spawn(move || work(&world))
        };
        work(&world);
        other.join().unwrap();
        assert_eq!(world.0.with(|count| *count), 2);
        assert_eq!(world.1.get(), 2);
    });
}
