//! Hosts and engines let go in time: a host whose scope has ended leaves, though more lies in the queue of the engine that it
//! was, and engines of a suspended runtime leave their processors.

use sprat::{CeMode, Event, Result, Runtime, Scope, Trigger};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Codelets of the other scope; all of them lie in the host's queue at a time.
const OTHERS: usize = 20;

/// Of the other scope's codelets the first one lets the host's scope end, and one more may have been begun before that is
/// known. The host must not run any of the others.
#[test]
fn a_host_leaves_when_its_scope_has_ended() -> Result<()> {
    let _alone = alone();
    let rt = &Runtime::builder().xes(1).ce(CeMode::Shared).build()?;
    let (come, spawned) = (&Barrier::new(2), &Barrier::new(2));
    let (begun, by_host) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let host = thread::current().id();
    let (event, trigger): (Event, Trigger) = rt.event("the host's scope may end");
    thread::scope(|threads| {
        let other = threads.spawn(move || {
            come.wait();
            rt.finish(|s| {
                s.spawn_once((), move |s, ()| s.satisfy(trigger));
                for _ in 0..OTHERS {
                    s.spawn((), move |_, ()| {
                        begun.fetch_add(1, Ordering::Relaxed);
                        let is_host = thread::current().id() == host;
                        by_host.fetch_add(usize::from(is_host), Ordering::Relaxed);
                    });
                }
                spawned.wait();
                Ok(())
            })
        });
        rt.finish(|s| {
            s.codelet("last").after(&event).spawn((), |_, ()| ());
            // Who comes now finds no free seat, and leaves its codelets where the host will take them together.
            come.wait();
            spawned.wait();
            Ok(())
        })?;
        other.join().expect("the other host does not panic")
    })?;
    assert_eq!(begun.load(Ordering::Relaxed), OTHERS);
    let by_host = by_host.load(Ordering::Relaxed);
    assert!(
        by_host <= 1,
        "{by_host} codelets that the host ran before it left"
    );
    Ok(())
}

/// What the whole program has used of processors.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes there.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// A codelet that spawns the next one, until it ends.
fn again<'s>(s: &Scope<'s>, count: &'s AtomicUsize, ends: &'s AtomicBool) {
    count.fetch_add(1, Ordering::Relaxed);
    if !ends.load(Ordering::Relaxed) {
        s.spawn((), move |s, ()| again(s, count, ends));
    }
}

/// One test at a time: they look at what the whole program uses.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the whole program uses less than this share of a processor, in one of many windows: where others take the processors,
/// engines may take long to come to rest.
fn comes_to_use_less(than: f64) -> bool {
    let window = |_| {
        let (begin, used) = (Instant::now(), processor_time());
        thread::sleep(Duration::from_millis(10));
        (processor_time() - used).as_secs_f64() / begin.elapsed().as_secs_f64()
    };
    (0..200).map(window).any(|used| used < than)
}

#[test]
fn a_suspended_runtime_leaves_the_processors_alone() -> Result<()> {
    let _alone = alone();
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        let rt = &Runtime::builder()
            .xes(2)
            .ce(mode)
            .oversubscribe(true)
            // Engines that look for work do so until they are told not to.
            .spin_us(100_000_000)
            .ignore_environment()
            .build()?;
        let count = &AtomicUsize::new(0);
        let ends = &AtomicBool::new(false);
        let blocks = rt.blocks::<u64>(2, 1)?;
        let graph = rt.record(|s| {
            for block in &blocks {
                s.spawn(block.read_write(), |_, _| {
                    _ = count.fetch_add(1, Ordering::Relaxed)
                });
            }
            Ok(())
        })?;
        thread::scope(|threads| {
            // A scope that has something to run all the time, and a replay.
            for replays in [false, true] {
                let begun = count.load(Ordering::Relaxed);
                let end = graph.canceller();
                let host = threads.spawn({
                    let graph = &graph;
                    move || match replays {
                        true => rt.replay(graph, 1 << 31),
                        false => rt.finish(|s| {
                            again(s, count, ends);
                            Ok(())
                        }),
                    }
                });
                while count.load(Ordering::Relaxed) < begun + 100 {
                    thread::yield_now();
                }
                rt.suspend()?;
                assert!(comes_to_use_less(0.1), "{mode}, replays: {replays}");
                end.cancel("seen");
                ends.store(true, Ordering::Relaxed);
                rt.resume()?;
                let _cancelled = host.join().expect("the host does not panic");
            }
            Ok::<_, sprat::Error>(())
        })?;
    }
    Ok(())
}

/// What lies ready for a region is for open engines: those beyond a cap sleep meanwhile, in domains without an open one, too.
#[test]
fn engines_beyond_a_cap_leave_the_processors_alone() -> Result<()> {
    let _alone = alone();
    let machine = sprat::Topology::synthetic("region:1 cache:2 core:2").unwrap();
    let rt = &Runtime::builder()
        .topology(machine)
        .oversubscribe(true)
        .ignore_environment()
        .build()?;
    rt.set_xes(1)?;
    let ends = &AtomicBool::new(false);
    thread::scope(|threads| {
        let host = threads.spawn(move || {
            rt.finish(|s| {
                for _ in 0..2 {
                    s.codelet("waits").on_region(0).spawn((), move |_, ()| {
                        while !ends.load(Ordering::Relaxed) {
                            thread::sleep(Duration::from_millis(1));
                        }
                    });
                }
                Ok(())
            })
        });
        thread::sleep(Duration::from_millis(20));
        let rests = comes_to_use_less(0.2);
        ends.store(true, Ordering::Relaxed);
        assert!(rests, "they are never at rest");
        host.join().expect("the host does not panic")
    })
}
