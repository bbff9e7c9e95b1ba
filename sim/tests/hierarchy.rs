//! Control engines that form a hierarchy forward to each other: work comes from afar over those above, which take time and let others wait.
//!
//! Checked itself: it fails if nobody asks above (`hierarchy_never_asks`).

mod common;

use common::simulated;
use sprat::decide::plan::CeMode;
use sprat_sim::{Description, Machine, Outcome, Workload};

/// Sixteen domains of four engines: two sockets of two clusters of four blocks.
fn machine(hierarchy: bool, mode: CeMode, each: &str) -> Machine {
    let text = format!(
        r#"name = "tree"
root = "node"
[control]
mode = "{mode}"
hierarchy = {hierarchy}
routine = "1 us"
each = "{each}"
[cost]
spawn = "100 ns"
wake = "5 us"
[engine.xe]
rate = "1 Gop/s"
[memory.dram]
home = true
capacity = "1 GiB"
latency = "100 ns"
bandwidth = "4 GB/s"
[group.node]
holds = ["2 socket"]
memory = ["dram"]
[group.socket]
holds = ["2 cluster"]
[group.cluster]
holds = ["4 block"]
[group.block]
holds = ["4 xe"]
domain = true
"#
    );
    let described = Description::read("tree.toml", &text).unwrap();
    described.build(None).unwrap()
}

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];

/// Independent codelets, which the host spawns in the first domain.
fn spread(hierarchy: bool, mode: CeMode, each: &str) -> Outcome {
    simulated(
        &machine(hierarchy, mode, each),
        &Workload::flat(6000, 100_000),
    )
}

#[test]
fn they_forward_to_each_other_and_work_comes_everywhere() {
    for mode in MODES {
        let outcome = spread(true, mode, "10 ns");
        let idle: Vec<usize> = (0..outcome.engines.len())
            .filter(|xe| outcome.engines[*xe].ran == 0)
            .collect();
        assert_eq!(idle, Vec::<usize>::new(), "{mode}");
        // Four above clusters, two above sockets, one above all.
        let domains: Vec<usize> = outcome.above.iter().map(|one| one.domains).collect();
        assert_eq!(domains, [4, 4, 4, 4, 8, 8, 16], "{mode}");
        for above in &outcome.above {
            assert!(
                above.rounds > 0 && above.asked >= above.rounds,
                "{mode}: {above:?}"
            );
            // What one takes follows from what it looks at.
            let each_ns = 1_000 + 10 * above.domains as u64;
            assert_eq!(above.rounds_ns, above.rounds * each_ns, "{mode}");
        }
        // Nobody sees further than to the domains that ask, until those above do.
        assert_eq!(spread(false, mode, "10 ns").above, []);
    }
}

#[test]
fn who_asks_waits_for_the_way_and_for_who_is_busy() {
    let mean_wait_ns = |mode| {
        let outcome = spread(true, mode, "10 ns");
        let sum = |of: fn(&sprat_sim::Above) -> u64| outcome.above.iter().map(of).sum::<u64>();
        sum(|above| above.waited_ns) / sum(|above| above.asked).max(1)
    };
    let [shared, elastic, dedicated] = MODES.map(mean_wait_ns);
    // A thread that sleeps is woken, one that runs a codelet is stood in for, and one that polls is there.
    assert!(dedicated < 5_000, "{dedicated}");
    assert!((2_500..10_000).contains(&shared), "{shared}");
    assert!(elastic > shared, "{elastic} {shared}");
}

#[test]
fn where_a_look_at_all_takes_long_a_hierarchy_is_sooner_done() {
    let makespan_ns = |hierarchy| spread(hierarchy, CeMode::Dedicated, "20 us").makespan_ns;
    // One that sees all looks at 64 engines, for 1.28 ms.
    let [flat, tree] = [false, true].map(makespan_ns);
    assert!(tree < flat, "{tree} {flat}");
    // And decides as well where looks cost next to nothing.
    let busy = |hierarchy| spread(hierarchy, CeMode::Dedicated, "0 ns").makespan_ns;
    let [flat, tree] = [false, true].map(busy);
    assert!(tree * 100 < flat * 115, "{tree} {flat}");
}
