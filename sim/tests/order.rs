//! Order comes from the runtime's access queues: a change of their rule shows here.

mod common;

use common::{machine, simulated};
use sprat::ErrorKind;
use sprat::decide::dependence::Mode;
use sprat::decide::plan::Wishes;
use sprat_sim::{Affinity, Codelet, Cost, Machine, Workload, simulate};

fn codelet(cost_ns: u64, accesses: &[(u32, Mode)]) -> Codelet {
    Codelet {
        accesses: accesses.iter().map(|access| (*access).into()).collect(),
        ..Codelet::new("test", Cost::Ns(cost_ns))
    }
}

fn two() -> Machine {
    machine("core:2", &Wishes::default())
}

/// Fails for the mutant `dependence_readers_overtake`: the second reader would share with the first.
#[test]
fn a_reader_does_not_overtake_a_waiting_writer() {
    let workload = Workload::from(vec![
        codelet(1_000_000, &[(0, Mode::Read)]),
        codelet(1_000, &[(0, Mode::Write)]),
        codelet(1_000, &[(0, Mode::Read)]),
    ]);
    simulated(&two(), &workload);
}

#[test]
fn readers_share() {
    let readers = vec![codelet(1_000_000, &[(0, Mode::Read)]); 2];
    let outcome = simulated(&two(), &Workload::from(readers));
    assert!(outcome.makespan_ns < 1_200_000, "{}", outcome.makespan_ns);
    let tally: Vec<u64> = outcome.engines.iter().map(|e| e.ran).collect();
    assert_eq!(tally, [1, 1]);
}

#[test]
fn programs_of_many_blocks_keep_their_order() {
    // A fixed sequence of made-up programs (a linear congruential generator; Knuth's constants).
    let mut state = 1u64;
    let mut random = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..40 {
        let mut codelets = Vec::new();
        for _ in 0..60 {
            let mut accesses: Vec<(u32, Mode)> = Vec::new();
            for _ in 0..random(4) {
                let block = random(8) as u32;
                let mode = [Mode::Read, Mode::Write, Mode::ReadWrite][random(3) as usize];
                if accesses.iter().all(|&(other, _)| other != block) {
                    accesses.push((block, mode));
                }
            }
            let affinity = match random(5) {
                0 => Affinity::Prefer(random(6) as u16),
                1 => Affinity::Only(random(6) as u16),
                2 => Affinity::Region(random(2) as u16),
                _ => Affinity::Anywhere,
            };
            codelets.push(Codelet {
                affinity,
                ..codelet(1 + random(100_000), &accesses)
            });
        }
        let machine = machine("package:2 core:3", &Wishes::default());
        simulated(&machine, &Workload::from(codelets));
    }
}

#[test]
fn what_the_runtime_refuses_is_refused() {
    let twice = codelet(1, &[(3, Mode::Read), (3, Mode::Write)]);
    let far = Codelet {
        affinity: Affinity::Only(2),
        ..codelet(1, &[])
    };
    let nowhere = Codelet {
        affinity: Affinity::Region(1),
        ..codelet(1, &[])
    };
    let kinds = [ErrorKind::Access, ErrorKind::Config, ErrorKind::Config];
    for (wrong, kind) in [twice, far, nowhere].into_iter().zip(kinds) {
        let workload = Workload::from(vec![codelet(1, &[]), wrong]);
        let error = simulate(&two(), &workload).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("codelet 1 (`test`)"), "{error}");
    }
}
