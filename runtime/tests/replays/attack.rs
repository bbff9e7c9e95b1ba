//! Recorded graphs in odd company: several with codelets for certain engines at once, cancelled from within, with very many
//! accesses, with blocks that their codelets make.

use sprat::{ErrorKind, Runtime};
use std::sync::mpsc;
use std::time::Duration;

/// Runs it on a thread of its own; fails if it takes too long.
fn within(seconds: u64, what: impl FnOnce() + Send + 'static) {
    let (told, done) = mpsc::channel();
    let runs = std::thread::spawn(move || {
        what();
        _ = told.send(());
    });
    if let Err(mpsc::RecvTimeoutError::Timeout) = done.recv_timeout(Duration::from_secs(seconds)) {
        panic!("it has not ended after {seconds} s");
    }
    if let Err(panic) = runs.join() {
        std::panic::resume_unwind(panic);
    }
}

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

#[test]
fn graphs_for_certain_engines_are_replayed_at_once() {
    within(120, || {
        let rt = runtime(2);
        std::thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| {
                    let block = rt.block::<u64>(1).unwrap();
                    let graph = rt
                        .record(|s| {
                            for xe in [0, 1, 0, 1] {
                                s.codelet("here")
                                    .on_xe(xe)
                                    .spawn(block.read_write(), |_, x| x[0] += 1);
                            }
                            Ok(())
                        })
                        .unwrap();
                    for _ in 0..200 {
                        rt.replay(&graph, 5).unwrap();
                    }
                    assert_eq!(rt.read(block, |x| x[0]).unwrap(), 4000);
                });
            }
        });
    });
}

#[test]
fn a_body_that_cancels_does_not_keep_engines_away() {
    within(120, || {
        let rt = runtime(2);
        let block = rt.block::<u64>(1).unwrap();
        let graph = rt
            .record(|s| {
                for xe in [0, 1] {
                    s.codelet("cancels")
                        .on_xe(xe)
                        .spawn(block.read_write(), |s, x| {
                            assert!(!s.cancel("enough"));
                            x[0] += 1;
                        });
                }
                Ok(())
            })
            .unwrap();
        for _ in 0..3000 {
            rt.replay(&graph, 1).unwrap();
        }
        assert_eq!(rt.read(block, |x| x[0]).unwrap(), 6000);
    });
}

#[test]
fn blocks_that_codelets_make_anywhere_are_everybodys_afterwards() {
    within(120, || {
        let rt = runtime(2);
        let made = std::sync::Mutex::new(Vec::new());
        let graph = rt
            .record(|s| {
                for xe in [0, 1] {
                    let made = &made;
                    s.codelet("makes").on_xe(xe).spawn((), move |s, ()| {
                        made.lock().unwrap().push(s.block::<u64>(3)?);
                        Ok(())
                    });
                }
                Ok(())
            })
            .unwrap();
        for _ in 0..100 {
            rt.replay(&graph, 1).unwrap();
            for block in made.lock().unwrap().drain(..) {
                rt.finish(|s| {
                    s.spawn(block.write(), |_, block| block[0] = 1);
                    Ok(())
                })
                .unwrap();
                rt.destroy(block).unwrap();
            }
        }
    });
}

#[test]
fn too_many_accesses_are_refused_when_they_are_recorded() {
    within(120, || {
        let rt = runtime(1);
        let block = rt.block::<u64>(1).unwrap();
        let many: Vec<_> = (0..70_000).map(|_| block.read()).collect();
        let recorded = rt.record(|s| {
            s.spawn(many, |_, _| ());
            Ok(())
        });
        let error = recorded.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Access);
        assert!(error.to_string().contains("70000 accesses"), "{error}");
    });
}

#[test]
fn a_graph_has_as_many_blocks_as_a_codelet_can() {
    within(30, || {
        let rt = runtime(2);
        let blocks = rt.blocks::<u64>(65_536, 1).unwrap();
        let record = |blocks: &[sprat::Block<u64>]| {
            rt.record(|s| {
                for block in blocks {
                    s.spawn(block.read_write(), |_, x| x[0] += 1);
                }
                Ok(())
            })
        };
        assert_eq!(record(&blocks).unwrap_err().kind(), ErrorKind::Graph);
        rt.replay(&record(&blocks[1..]).unwrap(), 2).unwrap();
        assert_eq!(rt.read(blocks[65_535], |x| x[0]).unwrap(), 2);
    });
}

#[test]
fn failures_are_left_behind_by_graphs_that_wait_for_each_other() {
    within(120, || {
        let rt = runtime(2);
        std::thread::scope(|threads| {
            for host in 0..3 {
                let rt = &rt;
                threads.spawn(move || fail_and_heal(rt, host));
            }
        });
    });
}

/// A graph for certain engines whose codelets fail now and then, and what they leave behind.
fn fail_and_heal(rt: &Runtime, host: usize) {
    let [a, b, c] = [(); 3].map(|()| rt.block::<u64>(1).unwrap());
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let graph = rt
        .record(|s| {
            s.codelet("shaky").on_xe(host % 2).spawn(a.write(), |_, a| {
                a[0] = 7;
                match runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 4 {
                    3 => Err(sprat::Error::msg("no")),
                    _ => Ok(()),
                }
            });
            s.codelet("reads")
                .on_xe(1 - host % 2)
                .spawn((a.read(), b.read_write()), |_, (a, b)| b[0] += a[0]);
            s.codelet("other").spawn(c.read_write(), |_, c| c[0] += 1);
            Ok(())
        })
        .unwrap();
    for time in 0..100 {
        // Runs 0 to 2 end well, run 3 fails, and no more are run in this time.
        rt.replay(&graph, 3).unwrap();
        assert_eq!(rt.read(b, |b| b[0]).unwrap(), 21);
        let error = rt.replay(&graph, 1).unwrap_err();
        assert_eq!(error.failure().unwrap().codelet, "shaky", "{error}");
        assert!(rt.read(a, |_| ()).is_err() && rt.read(b, |_| ()).is_err());
        assert_eq!(rt.read(c, |c| c[0]).unwrap(), 4 * (time + 1));
        rt.finish(|s| {
            s.spawn(b.write(), |_, b| b[0] = 0);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn graphs_are_replayed_in_the_checking_mode() {
    within(120, || {
        for seed in 0..20 {
            let rt = Runtime::builder().check(seed).ignore_environment();
            let rt = rt.build().unwrap();
            let (a, b) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
            let graph = rt
                .record(|s| {
                    s.codelet("first")
                        .on_xe(0)
                        .spawn(a.read_write(), |_, a| a[0] += 1);
                    s.codelet("near")
                        .near(b)
                        .spawn((a.read(), b.read_write()), |_, (a, b)| b[0] += a[0]);
                    s.codelet("copies").spawn(
                        (b.read(), sprat::scratch::<u64>(4)),
                        |_, (b, old)| {
                            old[3] = b[0];
                        },
                    );
                    Ok(())
                })
                .unwrap();
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    for _ in 0..10 {
                        rt.finish(|s| {
                            s.spawn(a.read_write(), |_, a| a[0] += 0);
                            Ok(())
                        })
                        .unwrap();
                    }
                });
                for _ in 0..5 {
                    rt.replay(&graph, 4).unwrap();
                }
            });
            assert_eq!(rt.read(b, |b| b[0]).unwrap(), 20 * 21 / 2);
        }
    });
}

#[test]
fn loops_in_a_recording_or_in_a_graph_are_refused_and_harm_nothing() {
    within(120, || {
        let rt = runtime(2);
        let a = rt.block::<u64>(100).unwrap();
        let recorded = rt.record(|s| {
            s.for_each(a.read_write(), 10, |_, _| ());
            Ok(())
        });
        assert_eq!(recorded.unwrap_err().kind(), ErrorKind::Graph);
        let graph = rt
            .record(|s| {
                s.spawn((), |s, ()| {
                    s.for_each(a.read_write(), 10, |_, _| ());
                    s.destroy(a);
                });
                Ok(())
            })
            .unwrap();
        for _ in 0..10 {
            let error = rt.replay(&graph, 2).unwrap_err();
            let failure = error.failure().unwrap();
            assert_eq!((failure.kind, failure.failed), (ErrorKind::Graph, 2));
        }
        rt.write(a, |a| a[99] = 1).unwrap();
    });
}

#[test]
fn a_runtime_inside_a_runtime_records_and_replays_its_own() {
    within(120, || {
        let (outer, inner) = (runtime(2), runtime(2));
        let a = inner.block::<u64>(1).unwrap();
        let b = outer.block::<u64>(1).unwrap();
        let graph = outer
            .record(|s| {
                let nested = inner.record(|t| {
                    t.spawn(a.read_write(), |_, a| a[0] += 1);
                    s.spawn(b.read_write(), |_, b| b[0] += 1);
                    Ok(())
                })?;
                let inner = &inner;
                s.spawn(b.read_write(), move |_, b| {
                    b[0] += 1;
                    inner.replay(&nested, 2)
                });
                Ok(())
            })
            .unwrap();
        outer.replay(&graph, 3).unwrap();
        assert_eq!(outer.read(b, |b| b[0]).unwrap(), 6);
        assert_eq!(inner.read(a, |a| a[0]).unwrap(), 6);
    });
}

#[test]
fn graphs_of_all_kinds_and_codelets_share_engines_and_a_block() {
    const TIMES: u64 = 60;
    within(120, || {
        let rt = runtime(3);
        let shared = rt.block::<u64>(1).unwrap();
        std::thread::scope(|threads| {
            for host in 0..4 {
                let rt = &rt;
                threads.spawn(move || {
                    let own = rt.block::<u64>(1).unwrap();
                    let graph = rt
                        .record(|s| {
                            for at in 0..6 {
                                let codelet = s.codelet("adds");
                                let codelet = match host {
                                    0 => codelet,
                                    1 => codelet.on_region(0),
                                    _ => codelet.on_xe((host + at) % 3),
                                };
                                match at {
                                    0 => codelet.spawn(shared.read_write(), |_, x| x[0] += 1),
                                    _ => codelet.spawn(own.read_write(), |_, x| x[0] += 1),
                                };
                            }
                            Ok(())
                        })
                        .unwrap();
                    for _ in 0..TIMES {
                        rt.replay(&graph, 3).unwrap();
                        rt.finish(|s| {
                            for xe in 0..3 {
                                s.codelet("here")
                                    .on_xe(xe)
                                    .spawn(shared.read_write(), |_, x| x[0] += 1);
                            }
                            Ok(())
                        })
                        .unwrap();
                    }
                    assert_eq!(rt.read(own, |x| x[0]).unwrap(), 15 * TIMES);
                });
            }
        });
        assert_eq!(rt.read(shared, |x| x[0]).unwrap(), 4 * 6 * TIMES);
    });
}

#[test]
fn a_replay_on_an_engine_is_told_so_whatever_the_graph_does() {
    within(120, || {
        let rt: &'static Runtime = Box::leak(Box::new(runtime(2)));
        static OWN: std::sync::OnceLock<sprat::Graph<'static>> = std::sync::OnceLock::new();
        let graph = rt
            .record(|s| {
                s.spawn((), move |_, ()| rt.replay(OWN.get().unwrap(), 1));
                s.spawn((), move |_, ()| rt.replay(OWN.get().unwrap(), 0));
                Ok(())
            })
            .unwrap();
        let graph = OWN.get_or_init(|| graph);
        let error = rt.replay(graph, 1).unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.kind, failure.failed), (ErrorKind::OnEngine, 2));
        // Both, and the graph is free again.
        assert_eq!(rt.replay(graph, 1).unwrap_err().kind(), ErrorKind::Failed);
        rt.replay(graph, 0).unwrap();
    });
}

#[test]
fn what_is_given_back_early_is_refused_with_advice() {
    within(120, || {
        let rt = runtime(2);
        let a = rt.block::<u64>(1).unwrap();
        let graph = rt
            .record(|s| {
                s.codelet("early")
                    .at_ready()
                    .spawn(a.write().raw(), |s, a| {
                        // SAFETY: a bare pointer, which is not used below.
                        unsafe { s.release(a) }
                    });
                Ok(())
            })
            .unwrap();
        let error = rt.replay(&graph, 1).unwrap_err();
        assert_eq!(error.failure().unwrap().kind, ErrorKind::Graph, "{error}");
        assert!(error.to_string().contains("in two codelets"), "{error}");
    });
}

#[test]
fn blocks_made_while_it_is_recorded_are_everybodys() {
    within(120, || {
        let rt = runtime(2);
        let mut made = None;
        let graph = rt
            .record(|s| {
                let block = s.block::<u64>(1)?;
                made = Some(block);
                s.spawn(block.read_write(), |_, x| x[0] += 1);
                Ok(())
            })
            .unwrap();
        let block = made.unwrap();
        rt.replay(&graph, 3).unwrap();
        assert_eq!(rt.read(block, |x| x[0]).unwrap(), 3);
        rt.destroy(block).unwrap();
        // Another block at the same place in the table is not taken for it.
        let other = rt.block::<u64>(1).unwrap();
        let error = rt.replay(&graph, 1).unwrap_err();
        assert_eq!(error.failure().unwrap().kind, ErrorKind::Stale);
        assert_eq!(rt.read(other, |x| x[0]).unwrap(), 0);
    });
}

#[test]
fn the_only_region_is_shared_by_its_engines() {
    let rt = Runtime::builder()
        .topology(sprat::Topology::synthetic("core:4").unwrap())
        .xes(2)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap();
    let blocks = rt.blocks::<u64>(8, 1).unwrap();
    let graph = rt
        .record(|s| {
            for block in &blocks {
                s.codelet("there")
                    .on_region(0)
                    .spawn(block.read_write(), |_, x| x[0] += 1);
            }
            Ok(())
        })
        .unwrap();
    let of_first = graph.owners().iter().filter(|&&xe| xe == 0).count();
    assert_eq!(of_first, 4, "{:?}", graph.owners());
    rt.replay(&graph, 2).unwrap();
}
