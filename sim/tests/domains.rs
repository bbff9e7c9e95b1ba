//! Several domains: control engines move work, affinity holds it.

mod common;

use common::{machine, simulated};
use sprat::decide::controller::Decision;
use sprat::decide::plan::{CeMode, Wishes};
use sprat_sim::{Affinity, Codelet, Cost, Outcome, Workload};

fn brokered(outcome: &Outcome) -> usize {
    let to_the_second = |d: &&sprat_sim::Decided| {
        matches!(d.decision, Decision::Broker { from: 0, to: 1, .. }) && d.by == 1
    };
    outcome.decisions.iter().filter(to_the_second).count()
}

/// Thieves stay in their domain, so without brokering the second one would sleep.
#[test]
fn control_engines_bring_a_sleeping_domain_its_share() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let wishes = Wishes {
            xes: Some(8),
            mode: Some(mode),
            oversubscribe: false,
        };
        let machine = machine("cache:2 core:5", &wishes);
        let domains: Vec<_> = machine.plan.domains.iter().map(|d| d.xes.clone()).collect();
        assert_eq!(domains.len(), 2);
        let workload = Workload::flat(400, 100_000);
        let outcome = simulated(&machine, &workload);
        assert!(brokered(&outcome) > 0, "{mode}: {:?}", outcome.decisions);
        let busy = |domain: usize| -> u64 {
            let engines = &outcome.engines[domains[domain].clone()];
            engines.iter().map(|e| e.busy_ns).sum()
        };
        let share = busy(1) as f64 / workload.work_ns() as f64;
        assert!(
            share > 0.25,
            "{mode}: the second domain has {share} of the work"
        );
    }
}

#[test]
fn pinned_codelets_run_only_where_pinned() {
    let machine = machine("package:2 core:2", &Wishes::default());
    let codelets = (0..200u16).map(|number| Codelet {
        affinity: match number % 3 {
            0 => Affinity::Only(number % 4),
            1 => Affinity::Region(number % 2),
            _ => Affinity::Anywhere,
        },
        ..Codelet::new("pinned", Cost::Ns(10_000))
    });
    let workload = Workload::from(codelets.collect::<Vec<_>>());
    let outcome = simulated(&machine, &workload);
    for run in &outcome.runs {
        let region = machine.plan.xes[usize::from(run.xe)].region;
        match workload.codelets[run.codelet as usize].affinity {
            Affinity::Only(xe) => assert_eq!(run.xe, xe),
            Affinity::Region(wanted) => assert_eq!(region, usize::from(wanted)),
            _ => (),
        }
    }
    assert!(
        outcome.engines.iter().all(|e| e.ran > 10),
        "{:?}",
        outcome.engines
    );
}

#[test]
fn preferred_engines_get_most_of_their_own() {
    let machine = machine("core:4", &Wishes::default());
    let workload = Workload::stencil(64, 50, 50_000, machine.xes());
    let outcome = simulated(&machine, &workload);
    let at_home = outcome
        .runs
        .iter()
        .filter(|run| workload.codelets[run.codelet as usize].affinity == Affinity::Prefer(run.xe));
    let share = at_home.count() as f64 / outcome.runs.len() as f64;
    assert!(share > 0.5, "{share}");
}

/// Three regions, each a domain of three engines; `failures` are added, and control engines watch if they are to.
fn failing(mode: &str, watch: bool, failures: &str) -> sprat::Result<sprat_sim::Machine> {
    let watch = if watch { "watch = \"1 ms\"" } else { "" };
    let text = format!(
        r#"name = "failing"
root = "node"
contention = "none"
{failures}
[control]
mode = "{mode}"
{watch}
[engine.xe]
rate = "1 Gop/s"
memory = "l1"
[memory.l1]
capacity = "64 KiB"
bandwidth = "10 GB/s"
[memory.dram]
home = true
capacity = "1 GiB"
bandwidth = "4 GB/s"
[group.node]
holds = ["3 socket"]
[group.socket]
holds = ["3 xe"]
memory = ["dram"]
domain = true
"#
    );
    sprat_sim::Description::read("failing.toml", &text)?.build(None)
}

fn given_up(outcome: &Outcome) -> Vec<u16> {
    let verdicts = outcome.verdicts.iter();
    let given_up = verdicts.filter(|(_, _, what)| *what == sprat_sim::Standing::GivenUp);
    let mut engines: Vec<u16> = given_up.map(|(_, xe, _)| *xe).collect();
    engines.sort_unstable();
    engines
}

/// All kinds of wishes, nested codelets, and blocks.
fn mixed() -> Vec<Workload> {
    let mut stencil = Workload::stencil(27, 30, 40_000, 9);
    for (codelet, at) in stencil.codelets.iter_mut().zip(0u16..) {
        codelet.affinity = match at % 4 {
            0 => Affinity::Only(at % 9),
            1 => Affinity::Region(at % 3),
            2 => Affinity::Anywhere,
            _ => codelet.affinity,
        };
    }
    let named = |text| sprat_sim::workload::named(text, 9).unwrap();
    vec![
        stencil,
        named("taskbench:width=27,steps=40,operations=40000"),
        named("stencil2d:tiles=6,edge=32,steps=20"),
        named("tree:roots=60,operations=60000,most=700"),
        Workload::chain(300, 40_000),
    ]
}

/// An engine dies, one dies in its sleep or not, or a region is lost: the control engines see only that nothing comes, and all else comes to
/// its end, each codelet once. (Order, bytes, times and energy are checked in each simulation.)
#[test]
fn the_rest_goes_on_without_engines_that_die() {
    let death = |xe| format!("[[failure]]\nengine = {xe}\nat = \"3 ms\"\ndies = true\n");
    let cases = [
        (death(4), vec![4]),
        (death(1) + &death(2) + &death(8), vec![1, 2, 8]),
        (
            "[[failure]]\nregion = 1\nat = \"3 ms\"\n".to_owned(),
            vec![3, 4, 5],
        ),
    ];
    let (mut again, mut skipped) = (0, 0);
    for mode in ["shared", "elastic", "dedicated"] {
        for (failures, dead) in &cases {
            let machine = failing(mode, true, failures).unwrap();
            for (number, mut workload) in mixed().into_iter().enumerate() {
                workload.repeatable = true;
                let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
                let told = format!("{mode}, {failures}, workload {number}");
                assert_eq!(outcome.runs.len(), workload.codelets.len(), "{told}");
                let works =
                    |run: &&sprat_sim::Run| dead.contains(&run.xe) && run.end_ns > 3_000_000;
                assert_eq!(outcome.runs.iter().filter(works).count(), 0, "{told}");
                let wrongly = given_up(&outcome).into_iter().find(|xe| !dead.contains(xe));
                assert_eq!(wrongly, None, "{told}: {:?}", outcome.verdicts);
                let has_blocks = workload.sizes.iter().any(|size| *size > 0);
                // Without blocks nothing is lost that cannot be done again.
                if !failures.contains("region") || !has_blocks {
                    assert_eq!(outcome.skipped, [0; 0], "{told}");
                }
                // Who ran something is missed.
                if number < 2 {
                    assert_eq!(given_up(&outcome), *dead, "{told}");
                    again += outcome.again;
                }
                // What may not run again fails, and with it what reads what it was to write.
                workload.repeatable = false;
                let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
                assert_eq!(
                    (outcome.runs.len(), outcome.again),
                    (workload.codelets.len(), 0)
                );
                skipped += outcome.skipped.len();
                let ran: u64 = outcome.engines.iter().map(|tally| tally.ran).sum();
                assert_eq!(
                    ran as usize + outcome.skipped.len(),
                    outcome.runs.len(),
                    "{told}"
                );
            }
        }
    }
    assert!(again > 10 && skipped > 1_000, "{again} {skipped}");
}

/// A block that lives in a lost region is lost, unless there is a copy elsewhere; who reads it is skipped, and who writes all of it heals it.
#[test]
fn what_was_in_a_lost_region_is_poisoned_until_it_is_written() {
    use sprat::decide::dependence::Mode;
    let machine = failing("shared", true, "[[failure]]\nregion = 2\nat = \"1 ms\"\n").unwrap();
    let on = |xe, ns, block, mode| Codelet {
        accesses: vec![(block, mode).into()],
        affinity: Affinity::Only(xe),
        ..Codelet::new("one", Cost::Ns(ns))
    };
    let late = |block, mode| Codelet {
        accesses: vec![(block, mode).into(), (2, Mode::Read).into()],
        ..on(1, 10_000, block, mode)
    };
    let workload = Workload {
        codelets: vec![
            // Blocks 0 and 1 live in region 2; of block 1 there is a copy in region 0. All else comes after that was read, and after the loss.
            on(6, 10_000, 0, Mode::Write),
            on(6, 10_000, 1, Mode::Write),
            Codelet {
                accesses: vec![(1, Mode::Read).into(), (2, Mode::Write).into()],
                ..on(1, 1_500_000, 1, Mode::Read)
            },
            late(0, Mode::Read),
            late(1, Mode::Read),
            late(0, Mode::Write),
            late(0, Mode::ReadWrite),
        ],
        sizes: vec![4096, 4096],
        repeatable: true,
        ..Workload::default()
    };
    let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
    assert_eq!(outcome.skipped, [3]);
    assert_eq!(outcome.homes[2], 0);
}

#[test]
fn an_engine_that_limps_is_relieved() {
    let limps = "[[failure]]\nengine = 4\nat = \"1 ms\"\nspeed = \"33 %\"\n";
    let workload = Workload::stencil(27, 200, 40_000, 9);
    let simulated = |watch| {
        let machine = failing("shared", watch, limps).unwrap();
        sprat_sim::simulate(&machine, &workload).unwrap()
    };
    let (watched, unwatched) = (simulated(true), simulated(false));
    assert_eq!(given_up(&watched), [0; 0]);
    let relieved = (4, sprat_sim::Standing::Relieved);
    let mut verdicts = watched.verdicts.iter().map(|(_, xe, what)| (*xe, *what));
    assert!(
        verdicts.any(|one| one == relieved),
        "{:?}",
        watched.verdicts
    );
    assert!(watched.makespan_ns <= unwatched.makespan_ns * 102 / 100);
}

#[test]
fn long_bodies_are_no_failures() {
    let machine = failing("shared", true, "").unwrap();
    let mut workload = Workload::flat(2_000, 100_000);
    for codelet in workload.codelets.iter_mut().step_by(50) {
        codelet.cost = Cost::Ns(1_200_000);
    }
    let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
    assert_eq!(given_up(&outcome), [0; 0]);
    assert_eq!((outcome.again, outcome.skipped), (0, Vec::new()));
}

/// Short bodies, and then ones that take a hundred times as long, on all engines at once.
#[test]
fn bodies_that_become_long_are_no_failures() {
    use sprat::decide::dependence::Mode;
    for mode in ["shared", "elastic", "dedicated"] {
        let machine = failing(mode, true, "").unwrap();
        let mut workload = Workload::flat(900, 100_000);
        // One in between comes after all short ones, and the long ones after it.
        for (at, codelet) in workload.codelets.iter_mut().enumerate() {
            let mode = if at == 720 { Mode::Write } else { Mode::Read };
            codelet.accesses = vec![(0, mode).into()];
            if at > 720 {
                codelet.cost = Cost::Ns(10_000_000);
            }
        }
        let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
        assert_eq!(given_up(&outcome), [0; 0], "{mode}");
        assert_eq!((outcome.again, outcome.skipped), (0, Vec::new()));
    }
}

/// Where a routine or a wake-up takes longer than a control engine is else patient with silence.
#[test]
fn slow_routines_and_wake_ups_are_no_failures() {
    for costs in ["routine = \"5 ms\"", "wake = \"5 ms\""] {
        for mode in ["shared", "elastic", "dedicated"] {
            // After the mode in [control], or in a table before it.
            let machine = match costs.starts_with("routine") {
                true => failing(&format!("{mode}\"\n{costs}\n#"), true, ""),
                false => failing(mode, true, &format!("[cost]\n{costs}\n")),
            };
            let machine = machine.unwrap();
            let mut workload = Workload::stencil(27, 40, 400_000, 9);
            workload.repeatable = true;
            let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
            assert_eq!(outcome.verdicts, [], "{costs}, {mode}");
            assert_eq!(outcome.runs.len(), 27 * 40);
        }
    }
}

/// Nobody has ended a body when control engines look first, so nobody knows how long bodies take.
#[test]
fn long_first_bodies_are_no_failures_and_a_death_in_one_is_found() {
    for mode in ["shared", "elastic", "dedicated"] {
        let machine = failing(mode, true, "").unwrap();
        let long = sprat_sim::workload::named("flat:count=90,operations=3000000", 9).unwrap();
        let outcome = sprat_sim::simulate(&machine, &long).unwrap();
        assert_eq!(given_up(&outcome), [0; 0], "{mode}");
    }
    let dies = "[[failure]]\nengine = 4\nat = \"1 ms\"\ndies = true\n";
    let machine = failing("shared", true, dies).unwrap();
    let mut only = Workload::flat(1, 3_000_000);
    only.codelets[0].affinity = Affinity::Only(4);
    only.repeatable = true;
    let outcome = sprat_sim::simulate(&machine, &only).unwrap();
    assert_eq!((given_up(&outcome), outcome.again), (vec![4], 1));
}

/// Who is woken for a region's codelets has died in its sleep: the others of the region run them.
#[test]
fn a_region_is_told_again_of_what_the_dead_were_woken_for() {
    use sprat::decide::dependence::Mode;
    let dies = "[[failure]]\nengine = 3\nat = \"1 ms\"\ndies = true\n";
    for mode in ["shared", "elastic", "dedicated"] {
        let machine = failing(mode, true, dies).unwrap();
        let mut codelets = vec![Codelet {
            accesses: vec![(0, Mode::Write).into()],
            affinity: Affinity::Only(0),
            ..Codelet::new("first", Cost::Ns(5_000_000))
        }];
        codelets.extend((0..40).map(|at| Codelet {
            accesses: match at {
                0 => vec![(0, Mode::Read).into(), (1, Mode::Write).into()],
                _ => vec![(1, Mode::Read).into()],
            },
            affinity: Affinity::Region(1),
            ..Codelet::new("there", Cost::Ns(50_000))
        }));
        let outcome = sprat_sim::simulate(&machine, &Workload::from(codelets)).unwrap();
        let there = (outcome.runs.iter()).filter(|run| run.codelet > 0);
        let strays = there.filter(|run| ![4, 5].contains(&run.xe));
        assert_eq!((strays.count(), given_up(&outcome)), (0, vec![3]), "{mode}");
    }
}

/// Sums of times do not overflow: an error says what is absurd.
#[test]
fn absurd_times_are_refused() {
    let machine = failing("shared", false, "").unwrap();
    let error = sprat_sim::simulate(&machine, &Workload::flat(3, u64::MAX)).unwrap_err();
    assert!(error.to_string().contains("146 years"), "{error}");
    let error = failing("shared\"\nroutine = \"100000 s", false, "").unwrap_err();
    assert!(error.to_string().contains("`routine` is a cost"), "{error}");
}

/// A scope knows nothing of what was lost in those before it.
#[test]
fn failures_are_refused_where_there_are_several_scopes() {
    let dies = "[[failure]]\nengine = 4\nat = \"1 ms\"\ndies = true\n";
    let machine = failing("shared", true, dies).unwrap();
    let workload = Workload {
        scopes: vec![10],
        ..Workload::flat(20, 10_000)
    };
    let error = sprat_sim::simulate(&machine, &workload).unwrap_err();
    assert!(
        error.to_string().contains("failing.toml, line 4: ")
            && error.to_string().contains("2 scopes"),
        "{error}"
    );
}

/// Random failures under random programs: all comes to an end, each codelet once.
#[test]
fn random_failures_lose_no_codelet() {
    // A xorshift: the seed tells all.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) % below
    };
    for schedule in 0..100 {
        let mode = ["shared", "elastic", "dedicated"][draw(3) as usize];
        let failures: String = (0..1 + draw(4))
            .map(|_| {
                let at = draw(4_000);
                match draw(5) {
                    0 => format!("[[failure]]\nregion = {}\nat = \"{at} us\"\n", 1 + draw(2)),
                    1 => format!(
                        "[[failure]]\nengine = {}\nat = \"{at} us\"\nspeed = \"{} %\"\n",
                        draw(9),
                        10 + draw(80)
                    ),
                    _ => format!(
                        "[[failure]]\nengine = {}\nat = \"{at} us\"\ndies = true\n",
                        1 + draw(8)
                    ),
                }
            })
            .collect();
        let machine = failing(mode, true, &failures).unwrap();
        let mut workload = Workload::stencil(9 + draw(9) as u32, 8, 1_000 << draw(9), 9);
        for codelet in &mut workload.codelets {
            codelet.affinity = match draw(4) {
                0 => Affinity::Only(draw(9) as u16),
                1 => Affinity::Region(draw(3) as u16),
                2 => Affinity::Anywhere,
                _ => codelet.affinity,
            };
        }
        workload.repeatable = draw(2) == 0;
        let outcome = sprat_sim::simulate(&machine, &workload);
        let told = format!("schedule {schedule}, {mode}, {failures}");
        let outcome = outcome.unwrap_or_else(|error| panic!("{told}: {error}"));
        assert_eq!(outcome.runs.len(), workload.codelets.len(), "{told}");
    }
}

/// A body a hundred times as long as all others is taken for dead, and run again elsewhere: the next one is not, since the first came back.
#[test]
fn who_comes_back_is_trusted_again() {
    let machine = failing("shared", true, "").unwrap();
    let mut workload = Workload::flat(900, 50_000);
    workload.codelets[300].cost = Cost::Ns(20_000_000);
    workload.repeatable = true;
    let outcome = sprat_sim::simulate(&machine, &workload).unwrap();
    assert!((1..7).contains(&outcome.again), "{}", outcome.again);
    let trusted = outcome
        .verdicts
        .iter()
        .filter(|verdict| verdict.2 == sprat_sim::Standing::Trusted);
    assert!(trusted.count() > 0, "{:?}", outcome.verdicts);
    assert_eq!((outcome.runs.len(), outcome.skipped), (900, Vec::new()));
}

#[test]
fn failures_that_make_no_sense_are_refused_with_the_line_and_the_mend() {
    let wrong = |failures: &str| failing("shared", true, failures).unwrap_err().to_string();
    let all: String = (0..3)
        .map(|region| format!("[[failure]]\nregion = {region}\nat = \"1 ms\"\n"))
        .collect();
    let cases = [
        (
            "engine = 0\nat = \"1 ms\"\ndies = true",
            "line 5: the host sits in engine 0",
        ),
        ("region = 0\nat = \"1 ms\"", "a region without engine 0"),
        (
            "region = 3\nat = \"1 ms\"",
            "line 5: there is no region 3; the machine has 3",
        ),
        (
            "engine = 9\nat = \"1 ms\"\ndies = true",
            "there is no engine 9",
        ),
        (
            "engine = 1\nat = \"1 ms\"",
            "speed = \"33 %\", or dies = true",
        ),
        (
            "engine = 1\nspeed = \"20 %\"\nat = \"1 ms\"\ndies = true",
            "leave one of the two out",
        ),
        (
            "engine = 1\nspeed = \"100 %\"\nat = \"1 ms\"",
            "below 100 %",
        ),
        (
            "region = 1\nspeed = \"20 %\"\nat = \"1 ms\"",
            "has no `speed`",
        ),
        (
            "region = 1\nengine = 1\nat = \"1 ms\"",
            "write two for both",
        ),
        ("region = 1\nat = \"1 ms\"\ndies = true", "leave `dies` out"),
        (
            "engine = 70000\nat = \"1 ms\"\ndies = true",
            "line 5: there is no engine 70000: they have numbers below 65536",
        ),
        ("at = \"1 ms\"", "says no `engine` and no `region`"),
        ("engine = 1\ndies = true", "says no `at`"),
    ];
    for (text, expected) in cases {
        let error = wrong(&format!("[[failure]]\n{text}\n"));
        assert!(
            error.contains(expected) && error.contains("failing.toml, line"),
            "{error}"
        );
    }
    let error = wrong(&all);
    assert!(
        error.contains("line 11: with this one all 9 engines have died"),
        "{error}"
    );
    // Nobody watches: said when it is too late, with the line.
    let dies = "[[failure]]\nengine = 4\nat = \"1 ms\"\ndies = true\n";
    for mode in ["shared", "elastic", "dedicated"] {
        let machine = failing(mode, false, dies).unwrap();
        let error = sprat_sim::simulate(&machine, &mixed()[0])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("failing.toml, line 4: after this failure")
                && error.contains("add watch = \"1 ms\" to [control]"),
            "{mode}: {error}"
        );
    }
}
