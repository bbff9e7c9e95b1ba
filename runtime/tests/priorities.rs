//! Levels of priority: in which order engines take what is ready, and that nothing starves or is lost by them.

use sprat::decide::priority::{ROUND, SHARE, order};
use sprat::{CeMode, ErrorKind, Priority, Runtime, Scope, Topology};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const MODES: [CeMode; 3] = [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated];
const LEVELS: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

fn runtime(xes: usize, mode: CeMode) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .ce(mode)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

/// What ran, in order.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn note<'s>(s: &Scope<'s>, log: &'s Log, level: Priority, what: String) {
    s.codelet("note")
        .priority(level)
        .spawn((), move |_, ()| log.note(what.clone()));
}

fn fill<'s>(s: &Scope<'s>, log: &'s Log, count: usize) {
    for _ in 0..count {
        note(s, log, Priority::Normal, "fill".to_owned());
    }
}

/// Waits until a flag is set; panics when that takes too long.
fn wait_for(flag: &AtomicBool) {
    let begin = Instant::now();
    while !flag.load(Ordering::Acquire) {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody came");
        std::thread::yield_now();
    }
}

#[test]
fn one_engine_takes_the_higher_level_first() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    rt.finish(|s| {
        for turn in 0..3 {
            for level in LEVELS {
                note(s, &log, level, format!("{level:?} {turn}"));
            }
        }
        Ok(())
    })
    .unwrap();
    let newest_first = |level| (0..3).rev().map(move |turn| format!("{level} {turn}"));
    let meant: Vec<String> = ["High", "Normal", "Low"]
        .into_iter()
        .flat_map(newest_first)
        .collect();
    assert_eq!(log.take(), meant);
}

#[test]
fn each_level_has_its_share() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    rt.finish(|s| {
        for _ in 0..200 {
            for level in LEVELS {
                note(s, &log, level, format!("{level:?}"));
            }
        }
        Ok(())
    })
    .unwrap();
    let mut left = [200; 3];
    let next = |turn| {
        let level = order(turn).into_iter().find(|l| left[*l as usize] > 0)?;
        left[level as usize] -= 1;
        Some(format!("{level:?}"))
    };
    let meant: Vec<String> = (0..).map_while(next).collect();
    let ran = log.take();
    assert_eq!(ran, meant);
    let low = ran[..2 * ROUND as usize]
        .iter()
        .filter(|l| *l == "Low")
        .count();
    assert!(low as u32 >= 2 * SHARE);
}

#[test]
fn a_high_codelet_comes_before_the_next_successor() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let block = rt.block::<u64>(1).unwrap();
    let log = &log;
    rt.finish(|s| {
        let (event, trigger) = s.event("both");
        let mut trigger = Some(trigger);
        for level in [Priority::Low, Priority::High] {
            s.codelet("waits")
                .priority(level)
                .after(&event)
                .spawn((), move |_, ()| log.note(format!("{level:?}")));
        }
        for link in 0..6 {
            let trigger = trigger.take_if(|_| link == 2);
            s.spawn_once(block.read_write(), move |s, _| {
                log.note(format!("link {link}"));
                trigger.into_iter().for_each(|trigger| s.satisfy(trigger));
            });
        }
        Ok(())
    })
    .unwrap();
    let meant = [
        "link 0", "link 1", "link 2", "High", "link 3", "link 4", "link 5", "Low",
    ];
    assert_eq!(log.take(), meant);
}

#[test]
fn a_high_successor_comes_before_a_normal_and_a_low_one() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let block = rt.block::<u64>(1).unwrap();
    let log = &log;
    rt.finish(|s| {
        s.spawn(block.write(), |_, _| log.note("write"));
        for level in LEVELS {
            s.codelet("read")
                .priority(level)
                .spawn(block.read(), move |_, _| log.note(format!("{level:?}")));
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(log.take(), ["write", "High", "Normal", "Low"]);
}

#[test]
fn what_was_posted_to_an_engine_alone_is_taken_by_level() {
    let rt = runtime(2, CeMode::Shared);
    let (log, go) = (Log::default(), AtomicBool::new(false));
    let (log, go) = (&log, &go);
    rt.finish(|s| {
        s.codelet("busy").on_xe(1).spawn((), |_, ()| wait_for(go));
        for turn in 0..2 {
            for level in LEVELS {
                s.codelet("pinned")
                    .on_xe(1)
                    .priority(level)
                    .spawn((), move |_, ()| log.note(format!("{level:?} {turn}")));
            }
        }
        go.store(true, Ordering::Release);
        Ok(())
    })
    .unwrap();
    let meant = ["High 0", "High 1", "Normal 0", "Normal 1", "Low 0", "Low 1"];
    assert_eq!(log.take(), meant);
}

fn each_level<'s>(s: &Scope<'s>, log: &'s Log, in_region: bool) {
    for level in LEVELS {
        let mut options = s.codelet("some").priority(level);
        if in_region {
            options = options.on_region(0);
        }
        options.spawn((), move |_, ()| log.note(format!("{level:?}")));
    }
}

#[test]
fn what_is_for_a_region_or_comes_from_outside_is_taken_by_level() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let log = &log;
    rt.finish(|s| {
        each_level(s, log, true);
        Ok(())
    })
    .unwrap();
    assert_eq!(log.take(), ["High", "Normal", "Low"]);

    // A second host finds no seat, and spawns from outside while the first one holds the only engine.
    let (seated, spawned) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            wait_for(&seated);
            rt.finish(|s| {
                each_level(s, log, false);
                spawned.store(true, Ordering::Release);
                Ok(())
            })
            .unwrap();
        });
        rt.finish(|_| {
            seated.store(true, Ordering::Release);
            wait_for(&spawned);
            Ok(())
        })
        .unwrap();
    });
    assert_eq!(log.take(), ["High", "Normal", "Low"]);
}

#[test]
fn what_a_high_codelet_waits_for_becomes_high() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let log = &log;
    // Who holds its block.
    rt.finish(|s| {
        s.spawn(a.write(), |_, _| log.note("holder"));
        fill(s, log, 5);
        let high = s.codelet("high").priority(Priority::High);
        high.spawn(a.read(), |_, _| log.note("high"));
        Ok(())
    })
    .unwrap();
    let mut meant = vec!["holder", "high"];
    meant.extend(["fill"; 5]);
    assert_eq!(log.take(), meant);

    // Who waits before it, and what that one waits for.
    rt.finish(|s| {
        s.spawn(a.write(), |_, _| log.note("first"));
        s.spawn((a.read(), b.write()), |_, _| log.note("second"));
        fill(s, log, 5);
        let high = s.codelet("high").priority(Priority::High);
        high.spawn(b.read(), |_, _| log.note("high"));
        Ok(())
    })
    .unwrap();
    let mut meant = vec!["first", "second", "high"];
    meant.extend(["fill"; 5]);
    assert_eq!(log.take(), meant);
}

#[test]
fn who_produces_a_value_or_ends_before_a_high_codelet_becomes_high() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let a = rt.block::<u64>(1).unwrap();
    let log = &log;
    rt.finish(|s| {
        s.spawn(a.write(), |_, _| log.note("writer"));
        let value = s.spawn(a.read(), |_, _| {
            log.note("producer");
            Ok(7)
        });
        let other = s.spawn((), |_, ()| log.note("other"));
        fill(s, log, 5);
        let high = s.codelet("high").priority(Priority::High);
        high.after(&other.event())
            .spawn(value.read(), |_, _| log.note("high"));
        Ok(())
    })
    .unwrap();
    let ran = log.take();
    let mut first = ran[..3].to_vec();
    first.sort();
    assert_eq!(first, ["other", "producer", "writer"]);
    assert_eq!(ran[3], "high");
    assert_eq!(ran.len(), 9);
}

#[test]
fn one_that_became_high_while_it_waited_is_high_when_it_is_ready() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let a = rt.block::<u64>(1).unwrap();
    let log = &log;
    rt.finish(|s| {
        let (event, trigger) = s.event("later");
        s.codelet("waits")
            .after(&event)
            .spawn(a.write(), |_, _| log.note("waits"));
        let high = s.codelet("high").priority(Priority::High);
        high.spawn(a.read(), |_, _| log.note("high"));
        s.spawn_once((), move |s, ()| {
            // These are newer than what becomes ready before them.
            s.satisfy(trigger);
            fill(s, log, 5);
        });
        Ok(())
    })
    .unwrap();
    let mut meant = vec!["waits", "high"];
    meant.extend(["fill"; 5]);
    assert_eq!(log.take(), meant);
}

#[test]
fn levels_go_no_further_up_than_told() {
    let rt = runtime(1, CeMode::Shared);
    let log = Log::default();
    let blocks: Vec<_> = rt.blocks::<u64>(60, 1).unwrap();
    let log = &log;
    // Without the high one's level the newest chain would run first.
    rt.finish(|s| {
        for pair in blocks.windows(2) {
            s.spawn((pair[0].read(), pair[1].write()), |_, _| log.note("link"));
        }
        fill(s, log, 3);
        let high = s.codelet("high").priority(Priority::High);
        high.spawn(blocks[59].read(), |_, _| log.note("high"));
        Ok(())
    })
    .unwrap();
    let ran = log.take();
    // The first link was too far away, so it came after the fillers; its successors ran one after the other.
    assert_eq!(ran[..3], ["fill", "fill", "fill"]);
    assert_eq!(ran[62], "high");
}

#[test]
fn a_lone_codelet_of_a_level_is_told_to_sleepers() {
    for level in [Priority::High, Priority::Low] {
        let rt = runtime(2, CeMode::Shared);
        let ran = AtomicBool::new(false);
        let ran = &ran;
        rt.finish(|s| {
            s.spawn((), move |s, ()| {
                let child = s.codelet("child").priority(level);
                child.spawn((), |_, ()| ran.store(true, Ordering::Release));
                // A body must not wait; this one is long, and the test of it must end.
                wait_for(ran);
            });
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn a_high_codelet_that_waits_for_nothing_is_told_of_as_stuck() {
    let rt = runtime(2, CeMode::Shared);
    let error = rt
        .finish(|s| {
            let (event, trigger) = s.event("never");
            let holder = s.codelet("holder").after(&event);
            holder.spawn_once((), move |_, ()| trigger.satisfy());
            let high = s.codelet("high").priority(Priority::High);
            high.after(&event).spawn((), |_, ()| ());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stuck);
}

/// A generator of numbers (Marsaglia, "Xorshift RNGs", 2003).
#[derive(Clone, Copy)]
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Spawns codelets of all levels, to all kinds of places, with and without dependences, and in each of them more.
fn spread<'s>(
    s: &Scope<'s>,
    rt: &'s Runtime,
    blocks: &'s [sprat::Block<u64>],
    ran: &'s AtomicU32,
    seed: u64,
    depth: u32,
) -> u32 {
    let mut random = Random(seed | 1);
    let mut count = 0;
    let (event, trigger) = rt.event("mixed");
    let groups = [rt.group(), rt.group()];
    for turn in 0..24u64 {
        let level = LEVELS[random.below(3) as usize];
        let mut options = s.codelet("mixed").priority(level);
        options = match random.below(6) {
            0 => options.on_xe(random.below(rt.xes() as u64) as usize),
            1 => options.on_region(random.below(rt.plan().regions as u64) as usize),
            2 => options.near(blocks[random.below(blocks.len() as u64) as usize]),
            3 => options.with(groups[random.below(2) as usize]),
            _ => options,
        };
        if random.below(5) == 0 {
            options = options.after(&event);
        }
        if random.below(4) == 0 {
            options = options.at_ready();
        }
        options = options.cost(random.below(1 << 24), random.below(1 << 24));
        let seed = random.below(u64::MAX) ^ turn;
        let block = blocks[random.below(blocks.len() as u64) as usize];
        let writes = random.below(2) == 0;
        let body = move |s: &Scope<'s>| {
            ran.fetch_add(1, Ordering::Relaxed);
            if depth > 0 && seed.is_multiple_of(4) {
                leaves(s, ran, seed);
            }
        };
        count += 1 + if depth > 0 && seed.is_multiple_of(4) {
            3
        } else {
            0
        };
        match (random.below(3), writes) {
            (0, _) => drop(options.spawn((), move |s, ()| body(s))),
            (_, true) => drop(options.spawn(block.read_write(), move |s, b| {
                b[0] += 1;
                body(s);
            })),
            (_, false) => drop(options.spawn(block.read(), move |s, _| body(s))),
        };
    }
    // From another thread, while others run.
    std::thread::spawn(move || trigger.satisfy());
    count
}

fn leaves<'s>(s: &Scope<'s>, ran: &'s AtomicU32, seed: u64) {
    for leaf in 0..3 {
        s.codelet("leaf")
            .priority(LEVELS[(seed >> 8 >> leaf) as usize % 3])
            .spawn((), move |_, ()| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
    }
}

/// Runs programs of [`spread`] and counts.
fn stress(rt: &Runtime, rounds: u64) {
    let blocks = rt.blocks::<u64>(5, 1).unwrap();
    for round in 0..rounds {
        let ran = AtomicU32::new(0);
        let meant = AtomicU32::new(0);
        let host = |seed: u64| {
            rt.finish(|s| {
                let count = spread(s, rt, &blocks, &ran, seed, 1);
                meant.fetch_add(count, Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
        };
        // Two hosts at once now and then: one of them may find no seat.
        let seed = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match round % 3 {
            0 => std::thread::scope(|threads| {
                threads.spawn(|| host(seed ^ 77));
                host(seed);
            }),
            _ => host(seed),
        }
        let what = format!("{}, {} XEs, round {round}", rt.plan().mode, rt.xes());
        assert_eq!(ran.into_inner(), meant.into_inner(), "{what}");
    }
    let skipped: u64 = rt.xe_counts().iter().map(|c| c.skipped).sum();
    assert_eq!(skipped, 0);
}

#[test]
fn all_run_once_whatever_their_levels_and_places() {
    for mode in MODES {
        for xes in [1, 2, 3, 8] {
            stress(&runtime(xes, mode), 60);
        }
    }
}

/// Two domains in two memory regions.
fn two_packages(mode: CeMode) -> Runtime {
    Runtime::builder()
        .topology(Topology::synthetic("package:2 core:2").unwrap())
        .xes(4)
        .ce(mode)
        .oversubscribe(true)
        .pin(false)
        .ignore_environment()
        .build()
        .unwrap()
}

#[test]
fn all_run_once_in_several_domains_and_regions() {
    for mode in MODES {
        let rt = two_packages(mode);
        assert_eq!(rt.plan().domains.len(), 2);
        stress(&rt, 40);
    }
}

#[test]
fn codelets_of_a_level_go_from_domain_to_domain() {
    for level in [Priority::High, Priority::Low] {
        let rt = two_packages(CeMode::Shared);
        let (begin, mut brokered) = (Instant::now(), 0);
        while brokered == 0 {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "nothing was brokered"
            );
            let ran = AtomicU32::new(0);
            rt.finish(|s| {
                for _ in 0..400 {
                    s.codelet("some").priority(level).spawn((), |_, ()| {
                        let begin = Instant::now();
                        while begin.elapsed() < Duration::from_micros(50) {
                            std::hint::spin_loop();
                        }
                        ran.fetch_add(1, Ordering::Relaxed);
                    });
                }
                Ok(())
            })
            .unwrap();
            assert_eq!(ran.into_inner(), 400);
            brokered = rt.ce_counts().iter().map(|c| c.brokered).sum();
        }
    }
}

#[test]
fn levels_say_nothing_in_the_checking_mode() {
    let rt = Runtime::builder()
        .check(7)
        .ignore_environment()
        .build()
        .unwrap();
    stress(&rt, 3);
}
