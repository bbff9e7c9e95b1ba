//! Seats that are opened and shut all the time: programs, replays and suspended moments give what they give without, and nothing stands
//! still for long.
//!
//! Checked itself: it fails if a shut engine that searches keeps the wake-up that was meant for another one (`cap_keeps_the_wake_up`), or
//! keeps what lies in its queue.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, CeMode, Priority, Runtime, Scope, Topology};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// No program here runs as long, however many others the machine has to run.
const LONGEST: Duration = Duration::from_secs(10);

/// Numbers in a fixed order that looks like none.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = (self.0)
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % most
    }
}

/// Three engines, in one domain, two or three.
fn runtimes() -> Vec<Runtime> {
    let machines = ["cache:1 core:3", "cache:3 core:1"];
    let modes = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];
    let all = machines
        .iter()
        .flat_map(|machine| modes.map(|mode| (*machine, mode)));
    let build = |(machine, mode)| {
        let machine = format!("package:1 region:1 {machine}");
        Runtime::builder()
            .topology(Topology::synthetic(&machine).unwrap())
            .xes(3)
            .ce(mode)
            .pin(false)
            .ignore_environment()
            .build()
            .unwrap()
    };
    all.map(build).collect()
}

/// What a few steps make of these blocks, in sequence.
fn mix(of: u64, with: u64, step: u64) -> u64 {
    of.wrapping_mul(31).wrapping_add(with ^ step)
}

const BLOCKS: usize = 5;

/// Counts, here and in children.
fn count<'s>(s: &Scope<'s>, ran: &'s AtomicU64, children: u64) {
    ran.fetch_add(1, Ordering::Relaxed);
    for _ in 0..children {
        s.spawn((), move |_, ()| _ = ran.fetch_add(1, Ordering::Relaxed));
    }
}

/// A program of random accesses, places and levels, with children; what it leaves in the blocks, and what it must leave.
fn program(rt: &Runtime, seed: u64, ran: &AtomicU64) -> ([u64; BLOCKS], [u64; BLOCKS]) {
    let mut numbers = Numbers(seed);
    let blocks: Vec<Block<u64>> = rt.blocks(BLOCKS, 1).unwrap();
    let mut meant = [0; BLOCKS];
    rt.finish(|s| {
        for step in 0..20 + numbers.below(80) {
            let [to, from] = [0; 2].map(|_| numbers.below(BLOCKS as u64) as usize);
            let one = s.codelet("mixes").priority(match numbers.below(6) {
                0 => Priority::High,
                1 => Priority::Low,
                _ => Priority::Normal,
            });
            let one = match numbers.below(5) {
                0 => one.on_xe(numbers.below(3) as usize),
                1 => one.near(blocks[from]),
                _ => one,
            };
            let (alone, children) = (to == from, numbers.below(4));
            let access = (
                if alone {
                    Vec::new()
                } else {
                    vec![blocks[from].read()]
                },
                blocks[to].read_write(),
            );
            one.spawn(access, move |s, (from, to)| {
                to[0] = mix(to[0], from.first().map_or(0, |from| from[0]), step);
                count(s, ran, children);
            });
            meant[to] = mix(meant[to], if alone { 0 } else { meant[from] }, step);
        }
        Ok(())
    })
    .unwrap();
    let left = std::array::from_fn(|at| rt.read(blocks[at], |block| block[0]).unwrap());
    (left, meant)
}

/// A chain over blocks, replayed; what it leaves, and what it must leave.
fn replay(rt: &Runtime, rounds: usize) -> (u64, u64) {
    let blocks: Vec<Block<u64>> = rt.blocks(BLOCKS, 1).unwrap();
    let graph = rt.record(|s| {
        for pair in blocks.windows(2) {
            s.spawn((pair[0].read(), pair[1].read_write()), |_, (from, to)| {
                to[0] = mix(to[0], from[0], 7);
            });
        }
        Ok(())
    });
    rt.replay(&graph.unwrap(), rounds).unwrap();
    let mut meant = [0; BLOCKS];
    for _ in 0..rounds {
        (1..BLOCKS).for_each(|at| meant[at] = mix(meant[at], meant[at - 1], 7));
    }
    let last = blocks[BLOCKS - 1];
    (rt.read(last, |block| block[0]).unwrap(), meant[BLOCKS - 1])
}

#[test]
fn nothing_is_lost_and_nothing_stands_still_while_seats_open_and_shut() {
    let seconds = std::env::var("SPRAT_STRESS_SECONDS").map_or(1.0, |text| text.parse().unwrap());
    for rt in &runtimes() {
        let (ran, done) = (AtomicU64::new(0), AtomicBool::new(false));
        let begin = Instant::now();
        let (longest, changes) = thread::scope(|threads| {
            let changes = threads.spawn(|| {
                let (mut numbers, mut changes) = (Numbers(1), 0);
                while !done.load(Ordering::Relaxed) {
                    match numbers.below(3) {
                        0 => rt.set_xes(numbers.below(3) as usize + 1).unwrap(),
                        _ => rt.relieve_xe(numbers.below(3) as usize, numbers.below(2) == 0),
                    }
                    changes += 1;
                    if numbers.below(8) == 0 {
                        rt.suspend().unwrap();
                        let before = ran.load(Ordering::Relaxed);
                        thread::yield_now();
                        assert_eq!(ran.load(Ordering::Relaxed), before, "a codelet ran");
                        rt.resume().unwrap();
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                changes
            });
            let hosts = [1, 2].map(|host| {
                let ran = &ran;
                threads.spawn(move || {
                    let mut longest = Duration::ZERO;
                    for round in 0.. {
                        let since = Instant::now();
                        let (left, meant) = program(rt, host << 32 | round, ran);
                        assert_eq!(left, meant, "host {host}, round {round}");
                        let (left, meant) = replay(rt, 200);
                        assert_eq!(left, meant, "host {host}, replay {round}");
                        longest = longest.max(since.elapsed());
                        if begin.elapsed().as_secs_f64() > seconds {
                            break;
                        }
                    }
                    longest
                })
            });
            let ended = hosts.map(|host| host.join());
            done.store(true, Ordering::Relaxed);
            let longest = ended.map(|longest| longest.unwrap()).into_iter().max();
            (longest.unwrap(), changes.join().unwrap())
        });
        println!("{longest:?} {changes} changes");
        assert!(longest < LONGEST, "it stood still for {longest:?}");
        assert!(changes > 10, "{changes} changes");
    }
}
