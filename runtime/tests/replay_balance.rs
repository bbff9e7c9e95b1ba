//! Graphs whose engines are out of balance are planned anew while they are replayed.
//!
//! When that happens depends on what else the machine does. So each test replays until it is seen, or for so long that it never
//! will be.

use sprat::{Block, CeMode, Graph, Param, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{ThreadId, current, sleep};
use std::time::{Duration, Instant};

const TILES: usize = 12;
/// What a codelet takes, a throttled engine several times. It sleeps, so that a machine with other work to do changes little, and
/// what it changes is longer on a throttled engine as often.
const TAKES: Duration = Duration::from_micros(700);
/// Nothing that is tested here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(100);

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder
        .ce(CeMode::Shared)
        .ignore_environment()
        .build()
        .unwrap()
}

/// Does this until it says that it is enough.
fn until(what: &str, mut enough: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !enough() {
        assert!(begun.elapsed() < FOREVER, "not {what} after {FOREVER:?}");
    }
}

/// What the codelets of a throttled machine have in common.
struct Machine {
    /// Threads other than this one take longer, while that is so.
    fast: ThreadId,
    is_throttled: AtomicBool,
    factor: u32,
    /// How many codelets of each round ran on other threads, and of the present one.
    elsewhere: Mutex<Vec<u64>>,
    elsewhere_now: AtomicU64,
}

impl Machine {
    /// Other engines are slower by this factor.
    fn throttled(factor: u32) -> Self {
        Machine {
            fast: current().id(),
            is_throttled: AtomicBool::new(true),
            factor,
            elsewhere: Mutex::default(),
            elsewhere_now: AtomicU64::new(0),
        }
    }

    fn work(&self) {
        let elsewhere = current().id() != self.fast;
        self.elsewhere_now
            .fetch_add(elsewhere.into(), Ordering::Relaxed);
        let slow = elsewhere && self.is_throttled.load(Ordering::Relaxed);
        for _ in 0..if slow { self.factor } else { 1 } {
            sleep(TAKES);
        }
    }

    fn round_ends(&self) {
        let elsewhere = self.elsewhere_now.swap(0, Ordering::Relaxed);
        self.elsewhere.lock().unwrap().push(elsewhere);
    }

    /// How many codelets of the last rounds ran on other threads, in the median.
    fn elsewhere(&self) -> u64 {
        let counts = self.elsewhere.lock().unwrap();
        let mut last: Vec<u64> = counts.iter().rev().take(9).copied().collect();
        last.sort();
        last[last.len() / 2]
    }
}

/// In each round a codelet for each tile, and one that waits for all.
fn graph<'g>(rt: &Runtime, tiles: &'g [Block<u64>], machine: &'g Machine) -> Graph<'g> {
    let recorded = rt.record(|s| {
        for &tile in tiles {
            s.codelet("tile").spawn(tile.read_write(), |_, x| {
                machine.work();
                x[0] += 1;
            });
        }
        let all: Vec<_> = tiles.iter().map(|tile| tile.read()).collect();
        s.codelet("end").on_xe(0).spawn(all, |_, _| {
            machine.round_ends();
        });
        Ok(())
    });
    recorded.unwrap()
}

/// Replays a graph for many rounds, and cancels that some time after it was planned anew. So many rounds ran.
fn replay_over_a_new_plan<Q: Copy + Sync>(
    graph: &Graph<'_, Q>,
    replay: impl FnOnce() -> sprat::Result<()>,
) -> u64 {
    let planned = graph.owners();
    let ended = std::thread::scope(|threads| {
        threads.spawn(|| {
            let begun = Instant::now();
            while graph.owners() == planned && begun.elapsed() < FOREVER {
                sleep(TAKES);
            }
            sleep(20 * TAKES);
            graph.canceller().cancel("it is enough");
        });
        replay()
    });
    assert_ne!(graph.owners(), planned);
    let ended = ended.unwrap_err();
    let cancelled = ended.cancellation().expect("it was cancelled");
    cancelled.rounds.expect("there were more rounds to run") as u64
}

#[test]
fn a_throttled_engine_loses_codelets_and_rounds_take_a_quarter_less() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(3);
    let balanced = graph(&rt, &tiles, &machine);
    let planned = balanced.owners();
    let mut rounds = 0;
    let mut replay = |graph: &Graph<'_>, count: usize| {
        let begun = Instant::now();
        rt.replay(graph, count).unwrap();
        rounds += count as u64;
        begun.elapsed()
    };
    // Of 12 codelets 4 at most are left to who takes three times as long: 12 instead of the 18 of the first plan.
    until("dealt anew", || {
        replay(&balanced, 10);
        balanced.owners() != planned && machine.elsewhere() <= TILES as u64 / 3
    });
    // Side by side with graphs that are too young to be planned anew.
    let mut parts = Vec::new();
    until("faster by a quarter", || {
        let young = graph(&rt, &tiles, &machine);
        let before = replay(&young, 3);
        assert_eq!(young.owners(), planned);
        let after = replay(&balanced, 3);
        parts.push(after.as_secs_f64() / before.as_secs_f64());
        parts.sort_by(f64::total_cmp);
        parts.len() >= 5 && parts[parts.len() / 2] <= 0.75
    });
    // Nothing was left out or done twice.
    for tile in &tiles {
        assert_eq!(rt.read(*tile, |x| x[0]).unwrap(), rounds);
    }
}

#[test]
fn an_engine_that_is_fast_again_gets_its_share_again() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(8);
    let graph = graph(&rt, &tiles, &machine);
    until("relieved", || {
        rt.replay(&graph, 10).unwrap();
        machine.elsewhere() <= TILES as u64 / 4
    });
    machine.is_throttled.store(false, Ordering::Relaxed);
    until("given more again", || {
        rt.replay(&graph, 10).unwrap();
        machine.elsewhere() > TILES as u64 / 3
    });
}

#[test]
fn short_replays_are_measured_together() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(3);
    let graph = graph(&rt, &tiles, &machine);
    let planned = graph.owners();
    until("dealt anew", || {
        rt.replay_until(&graph, |round| round == 9).unwrap();
        graph.owners() != planned && machine.elsewhere() <= TILES as u64 / 3
    });
}

#[test]
fn rounds_keep_their_numbers_and_arguments_over_a_new_plan() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = &Machine::throttled(3);
    let sum = rt.block::<u64>(2).unwrap();
    let graph = rt
        .record_with(|s, round: Param<u64>| {
            for &tile in &tiles {
                s.spawn(tile.read_write(), |_, _| machine.work());
            }
            let all: Vec<_> = tiles.iter().map(|tile| tile.read()).collect();
            s.codelet("adds")
                .spawn((round, all, sum.read_write()), |_, (round, _, sum)| {
                    assert_eq!(round, sum[1], "rounds come in order, each once");
                    sum[0] += round;
                    sum[1] += 1;
                });
            Ok(())
        })
        .unwrap();
    let rounds = replay_over_a_new_plan(&graph, || {
        rt.replay_with(&graph, 100_000, |round| round as u64)
    });
    let sums = rt.read(sum, |sum| [sum[0], sum[1]]).unwrap();
    assert_eq!(sums, [rounds * (rounds - 1) / 2, rounds]);
}

#[test]
fn a_failure_is_known_after_a_new_plan_and_a_cancelled_replay_does_not_go_on() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = &Machine::throttled(3);
    let bad = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            s.codelet("fails").spawn(bad.read_write(), |_, _| {
                Err::<(), _>(sprat::Error::msg("on purpose"))
            });
            for &tile in &tiles {
                s.spawn(tile.read_write(), |_, x| {
                    machine.work();
                    x[0] += 1;
                });
            }
            let all: Vec<_> = tiles.iter().map(|tile| tile.read()).collect();
            s.codelet("compares").spawn(all, |_, all| {
                assert!(all.iter().all(|x| x[0] == all[0][0]));
            });
            Ok(())
        })
        .unwrap();
    let rounds = replay_over_a_new_plan(&graph, || rt.replay(&graph, 100_000));
    // It failed in the first round, and that was not forgotten.
    rt.read(bad, |_| ()).unwrap_err();
    for tile in &tiles {
        assert_eq!(rt.read(*tile, |x| x[0]).unwrap(), rounds);
    }
}
