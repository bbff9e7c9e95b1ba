//! Recursion: a binary tree of spawns, and Fibonacci's numbers.

use super::{Measured, check, each};
use crate::Result;
use crate::deque::{Deque, Hand};
use crate::system::{Entrant, System, replay};
use crate::tally::Tally;
use sprat::{Event, Scope, Value};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// 2^levels - 1 codelets. Those of a graph spawn nothing: there children wait for the end of their parent.
pub(super) fn tree(entrant: &Entrant, size: usize) -> Measured {
    let levels = (size + 1).ilog2().max(1);
    let count = (1usize << levels) - 1;
    let tally = &Tally::new();
    let begin = Instant::now();
    let time = match &entrant.system {
        System::Sprat(rt) => {
            rt.finish(|s| {
                s.spawn((), move |s, ()| sprat_tree(s, levels - 1, tally));
                Ok(())
            })?;
            begin.elapsed()
        }
        System::Replay(rt) => {
            let graph = rt.record(|s| {
                let root = s.spawn((), |_, ()| tally.add(1));
                record_below(s, levels - 1, &root.event(), tally);
                Ok(())
            })?;
            replay(rt, &graph)?
        }
        System::Rayon(pool) => {
            pool.install(|| rayon_tree(levels - 1, tally));
            begin.elapsed()
        }
        System::Deque(deque) => deque.run(
            count,
            |hand| hand.push(u64::from(levels) - 1),
            |hand, below| {
                tally.add(1);
                if below == 0 {
                    return None;
                }
                hand.push(below - 1);
                Some(below - 1)
            },
        )?,
        System::Serial => {
            serial_tree(levels - 1, tally);
            begin.elapsed()
        }
        System::Regions(_) | System::Tasks(_) => return Ok(None),
    };
    check("the number of executions", tally.total(), count as u64)?;
    each(time, count)
}

fn sprat_tree<'s>(s: &Scope<'s>, below: u32, tally: &'s Tally) {
    tally.add(1);
    if below > 0 {
        s.spawn((), move |s, ()| sprat_tree(s, below - 1, tally));
        s.spawn((), move |s, ()| sprat_tree(s, below - 1, tally));
    }
}

fn record_below<'s>(s: &Scope<'s>, below: u32, parent: &Event, tally: &'s Tally) {
    if below > 0 {
        for _ in 0..2 {
            let child = s.codelet("child").after(parent);
            let child = child.spawn((), |_, ()| tally.add(1));
            record_below(s, below - 1, &child.event(), tally);
        }
    }
}

fn rayon_tree(below: u32, tally: &Tally) {
    tally.add(1);
    if below > 0 {
        rayon::join(
            || rayon_tree(below - 1, tally),
            || rayon_tree(below - 1, tally),
        );
    }
}

fn serial_tree(below: u32, tally: &Tally) {
    black_box(tally).add(1);
    if below > 0 {
        serial_tree(below - 1, tally);
        serial_tree(below - 1, tally);
    }
}

/// The largest n whose codelets (calls and sums) are no more than `size`, at least 2; with their number and fib(n).
fn fib_of_size(size: usize) -> (u64, usize, u64) {
    let (mut calls, mut values) = ((1usize, 3usize), (1u64, 1u64));
    let mut n = 2;
    loop {
        // Beside each call with children there is one sum; of `c` calls (c - 1) / 2 have children.
        let next = calls.0 + calls.1 + 1;
        if next + (next - 1) / 2 > size {
            return (n, calls.1 + (calls.1 - 1) / 2, values.1);
        }
        calls = (calls.1, next);
        values = (values.1, values.0 + values.1);
        n += 1;
    }
}

pub(super) fn fib(entrant: &Entrant, size: usize) -> Measured {
    let (n, count, expected) = fib_of_size(size);
    let tally = &Tally::new();
    let begin = Instant::now();
    let (value, time) = match &entrant.system {
        System::Sprat(rt) => {
            let answer = AtomicU64::new(0);
            let place = &answer;
            rt.finish(|s| {
                let value = sprat_fib(s, n, tally);
                s.spawn(value.read(), move |_, x| place.store(*x, Ordering::Relaxed));
                Ok(())
            })?;
            (answer.load(Ordering::Relaxed), begin.elapsed())
        }
        System::Rayon(pool) => {
            let value = pool.install(|| rayon_fib(n, tally));
            (value, begin.elapsed())
        }
        System::Deque(deque) => deque_fib(deque, n, count, tally)?,
        System::Serial => {
            let value = serial_fib(n, tally);
            (value, begin.elapsed())
        }
        System::Replay(_) | System::Regions(_) | System::Tasks(_) => return Ok(None),
    };
    check("the number of executions", tally.total(), count as u64)?;
    check("the value", value, expected)?;
    each(time, count)
}

fn sprat_fib<'s>(s: &Scope<'s>, n: u64, tally: &'s Tally) -> Value<u64> {
    if n < 2 {
        let leaf = s.spawn((), move |_, ()| {
            tally.add(1);
            Ok(n)
        });
        return leaf.value();
    }
    let call = s.spawn((), move |s, ()| {
        tally.add(1);
        let (a, b) = (sprat_fib(s, n - 1, tally), sprat_fib(s, n - 2, tally));
        let sum = s.spawn((a.read(), b.read()), move |_, (a, b)| {
            tally.add(1);
            Ok(a + b)
        });
        sum.value()
    });
    call.value()
}

fn rayon_fib(n: u64, tally: &Tally) -> u64 {
    tally.add(1);
    if n < 2 {
        return n;
    }
    let (a, b) = rayon::join(|| rayon_fib(n - 1, tally), || rayon_fib(n - 2, tally));
    tally.add(1);
    a + b
}

fn serial_fib(n: u64, tally: &Tally) -> u64 {
    black_box(tally).add(1);
    if n < 2 {
        return n;
    }
    let (a, b) = (serial_fib(n - 1, tally), serial_fib(n - 2, tally));
    black_box(tally).add(1);
    a + b
}

/// A call that waits for its two children.
#[derive(Default)]
struct Sum {
    /// Where the result goes: another sum, which is 0 for the answer.
    parent: AtomicU32,
    missing: AtomicU32,
    value: AtomicU64,
}

/// By hand: a job is a call or a sum; a sum has a counter of missing children, and the child that brings it to zero goes
/// on with the sum. Sums lie in an array made beforehand, at their calls' places in the tree: nobody allocates.
fn deque_fib(deque: &Deque, n: u64, count: usize, tally: &Tally) -> Result<(u64, Duration)> {
    // How many sums there are in the tree below fib(m).
    let mut inner = vec![0, 0];
    for m in 2..=n as usize {
        inner.push(inner[m - 1] + inner[m - 2] + 1);
    }
    // The answer's place, and one for each call with children.
    let sums: Vec<Sum> = (0..=inner[n as usize]).map(|_| Sum::default()).collect();
    sums[0].missing.store(1, Ordering::Relaxed);
    let deliver = |to: u64, value: u64| {
        let sum = &sums[to as usize];
        sum.value.fetch_add(value, Ordering::Relaxed);
        let last = sum.missing.fetch_sub(1, Ordering::AcqRel) == 1;
        (last && to != 0).then_some(to)
    };
    let work = |hand: &Hand, job: u64| {
        tally.add(1);
        if job & CALL == 0 {
            let sum = &sums[job as usize];
            let parent = sum.parent.load(Ordering::Relaxed);
            return deliver(u64::from(parent), sum.value.load(Ordering::Relaxed));
        }
        let (n, me, parent) = (job >> 56 & 0x7F, job >> 28 & PLACE, job & PLACE);
        if n < 2 {
            return deliver(parent, n);
        }
        let sum = &sums[me as usize];
        sum.parent.store(parent as u32, Ordering::Relaxed);
        sum.missing.store(2, Ordering::Relaxed);
        hand.push(call(n - 2, me + 1 + inner[n as usize - 1], me));
        Some(call(n - 1, me + 1, me))
    };
    let time = deque.run(count, |hand| hand.push(call(n, 1, 0)), work)?;
    Ok((sums[0].value.load(Ordering::Relaxed), time))
}

const CALL: u64 = 1 << 63;
const PLACE: u64 = (1 << 28) - 1;

/// The job of a call: n, the place of its sum, and the place of the sum that wants the result.
fn call(n: u64, me: u64, parent: u64) -> u64 {
    CALL | n << 56 | me << 28 | parent
}

#[cfg(test)]
mod tests {
    use super::fib_of_size;

    #[test]
    fn sizes_of_fib() {
        // fib(5): 15 calls, 7 of them with children.
        assert_eq!(fib_of_size(22), (5, 22, 5));
        assert_eq!(fib_of_size(36), (5, 22, 5));
        assert_eq!(fib_of_size(37), (6, 37, 8));
        assert_eq!(fib_of_size(1), (2, 4, 1));
    }
}
