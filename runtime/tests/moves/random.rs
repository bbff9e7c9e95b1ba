//! Random programs among moves at random moments mean what they say: scopes with codelets of all kinds and their children, and
//! recorded graphs that are replayed between them.
//!
//! Checked itself before codelets had children here and graphs were replayed: it failed if a move left the contents behind, if copies
//! outlived a write, or a part of it, and if a reader fulfilled a wish to move.

use crate::builder;
use sprat::{Block, Home, Result, Runtime, Scope, Sum};
use std::sync::atomic::{AtomicBool, Ordering};

const BLOCKS: usize = 5;
const LEN: usize = 300;
const XES: usize = 3;

/// A small generator of numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

/// What codelets do to numbers.
#[derive(Clone, Copy)]
enum Change {
    Fill(u64),
    Add(u64),
    Mix(u64),
}

impl Change {
    fn to(self, all: &mut [u64]) {
        all.iter_mut().for_each(|x| {
            *x = match self {
                Change::Fill(with) => with,
                Change::Add(more) => x.wrapping_add(more),
                Change::Mix(more) => x.wrapping_mul(31) ^ more,
            }
        });
    }
}

fn add_from(to: &mut [u64], from: &[u64]) {
    let pairs = to.iter_mut().zip(from);
    pairs.for_each(|(to, from)| *to = to.wrapping_mul(31) + from % 1000);
}

/// A program that is made up while it runs, and what its blocks hold.
struct Program {
    numbers: Numbers,
    blocks: Vec<Block<u64>>,
    expected: Vec<Vec<u64>>,
}

impl Program {
    fn new(rt: &Runtime, seed: u64) -> Result<Self> {
        Ok(Program {
            numbers: Numbers(seed),
            blocks: rt.blocks(BLOCKS, LEN)?,
            expected: vec![vec![0; LEN]; BLOCKS],
        })
    }

    /// Two blocks.
    fn two(&mut self) -> (usize, usize) {
        let a = self.numbers.below(BLOCKS);
        (a, (a + 1 + self.numbers.below(BLOCKS - 1)) % BLOCKS)
    }

    fn change(&mut self, step: u64) -> Change {
        match self.numbers.below(3) {
            0 => Change::Fill(step),
            1 => Change::Add(step),
            _ => Change::Mix(step),
        }
    }

    /// One more codelet, or a few.
    fn step(&mut self, s: &Scope<'_>, step: u64) -> Result<()> {
        let (a, b) = self.two();
        let (to, from) = (self.blocks[a], self.blocks[b]);
        let xe = self.numbers.below(XES);
        let add = Change::Add(7);
        match self.numbers.below(13) {
            0 => {
                let fill = Change::Fill(step);
                let codelet = s.codelet("write").on_xe(xe);
                codelet.spawn(to.write(), move |_, x| fill.to(x));
                fill.to(&mut self.expected[a]);
            }
            1 | 2 => {
                let codelet = s.codelet("mix").on_xe(xe);
                codelet.spawn((to.read_write(), from.read()), |_, (to, from)| {
                    add_from(to, from);
                });
                let from = self.expected[b].clone();
                add_from(&mut self.expected[a], &from);
            }
            3 => {
                for xe in 0..XES {
                    let before = self.expected[a].clone();
                    let codelet = s.codelet("read").on_xe(xe);
                    codelet.spawn(to.read(), move |_, x| assert!(x == before, "step {step}"));
                }
            }
            4 => {
                let codelet = s.codelet("turn").on_xe(xe);
                codelet.spawn(to.commute(), move |_, x| add.to(x));
                add.to(&mut self.expected[a]);
            }
            5 => {
                for xe in 0..XES {
                    let codelet = s.codelet("sum").on_xe(xe);
                    codelet.spawn(to.reduce(Sum), |_, x| x[0] += 1);
                }
                Change::Add(XES as u64).to(&mut self.expected[a][..1]);
            }
            6 => {
                let at = self.numbers.below(LEN);
                for part in [to.part(..at), to.part(at..)] {
                    let codelet = s.codelet("part").on_xe(xe);
                    codelet.spawn(part.read_write(), move |_, x| add.to(x));
                }
                add.to(&mut self.expected[a]);
            }
            7 => _ = s.migrate(to, Home::Region(xe)),
            8 => _ = s.replicate(to),
            9 => self.parent(s, step, (a, b)),
            10 => self.neighbours(s, step, a),
            11 => self.readers(s, a, step),
            _ => {
                s.destroy(to);
                self.blocks[a] = s.block_at(Home::Region(xe), LEN)?;
                self.expected[a].fill(0);
            }
        }
        Ok(())
    }

    /// A codelet whose children change a block, read it and another one, and move it; it changes the block itself before, or has it
    /// for them only.
    fn parent(&mut self, s: &Scope<'_>, step: u64, (a, b): (usize, usize)) {
        let (to, from) = (self.blocks[a], self.blocks[b]);
        let changes: Vec<_> = (0..4).map(|_| self.change(step)).collect();
        let kinds: Vec<_> = (0..4).map(|_| self.numbers.below(4)).collect();
        let xes: Vec<_> = (0..4).map(|_| self.numbers.below(XES)).collect();
        let first = self.change(step);
        let weak = self.numbers.below(2) == 0;
        if !weak {
            first.to(&mut self.expected[a]);
        }
        let mut after = Vec::new();
        for change in &changes {
            change.to(&mut self.expected[a]);
            after.push(self.expected[a].clone());
        }
        let others = self.expected[b].clone();
        let children = move |s: &Scope<'_>| {
            for at in 0..4 {
                let (change, meant, xe) = (changes[at], after[at].clone(), xes[at]);
                let codelet = s.codelet("child").on_xe(xe);
                codelet.spawn(to.read_write(), move |_, x| change.to(x));
                match kinds[at] {
                    0 => _ = s.migrate(to, Home::Region(xe)),
                    1 => _ = s.replicate(to),
                    2 => {
                        let others = others.clone();
                        let codelet = s.codelet("grandchildren").on_xe(xe);
                        codelet.spawn((to.read(), from.read()), move |s, (x, y)| {
                            assert!(x == meant && y == others, "step {step}");
                            _ = s.replicate(from);
                            let meant = meant.clone();
                            s.spawn(to.read(), move |_, x| assert!(x == meant, "step {step}"));
                        });
                    }
                    _ => {
                        let codelet = s.codelet("half").on_xe(xe);
                        let half = to.part(LEN / 2..).read();
                        codelet.spawn(half, move |_, x| assert!(x == &meant[LEN / 2..]));
                    }
                }
            }
        };
        match weak {
            true => {
                let codelet = s.codelet("weak parent");
                codelet.spawn((to.read_write().weak(), from.read().weak()), move |s, _| {
                    children(s);
                });
            }
            false => {
                let codelet = s.codelet("parent");
                codelet.spawn((to.read_write(), from.read()), move |s, (x, _)| {
                    first.to(x);
                    children(s);
                });
            }
        }
    }

    /// Codelets that write a block together, each its own numbers, some through children.
    fn neighbours(&mut self, s: &Scope<'_>, step: u64, a: usize) {
        let block = self.blocks[a];
        for (xe, from) in (0..XES).zip((0..).step_by(LEN / XES)) {
            let range = from..from + LEN / XES;
            let change = self.change(step);
            let nested = self.numbers.below(2) == 0;
            change.to(&mut self.expected[a][range.clone()]);
            // SAFETY: nobody uses the same numbers.
            let together = unsafe { block.shared_write() };
            let codelet = s.codelet("neighbour").on_xe(xe);
            codelet.spawn(together, move |s, x| {
                let range = range.clone();
                let write = move |x: *mut [u64]| {
                    // SAFETY: in the block, and nobody else uses these numbers now.
                    let own = unsafe {
                        let start = x.cast::<u64>().wrapping_add(range.start);
                        std::slice::from_raw_parts_mut(start, range.len())
                    };
                    change.to(own);
                };
                match nested {
                    // SAFETY: as above.
                    true => _ = s.spawn(unsafe { block.shared_write() }, move |_, x| write(x)),
                    false => write(x),
                }
                // It is beside writers: it makes no copy.
                s.replicate(block);
            });
        }
    }

    /// Children of a reader copy what it reads.
    fn readers(&mut self, s: &Scope<'_>, a: usize, step: u64) {
        let block = self.blocks[a];
        let before = self.expected[a].clone();
        s.codelet("reader").spawn(block.read(), move |s, x| {
            assert!(x == before, "step {step}");
            s.replicate(block);
            for xe in 0..XES {
                let before = before.clone();
                let codelet = s.codelet("copy").on_xe(xe);
                codelet.spawn(block.read(), move |_, x| {
                    assert!(x == before, "step {step}")
                });
            }
        });
    }

    /// Records a graph, replays it a few times, and moves its blocks between.
    fn replays(&mut self, rt: &Runtime) -> Result<()> {
        let (a, b) = self.two();
        let (to, from) = (self.blocks[a], self.blocks[b]);
        let changes: Vec<_> = (0..3).map(|step| self.change(step)).collect();
        // If its first codelet fills a block, that is all that the replay wants of it.
        let graph = rt.record(|s| {
            for (xe, &change) in changes.iter().enumerate() {
                match change {
                    Change::Fill(_) => {
                        s.codelet("fill").on_xe(xe).spawn(to.write(), move |_, x| {
                            change.to(x);
                        })
                    }
                    _ => s
                        .codelet("change")
                        .spawn(to.read_write(), move |_, x| change.to(x)),
                };
                let access = (to.read_write(), from.read());
                s.codelet("mix")
                    .spawn(access, |_, (to, from)| add_from(to, from));
            }
            for half in [from.part(..LEN / 2), from.part(LEN / 2..)] {
                let add = Change::Add(1);
                s.codelet("half")
                    .spawn(half.read_write(), move |_, x| add.to(x));
            }
            Ok(())
        })?;
        for _ in 0..3 {
            let rounds = self.numbers.below(4);
            rt.replay(&graph, rounds)?;
            for _ in 0..rounds {
                for change in &changes {
                    change.to(&mut self.expected[a]);
                    let from = self.expected[b].clone();
                    add_from(&mut self.expected[a], &from);
                }
                Change::Add(1).to(&mut self.expected[b]);
            }
            match self.numbers.below(4) {
                0 => rt.migrate(to, Home::Region(self.numbers.below(XES)))?,
                1 => rt.replicate(from)?,
                2 => self.check(rt)?,
                _ => (),
            }
        }
        Ok(())
    }

    fn check(&self, rt: &Runtime) -> Result<()> {
        for (at, (block, expected)) in self.blocks.iter().zip(&self.expected).enumerate() {
            rt.read(*block, |x| assert!(x == expected, "block {at}"))?;
        }
        Ok(())
    }
}

/// The other thread ends when this goes, by a panic, too.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Another thread wishes moves and copies at any moment.
#[test]
fn random_programs_mean_the_same_with_moves_at_random_moments() -> Result<()> {
    let rt = builder(3).xes(XES).oversubscribe(true).build()?;
    let done = AtomicBool::new(false);
    let result = std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut seed = 1;
            while !done.load(Ordering::Relaxed) {
                rt.shuffle_homes(seed);
                seed += 1;
                std::thread::yield_now();
            }
        });
        let run = |seed| {
            let mut program = Program::new(&rt, seed)?;
            for _ in 0..3 {
                rt.finish(|s| (0..50).try_for_each(|step| program.step(s, step)))
                    .map_err(|error| sprat::Error::msg(format!("seed {seed}: {error}")))?;
                program.replays(&rt)?;
            }
            program.check(&rt)?;
            program
                .blocks
                .iter()
                .try_for_each(|block| rt.destroy(*block))
        };
        let _ends = Ends(&done);
        (0..40).try_for_each(run)
    });
    result?;
    let counts = rt.move_counts();
    assert!(counts.moved > 50 && counts.copied > 50, "{counts:?}");
    // Beside writers no copies are made, which counts.
    assert!(
        counts.refused > 0 && counts.replica_bytes == 0,
        "{counts:?}"
    );
    Ok(())
}
