//! Graphs whose engines are out of balance are planned anew while they are replayed.

use sprat::{Block, CeMode, Graph, Param, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{ThreadId, current, sleep};
use std::time::{Duration, Instant};

const TILES: usize = 12;
/// What a codelet takes; longer on an engine that is throttled. It sleeps, so that a machine with other work to do
/// changes little.
const TAKES: Duration = Duration::from_micros(700);

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder
        .ce(CeMode::Shared)
        .ignore_environment()
        .build()
        .unwrap()
}

/// What the codelets of a throttled machine have in common.
struct Machine {
    /// Threads other than this one take longer, while that is so.
    fast: ThreadId,
    is_throttled: AtomicBool,
    factor: u32,
    /// When rounds ended, and how many codelets of each ran on other threads.
    ends: Mutex<Vec<(Instant, u64)>>,
    elsewhere: AtomicU64,
}

impl Machine {
    /// Other engines are slower by this factor.
    fn throttled(factor: u32) -> Self {
        Machine {
            fast: current().id(),
            is_throttled: AtomicBool::new(true),
            factor,
            ends: Mutex::default(),
            elsewhere: AtomicU64::new(0),
        }
    }

    fn work(&self) {
        let elsewhere = current().id() != self.fast;
        self.elsewhere
            .fetch_add(elsewhere.into(), Ordering::Relaxed);
        let slow = elsewhere && self.is_throttled.load(Ordering::Relaxed);
        sleep(if slow { self.factor * TAKES } else { TAKES });
    }

    fn round_ends(&self) {
        let elsewhere = self.elsewhere.swap(0, Ordering::Relaxed);
        self.ends.lock().unwrap().push((Instant::now(), elsewhere));
    }

    /// How many codelets of the last rounds ran on other threads, in the median.
    fn elsewhere(&self) -> u64 {
        let ends = self.ends.lock().unwrap();
        let mut counts: Vec<u64> = ends.iter().rev().take(9).map(|(_, count)| *count).collect();
        counts.sort();
        counts[counts.len() / 2]
    }

    /// The median time of these rounds.
    fn round(&self, rounds: std::ops::Range<usize>) -> Duration {
        let ends = self.ends.lock().unwrap();
        let mut times: Vec<Duration> = rounds.map(|at| ends[at + 1].0 - ends[at].0).collect();
        times.sort();
        times[times.len() / 2]
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

/// The times of a round before and after a new plan.
fn throttled() -> [Duration; 2] {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(3);
    let graph = graph(&rt, &tiles, &machine);
    let planned = graph.owners();
    let rounds = 60;
    rt.replay(&graph, rounds).unwrap();
    assert_ne!(graph.owners(), planned);
    assert!(
        machine.elsewhere() <= TILES as u64 / 3,
        "{:?}",
        graph.owners()
    );
    // Nothing was left out or done twice.
    for tile in &tiles {
        assert_eq!(rt.read(*tile, |x| x[0]).unwrap(), rounds as u64);
    }
    [machine.round(0..2), machine.round(rounds - 9..rounds - 1)]
}

#[test]
fn a_throttled_engine_loses_codelets_and_rounds_take_a_quarter_less() {
    // What else the machine does may spoil a measure, so one of some must show it.
    let measures = std::iter::repeat_with(throttled).take(5);
    let mut seen = Vec::new();
    let fell = measures
        .inspect(|both| seen.push(*both))
        .any(|[before, after]| 4 * after <= 3 * before);
    assert!(fell, "before and after: {seen:?}");
}

#[test]
fn an_engine_that_is_fast_again_gets_its_share_again() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(8);
    let graph = graph(&rt, &tiles, &machine);
    rt.replay(&graph, 30).unwrap();
    assert!(
        machine.elsewhere() <= TILES as u64 / 4,
        "{:?}",
        graph.owners()
    );
    machine.is_throttled.store(false, Ordering::Relaxed);
    rt.replay(&graph, 200).unwrap();
    assert!(
        machine.elsewhere() > TILES as u64 / 3,
        "{:?}",
        graph.owners()
    );
}

#[test]
fn short_replays_are_measured_together() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = Machine::throttled(3);
    let graph = graph(&rt, &tiles, &machine);
    let before = graph.owners();
    let mut rounds = 0;
    rt.replay_until(&graph, |_| {
        rounds += 1;
        rounds == 60
    })
    .unwrap();
    assert_ne!(graph.owners(), before);
    assert!(
        machine.elsewhere() <= TILES as u64 / 3,
        "{:?}",
        graph.owners()
    );
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
    let before = graph.owners();
    rt.replay_with(&graph, 30, |round| round as u64).unwrap();
    assert_ne!(graph.owners(), before);
    assert_eq!(rt.read(sum, |sum| [sum[0], sum[1]]).unwrap(), [435, 30]);
}

#[test]
fn a_failure_is_known_after_a_new_plan_and_a_cancelled_replay_does_not_go_on() {
    let rt = runtime(2);
    let tiles = rt.blocks::<u64>(TILES, 1).unwrap();
    let machine = &Machine::throttled(3);
    let ran = &AtomicU64::new(0);
    let canceller = &std::sync::OnceLock::<sprat::Canceller>::new();
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
            s.codelet("counts").spawn(all, |_, all| {
                assert!(all.iter().all(|x| x[0] == all[0][0]));
                if ran.fetch_add(1, Ordering::Relaxed) == 39 {
                    canceller.get().unwrap().cancel("it is enough");
                }
            });
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).ok().unwrap();
    let before = graph.owners();
    let error = rt.replay(&graph, 1000).unwrap_err();
    assert_ne!(graph.owners(), before);
    let rounds = error
        .cancellation()
        .expect("it was cancelled")
        .rounds
        .unwrap();
    assert!((40..60).contains(&rounds), "{rounds}");
    // It failed in the first round, and that was not forgotten.
    rt.read(bad, |_| ()).unwrap_err();
    for tile in &tiles {
        assert_eq!(rt.read(*tile, |x| x[0]).unwrap(), rounds as u64);
    }
}
