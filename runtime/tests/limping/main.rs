//! Engines that stand still or limp: the others go on with what has not started there, nothing is lost or run twice, and
//! what only the slow engine may run waits for it.
//!
//! Threads are frozen and slowed by control groups of version 1, by thread, which needs root; without these the tests say
//! so and pass. (Version 2 freezes and limits a thread only if the whole process is moved into a group of its own.)
//!
//! Checked itself: fails if idle engines do not rob inboxes, or do not steal; if engines that limp are not relieved (`health_limps_unseen`).

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]
#![cfg(target_os = "linux")]

mod group;
mod relief;

use group::{Group, Thaws, engines, me, skip};
use sprat::{Block, CeMode, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Nothing that is waited for here takes so long, whatever else the machine does.
const FOREVER: Duration = Duration::from_secs(100);

/// One that relieves nobody, as it is unless asked for.
fn runtime(xes: usize) -> Runtime {
    runtime_that(false, xes, CeMode::Shared)
}

fn runtime_that(relieves: bool, xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .relieve(relieves)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

/// Tests here slow down threads that they find by name: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn wait_until<T: PartialEq + std::fmt::Debug>(what: &str, found: impl Fn() -> T, meant: T) {
    let begin = Instant::now();
    while found() != meant {
        assert!(begin.elapsed() < FOREVER, "{what}: {:?}", found());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn others_go_on_with_what_has_not_started_on_a_frozen_engine() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let Some(freezer) = Group::new("freezer", "one") else {
        return;
    };
    const MANY: usize = 500;
    let rt = runtime(3);
    let blocks: Vec<Block<u64>> = rt.blocks(3, 1).unwrap();
    let ran: Vec<AtomicU32> = (0..4 * MANY).map(|_| AtomicU32::new(0)).collect();
    let (thread, go) = (AtomicU64::new(0), AtomicBool::new(false));
    let ran_in = |part: usize| {
        let part = &ran[part * MANY..(part + 1) * MANY];
        part.iter()
            .filter(|ran| ran.load(Ordering::Relaxed) > 0)
            .count()
    };
    std::thread::scope(|threads| {
        let _thaws = Thaws(&freezer);
        let (rt, ran, thread, go, blocks) = (&rt, &ran, &thread, &go, &blocks);
        let host = threads.spawn(move || {
            rt.finish(|s| {
                let count = move |at: usize| ran[at].fetch_add(1, Ordering::Relaxed);
                s.codelet("freezes").on_xe(1).spawn((), move |s, ()| {
                    // In its own queue, behind its back; in its inbox; and what only it may run.
                    for at in 0..MANY {
                        s.spawn((), move |_, ()| {
                            count(at);
                        });
                    }
                    thread.store(me(), Ordering::Release);
                    while !go.load(Ordering::Acquire) {
                        std::hint::spin_loop();
                    }
                });
                s.codelet("posts").on_xe(2).spawn((), move |s, ()| {
                    while thread.load(Ordering::Acquire) == 0 {
                        std::thread::yield_now();
                    }
                    for at in MANY..2 * MANY {
                        // Blocks of three belong to an engine each.
                        s.codelet("near").near(blocks[1]).spawn((), move |_, ()| {
                            count(at);
                        });
                    }
                    for at in 2 * MANY..3 * MANY {
                        s.codelet("only").on_xe(1).spawn((), move |_, ()| {
                            count(at);
                        });
                    }
                    for at in 3 * MANY..4 * MANY {
                        s.spawn((), move |_, ()| {
                            count(at);
                        });
                    }
                });
                Ok(())
            })
        });
        wait_until(
            "has a body begun",
            || thread.load(Ordering::Acquire) != 0,
            true,
        );
        freezer.add(thread.load(Ordering::Acquire)).unwrap();
        freezer.freeze();
        go.store(true, Ordering::Release);
        let parts = || [0, 1, 2, 3].map(ran_in);
        // One codelet of its own it may have kept to run next (`decide::route::keeps`): that one waits for it.
        wait_until("the others go on", || parts()[0] >= MANY - 1, true);
        wait_until(
            "the others go on",
            || parts()[1..].to_vec(),
            vec![MANY, 0, MANY],
        );
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(parts()[2], 0, "what only the frozen engine may run");
        assert!(!host.is_finished());
        freezer.thaw();
        host.join().unwrap().unwrap();
    });
    let counts: Vec<u32> = ran.iter().map(|ran| ran.load(Ordering::Relaxed)).collect();
    assert_eq!(counts, [1; 4 * MANY]);
}

/// Chains of codelets on blocks, checked: so many steps on each block, in order, each once.
fn chains(rt: &Runtime, blocks: usize, steps: u64) {
    let blocks = rt.blocks::<u64>(blocks, 8).unwrap();
    let ran = AtomicU64::new(0);
    rt.finish(|s| {
        let ran = &ran;
        for step in 0..steps {
            for (n, &block) in blocks.iter().enumerate() {
                let left = blocks[(n + 1) % blocks.len()];
                let options = s.codelet("step").near(block);
                options.spawn((block.read_write(), left.read()), move |_, (here, left)| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    for (x, y) in here.iter_mut().zip(left) {
                        *x = x.wrapping_mul(31).wrapping_add(y ^ step);
                    }
                });
            }
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(ran.into_inner(), steps * blocks.len() as u64);
    let mut meant = vec![0u64; blocks.len()];
    for step in 0..steps {
        for n in 0..meant.len() {
            let left = meant[(n + 1) % meant.len()];
            meant[n] = meant[n].wrapping_mul(31).wrapping_add(left ^ step);
        }
    }
    for (block, meant) in blocks.iter().zip(meant) {
        assert_eq!(rt.read(*block, <[u64]>::to_vec).unwrap(), [meant; 8]);
    }
}

#[test]
fn engines_that_freeze_now_and_then_lose_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let rt = runtime(3);
    let groups: Option<Vec<(Group, u64)>> = engines(3)
        .into_iter()
        .map(|thread| Some((Group::new("freezer", &thread.to_string())?, thread)))
        .collect();
    let Some(groups) = groups else {
        return;
    };
    for (group, thread) in &groups {
        group.add(*thread).unwrap();
    }
    let (stop, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        let freezer = threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let round = rounds.fetch_add(1, Ordering::Relaxed);
                let (group, _) = &groups[round % groups.len()];
                let _thaws = Thaws(group);
                group.freeze();
                std::thread::sleep(Duration::from_millis(3));
                group.thaw();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let hosts: Vec<_> = (0..2)
            .map(|_| {
                threads.spawn(|| {
                    let begin = Instant::now();
                    while rounds.load(Ordering::Relaxed) <= 100 {
                        assert!(begin.elapsed() < FOREVER, "frozen too rarely");
                        chains(&rt, 6, 100);
                    }
                })
            })
            .collect();
        let ended: Vec<_> = hosts.into_iter().map(|host| host.join()).collect();
        stop.store(true, Ordering::Relaxed);
        freezer.join().unwrap();
        ended.into_iter().for_each(|ended| ended.unwrap());
    });
}

/// Whether the threads of a group were kept from running often: by the group's quota, or, where others take the processors, by
/// those, which leave them less than that.
fn has_limped(slow: &Group) -> bool {
    let throttled = slow.get("cpu.stat");
    let times = throttled
        .lines()
        .find_map(|line| line.strip_prefix("nr_throttled "))
        .and_then(|times| times.parse::<u64>().ok());
    let inside = slow.inside.lock().unwrap();
    let waited = inside
        .iter()
        .filter_map(|thread| Some(group::times(*thread)?[1]));
    times.is_some_and(|times| times > 10) || waited.sum::<Duration>() > Duration::from_secs(1)
}

#[test]
fn an_engine_that_gets_a_fifth_of_its_core_holds_nobody_up() {
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let Some(slow) = Group::new("cpu", "slow") else {
        return;
    };
    let quota = slow
        .set("cpu.cfs_period_us", "10000")
        .and_then(|()| slow.set("cpu.cfs_quota_us", "2000"));
    if let Err(error) = quota {
        return skip(&format!("no quota can be set: {error}"));
    }
    let rt = runtime(2);
    // The host sits in one of the two seats; the thread of the other one limps.
    for thread in engines(2) {
        slow.add(thread).unwrap();
    }
    let (begin, mut rounds) = (Instant::now(), 0);
    while rounds < 10 || !has_limped(&slow) {
        assert!(
            begin.elapsed() < FOREVER,
            "it did not limp: {}",
            slow.get("cpu.stat")
        );
        rounds += 1;
        chains(&rt, 6, 100);
        let ran = AtomicU64::new(0);
        rt.finish(|s| {
            for _ in 0..2000 {
                s.spawn((), |_, ()| {
                    let begin = Instant::now();
                    while begin.elapsed() < Duration::from_micros(20) {}
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(ran.into_inner(), 2000);
    }
}
