//! Random graphs that are dealt anew at any time, to whomever, while others cancel them: what they do is what their codelets do one
//! after the other, in as many rounds as the replay says.

use crate::access::Sum;
use crate::data_block::Block;
use crate::decide::graph::{EVEN, Owner};
use crate::decide::plan::CeMode;
use crate::error::ErrorKind;
use crate::graph::Graph;
use crate::runtime::Runtime;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % end
    }
}

/// The lengths of blocks, with and without room for a signal; the last one's parts are used, and to the one before values are added.
const LENGTHS: [usize; 8] = [1, 1, 1, 6, 7, 20, 1, 40];
const SUM: usize = LENGTHS.len() - 2;
const FIELD: usize = LENGTHS.len() - 1;

/// What a codelet does: it changes some elements of a block by what it reads.
struct Task {
    reads: Vec<usize>,
    writes: usize,
    elements: Range<usize>,
    only: Option<usize>,
    seed: u64,
}

impl Task {
    fn random(numbers: &mut Numbers, xes: usize) -> Self {
        let writes = numbers.below(LENGTHS.len() as u64) as usize;
        let start = numbers.below(30) as usize;
        let end = start + 1 + numbers.below(10) as usize;
        let reads = (0..numbers.below(4)).map(|_| numbers.below(LENGTHS.len() as u64) as usize);
        let mut reads: Vec<usize> = reads.filter(|&read| read != writes).collect();
        reads.sort();
        reads.dedup();
        Task {
            reads,
            writes,
            elements: match writes {
                FIELD => start..end,
                block => 0..LENGTHS[block],
            },
            only: (numbers.below(8) == 0).then(|| numbers.below(xes as u64) as usize),
            seed: numbers.below(1 << 32) | 1,
        }
    }

    fn digest<'v>(&self, read: impl IntoIterator<Item = &'v [u64]>) -> u64 {
        let words = read.into_iter().flatten();
        words.fold(self.seed, |digest, word| {
            (digest ^ word)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(29)
        })
    }

    fn change(&self, digest: u64, words: &mut [u64]) {
        for word in words {
            *word = match self.writes {
                SUM => *word + (digest & 0xffff),
                _ => word.wrapping_mul(self.seed).rotate_left(7) ^ digest,
            };
        }
    }

    /// As it is meant.
    fn run(&self, data: &mut [Vec<u64>]) {
        let digest = self.digest(self.reads.iter().map(|&read| &*data[read]));
        self.change(digest, &mut data[self.writes][self.elements.clone()]);
    }
}

fn record<'g>(rt: &Runtime, tasks: &'g [Task], blocks: &[Block<u64>]) -> Graph<'g> {
    let recorded = rt.record(|s| {
        for task in tasks {
            let reads: Vec<_> = task.reads.iter().map(|&read| blocks[read].read()).collect();
            let options = match task.only {
                Some(xe) => s.codelet("there").on_xe(xe),
                None => s.codelet("anywhere"),
            };
            let block = blocks[task.writes];
            match task.writes {
                SUM => options.spawn((reads, block.reduce(Sum)), |_, (reads, words)| {
                    task.change(task.digest(reads), words);
                }),
                FIELD => {
                    let part = block.part(task.elements.clone());
                    options.spawn((reads, part.read_write()), |_, (reads, words)| {
                        task.change(task.digest(reads), words);
                    })
                }
                _ => options.spawn((reads, block.read_write()), |_, (reads, words)| {
                    task.change(task.digest(reads), words);
                }),
            };
        }
        Ok(())
    });
    recorded.unwrap()
}

/// Asks for other plans until `enough`. What is for one engine only stays there.
fn deal(graph: &Graph<'_>, tasks: &[Task], xes: usize, enough: &AtomicBool, mut numbers: Numbers) {
    let mut owners = graph.owners();
    while !enough.load(Ordering::Relaxed) {
        for (owner, task) in owners.iter_mut().zip(tasks) {
            if task.only.is_none() {
                *owner = numbers.below(xes as u64) as usize;
            }
        }
        let of_tasks = graph.inner.owners();
        let xe = owners.iter().map(|&xe| xe as u16);
        let planned = xe.zip(&of_tasks).map(|(xe, was)| match was.only {
            true => *was,
            false => Owner { xe, only: false },
        });
        (graph.inner.balance).demand(planned.collect(), vec![EVEN; xes]);
        graph.inner.stop().pause();
        sleep(Duration::from_micros(numbers.below(400)));
    }
}

/// How many rounds ran, of so many at most. Some replays are cancelled after a while.
fn replay(rt: &Runtime, graph: &Graph<'_>, numbers: &mut Numbers) -> u64 {
    let rounds = 1 + numbers.below(200);
    let after = Duration::from_micros(numbers.below(1000));
    let ended = match numbers.below(3) {
        0 => std::thread::scope(|threads| {
            threads.spawn(|| {
                sleep(after);
                graph.canceller().cancel("enough");
            });
            rt.replay(graph, rounds as usize)
        }),
        1 => rt.replay_within(after, graph, rounds as usize),
        _ => rt.replay(graph, rounds as usize),
    };
    let Err(error) = ended else {
        return rounds;
    };
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let ran = error.cancellation().and_then(|cancelled| cancelled.rounds);
    ran.expect("fewer rounds ran") as u64
}

/// Replays a random graph a few times while it is dealt anew. How often it was.
fn check(rt: &Runtime, xes: usize, seed: u64) -> usize {
    let mut numbers = Numbers(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let tasks: Vec<Task> = (0..2 + numbers.below(24))
        .map(|_| Task::random(&mut numbers, xes))
        .collect();
    let blocks: Vec<Block<u64>> = LENGTHS.iter().map(|&len| rt.block(len).unwrap()).collect();
    let mut expected: Vec<Vec<u64>> = LENGTHS.iter().map(|&len| vec![0; len]).collect();
    let graph = record(rt, &tasks, &blocks);
    let enough = AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| deal(&graph, &tasks, xes, &enough, Numbers(seed | 1 << 40)));
        for _ in 0..8 {
            let rounds = replay(rt, &graph, &mut numbers);
            for task in (0..rounds).flat_map(|_| &tasks) {
                task.run(&mut expected);
            }
            for (at, (block, expected)) in blocks.iter().zip(&expected).enumerate() {
                let found = rt.read(*block, |found| found.to_vec()).unwrap();
                if found != *expected {
                    enough.store(true, Ordering::Relaxed);
                    panic!("block {at} of {xes} engines, seed {seed}: {found:?}, not {expected:?}");
                }
            }
        }
        enough.store(true, Ordering::Relaxed);
    });
    graph.inner.balance.plans().len()
}

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    let builder = builder.ce(CeMode::Shared).ignore_environment();
    builder.build().unwrap()
}

#[test]
fn graphs_that_are_dealt_anew_at_any_time_mean_what_they_meant() {
    let mut plans = 0;
    for xes in [2, 3] {
        let rt = runtime(xes);
        for seed in 0..8 {
            plans += check(&rt, xes, seed);
        }
    }
    assert!(plans > 50, "{plans} plans are few");
}

#[test]
fn several_graphs_are_dealt_anew_at_once() {
    let rt = runtime(2);
    std::thread::scope(|threads| {
        for host in 0..3 {
            let rt = &rt;
            threads.spawn(move || (0..3).for_each(|seed| _ = check(rt, 2, 100 * host + seed)));
        }
    });
}
