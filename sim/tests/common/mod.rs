//! What must hold for every simulation, checked from the workload alone.

use sprat::decide::plan::Wishes;
use sprat::topology::Topology;
use sprat_sim::{Codelet, Cost, Machine, Outcome, Workload, simulate};

/// A machine made from a description.
#[allow(dead_code, reason = "not every test program uses it")]
pub fn machine(description: &str, wishes: &Wishes) -> Machine {
    Machine::new(&Topology::synthetic(description).unwrap(), wishes).unwrap()
}

/// So many engines, the rest by the topology.
#[allow(dead_code, reason = "not every test program uses it")]
pub fn xes(count: usize) -> Wishes {
    Wishes {
        xes: Some(count),
        ..Wishes::default()
    }
}

/// For each codelet those that must have ended before it starts: of all earlier ones with which it shares a block that
/// one of the two writes. Straight from the definition, without queues.
pub fn predecessors(workload: &Workload) -> Vec<Vec<usize>> {
    let codelets = &workload.codelets;
    let conflict = |a: usize, b: usize| {
        codelets[a].accesses.iter().any(|one| {
            let mut others = codelets[b].accesses.iter();
            others
                .any(|other| other.block == one.block && (one.mode.writes() || other.mode.writes()))
        })
    };
    (0..codelets.len())
        .map(|b| (0..b).filter(|&a| conflict(a, b)).collect())
        .collect()
}

/// The longest sum of costs along predecessors.
#[allow(dead_code, reason = "not every test program uses it")]
pub fn critical_path_ns(workload: &Workload) -> u64 {
    let mut ends: Vec<u64> = Vec::new();
    for (number, before) in predecessors(workload).iter().enumerate() {
        let start = before.iter().map(|&p| ends[p]).max().unwrap_or(0);
        ends.push(start + cost_ns(&workload.codelets[number]));
    }
    ends.into_iter().max().unwrap_or(0)
}

/// Simulates, and checks what must hold: each codelet ran once and took its time, after its predecessors; no engine ran
/// two at once; busy times sum up to the work; and it all happens the same way again.
#[track_caller]
pub fn simulated(machine: &Machine, workload: &Workload) -> Outcome {
    let outcome = simulate(machine, workload).unwrap();
    let runs = outcome.by_codelet();
    let names: Vec<u32> = runs.iter().map(|run| run.codelet).collect();
    assert!(names.iter().copied().eq(0..workload.codelets.len() as u32));
    for (number, before) in predecessors(workload).iter().enumerate() {
        assert_eq!(
            runs[number].end_ns - runs[number].start_ns,
            cost_ns(&workload.codelets[number])
        );
        for &p in before {
            assert!(
                runs[p].end_ns <= runs[number].start_ns,
                "codelet {number} starts at {} ns, before codelet {p} ends at {} ns",
                runs[number].start_ns,
                runs[p].end_ns
            );
        }
    }
    for (xe, tally) in outcome.engines.iter().enumerate() {
        let mut own = outcome.runs.iter().filter(|r| usize::from(r.xe) == xe);
        let mut free_ns = 0;
        let mut busy_ns = 0;
        assert!(own.clone().count() as u64 == tally.ran);
        assert!(own.all(|run| {
            busy_ns += run.end_ns - run.start_ns;
            std::mem::replace(&mut free_ns, run.end_ns) <= run.start_ns
        }));
        assert_eq!(busy_ns, tally.busy_ns);
    }
    let busy_ns: u64 = outcome.engines.iter().map(|e| e.busy_ns).sum();
    assert_eq!(busy_ns, workload.work_ns());
    assert_eq!(
        outcome.runs.last().map_or(0, |_| outcome.makespan_ns),
        last_end(&outcome)
    );
    assert_eq!(
        simulate(machine, workload).unwrap(),
        outcome,
        "not deterministic"
    );
    outcome
}

fn last_end(outcome: &Outcome) -> u64 {
    outcome.runs.iter().map(|run| run.end_ns).max().unwrap_or(0)
}

fn cost_ns(codelet: &Codelet) -> u64 {
    match codelet.cost {
        Cost::Ns(ns) => ns,
        Cost::Operations(_) => panic!("these tests give times"),
    }
}
