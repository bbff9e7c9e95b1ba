//! A stencil on a few engines: in order, no faster than possible, and not much slower.

mod common;

use common::{critical_path_ns, machine, simulated, xes};
use sprat::decide::plan::Wishes;
use sprat_sim::{Machine, Workload};

/// What the runtime may add to the best possible schedule: the host's spawning, each codelet's overhead and one theft,
/// the first wake-up, and what greedy schedules may lose to order (Graham, "Bounds on multiprocessing timing
/// anomalies", 1969): another critical path.
fn overheads_ns(machine: &Machine, workload: &Workload) -> u64 {
    let (costs, count) = (&machine.costs, workload.codelets.len() as u64);
    let each = costs.spawn_ns + costs.codelet_ns + costs.steal_ns;
    costs.wake_ns + count * each + critical_path_ns(workload)
}

#[test]
fn on_four_engines_it_keeps_order_and_bounds() {
    let machine = machine("core:4", &Wishes::default());
    for (tiles, steps, cost_ns) in [
        (16, 20, 20_000),
        (4, 10, 200_000),
        (3, 5, 1_000),
        (1, 9, 100),
    ] {
        let workload = Workload::stencil(tiles, steps, cost_ns, machine.xes());
        let outcome = simulated(&machine, &workload);
        let least = (workload.work_ns() / 4).max(critical_path_ns(&workload));
        let most = least + overheads_ns(&machine, &workload);
        let makespan = outcome.makespan_ns;
        assert!(
            (least..=most).contains(&makespan),
            "{tiles} tiles, {steps} steps: {makespan} not in {least}..={most}"
        );
    }
}

#[test]
fn wide_stencils_keep_all_engines_busy() {
    let machine = machine("core:4", &Wishes::default());
    let workload = Workload::stencil(64, 50, 50_000, machine.xes());
    let outcome = simulated(&machine, &workload);
    let efficiency = workload.work_ns() as f64 / (4 * outcome.makespan_ns) as f64;
    assert!(efficiency > 0.95, "{efficiency}");
}

#[test]
fn more_engines_are_never_slower_than_one() {
    for (tiles, cost_ns) in [(2, 100), (2, 5_000), (8, 500), (8, 50_000), (32, 10_000)] {
        let makespan = |count: usize| {
            let machine = machine("cache:2 core:8", &xes(count));
            let workload = Workload::stencil(tiles, 20, cost_ns, machine.xes());
            simulated(&machine, &workload).makespan_ns
        };
        let alone = makespan(1);
        let slack = sprat_sim::Costs::default().wake_ns * 2;
        for count in [2, 3, 4, 8, 16] {
            let together = makespan(count);
            assert!(
                together <= alone + alone / 4 + slack,
                "{tiles} tiles of {cost_ns} ns: {count} engines take {together} ns, one {alone} ns"
            );
        }
    }
}

#[test]
fn every_control_mode_gives_the_same_codelets_in_order() {
    use sprat::decide::plan::CeMode::{Dedicated, Elastic, Shared};
    for mode in [Shared, Elastic, Dedicated] {
        for description in [
            "core:1",
            "core:2",
            "cache:3 core:2",
            "package:2 region:2 core:3 thread:2",
        ] {
            let wishes = Wishes {
                mode: Some(mode),
                ..Wishes::default()
            };
            let machine = machine(description, &wishes);
            simulated(&machine, &Workload::stencil(13, 11, 7_000, machine.xes()));
            simulated(&machine, &Workload::flat(100, 30_000));
            simulated(&machine, &Workload::chain(70, 2_000_000));
        }
    }
}

/// One wake-up leads to the next, though the host has long stopped telling.
#[test]
fn work_that_needs_nothing_reaches_all_engines() {
    for mode in [None, Some(sprat::decide::plan::CeMode::Elastic)] {
        let wishes = Wishes {
            mode,
            ..Wishes::default()
        };
        let machine = machine("core:4", &wishes);
        let workload = Workload::flat(400, 100_000);
        let outcome = simulated(&machine, &workload);
        let wakes_ns = 4 * machine.costs.wake_ns;
        let most = workload.work_ns() / 4 + overheads_ns(&machine, &workload) + wakes_ns;
        assert!(outcome.makespan_ns <= most, "{:?}", outcome.engines);
    }
}
