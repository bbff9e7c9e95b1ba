//! Replays that are to be stopped, where nobody but their own engines looks, or between two of them.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, Canceller, CeMode, ErrorKind, Graph, Runtime};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn runtime(xes: usize, mode: CeMode) -> Runtime {
    let builder = Runtime::builder().xes(xes).ce(mode).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// Codelets that count their rounds, in rows that know nothing of each other: nobody waits for anybody.
fn counting<'g>(rt: &Runtime, rows: &[Block<u64>]) -> Graph<'g> {
    let graph = rt.record(|s| {
        for row in rows {
            let codelet = s.codelet("count").near(*row);
            codelet.spawn(row.read_write(), |_, row| row[0] += 1);
        }
        Ok(())
    });
    graph.unwrap()
}

/// All engines are at work on the replay, the one that is the control engine, too.
#[test]
fn a_deadline_is_kept_in_each_mode_of_the_control_engine() {
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        for xes in [1, 2, 3] {
            let rt = runtime(xes, mode);
            let rows = rt.blocks::<u64>(xes, 1).unwrap();
            let graph = counting(&rt, &rows);
            let begun = Instant::now();
            // All rounds would take seconds.
            let replayed = rt.replay_within(Duration::from_millis(20), &graph, 20_000_000);
            let told = format!(
                "{mode:?}, {xes} engines: {:?}, {replayed:?}",
                begun.elapsed()
            );
            let error = replayed.expect_err(&told);
            let ran = error.cancellation().unwrap().rounds.unwrap();
            assert!(ran < 19_000_000, "{told}");
            for row in rows {
                assert_eq!(rt.read(row, |row| row[0]).unwrap(), ran as u64, "{told}");
            }
        }
    }
}

/// Each round is the last one of its replay, but not of the loop.
#[test]
fn a_replay_until_somebody_is_content_is_cancelled() {
    let rt = runtime(2, CeMode::Shared);
    let canceller = OnceLock::<Canceller>::new();
    let a = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(a.read_write(), |_, a| {
                a[0] += 1;
                if a[0] == 5 {
                    assert!(canceller.get().unwrap().cancel("five are enough"));
                }
            });
            s.spawn(a.read(), |_, _| ());
            Ok(())
        })
        .unwrap();
    canceller.set(graph.canceller()).unwrap();
    let replayed = rt.replay_until(&graph, |round| {
        assert!(!canceller.get().unwrap().cancel("nothing is under way"));
        round == 1000
    });
    let error = replayed.expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
    let told = error.cancellation().unwrap();
    assert_eq!((told.rounds, told.ran, told.not_started), (Some(5), 10, 0));
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 5);
    // And from another thread, wherever the loop is.
    rt.write(a, |a| a[0] = 1000).unwrap();
    let replayed = std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(Duration::from_millis(5));
            while !canceller.get().unwrap().cancel("enough") {
                std::hint::spin_loop();
            }
        });
        rt.replay_until(&graph, |_| false)
    });
    let error = replayed.unwrap_err();
    let ran = error.cancellation().unwrap().rounds.unwrap() as u64;
    assert_eq!(rt.read(a, |a| a[0]).unwrap(), 1000 + ran);
}
