//! Cancelled replays: they end after the highest round that had begun, with all blocks at that round.

use sprat::{Block, Canceller, Error, ErrorKind, Graph, Runtime};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// How many rounds a cancelled replay says that it ran.
fn rounds(replayed: sprat::Result<()>) -> usize {
    let error = replayed.expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    error.cancellation().unwrap().rounds.expect("a replay")
}

/// Codelets that count their rounds, in rows that know nothing of each other.
fn counting<'g>(rt: &Runtime, rows: &[Block<u64>]) -> Graph<'g> {
    let graph = rt.record(|s| {
        for row in rows {
            for _ in 0..3 {
                let codelet = s.codelet("count").near(*row);
                codelet.spawn(row.read_write(), |_, row| row[0] += 1);
            }
        }
        Ok(())
    });
    graph.unwrap()
}

#[test]
fn a_codelet_that_cancels_in_its_round_is_the_last_rounds() {
    let rt = runtime(2);
    let canceller = OnceLock::<Canceller>::new();
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let graph = rt
        .record(|s| {
            s.spawn(a.read_write(), |_, a| {
                a[0] += 1;
                if a[0] == 6 {
                    assert!(canceller.get().unwrap().cancel("six are enough"));
                    assert!(!canceller.get().unwrap().cancel("too late"));
                }
            });
            s.spawn((a.read(), b.read_write()), |_, (a, b)| b[0] += a[0]);
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).unwrap();
    let error = rt.replay(&graph, 1_000_000).unwrap_err();
    let told = error.cancellation().unwrap();
    assert_eq!(
        (told.rounds, told.reason.as_str()),
        (Some(6), "six are enough")
    );
    assert_eq!((told.ran, told.not_started), (12, 2 * 999_994));
    assert!(!told.by_deadline && error.failure().is_none());
    assert!(error.to_string().contains("6 rounds ran"), "{error}");
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 6);
    assert_eq!(rt.read(b, |b| b[0]).unwrap(), 21);
    // The graph is as good as before.
    rt.replay(&graph, 3).unwrap();
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 9);
}

#[test]
fn what_is_behind_runs_up_to_the_highest_round_that_has_begun() {
    // The first row is in round 7 when it cancels, and the second one has not ended round 0.
    let rt = runtime(2);
    let canceller = OnceLock::<Canceller>::new();
    let (asked, late) = (AtomicUsize::new(0), AtomicU64::new(0));
    let rows = rt.blocks::<u64>(2, 1).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(rows[0].read_write(), |_, row| {
                row[0] += 1;
                if row[0] == 8 {
                    canceller.get().unwrap().cancel("ahead");
                    asked.store(1, Ordering::SeqCst);
                }
            });
            s.spawn(rows[1].read_write(), |_, row| {
                while asked.load(Ordering::SeqCst) == 0 {
                    std::thread::yield_now();
                }
                row[0] += 1;
                late.fetch_add(1, Ordering::Relaxed);
            });
            Ok(())
        })
        .unwrap();
    assert_eq!(graph.owners(), [0, 1]);
    canceller.set(graph.canceller()).unwrap();
    assert_eq!(rounds(rt.replay(&graph, 1000)), 8);
    assert_eq!(late.load(Ordering::Relaxed), 8);
    for row in &rows {
        assert_eq!(rt.read(*row, |row| row[0]).unwrap(), 8);
    }
}

#[test]
fn a_replay_is_cancelled_from_another_thread_at_any_time() {
    for xes in [1, 2, 3] {
        let rt = runtime(xes);
        let rows = rt.blocks::<u64>(5, 1).unwrap();
        let graph = counting(&rt, &rows);
        let canceller = graph.canceller();
        for time in 0..60 {
            rows.iter()
                .for_each(|row| rt.write(*row, |row| row[0] = 0).unwrap());
            let ran = std::thread::scope(|threads| {
                threads.spawn(|| {
                    // Not under way, or under way.
                    std::thread::sleep(Duration::from_micros(37 * time));
                    while !canceller.cancel("enough") {
                        std::thread::yield_now();
                    }
                });
                rounds(rt.replay(&graph, u32::MAX as usize - 1))
            });
            for row in &rows {
                assert_eq!(rt.read(*row, |row| row[0]).unwrap(), 3 * ran as u64);
            }
        }
    }
}

#[test]
fn lanes_for_certain_engines_are_stopped_too() {
    let rt = runtime(3);
    let rows = rt.blocks::<u64>(3, 1).unwrap();
    let shared = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            for (xe, row) in rows.iter().enumerate() {
                let codelet = s.codelet("there").on_xe(xe);
                codelet.spawn((row.read_write(), shared.read()), |_, (row, _)| row[0] += 1);
            }
            s.spawn(shared.read_write(), |_, shared| shared[0] += 1);
            Ok(())
        })
        .unwrap();
    let mut all = 0;
    for limit in [0, 1, 2, 5] {
        let limit = Duration::from_millis(limit);
        all += rounds(rt.replay_within(limit, &graph, 1 << 31)) as u64;
        for row in rows.iter().chain([&shared]) {
            assert_eq!(rt.read(*row, |row| row[0]).unwrap(), all);
        }
    }
}

#[test]
fn a_deadline_is_kept_and_a_limit_of_zero_starts_nothing() {
    let rt = runtime(2);
    let rows = rt.blocks::<u64>(2, 1).unwrap();
    let graph = counting(&rt, &rows);
    let begun = Instant::now();
    let error = rt
        .replay_within(Duration::from_millis(30), &graph, 1 << 31)
        .unwrap_err();
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(30), "{took:?}");
    // Far more than it takes, and less than all rounds would.
    assert!(took < Duration::from_secs(60), "{took:?}");
    let told = error.cancellation().unwrap();
    assert!(told.by_deadline && told.rounds.unwrap() > 0, "{error}");
    assert!(
        error
            .to_string()
            .contains("its deadline of 30ms has passed"),
        "{error}"
    );
    rt.write(rows[0], |row| row[0] = 0).unwrap();
    assert_eq!(rounds(rt.replay_within(Duration::ZERO, &graph, 1000)), 0);
    assert_eq!(rt.read(rows[0], |row| row[0]).unwrap(), 0);
    // In time; and nothing is left of earlier deadlines.
    rt.replay_within(Duration::from_secs(3600), &graph, 10)
        .unwrap();
    rt.replay_within(Duration::MAX, &graph, 10).unwrap();
    rt.replay_within(Duration::ZERO, &graph, 0).unwrap();
    assert_eq!(rt.read(rows[0], |row| row[0]).unwrap(), 60);
}

#[test]
fn who_runs_no_round_leaves_what_is_to_be_written_as_it_was() {
    const LEN: usize = 1000;
    let rt = runtime(2);
    // Its memory is what a new block gets, with whatever is in there.
    let gone: Block<u64> = rt.block(LEN).unwrap();
    rt.write(gone, |x| x.fill(7)).unwrap();
    rt.destroy(gone).unwrap();
    let block: Block<u64> = rt.block(LEN).unwrap();
    let graph = rt.record(|s| {
        s.spawn(block.write(), |_, x| x.fill(8));
        Ok(())
    });
    let graph = graph.unwrap();
    let all_are = |what: u64| {
        let found = rt.read(block, |x| x.iter().find(|x| **x != what).copied());
        assert_eq!(found.unwrap(), None, "instead of {what}");
    };
    assert_eq!(rounds(rt.replay_within(Duration::ZERO, &graph, 5)), 0);
    all_are(0);
    rt.write(block, |x| x.fill(9)).unwrap();
    assert_eq!(rounds(rt.replay_within(Duration::ZERO, &graph, 5)), 0);
    all_are(9);
    rt.replay(&graph, 2).unwrap();
    all_are(8);
}

/// What the graph writes whole, at once and by parts, is poisoned before: as much of it as before is afterwards.
#[test]
fn who_runs_no_round_heals_nothing() {
    for (xes, bound) in [(1, false), (2, false), (1, true), (2, true)] {
        let rt = runtime(xes);
        let [all, halves, piece] = [(); 3].map(|()| rt.block::<u64>(8).unwrap());
        let fails = |s: &sprat::Scope<'_>, poisons: Block<u64>, part: std::ops::Range<usize>| {
            let codelet = s.codelet("fails");
            codelet.spawn(poisons.part(part).write(), |_, _| {
                Err::<(), _>(Error::msg("no"))
            });
        };
        let graph = rt
            .record(|s| {
                let options = || match bound {
                    true => s.codelet("fills").on_xe(0),
                    false => s.codelet("fills"),
                };
                for block in [all, piece] {
                    options().spawn(block.write(), |_, x| x.fill(1));
                }
                options().spawn(halves.part(0..4).write(), |_, x| x.fill(1));
                options().spawn(halves.part(4..8).write(), |_, x| x.fill(1));
                Ok(())
            })
            .unwrap();
        rt.finish(|s| {
            s.spawn(piece.write(), |_, x| x.fill(5));
            s.codelet("fails")
                .spawn(all.write(), |_, _| Err::<(), _>(Error::msg("no")));
            fails(s, halves, 0..8);
            fails(s, piece, 2..3);
            Ok(())
        })
        .unwrap_err();
        for _ in 0..2 {
            let error = rt.replay_within(Duration::ZERO, &graph, 5).unwrap_err();
            // None of those who failed before did so in this replay.
            assert!(error.failure().is_none(), "{error}");
            assert_eq!(error.cancellation().unwrap().rounds, Some(0));
            rt.replay(&graph, 0).unwrap();
            for block in [all, halves, piece] {
                let error = rt.read(block, |_| ()).unwrap_err();
                assert_eq!(error.failure().unwrap().codelet, "fails", "{error}");
            }
            rt.finish(|s| {
                let rest = (piece.part(0..2).read(), piece.part(3..8).read());
                s.spawn(rest, |_, (x, y)| {
                    assert_eq!((x, y), (&[5; 2][..], &[5; 5][..]))
                });
                Ok(())
            })
            .unwrap();
        }
        rt.replay(&graph, 1).unwrap();
        for block in [all, halves, piece] {
            rt.read(block, |x| assert_eq!(x, [1; 8])).unwrap();
        }
    }
}

#[test]
fn a_canceller_of_nothing_does_nothing() {
    let rt = runtime(2);
    let rows = rt.blocks::<u64>(2, 1).unwrap();
    let graph = counting(&rt, &rows);
    let canceller = graph.canceller();
    assert_eq!(format!("{canceller:?}"), "Canceller(of a replay)");
    assert!(!canceller.cancel("before"));
    rt.replay(&graph, 2).unwrap();
    assert!(!canceller.cancel("after"));
    rt.replay(&graph, 2).unwrap();
    assert_eq!(rt.read(rows[1], |row| row[0]).unwrap(), 12);
    drop(graph);
    assert!(!canceller.cancel("the graph is gone"));
    drop(rt);
    assert!(!canceller.cancel("the runtime is gone"));
}

#[test]
fn the_last_round_is_not_cancelled() {
    let rt = runtime(1);
    let canceller = OnceLock::<Canceller>::new();
    let a = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(a.read_write(), |_, a| {
                a[0] += 1;
                canceller
                    .get()
                    .unwrap()
                    .cancel("all that is to run has begun");
            });
            s.spawn(a.read_write(), |_, a| a[0] += 1);
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).unwrap();
    rt.replay(&graph, 1).unwrap();
    assert_eq!(rounds(rt.replay(&graph, 2)), 1);
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 4);
}

#[test]
fn a_failure_before_is_told_beside() {
    let rt = runtime(2);
    let canceller = OnceLock::<Canceller>::new();
    let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    let graph = rt
        .record(|s| {
            s.codelet("shaky").spawn(a.read_write(), |_, a| {
                a[0] += 1;
                match a[0] {
                    3 => Err(Error::msg("no")),
                    _ => Ok(()),
                }
            });
            s.spawn(b.read_write(), |_, b| {
                b[0] += 1;
                if b[0] == 10 {
                    canceller.get().unwrap().cancel("enough");
                }
            });
            s.spawn((a.read(), b.read_write()), |_, _| ());
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).unwrap();
    let error = rt.replay(&graph, 100).unwrap_err();
    // The third codelet was skipped in round 2, and poisoned `b`: nobody cancels.
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    rt.finish(|s| {
        s.spawn((a.write(), b.write()), |_, (a, b)| (a[0], b[0]) = (0, 8));
        Ok(())
    })
    .unwrap();
    let error = rt.replay(&graph, 100).unwrap_err();
    let told = error.cancellation().unwrap();
    // It was asked in round 1, whatever had begun then.
    assert!(told.rounds >= Some(2), "{error}");
    if let Some(failure) = error.failure() {
        assert_eq!((failure.codelet.as_str(), told.failed), ("shaky", 1));
    }
}

#[test]
fn a_replay_that_waits_for_its_blocks_is_cancelled_when_it_has_them() {
    let rt = runtime(2);
    let a = rt.block::<u64>(1).unwrap();
    let graph = counting(&rt, &[a]);
    let canceller = graph.canceller();
    let (inside, go_on) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            rt.finish(|s| {
                s.spawn(a.read_write(), |_, _| {
                    inside.store(1, Ordering::SeqCst);
                    while go_on.load(Ordering::SeqCst) == 0 {
                        std::thread::yield_now();
                    }
                });
                Ok(())
            })
            .unwrap();
        });
        while inside.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        threads.spawn(|| {
            while !canceller.cancel("before it began") {
                std::thread::yield_now();
            }
            go_on.store(1, Ordering::SeqCst);
        });
        assert_eq!(rounds(rt.replay(&graph, 100)), 0);
    });
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 0);
}

#[test]
fn replays_with_arguments_and_in_the_checking_mode_are_cancelled() {
    let rt = Runtime::builder().check(3).ignore_environment();
    let rt = rt.build().unwrap();
    let canceller = OnceLock::<Canceller>::new();
    let a = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record_with(|s, n: sprat::Param<u64>| {
            s.spawn((n, a.read_write()), |_, (n, a)| {
                a[0] += n;
                if n == 4 {
                    canceller.get().unwrap().cancel("the fifth");
                }
            });
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).unwrap();
    let replayed = rt.replay_with(&graph, 50, |round| round as u64);
    assert_eq!(rounds(replayed), 5);
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 10);
}
