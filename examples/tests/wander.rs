//! The spot that wanders: the same plate under each policy, and less traffic between regions where tiles may move. Runs on paper
//! where there is one region; the guests of `.ci/stages/numa-guest` have several.

use sprat::{Builder, Policy, Result, Runtime, Topology};
use sprat_examples::wander::course::Course;
use sprat_examples::wander::plate::Plate;
use sprat_examples::wander::reference;
use sprat_examples::wander::report::{Traffic, verify};

const COURSE: Course = Course {
    tiles: 12,
    cells: 32,
    steps: 400,
    turns: 1,
};

/// What went between regions under a policy; the plate is what the plain loop says.
fn traffic(builder: Builder, policy: Policy, expected: &[f64]) -> Result<Traffic> {
    let runtime = builder.policy(policy).memory_report(true).build()?;
    let plate = Plate::new(&runtime, COURSE)?;
    let before = Traffic::of(&runtime)?;
    plate.run(|_| ())?;
    let traffic = Traffic::of(&runtime)?.since(before);
    verify(&plate.cells()?, expected)?;
    Ok(traffic)
}

#[test]
fn remote_bytes_fall_by_more_than_half_and_the_plate_is_the_same() -> Result<()> {
    let expected = reference::cells(&COURSE, || ());
    let builder = Runtime::builder().ignore_environment();
    let machine = match Topology::detect()?.regions.len() {
        1 => {
            let guest = std::env::var("SPRAT_TEST_NODES");
            assert!(guest.is_err(), "it should have several regions");
            builder.topology(Topology::synthetic("region:4 core:1")?)
        }
        _ => builder,
    };
    let still = traffic(machine.clone(), Policy::Performance, &expected)?;
    let moving = traffic(machine, Policy::Locality, &expected)?;
    println!("{still:?}, then {moving:?}");
    assert_eq!(still.moved, 0);
    assert_eq!(still.local + still.remote, moving.local + moving.remote);
    // What moves goes between regions as well.
    assert!(2 * (moving.remote + moving.moved) < still.remote);
    Ok(())
}
