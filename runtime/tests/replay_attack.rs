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
    within(20, || {
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
    within(20, || {
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
    within(20, || {
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
    within(20, || {
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
