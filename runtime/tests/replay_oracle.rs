//! Random graphs mean what their sequential runs, one after the other, mean: at 1, 2, 3 and 8 execution engines, in every
//! mode of the control engines, with parts and tiles of blocks, reductions, codelets that wait, fail, return values and are
//! bound to engines, and with other accesses between replays.
//!
//! `SPRAT_ORACLE_GRAPHS` sets the number of graphs. Checked itself: it fails if in the runtime rounds do not wait for the
//! round before, lanes do not wait for each other, parts do not wait for those that overlap them or are forgotten when some of
//! them was written, poison is not spread or not healed, reductions are put together in another order or their lanes not
//! begun anew, or rounds are one short.

#[path = "replay_oracle/expect.rs"]
mod expect;
#[path = "parts_oracle/piece.rs"]
mod piece;
#[path = "replay_oracle/program.rs"]
mod program;

use expect::{World, changed, combine, identity, mix};
use program::{BLOCKS, Kind, LEN, Task, Use, earlier, task};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sprat::{Block, CeMode, Error, Graph, Part, ReduceOp, Runtime, Scope, Spawned, Sum, Tile};
use std::sync::atomic::{AtomicU64, Ordering};

/// An operator that gives other bits in another order.
#[derive(Clone, Copy)]
struct Mix;

impl ReduceOp<u64> for Mix {
    fn identity(&self) -> u64 {
        identity(Kind::Mix)
    }

    fn combine(&self, into: &mut [u64], from: &[u64]) {
        for (into, from) in into.iter_mut().zip(from) {
            *into = combine(Kind::Mix, *into, *from);
        }
    }
}

struct Counters(Vec<AtomicU64>);

fn part(one: &Use, blocks: &[Block<u64>]) -> Part<u64> {
    let elements = one.piece.elements();
    let start = elements.first().copied().unwrap_or(0);
    blocks[one.block].part(start..start + elements.len())
}

fn tile(one: &Use, blocks: &[Block<u64>]) -> Tile<u64> {
    let program::Piece::Tile(rows, columns, leading) = one.piece else {
        unreachable!("it is asked for tiles")
    };
    blocks[one.block].tile(rows.0..rows.1, columns.0..columns.1, leading)
}

/// Does to the words of a use what its task does to them, one after the other.
fn change<'v>(one: &Use, digest: u64, words: impl IntoIterator<Item = &'v mut u64>) {
    for (at, word) in one.piece.elements().into_iter().zip(words) {
        *word = changed(one.kind, digest, at, *word);
    }
}

fn spawn_all<'s>(
    s: &Scope<'s>,
    tasks: &'s [Task],
    blocks: &[Block<u64>],
    counters: &'s Counters,
    xes: usize,
) {
    let mut spawned: Vec<Spawned<u64>> = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let value: Vec<_> = earlier(number, task.value)
            .map(|from| spawned[from].read())
            .into_iter()
            .collect();
        let mut options = s.codelet("task");
        if let Some(from) = earlier(number, task.after) {
            options = options.after(&spawned[from].event());
        }
        options = match task.place {
            None => options,
            Some(Some(xe)) => options.on_xe(usize::from(xe) % xes),
            Some(None) => options.near(blocks[0]),
        };
        macro_rules! list {
            ($kind:ident, $shape:literal, $call:expr) => {
                task.of(Kind::$kind, $shape).map($call).collect::<Vec<_>>()
            };
        }
        let access = (
            (
                list!(Read, 0, |one| blocks[one.block].read()),
                list!(Read, 1, |one| part(one, blocks).read()),
                list!(Read, 2, |one| tile(one, blocks).read()),
            ),
            (
                list!(Write, 0, |one| blocks[one.block].write()),
                list!(Write, 1, |one| part(one, blocks).write()),
                list!(Write, 2, |one| tile(one, blocks).write()),
            ),
            (
                list!(ReadWrite, 0, |one| blocks[one.block].read_write()),
                list!(ReadWrite, 1, |one| part(one, blocks).read_write()),
                list!(ReadWrite, 2, |one| tile(one, blocks).read_write()),
            ),
            list!(Commute, 0, |one| blocks[one.block].commute()),
            list!(Mix, 0, |one| blocks[one.block].reduce(Mix)),
            list!(Add, 0, |one| blocks[one.block].reduce(Sum)),
            value,
        );
        spawned.push(options.spawn(
            access,
            move |_, (read, written, changed, turns, mixed, added, value)| {
                let run = counters.0[number].fetch_add(1, Ordering::Relaxed);
                if task.slow {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
                let fails = task.fails == Some(run as u8);
                let mut digest = mix(number as u64, run + 1);
                let slices = read.0.iter().chain(&read.1).copied().flatten();
                let tiles = read.2.iter().flat_map(|tile| tile.iter()).flatten();
                for word in slices.chain(tiles) {
                    digest = mix(digest, *word);
                }
                for value in value {
                    digest = mix(digest, *value);
                }
                // Who fails leaves something wrong.
                let mark = if fails { 7 } else { digest };
                let lists = [
                    (Kind::Write, 0, written.0),
                    (Kind::Write, 1, written.1),
                    (Kind::ReadWrite, 0, changed.0),
                    (Kind::ReadWrite, 1, changed.1),
                    (Kind::Commute, 0, turns),
                    (Kind::Mix, 0, mixed),
                    (Kind::Add, 0, added),
                ];
                for (kind, shape, list) in lists {
                    for (one, words) in task.of(kind, shape).zip(list) {
                        change(one, mark, words);
                    }
                }
                for (kind, list) in [(Kind::Write, written.2), (Kind::ReadWrite, changed.2)] {
                    for (one, mut tile) in task.of(kind, 2).zip(list) {
                        change(one, mark, tile.iter_mut().flatten());
                    }
                }
                match fails {
                    true => Err(Error::msg(format!("oracle: run {run} of {number}"))),
                    false => Ok(digest),
                }
            },
        ));
    }
}

/// The elements of a block that are not poisoned.
fn look(rt: &Runtime, block: Block<u64>) -> [Option<u64>; LEN] {
    let mut seen = [None; LEN];
    let looked = rt.finish(|s| {
        for (at, seen) in seen.iter_mut().enumerate() {
            s.spawn_once(block.part(at..at + 1).read(), move |_, word| {
                *seen = Some(word[0]);
            });
        }
        Ok(())
    });
    assert_eq!(looked.is_ok(), seen.iter().all(Option::is_some));
    seen
}

fn runtimes() -> Vec<(String, Runtime)> {
    let mut all = Vec::new();
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        for xes in [1, 2, 3, 8] {
            let builder = Runtime::builder().xes(xes).ce(mode).oversubscribe(true);
            let rt = builder.pin(xes == 2).ignore_environment().build();
            all.push((
                format!("{mode}, {xes} XEs"),
                rt.expect("the runtime starts"),
            ));
        }
    }
    let check = Runtime::builder()
        .check(1)
        .pin(false)
        .ignore_environment()
        .build();
    all.push((
        "the checking mode".into(),
        check.expect("the runtime starts"),
    ));
    all
}

/// Replays, compares, touches a block in between, replays again.
fn check(name: &str, rt: &Runtime, tasks: &[Task], rounds: [usize; 2]) -> Result<(), String> {
    let blocks = rt.blocks::<u64>(BLOCKS, LEN).unwrap();
    let counters = Counters(tasks.iter().map(|_| AtomicU64::new(0)).collect());
    let counters = &counters;
    for (b, block) in blocks.iter().enumerate() {
        rt.write(*block, |words| words.fill(b as u64)).unwrap();
    }
    let graph: Graph<'_> = rt
        .record(|s| {
            spawn_all(s, tasks, &blocks, counters, rt.xes());
            Ok(())
        })
        .map_err(|error| format!("{name}: {error}"))?;
    if graph.codelets() < tasks.len() || graph.owners().iter().any(|&xe| xe >= rt.xes()) {
        return Err(format!("{name}: a wrong graph {graph:?}"));
    }
    let mut world = World::new(tasks.len());
    for (part, rounds) in rounds.into_iter().enumerate() {
        // What is poisoned before is healed, so that each replay begins with good blocks.
        for (b, block) in blocks.iter().enumerate() {
            if part == 1 {
                let healed = rt.finish(|s| {
                    s.spawn(block.write(), move |_, words| words.fill(100 + b as u64));
                    Ok(())
                });
                healed.unwrap();
                world.blocks[b] = [Some(100 + b as u64); LEN];
            }
        }
        (world.failed, world.skipped) = (0, 0);
        (0..rounds).for_each(|_| world.round(tasks));
        let replayed = rt.replay(&graph, rounds);
        let told = match &replayed {
            Ok(()) => (0, 0),
            Err(error) => error.failure().map_or((99, 99), |f| (f.failed, f.skipped)),
        };
        if told != (world.failed, world.skipped) {
            let expected = (world.failed, world.skipped);
            return Err(format!(
                "{name}: {replayed:?}, failed and skipped {told:?}, not {expected:?}"
            ));
        }
        for (b, block) in blocks.iter().enumerate() {
            let words = look(rt, *block);
            if words != world.blocks[b] {
                let expected = world.blocks[b];
                return Err(format!(
                    "{name}: replay {part}: block {b} has {words:?}, not {expected:?}"
                ));
            }
        }
        for (number, runs) in world.runs.iter().enumerate() {
            let ran = counters.0[number].load(Ordering::Relaxed);
            if ran != *runs {
                return Err(format!("{name}: task {number} ran {ran} times, not {runs}"));
            }
        }
    }
    drop(graph);
    blocks.iter().for_each(|block| rt.destroy(*block).unwrap());
    Ok(())
}

#[test]
fn random_graphs_mean_what_their_sequential_runs_mean() {
    let cases = std::env::var("SPRAT_ORACLE_GRAPHS").map_or(40, |n| n.parse().unwrap());
    let all = runtimes();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let graphs = (vec(task(), 0..40), 0..6usize, 0..20usize);
    let result = runner.run(&graphs, |(tasks, first, second)| {
        for (name, rt) in &all {
            check(name, rt, &tasks, [first, second]).map_err(TestCaseError::fail)?;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
