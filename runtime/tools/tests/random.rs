//! The trace of any program is consistent: each start has its ready, bodies do not overlap on an engine, and sums agree with the time that
//! passed within 1%. Programs are made at random.

mod traced;

use proptest::prelude::*;
use sprat::{CeMode, Runtime};
use sprat_tools::run::{NONE, Sort};
use std::sync::atomic::{AtomicUsize, Ordering};
use traced::traced_on;

/// A part of a program.
#[derive(Clone, Debug)]
enum Part {
    /// A codelet that reads one block, changes another, and works so long.
    Uses(usize, usize, u64),
    /// A codelet without blocks that spawns so many others.
    Spawns(usize, u64),
    /// One that waits for an event, which the body satisfies behind it.
    Waits(u64),
    /// A block is read and changed so often in a graph.
    Replays(usize, usize),
    /// The host waits for all, and opens another scope.
    Ends,
}

const BLOCKS: usize = 4;

fn part() -> impl Strategy<Value = Part> {
    let (block, work) = (0..BLOCKS, 0u64..3000);
    prop_oneof![
        6 => (block.clone(), block.clone(), work.clone()).prop_map(|(a, b, work)| Part::Uses(a, b, work)),
        2 => (0..4usize, work.clone()).prop_map(|(count, work)| Part::Spawns(count, work)),
        1 => work.prop_map(Part::Waits),
        1 => (block, 1..6usize).prop_map(|(block, rounds)| Part::Replays(block, rounds)),
        1 => Just(Part::Ends),
    ]
}

fn work(steps: u64) {
    (0..steps).for_each(|i| _ = std::hint::black_box(i));
}

/// Runs it; tells how many codelets there were.
fn run(rt: &Runtime, parts: &[Part]) -> u64 {
    let blocks = rt.blocks::<u64>(BLOCKS, 100).unwrap();
    let mut codelets = 0;
    for scope in parts.split(|part| matches!(part, Part::Ends)) {
        rt.finish(|s| {
            for part in scope {
                match *part {
                    Part::Uses(a, b, steps) => {
                        codelets += 1;
                        let uses = s.codelet("uses");
                        match a == b {
                            true => uses.spawn(blocks[a].read_write(), move |_, _| work(steps)),
                            false => {
                                let both = (blocks[a].read(), blocks[b].read_write());
                                uses.spawn(both, move |_, _| work(steps))
                            }
                        };
                    }
                    Part::Spawns(count, steps) => {
                        codelets += 1 + count as u64;
                        s.codelet("spawns").spawn((), move |s, ()| {
                            for _ in 0..count {
                                s.codelet("child").spawn((), move |_, ()| work(steps));
                            }
                        });
                    }
                    Part::Waits(steps) => {
                        codelets += 1;
                        let (event, trigger) = rt.event("a signal");
                        let waits = s.codelet("waits").after(&event);
                        waits.spawn((), move |_, ()| work(steps));
                        s.satisfy(trigger);
                    }
                    Part::Replays(..) | Part::Ends => (),
                }
            }
            Ok(())
        })
        .unwrap();
        for part in scope {
            if let Part::Replays(block, rounds) = *part {
                let other = blocks[(block + 1) % BLOCKS];
                let graph = rt
                    .record(|s| {
                        let both = (blocks[block].read(), other.read_write());
                        s.codelet("step").spawn(both, |_, _| work(100));
                        s.codelet("step").spawn(other.read(), |_, _| work(100));
                        Ok(())
                    })
                    .unwrap();
                rt.replay(&graph, rounds).unwrap();
                codelets += 2 * rounds as u64;
            }
        }
    }
    codelets
}

/// Each has a file of its own: of two runtimes of one process that would have the same, the second has another one.
static CASES: AtomicUsize = AtomicUsize::new(0);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn any_trace_is_consistent(
        parts in prop::collection::vec(part(), 0..60),
        xes in 1..4usize,
        mode in prop_oneof![Just(CeMode::Shared), Just(CeMode::Elastic), Just(CeMode::Dedicated)],
    ) {
        let mut codelets = 0;
        // What is so in each trace is looked at there.
        let name = format!("random-{}", CASES.fetch_add(1, Ordering::Relaxed));
        let (trace, analysis) = traced_on(xes, &name, mode, |rt| codelets = run(rt, &parts));
        prop_assert_eq!(analysis.codelets, codelets);
        // What was made ready by another one was so when that had begun, and a step by one that had ended.
        for task in trace.tasks.iter().filter(|task| task.cause != NONE) {
            let cause = &trace.tasks[task.cause as usize];
            prop_assert!(cause.start <= task.ready + 1000, "{:?} {:?}", task, cause);
            prop_assert!(task.sort != Sort::Step || cause.end <= task.start + 1000, "{:?} {:?}", task, cause);
        }
        // What the reasons say that engines waited for is all that they did not run.
        for split in &analysis.engines {
            prop_assert_eq!(split.why.total(), split.blocked + split.looking + split.parked);
        }
        let waits = analysis.kinds.iter().map(|row| row.waits.before_ready() + row.waits.after_ready());
        let tasks = trace.tasks.iter().filter(|task| task.is_work());
        prop_assert_eq!(waits.sum::<u64>(), tasks.map(|task| task.start - task.spawn).sum::<u64>());
    }
}
