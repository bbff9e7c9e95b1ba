//! The kinds of work, each with a result that is known without running it.

use sprat::{ErrorKind, Priority, Runtime, Scope, Sum, Value};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What bodies panic with.
pub const ON_PURPOSE: &str = "on purpose";

/// Runs about so many codelets and says what was wrong.
pub type Work = fn(&Runtime, u64, &mut Random) -> Result<(), String>;

pub const KINDS: [(&str, Work); 7] = [
    ("flood", flood),
    ("divide and conquer", fib),
    ("stencil", stencil),
    ("sums", sums),
    ("failures", failures),
    ("cancellation", cancellation),
    ("events", events),
];

/// Vigna's splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Result<(), String> {
    match is == should {
        true => Ok(()),
        false => Err(format!("{what}: {is:?} instead of {should:?}")),
    }
}

fn told<T>(result: sprat::Result<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// Codelets that depend on nothing, of all levels.
fn flood(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    let (levels, ran) = (random.below(2) == 0, AtomicU64::new(0));
    told(rt.finish(|s| {
        for at in 0..size {
            let level = match at % 3 {
                0 if levels => Priority::High,
                1 if levels => Priority::Low,
                _ => Priority::Normal,
            };
            s.codelet("flood").priority(level).spawn((), |_, ()| {
                ran.fetch_add(1, Relaxed);
            });
        }
        Ok(())
    }))?;
    equal("codelets that ran", ran.into_inner(), size)
}

fn spawn_fib(s: &Scope<'_>, n: u64) -> Value<u64> {
    if n < 2 {
        return s.spawn((), move |_, ()| Ok(n)).value();
    }
    s.spawn((), move |s, ()| {
        let (a, b) = (spawn_fib(s, n - 1), spawn_fib(s, n - 2));
        s.spawn((a.read(), b.read()), |_, (a, b)| Ok(a + b)).value()
    })
    .value()
}

/// Fibonacci numbers by definition: three codelets a call but the leaves.
fn fib(rt: &Runtime, size: u64, _: &mut Random) -> Result<(), String> {
    let (mut n, mut last, mut next) = (0, 0, 1);
    while 3 * next < size {
        (n, last, next) = (n + 1, next, last + next);
    }
    let mut answer = None;
    told(rt.finish(|s| {
        s.spawn_once(spawn_fib(s, n).read(), |_, n| answer = Some(*n));
        Ok(())
    }))?;
    equal("the number", answer, Some(last))
}

/// Sums of neighbours on a ring of blocks, beside the same in a vector.
fn stencil(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    let tiles = 3 + random.below(30) as usize;
    let cells = 1 + random.below(40) as usize;
    let steps = (size as usize / tiles).max(1);
    let start = |tile: usize, cell: usize| (tile * 1000 + cell) as u64;
    let mut plain: Vec<u64> = (0..tiles)
        .flat_map(|tile| (0..cells).map(move |cell| start(tile, cell)))
        .collect();
    let mut now = told(rt.blocks::<u64>(tiles, cells))?;
    let mut next = told(rt.blocks::<u64>(tiles, cells))?;
    told(rt.finish(|s| {
        for (tile, block) in now.iter().enumerate() {
            s.spawn(block.write(), move |_, data| {
                for (cell, value) in data.iter_mut().enumerate() {
                    *value = start(tile, cell);
                }
            });
        }
        for _ in 0..steps {
            for tile in 0..tiles {
                let (west, east) = ((tile + tiles - 1) % tiles, (tile + 1) % tiles);
                let reads = (now[west].read(), now[tile].read(), now[east].read());
                s.spawn((reads, next[tile].write()), |_, ((w, h, e), out)| {
                    for (at, out) in out.iter_mut().enumerate() {
                        *out = w[at].wrapping_mul(3) ^ h[at].wrapping_add(e[at]);
                    }
                });
            }
            std::mem::swap(&mut now, &mut next);
        }
        Ok(())
    }))?;
    for _ in 0..steps {
        let at = |tile: usize, cell: usize| plain[tile % tiles * cells + cell];
        plain = (0..tiles * cells)
            .map(|i| (i / cells, i % cells))
            .map(|(t, c)| {
                at(t + tiles - 1, c).wrapping_mul(3) ^ at(t, c).wrapping_add(at(t + 1, c))
            })
            .collect();
    }
    for (tile, &block) in now.iter().enumerate() {
        let is = told(rt.read(block, <[u64]>::to_vec))?;
        equal("a tile", is.as_slice(), &plain[tile * cells..][..cells])?;
    }
    now.into_iter()
        .chain(next)
        .try_for_each(|block| told(rt.destroy(block)))
}

/// Commutative accesses and reductions on the same few blocks.
fn sums(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    let blocks = told(rt.blocks::<u64>(1 + random.below(4) as usize, 2))?;
    told(rt.finish(|s| {
        for &block in &blocks {
            s.spawn(block.write(), |_, data| data.fill(0));
        }
        for at in 0..size {
            let block = blocks[at as usize % blocks.len()];
            match at % 1000 < 500 {
                true => s.spawn(block.commute(), |_, data| data[0] += 1),
                false => s.spawn(block.reduce(Sum), |_, data| data[0] += 1),
            };
        }
        Ok(())
    }))?;
    let mut total = 0;
    for block in blocks {
        total += told(rt.read(block, |data| data[0]))?;
        told(rt.destroy(block))?;
    }
    equal("the sum", total, size)
}

/// Chains of readers and writers, some of which fail in the middle: the rest of such a chain is skipped.
fn failures(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    const LINKS: u64 = 20;
    let chains = size.div_ceil(LINKS).min(2_000);
    let breaks: Vec<u64> = (0..chains).map(|_| random.below(4 * LINKS)).collect();
    let blocks = told(rt.blocks::<u64>(chains as usize, 1))?;
    let result = rt.finish(|s| {
        for (&block, &at_fault) in blocks.iter().zip(&breaks) {
            s.spawn(block.write(), |_, data| data[0] = 0);
            for link in 0..LINKS {
                s.spawn(block.read_write(), move |_, data| match link == at_fault {
                    true if link % 2 == 0 => std::panic::panic_any(ON_PURPOSE),
                    true => Err(sprat::Error::msg(ON_PURPOSE)),
                    false => {
                        data[0] += 1;
                        Ok(())
                    }
                });
            }
        }
        Ok(())
    });
    let broken = || breaks.iter().filter(|&&at| at < LINKS);
    let (failed, skipped) = (
        broken().count() as u64,
        broken().map(|at| LINKS - 1 - at).sum(),
    );
    let counts = match &result {
        Ok(()) => (0, 0),
        Err(error) => {
            let failure = error.failure().ok_or_else(|| error.to_string())?;
            (failure.failed, failure.skipped)
        }
    };
    equal("failed and skipped", counts, (failed, skipped))?;
    for (&block, &at_fault) in blocks.iter().zip(&breaks) {
        match rt.read(block, |data| data[0]) {
            Ok(links) if at_fault >= LINKS => equal("links", links, LINKS)?,
            Err(_) if at_fault < LINKS => (),
            other => return Err(format!("a chain that breaks at {at_fault} gave {other:?}")),
        }
        told(rt.destroy(block))?;
    }
    Ok(())
}

/// A scope that is cancelled by one of its codelets: each either ran or was not started.
fn cancellation(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    let (at_last, ran) = (random.below(size), AtomicU64::new(0));
    let mut spawned = 0;
    let result = rt.finish(|s| {
        let canceller = s.canceller();
        for at in 0..size {
            let canceller = (at == at_last).then(|| canceller.clone());
            let ran = &ran;
            s.spawn((), move |_, ()| {
                ran.fetch_add(1, Relaxed);
                if let Some(canceller) = &canceller {
                    canceller.cancel("enough");
                }
            });
            spawned += 1;
        }
        Ok(())
    });
    match result {
        Ok(()) => Err("it was not cancelled".to_string()),
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            let left = error.cancellation().ok_or("no counts")?;
            equal("ran", left.ran, ran.into_inner())?;
            equal("all", left.ran + left.not_started, spawned)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Codelets that wait for events which other codelets and the host satisfy, some of them children.
fn events(rt: &Runtime, size: u64, random: &mut Random) -> Result<(), String> {
    let fan = 1 + random.below(9);
    let rounds = size.div_ceil(fan + 2);
    let ran = &AtomicU64::new(0);
    told(rt.finish(|s| {
        for at in 0..rounds {
            let (event, trigger) = s.event("go");
            for _ in 0..fan {
                s.codelet("waits").after(&event).spawn((), move |s, ()| {
                    s.spawn((), move |_, ()| {
                        ran.fetch_add(1, Relaxed);
                    });
                });
            }
            match at % 2 {
                0 => trigger.satisfy(),
                _ => drop(s.spawn_once((), move |s, ()| s.satisfy(trigger))),
            }
        }
        Ok(())
    }))?;
    equal("children that ran", ran.load(Relaxed), rounds * fan)
}
