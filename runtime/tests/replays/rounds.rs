//! Recorded graphs, by hand: what is recorded and refused, rounds, who takes part, failures, and misuse.

use sprat::{Block, Error, ErrorKind, Runtime, Scope};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// Two sweeps over a ring, as for `finish`.
fn sweeps<'s>(s: &Scope<'s>, now: &[Block<u64>], next: &[Block<u64>]) -> sprat::Result<()> {
    for (from, to) in [(now, next), (next, now)] {
        for i in 0..from.len() {
            let west = from[(i + from.len() - 1) % from.len()];
            s.codelet("sweep").near(from[i]).spawn(
                (west.read(), from[i].read(), to[i].write()),
                |_, (west, here, to)| to[0] = west[0] + 3 * here[0],
            );
        }
    }
    Ok(())
}

#[test]
fn the_same_function_is_run_and_recorded() -> sprat::Result<()> {
    let rt = runtime(2);
    let rings: Vec<_> = (0..2)
        .map(|_| {
            (
                rt.blocks::<u64>(7, 1).unwrap(),
                rt.blocks::<u64>(7, 1).unwrap(),
            )
        })
        .collect();
    for (now, _) in &rings {
        for (i, block) in now.iter().enumerate() {
            rt.write(*block, |x| x[0] = i as u64)?;
        }
    }
    let (now, next) = &rings[0];
    for _ in 0..9 {
        rt.finish(|s| sweeps(s, now, next))?;
    }
    let (now, next) = &rings[1];
    let graph = rt.record(|s| sweeps(s, now, next))?;
    assert_eq!(graph.codelets(), 14);
    rt.replay(&graph, 4)?;
    rt.replay(&graph, 0)?;
    rt.replay(&graph, 5)?;
    for (a, b) in rings[0].0.iter().zip(now) {
        assert_eq!(rt.read(*a, |x| x[0])?, rt.read(*b, |x| x[0])?);
    }
    Ok(())
}

#[test]
fn nothing_runs_while_it_is_recorded() -> sprat::Result<()> {
    let (rt, runs) = (runtime(2), AtomicUsize::new(0));
    let graph = rt.record(|s| {
        s.spawn((), |_, ()| _ = runs.fetch_add(1, Ordering::Relaxed));
        Ok(())
    })?;
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    rt.replay(&graph, 3)?;
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    // The engine spawns codelets again.
    rt.finish(|s| {
        s.spawn_once((), |_, ()| _ = runs.fetch_add(1, Ordering::Relaxed));
        Ok(())
    })?;
    assert_eq!(runs.load(Ordering::Relaxed), 4);
    Ok(())
}

#[test]
fn rounds_overlap() -> sprat::Result<()> {
    // The second codelet of a round waits until the first one of the next round has begun.
    let (rt, begun) = (runtime(2), AtomicUsize::new(0));
    let blocks = rt.blocks::<u64>(2, 1)?;
    const ROUNDS: usize = 20;
    let ended = AtomicUsize::new(0);
    let graph = rt.record(|s| {
        s.spawn(blocks[0].write(), |_, _| {
            _ = begun.fetch_add(1, Ordering::Relaxed)
        });
        s.spawn(blocks[1].write(), |_, _| {
            let round = ended.fetch_add(1, Ordering::Relaxed);
            while begun.load(Ordering::Relaxed) < (round + 2).min(ROUNDS) {
                std::thread::yield_now();
            }
        });
        Ok(())
    })?;
    assert_eq!(graph.owners(), [0, 1]);
    rt.replay(&graph, ROUNDS)
}

#[test]
fn a_graph_is_ordered_with_codelets_and_with_the_host() -> sprat::Result<()> {
    let rt = runtime(2);
    let a = rt.block::<u64>(1)?;
    let graph = rt.record(|s| {
        s.spawn(a.read_write(), |_, a| a[0] += 1);
        Ok(())
    })?;
    for _ in 0..50 {
        rt.finish(|s| {
            s.spawn(a.read_write(), |_, a| a[0] *= 2);
            Ok(())
        })?;
        rt.replay(&graph, 3)?;
        rt.write(a, |a| a[0] %= 1000)?;
    }
    let expected = (0..50).fold(0, |a, _| (2 * a + 3) % 1000);
    assert_eq!(rt.read(a, |a| a[0])?, expected);
    Ok(())
}

#[test]
fn a_graph_is_replayed_until_somebody_is_content() -> sprat::Result<()> {
    let rt = runtime(2);
    let x = rt.block::<f64>(1)?;
    rt.write(x, |x| x[0] = 100.0)?;
    let newton = rt.record(|s| {
        s.spawn(x.read_write(), |_, x| x[0] = (x[0] + 2.0 / x[0]) / 2.0);
        Ok(())
    })?;
    let mut rounds = Vec::new();
    rt.replay_until(&newton, |round| {
        rounds.push(round);
        rt.read(x, |x| (x[0] * x[0] - 2.0).abs() < 1e-12).unwrap()
    })?;
    assert_eq!(rounds, (0..rounds.len()).collect::<Vec<_>>());
    assert!((5..15).contains(&rounds.len()));
    Ok(())
}

#[test]
fn graphs_are_replayed_by_several_hosts_at_once() -> sprat::Result<()> {
    let rt = runtime(3);
    let shared = rt.block::<u64>(1)?;
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let own = rt.block::<u64>(1).unwrap();
                let graph = rt
                    .record(|s| {
                        s.spawn(
                            (shared.read_write(), own.read_write()),
                            |_, (shared, own)| {
                                shared[0] += 1;
                                own[0] += 1;
                            },
                        );
                        Ok(())
                    })
                    .unwrap();
                for _ in 0..20 {
                    rt.replay(&graph, 10).unwrap();
                }
                assert_eq!(rt.read(own, |own| own[0]).unwrap(), 200);
            });
        }
    });
    assert_eq!(rt.read(shared, |shared| shared[0])?, 800);
    Ok(())
}

#[test]
fn one_graph_by_two_hosts_at_once_is_refused() -> sprat::Result<()> {
    let rt = runtime(2);
    let (inside, go_on) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let graph = rt.record(|s| {
        s.spawn((), |_, ()| {
            inside.store(1, Ordering::SeqCst);
            while go_on.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
        });
        Ok(())
    })?;
    std::thread::scope(|threads| {
        let first = threads.spawn(|| rt.replay(&graph, 1));
        while inside.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let refused = rt.replay(&graph, 1).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Graph);
        assert!(
            refused
                .to_string()
                .contains("being replayed by another thread")
        );
        go_on.store(1, Ordering::SeqCst);
        first.join().unwrap()
    })?;
    rt.replay(&graph, 1)
}

#[test]
fn a_graph_goes_on_without_an_engine_that_is_busy() -> sprat::Result<()> {
    let rt = runtime(2);
    let blocks = rt.blocks::<u64>(2, 1)?;
    let graph = rt.record(|s| {
        for _ in 0..50 {
            for i in 0..2 {
                let other = blocks[1 - i];
                s.spawn((other.read(), blocks[i].read_write()), |_, (other, own)| {
                    own[0] = own[0].wrapping_add(other[0] + 1);
                });
            }
        }
        Ok(())
    })?;
    assert_eq!(graph.owners()[..2], [0, 1]);
    let (inside, go_on) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        let busy = threads.spawn(|| {
            rt.finish(|s| {
                s.spawn((), |_, ()| {
                    inside.store(1, Ordering::SeqCst);
                    while go_on.load(Ordering::SeqCst) == 0 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                Ok(())
            })
        });
        while inside.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let replayed = rt.replay(&graph, 20);
        go_on.store(1, Ordering::SeqCst);
        busy.join().unwrap().and(replayed)
    })
}

#[test]
fn a_failure_names_its_round_and_poisons_what_depends_on_it() -> sprat::Result<()> {
    let rt = runtime(2);
    let [a, b, c] = [
        rt.block::<u64>(1)?,
        rt.block::<u64>(1)?,
        rt.block::<u64>(1)?,
    ];
    let runs = AtomicUsize::new(0);
    let graph = rt.record(|s| {
        s.codelet("shaky").spawn(a.read_write(), |_, _| {
            match runs.fetch_add(1, Ordering::Relaxed) {
                3 => Err(Error::msg("no")),
                _ => Ok(()),
            }
        });
        s.codelet("reads")
            .spawn((a.read(), b.read_write()), |_, (_, b)| b[0] += 1);
        s.codelet("other").spawn(c.read_write(), |_, c| c[0] += 1);
        Ok(())
    })?;
    let error = rt.replay(&graph, 10).unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert_eq!((failure.codelet.as_str(), failure.failed), ("shaky", 1));
    assert!(
        failure.cause.contains("no (in round 3 of a replay)"),
        "{error}"
    );
    // In rounds 4 to 9 both, in round 3 the reader.
    assert_eq!(failure.skipped, 13);
    assert!(rt.read(a, |_| ()).is_err() && rt.read(b, |_| ()).is_err());
    assert_eq!(rt.read(c, |c| c[0])?, 10);
    // Poison from before keeps the graph from running, until it is healed.
    let skipped = rt.replay(&graph, 1).unwrap_err();
    assert!(!skipped.failure().unwrap().counted, "{skipped}");
    rt.finish(|s| {
        s.spawn((a.write(), b.write(), c.write()), |_, _| ());
        Ok(())
    })?;
    rt.replay(&graph, 1)
}

#[test]
fn a_panic_and_a_spawn_are_failures() -> sprat::Result<()> {
    let rt = runtime(2);
    let panics = rt.record(|s| {
        s.codelet("panics")
            .spawn((), |_, ()| std::panic::panic_any("oh"));
        Ok(())
    })?;
    let error = rt.replay(&panics, 1).unwrap_err();
    assert!(error.failure().unwrap().panicked && error.to_string().contains("oh (in round 0"));
    let spawns = rt.record(|s| {
        s.codelet("spawns").spawn((), |s, ()| {
            s.spawn((), |_, ()| ());
        });
        s.codelet("scopes").spawn((), |s, ()| _ = s.scope(|_| ()));
        s.codelet("once")
            .spawn((), |s, ()| _ = s.spawn_once((), |_, ()| ()));
        Ok(())
    })?;
    let error = rt.replay(&spawns, 2).unwrap_err();
    let failure = error.failure().unwrap();
    assert_eq!(
        (failure.kind, failure.failed),
        (ErrorKind::Graph, 6),
        "{error}"
    );
    // Afterwards all is as before.
    rt.finish(|s| {
        s.spawn((), |s, ()| _ = s.spawn((), |_, ()| ()));
        Ok(())
    })
}

#[test]
fn what_cannot_be_recorded_is_refused_with_advice() -> sprat::Result<()> {
    let rt = runtime(2);
    let a = rt.block::<u64>(10)?;
    let (event, _trigger) = rt.event("outside");
    let refused = |what: &str, body: &dyn Fn(&Scope<'_>)| {
        let recorded = rt.record(|s| {
            body(s);
            Ok(())
        });
        let error = recorded.expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Graph, "{what}: {error}");
        assert!(
            error.to_string().contains("cannot be recorded: "),
            "{what}: {error}"
        );
    };
    refused("once", &|s| _ = s.spawn_once((), |_, ()| ()));
    refused("scope", &|s| _ = s.scope(|_| ()));
    refused("event", &|s| {
        _ = s.codelet("c").after(&event).spawn((), |_, ()| ())
    });
    refused("destroy", &|s| _ = s.destroy(a));
    refused("repeatable", &|s| {
        _ = s.codelet("c").repeatable(1).spawn((), |_, ()| ())
    });
    let twice = rt.record(|s| {
        s.spawn((a.read(), a.write()), |_, _| ());
        Ok(())
    });
    assert_eq!(twice.unwrap_err().kind(), ErrorKind::Access);
    // What the body itself says comes first.
    let said = rt.record(|_| Err(Error::msg("no input")));
    assert_eq!(said.unwrap_err().to_string(), "no input");
    let foreign = runtime(1).block::<u64>(1)?;
    let wrong = rt.record(|s| {
        s.spawn(foreign.read(), |_, _| ());
        Ok(())
    });
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Foreign);
    Ok(())
}

#[test]
fn handles_of_a_recording_are_good_in_it_alone() -> sprat::Result<()> {
    let rt = runtime(2);
    let mut handle = None;
    let graph = rt.record(|s| {
        let value = s.spawn((), |_, ()| Ok(5u64));
        s.spawn(value.read(), |_, value| assert_eq!(*value, 5));
        handle = Some(value);
        Ok(())
    })?;
    rt.replay(&graph, 2)?;
    let handle = handle.unwrap();
    let dynamic = rt.finish(|s| {
        s.spawn(handle.read(), |_, _| ());
        Ok(())
    });
    assert_eq!(
        dynamic.unwrap_err().failure().unwrap().kind,
        ErrorKind::Graph
    );
    let ends = rt.finish(|s| {
        s.codelet("c").after(&handle.event()).spawn((), |_, ()| ());
        Ok(())
    });
    assert_eq!(ends.unwrap_err().failure().unwrap().kind, ErrorKind::Graph);
    let other = rt.record(|s| {
        s.spawn(handle.read(), |_, _| ());
        Ok(())
    });
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Foreign);
    let mut dynamic = None;
    rt.finish(|s| {
        dynamic = Some(s.spawn((), |_, ()| Ok(1u64)));
        Ok(())
    })?;
    let recorded = rt.record(|s| {
        s.spawn(dynamic.unwrap().read(), |_, _| ());
        Ok(())
    });
    assert_eq!(recorded.unwrap_err().kind(), ErrorKind::Graph);
    Ok(())
}

#[test]
fn values_live_until_the_next_round_and_all_is_dropped_in_the_end() -> sprat::Result<()> {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    static VALUES: AtomicUsize = AtomicUsize::new(0);
    struct Value(#[allow(dead_code)] Box<u64>);
    impl Drop for Value {
        fn drop(&mut self) {
            VALUES.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (rt, captures) = (runtime(2), AtomicUsize::new(0));
    let captured = Counted(&captures);
    let graph = rt.record(|s| {
        let value = s.spawn((), move |_, ()| {
            let _ = &captured;
            Ok(Value(Box::new(3)))
        });
        s.codelet("other")
            .on_xe(1)
            .spawn(value.read(), |_, value| assert_eq!(*value.0, 3));
        Ok(())
    })?;
    rt.replay(&graph, 10)?;
    assert_eq!(VALUES.load(Ordering::Relaxed), 9);
    assert_eq!(captures.load(Ordering::Relaxed), 0);
    drop(graph);
    assert_eq!(VALUES.load(Ordering::Relaxed), 10);
    assert_eq!(captures.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn what_was_captured_is_dropped_though_nothing_comes_of_the_recording() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (rt, dropped) = (runtime(2), AtomicUsize::new(0));
    let spawn = |s: &Scope<'_>, counted: Counted<'static>| {
        s.spawn((), move |_, ()| _ = &counted);
    };
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    let refused = rt.record(|s| {
        spawn(s, Counted(&DROPPED));
        s.spawn_once((), |_, ()| ());
        Ok(())
    });
    assert!(refused.is_err());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        rt.record(|s| {
            spawn(s, Counted(&DROPPED));
            std::panic::resume_unwind(Box::new("no"));
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 2);
    // The engine spawns codelets again.
    rt.finish(|s| {
        s.spawn_once((), |_, ()| _ = dropped.fetch_add(1, Ordering::Relaxed));
        Ok(())
    })
    .unwrap();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn codelets_of_a_graph_get_scratch_memory_and_make_blocks() -> sprat::Result<()> {
    let rt = runtime(2);
    let a = rt.block::<u64>(4)?;
    let made = std::sync::Mutex::new(Vec::new());
    let graph = rt.record(|s| {
        s.spawn((a.read_write(), sprat::scratch::<u64>(4)), |_, (a, old)| {
            old.copy_from_slice(a);
            (0..4).for_each(|i| a[i] = old[(i + 1) % 4] + 1);
        });
        s.spawn((), |s, ()| {
            made.lock().unwrap().push(s.block::<u64>(3)?);
            Ok(())
        });
        Ok(())
    })?;
    rt.write(a, |a| a.copy_from_slice(&[10, 20, 30, 40]))?;
    rt.replay(&graph, 2)?;
    assert_eq!(rt.read(a, |a| a.to_vec())?, [32, 42, 12, 22]);
    for block in made.lock().unwrap().drain(..) {
        rt.write(block, |block| assert_eq!(block.len(), 3))?;
    }
    Ok(())
}

#[test]
fn a_replay_waits_nowhere_but_on_a_host() -> sprat::Result<()> {
    let rt = runtime(2);
    let graph = rt.record(|s| {
        s.spawn((), |_, ()| ());
        Ok(())
    })?;
    let error = rt.finish(|_| rt.replay(&graph, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OnEngine);
    let error = runtime(1).replay(&graph, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Foreign);
    rt.replay(&graph, 1)
}

#[test]
fn a_block_that_is_gone_is_told() -> sprat::Result<()> {
    let rt = runtime(2);
    let a = rt.block::<u64>(1)?;
    let graph = rt.record(|s| {
        s.spawn(a.write(), |_, a| a[0] = 1);
        Ok(())
    })?;
    rt.replay(&graph, 1)?;
    rt.destroy(a)?;
    let error = rt.replay(&graph, 1).unwrap_err();
    assert_eq!(error.failure().unwrap().kind, ErrorKind::Stale);
    Ok(())
}
