//! Random graphs mean what their sequential runs, one after the other, mean: at 1, 2, 3 and 8 execution engines, in every
//! mode of the control engines, with codelets that wait, fail, return values and are bound to engines, and with other
//! accesses between replays.
//!
//! `SPRAT_ORACLE_CASES` sets the number of graphs. Checked itself: it fails if in the runtime rounds do not wait for the
//! round before, lanes do not wait for each other, poison is not spread or not healed, or rounds are one short.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sprat::{CeMode, Error, Graph, Runtime, Scope, Spawned};
use std::sync::atomic::{AtomicU64, Ordering};

const BLOCKS: usize = 6;
const WORDS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Read,
    Write,
    ReadWrite,
    Commute,
}

#[derive(Clone, Debug)]
struct Task {
    /// The mode on each block, if any.
    uses: Vec<Option<Mode>>,
    /// An earlier task whose value it reads, one that it runs after: as many before itself.
    value: Option<u8>,
    after: Option<u8>,
    /// In which of its runs it fails.
    fails: Option<u8>,
    /// `Some(Some(xe))`: on this engine; `Some(None)`: near its first block.
    place: Option<Option<u8>>,
    /// How long it takes.
    slow: bool,
}

fn task() -> impl Strategy<Value = Task> {
    let mode = prop_oneof![
        8 => Just(None),
        3 => Just(Some(Mode::Read)),
        2 => Just(Some(Mode::Write)),
        2 => Just(Some(Mode::ReadWrite)),
        1 => Just(Some(Mode::Commute)),
    ];
    let rarely = |of: u32| prop::option::weighted(1.0 / f64::from(of), any::<u8>());
    (
        vec(mode, BLOCKS),
        rarely(4),
        rarely(6),
        prop::option::weighted(0.03, 0..4u8),
        prop::option::weighted(0.3, prop::option::weighted(0.5, any::<u8>())),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(uses, value, after, fails, place, slow)| Task {
            uses,
            value,
            after,
            fails,
            place,
            slow,
        })
}

/// A digest's next value.
fn mix(digest: u64, word: u64) -> u64 {
    let mut z = (digest ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 31)
}

fn earlier(task: usize, back: Option<u8>) -> Option<usize> {
    let back = usize::from(back?);
    (task > 0).then(|| task - 1 - back % task)
}

/// What a task does to the words it writes, and what it returns.
fn act(
    digest: u64,
    whole: &mut [&mut [u64]],
    more: &mut [&mut [u64]],
    turns: &mut [&mut [u64]],
) -> u64 {
    for (at, words) in whole.iter_mut().enumerate() {
        for (place, word) in words.iter_mut().enumerate() {
            *word = mix(digest, (at * WORDS + place) as u64);
        }
    }
    for words in more.iter_mut() {
        words.iter_mut().for_each(|word| *word = mix(*word, digest));
    }
    // Adding commutes.
    for words in turns.iter_mut() {
        words
            .iter_mut()
            .for_each(|word| *word = word.wrapping_add(digest));
    }
    digest
}

/// What blocks and values hold: nothing if they are poisoned.
#[derive(Clone, Debug)]
struct World {
    blocks: Vec<Option<[u64; WORDS]>>,
    values: Vec<Option<u64>>,
    ends: Vec<bool>,
    runs: Vec<u64>,
    failed: u64,
    skipped: u64,
}

impl World {
    fn new(tasks: usize) -> Self {
        World {
            blocks: (0..BLOCKS).map(|b| Some([b as u64; WORDS])).collect(),
            values: vec![None; tasks],
            ends: vec![true; tasks],
            runs: vec![0; tasks],
            failed: 0,
            skipped: 0,
        }
    }

    /// One round, in program order.
    fn round(&mut self, tasks: &[Task]) {
        for (number, task) in tasks.iter().enumerate() {
            let of = |mode| (0..BLOCKS).filter(move |&b| task.uses[b] == Some(mode));
            let value = earlier(number, task.value).map(|from| self.values[from]);
            let after = earlier(number, task.after).is_none_or(|from| self.ends[from]);
            let looks = |b: usize| task.uses[b].is_some_and(|mode| mode != Mode::Write);
            let poisoned = (0..BLOCKS).any(|b| looks(b) && self.blocks[b].is_none());
            let skipped = poisoned || value == Some(None) || !after;
            let fails = !skipped && task.fails == Some(self.runs[number] as u8);
            self.runs[number] += u64::from(!skipped);
            if skipped || fails {
                self.skipped += u64::from(skipped);
                self.failed += u64::from(fails);
                for b in 0..BLOCKS {
                    if task.uses[b].is_some_and(|mode| mode != Mode::Read) {
                        self.blocks[b] = None;
                    }
                }
                self.values[number] = None;
                self.ends[number] = false;
                continue;
            }
            let mut digest = mix(number as u64, self.runs[number]);
            for b in of(Mode::Read) {
                for word in self.blocks[b].unwrap() {
                    digest = mix(digest, word);
                }
            }
            digest = value.map_or(digest, |value| mix(digest, value.unwrap()));
            let take = |mode, blocks: &[Option<[u64; WORDS]>]| -> Vec<(usize, [u64; WORDS])> {
                of(mode)
                    .map(|b| (b, blocks[b].unwrap_or_default()))
                    .collect()
            };
            let mut whole = take(Mode::Write, &self.blocks);
            let mut more = take(Mode::ReadWrite, &self.blocks);
            let mut turns = take(Mode::Commute, &self.blocks);
            fn views(list: &mut [(usize, [u64; WORDS])]) -> Vec<&mut [u64]> {
                list.iter_mut()
                    .map(|(_, words)| words.as_mut_slice())
                    .collect()
            }
            let value = act(
                digest,
                &mut views(&mut whole),
                &mut views(&mut more),
                &mut views(&mut turns),
            );
            for (b, words) in whole.into_iter().chain(more).chain(turns) {
                self.blocks[b] = Some(words);
            }
            self.values[number] = Some(value);
            self.ends[number] = true;
        }
    }
}

struct Counters(Vec<AtomicU64>);

fn spawn_all<'s>(
    s: &Scope<'s>,
    tasks: &'s [Task],
    blocks: &[sprat::Block<u64>],
    counters: &'s Counters,
    xes: usize,
) {
    let mut spawned: Vec<Spawned<u64>> = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let of = |mode| {
            (0..BLOCKS)
                .filter(move |&b| task.uses[b] == Some(mode))
                .map(|b| blocks[b])
        };
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
        let access = (
            of(Mode::Read).map(|b| b.read()).collect::<Vec<_>>(),
            of(Mode::Write).map(|b| b.write()).collect::<Vec<_>>(),
            of(Mode::ReadWrite)
                .map(|b| b.read_write())
                .collect::<Vec<_>>(),
            of(Mode::Commute).map(|b| b.commute()).collect::<Vec<_>>(),
            value,
        );
        spawned.push(options.spawn(
            access,
            move |_, (read, mut whole, mut more, mut turns, value)| {
                let run = counters.0[number].fetch_add(1, Ordering::Relaxed);
                if task.slow {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
                if task.fails == Some(run as u8) {
                    whole
                        .iter_mut()
                        .chain(&mut more)
                        .for_each(|words| words.fill(7));
                    return Err(Error::msg(format!("oracle: run {run} of {number}")));
                }
                let mut digest = mix(number as u64, run + 1);
                for word in read.iter().flat_map(|words| words.iter()) {
                    digest = mix(digest, *word);
                }
                for value in value {
                    digest = mix(digest, *value);
                }
                Ok(act(digest, &mut whole, &mut more, &mut turns))
            },
        ));
    }
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
    let blocks = rt.blocks::<u64>(BLOCKS, WORDS).unwrap();
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
    if graph.codelets() != tasks.len() || graph.owners().iter().any(|&xe| xe >= rt.xes()) {
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
                world.blocks[b] = Some([100 + b as u64; WORDS]);
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
            let words = rt.read(*block, |words| [words[0], words[1], words[2]]).ok();
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
    let cases = std::env::var("SPRAT_ORACLE_CASES").map_or(40, |n| n.parse().unwrap());
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
