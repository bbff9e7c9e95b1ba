//! What recorded codelets cost in memory (design, section 6): at most 64 bytes and 8 an edge, captures excluded; and a replay
//! allocates no more for more rounds, and for more codelets. Counted at the allocator, so in a file of its own.

use sprat::{Block, Graph, Result, Runtime, Scope};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Counting;

/// Bytes that are allocated now, and how often some were.
static BYTES: AtomicIsize = AtomicIsize::new(0);
static TIMES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator, and counters beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TIMES.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size().cast_signed(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The tests count one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes that a graph keeps of each of its codelets, without their captures.
fn kept<'g>(
    rt: &Runtime,
    codelets: usize,
    capture: usize,
    record: impl FnOnce(&Scope<'g>, usize) -> Result<()>,
) -> Result<f64> {
    let before = BYTES.load(Ordering::Relaxed);
    let graph = rt.record(|s| record(s, codelets))?;
    let bytes = BYTES.load(Ordering::Relaxed) - before;
    assert_eq!(graph.codelets(), codelets);
    rt.replay(&graph, 2)?;
    Ok(bytes as f64 / codelets as f64 - capture as f64)
}

/// What is captured: the table of the codelet's functions, its accesses, and what the body has.
const fn captured(accesses: usize, body: usize) -> usize {
    8 + 8 * accesses + body
}

/// Enough that what a graph has once does not count.
const MANY: usize = 50_000;

/// Codelets that use three of some blocks each, two of them for reading.
fn three_blocks<'g>(s: &Scope<'g>, blocks: &[Block<u64>], codelets: usize) {
    let at = |i: usize| blocks[i % blocks.len()];
    for i in 0..codelets {
        let body = [i as u64; 3];
        s.spawn(
            (at(i).read(), at(i + 1).read(), at(i + 2).read_write()),
            move |_, (a, b, c)| c[0] = a[0] ^ b[0] ^ body[0],
        );
    }
}

#[test]
fn a_recorded_codelet_takes_at_most_64_bytes_and_8_an_edge() -> Result<()> {
    let _turn = TURN.lock().unwrap();
    for xes in [1, 2] {
        let rt = Runtime::builder().xes(xes).oversubscribe(true).build()?;
        let blocks = rt.blocks::<u64>(1000, 1)?;
        // One edge for each access: from who used the block last.
        let bytes = kept(&rt, MANY, captured(3, 24), |s, codelets| {
            three_blocks(s, &blocks, codelets);
            Ok(())
        })?;
        let most = 64 + 3 * 8;
        assert!(
            (40.0..=f64::from(most)).contains(&bytes),
            "{bytes} with blocks"
        );
        // Each waits for the end of the one before.
        let bytes = kept(&rt, MANY, captured(0, 0), |s, codelets| {
            let mut last = s.spawn((), |_, ()| ()).event();
            for _ in 1..codelets {
                last = s.codelet("next").after(&last).spawn((), |_, ()| ()).event();
            }
            Ok(())
        })?;
        let most = 64 + 8;
        assert!(
            (40.0..=f64::from(most)).contains(&bytes),
            "{bytes} with ends"
        );
    }
    Ok(())
}

/// How many allocations a replay made that dealt no codelets anew, which takes memory as making a graph does; and how long it took.
fn without_plans(rt: &Runtime, graph: &Graph<'_>, rounds: usize) -> Result<(usize, Duration)> {
    let plans = || graph.decisions().matches("\nspeeds ").count();
    for _ in 0..20 {
        let planned = plans();
        let (begin, before) = (Instant::now(), TIMES.load(Ordering::Relaxed));
        rt.replay(graph, rounds)?;
        let made = TIMES.load(Ordering::Relaxed) - before;
        let took = begin.elapsed();
        if plans() == planned {
            return Ok((made, took));
        }
    }
    panic!("each of twenty replays was planned anew");
}

/// With one engine nothing, however many rounds and codelets there are. With more, looking whether they are in balance does, once
/// in a measure at most.
#[test]
fn rounds_and_codelets_allocate_nothing_when_they_are_replayed() -> Result<()> {
    let _turn = TURN.lock().unwrap();
    for xes in [1, 2] {
        let rt = Runtime::builder().xes(xes).oversubscribe(true).build()?;
        let blocks = rt.blocks::<u64>(100, 1)?;
        let graph = |codelets| {
            rt.record(|s| {
                three_blocks(s, &blocks, codelets);
                Ok(())
            })
        };
        let (small, large) = (graph(1_000)?, graph(50_000)?);
        // The first replays make what the runtime keeps for later: queues' memory, records.
        for graph in [&small, &large] {
            rt.replay(graph, 3)?;
        }
        for (graph, rounds) in [(&small, 1), (&small, 300), (&large, 3)] {
            // Many more rounds than `FIXED`, and many more codelets.
            let (made, took) = without_plans(&rt, graph, rounds)?;
            let looks = match xes {
                1 => 0,
                _ => took.as_nanos() / MEASURE.as_nanos(),
            };
            let most = FIXED + LOOK * looks as usize;
            assert!(
                made <= most,
                "{made} allocations in {rounds} rounds on {xes} engine(s), and {most} at most are expected"
            );
        }
    }
    Ok(())
}

/// What entering a scope and holding all blocks takes in each call of `replay`.
const FIXED: usize = 64;

/// A look whether engines are in balance ends a measure, which takes so long at least.
const MEASURE: Duration = Duration::from_millis(20);

/// What such a look takes, with the other plan that it thinks of.
const LOOK: usize = 20;
