//! Tiny programs whose every start was computed by hand.

mod common;

use common::{machine, simulated, xes};
use sprat::decide::dependence::Mode;
use sprat_sim::{Affinity, Codelet, Cost, Costs, Machine, Workload};

/// Round costs, so that sums are easy to read.
fn round(description: &str, count: usize) -> Machine {
    let mut machine = machine(description, &xes(count));
    machine.costs = Costs {
        spawn_ns: 1,
        codelet_ns: 10,
        steal_ns: 100,
        look_ns: 1_000,
        wake_ns: 20_000,
        control_ns: 2_000,
        ..Costs::default()
    };
    machine
}

fn codelet(name: &'static str, cost_ns: u64, accesses: &[(u32, Mode)]) -> Codelet {
    Codelet {
        accesses: accesses.iter().map(|access| (*access).into()).collect(),
        ..Codelet::new(name, Cost::Ns(cost_ns))
    }
}

#[test]
fn a_chain_takes_the_spawns_and_then_each_codelet_and_its_overhead() {
    let machine = round("core:1", 1);
    for length in [1, 3, 200] {
        let outcome = simulated(&machine, &Workload::chain(length, 500));
        let length = u64::from(length);
        assert_eq!(outcome.makespan_ns, length + length * (500 + 10));
        assert_eq!(outcome.steals() + outcome.parks(), 0);
        let starts: Vec<u64> = outcome.runs.iter().map(|run| run.start_ns).collect();
        let expected = (0..length).map(|i| length + i * 510 + 10);
        assert!(starts.into_iter().eq(expected));
    }
}

#[test]
fn a_chain_stays_on_its_engine_beside_idle_ones() {
    let machine = round("core:4", 4);
    let outcome = simulated(&machine, &Workload::chain(50, 500));
    // The host told one sleeper of the chain's head, as it does for all it spawns; nobody was ever needed.
    assert_eq!(outcome.makespan_ns, 50 + 50 * 510);
    assert_eq!(outcome.engines[0].ran, 50);
}

/// A codelet with two successors, of which one follows and the other waits alone behind it, while engine 1 searches:
/// it is left to its owner for `patience` looks, in case the owner is just about to run it, and then taken.
///
/// Fails for the mutants `route_no_patience` and `theft_no_rest`.
#[test]
fn a_lone_codelet_is_taken_when_patience_ends() {
    let mut machine = round("core:2", 2);
    machine.tuning.patience = 2;
    let workload = Workload::from(vec![
        codelet("root", 29_500, &[(0, Mode::Write), (1, Mode::Write)]),
        codelet("long", 40_000, &[(0, Mode::Read)]),
        codelet("lone", 5_000, &[(1, Mode::Read)]),
    ]);
    let outcome = simulated(&machine, &workload);
    let runs = outcome.by_codelet();
    // Spawns end at 3 ns. The first told engine 1, at 1 ns: it is up at 20,001 ns and looks after pauses of 1,000, 2,000, 4,000 and
    // then 8,000 ns. The root ends at 3 + 10 + 29,500 = 29,513 ns. Engine 1 sees the lone codelet at 35,001 (first sight) and
    // at 43,001 ns; now it may take it at the next look, so that this is at 44,001, when it takes it for 100 ns.
    assert_eq!((runs[1].xe, runs[1].start_ns), (0, 29_523));
    assert_eq!((runs[2].xe, runs[2].start_ns), (1, 44_111));
    assert_eq!(outcome.makespan_ns, 29_523 + 40_000);
    assert_eq!((outcome.steals(), outcome.engines[1].ran), (1, 1));
}

/// Two owners with long bodies, a lone codelet behind each: thieves come to both, one after the other.
#[test]
fn several_lone_codelets_are_all_taken() {
    let mut machine = round("core:4", 4);
    machine.tuning.spin_ns = 1_000_000;
    let pinned = |name, cost_ns, accesses: &[(u32, Mode)], xe| Codelet {
        affinity: Affinity::Only(xe),
        ..codelet(name, cost_ns, accesses)
    };
    let mut codelets = vec![
        pinned("root", 100_000, &[(0, Mode::Write), (1, Mode::Write)], 0),
        pinned("root", 100_000, &[(2, Mode::Write), (3, Mode::Write)], 1),
    ];
    for block in [0, 2] {
        codelets.push(codelet("long", 900_000, &[(block, Mode::Read)]));
        codelets.push(codelet("lone", 50_000, &[(block + 1, Mode::Read)]));
    }
    // Pinned, they wake the other two engines, which then search.
    codelets.extend([2, 3].map(|xe| pinned("alarm", 10, &[], xe)));
    let outcome = simulated(&machine, &Workload::from(codelets));
    let runs = outcome.by_codelet();
    for lone in [3, 5] {
        assert!(runs[lone].start_ns < 200_000, "{:?}", runs[lone]);
        assert!(runs[lone].xe >= 2, "{:?}", runs[lone]);
    }
}

/// The newest first at home, the oldest first for thieves.
///
/// Fails for the mutant `theft_newest_first`.
#[test]
fn the_owner_runs_the_newest_and_the_thief_takes_the_oldest() {
    let machine = round("core:2", 2);
    let outcome = simulated(&machine, &Workload::flat(8, 15_000));
    // Spawned by 8 ns. Engine 0 runs 7 and 6, until 30,028 ns; meanwhile, at 20,001 ns, engine 1 takes half of the six
    // that wait, 0 to 2, and runs the oldest of these first.
    let at = |xe: u16| {
        let runs = outcome.runs.iter().filter(move |run| run.xe == xe);
        runs.map(|run| run.codelet).collect::<Vec<_>>()
    };
    assert_eq!(at(0), [7, 6, 5, 4, 3]);
    assert_eq!(at(1), [0, 1, 2]);
    assert_eq!(outcome.makespan_ns, 8 + 5 * 15_010);
}

/// Of two children the second is kept to run right after the body, since the first can feed the other engine: nobody is woken for it.
///
/// Fails for the mutant `route_keeps_nothing`.
#[test]
fn the_newest_child_is_kept_and_nobody_is_told_of_it() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 5_000;
    let child = || Codelet {
        parent: Some(0),
        ..codelet("child", 40_000, &[])
    };
    let workload = Workload::from(vec![codelet("root", 500_000, &[]), child(), child()]);
    let outcome = simulated(&machine, &workload);
    let order: Vec<_> = outcome.runs.iter().map(|run| run.codelet).collect();
    assert_eq!((order, outcome.engines[0].ran), (vec![0, 2, 1], 3));
    assert_eq!(outcome.engines[1].parks, 1);
}

/// Who finds nothing pauses longer and longer, so that it comes to see a queue late; unless somebody calls.
#[test]
fn pauses_grow_until_somebody_calls() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 1_000_000;
    machine.costs.look_ns = 10_000;
    let child = || Codelet {
        parent: Some(0),
        ..codelet("child", 10_000, &[])
    };
    // One child, which nobody is told of, and which the host comes to only after what it keeps.
    let mut codelets = vec![codelet("root", 60_000, &[])];
    codelets.extend([child(), child(), child()]);
    let outcome = simulated(&machine, &Workload::from(codelets));
    let runs = outcome.by_codelet();
    // Engine 1 is up at 20,001 ns and looks then, at 30,001, and at 50,001 ns; the next look would be at 90,001 ns. The root ends at
    // 1 + 10 + 60,000 + 3 * 1 ns; the first child lies alone; the second is kept until the third is, so it is put there, and who
    // searches is called, which it hears at the end of its shortest pause, at 70,001 ns: it takes the older of two.
    assert_eq!((runs[1].xe, runs[1].start_ns), (1, 70_001 + 100 + 10));
}

/// So it is with a codelet that is posted to an engine which searches.
#[test]
fn a_pause_ends_for_what_is_posted() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 1_000_000;
    machine.costs.look_ns = 10_000;
    let mut second = codelet("second", 10_000, &[(0, Mode::ReadWrite)]);
    second.affinity = Affinity::Only(1);
    let codelets = vec![codelet("first", 60_000, &[(0, Mode::ReadWrite)]), second];
    let outcome = simulated(&machine, &Workload::from(codelets));
    // Engine 1 looks at 20,001 ns and, as above, would look next at 90,001 ns; posted at some 60,000 ns, it is seen at 70,001 ns.
    let second = &outcome.by_codelet()[1];
    assert_eq!((second.xe, second.start_ns), (1, 70_001 + 10));
}

/// Who is called at the very time at which its pause ends looks then, and not one shortest pause later.
#[test]
fn a_call_does_not_make_a_pause_longer() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 1_000_000;
    machine.costs.look_ns = 10_000;
    let mut second = codelet("second", 10_000, &[(0, Mode::ReadWrite)]);
    second.affinity = Affinity::Only(1);
    let first = codelet("first", 89_989, &[(0, Mode::ReadWrite)]);
    let outcome = simulated(&machine, &Workload::from(vec![first, second]));
    // As above; the first ends at 12 + 89,989 ns.
    let runs = outcome.by_codelet();
    assert_eq!((runs[0].end_ns, runs[1].start_ns), (90_001, 90_001 + 10));
}

#[test]
fn who_finds_nothing_parks_when_its_budget_is_spent() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 5_000;
    let outcome = simulated(&machine, &Workload::flat(1, 200_000));
    // Engine 1 was woken for the codelet that engine 0 ran, looked on for 5,000 ns and went back to sleep. Its control
    // engine was asked to watch, and found nothing to do.
    assert_eq!((outcome.engines[0].parks, outcome.engines[1].parks), (0, 1));
    assert_eq!(outcome.decisions, []);
    assert_eq!(outcome.makespan_ns, 1 + 10 + 200_000);
}

#[test]
fn an_empty_program_ends_at_once() {
    let outcome = simulated(&round("core:2", 2), &Workload::default());
    assert_eq!((outcome.makespan_ns, outcome.runs.len()), (0, 0));
}

/// Two engines share a row of forks and joins: as soon as the thief has seen how long codelets take there, it takes each second branch
/// at sight, before its owner comes to it.
///
/// Fails for the mutant `theft_no_pace`.
#[test]
fn lone_codelets_behind_long_ones_are_taken_on_sight() {
    let mut machine = round("core:2", 2);
    machine.tuning.spin_ns = 1_000_000;
    let both = |mode| [(0, mode), (1, mode)];
    let fork = [
        codelet("fork", 500, &both(Mode::ReadWrite)),
        codelet("left", 2_500, &[(0, Mode::ReadWrite)]),
        codelet("right", 2_500, &[(1, Mode::ReadWrite)]),
    ];
    let codelets: Vec<Codelet> = (0..20).flat_map(|_| fork.clone()).collect();
    let outcome = simulated(&machine, &Workload::from(codelets));
    // All on one engine takes 110 us, and with two branches at a time 60, and what moves take.
    assert!(outcome.makespan_ns < 90_000, "{}", outcome.makespan_ns);
}
