//! Reductions in recorded graphs, by hand. Random ones: `replay_oracle.rs`.

use sprat::{Error, ErrorKind, Max, ReduceOp, Runtime, Sum};
use std::sync::atomic::{AtomicU64, Ordering};

fn runtime(xes: usize) -> Runtime {
    let builder = Runtime::builder().xes(xes).oversubscribe(true);
    builder.ignore_environment().build().unwrap()
}

/// Numbers whose sum depends on the order in which they are added.
fn number(at: usize) -> f64 {
    1.0 / (3.0 + at as f64)
}

#[test]
fn the_sum_has_the_bits_of_the_dynamic_one_at_any_engine_count() {
    const MEMBERS: usize = 45;
    let mut bits = Vec::new();
    for xes in [1, 2, 3, 8] {
        let rt = runtime(xes);
        let tiles = rt.blocks::<f64>(MEMBERS, 1).unwrap();
        let sum = rt.block::<f64>(2).unwrap();
        let program = |s: &sprat::Scope<'_>| {
            for (at, tile) in tiles.iter().enumerate() {
                s.spawn(tile.write(), move |_, x| x[0] = number(at));
                s.spawn((tile.read(), sum.reduce(Sum)), |_, (x, sum)| {
                    sum[0] += x[0];
                    sum[1] -= x[0];
                });
            }
            s.spawn(sum.read_write(), |_, sum| sum[0] *= 0.5);
            Ok(())
        };
        let take = |rt: &Runtime| rt.read(sum, |sum| [sum[0], sum[1]].map(f64::to_bits));
        rt.finish(program).unwrap();
        bits.push(take(&rt).unwrap());
        rt.write(sum, |sum| sum.fill(0.0)).unwrap();
        let graph = rt.record(program).unwrap();
        rt.replay(&graph, 1).unwrap();
        bits.push(take(&rt).unwrap());
    }
    assert!(bits.windows(2).all(|pair| pair[0] == pair[1]), "{bits:?}");
}

#[test]
fn each_round_adds_its_sum_to_what_was_there() {
    let rt = runtime(2);
    let (sum, most) = (rt.block::<u64>(1).unwrap(), rt.block::<u64>(1).unwrap());
    rt.write(sum, |sum| sum[0] = 5).unwrap();
    let graph = rt
        .record(|s| {
            for at in 0..20 {
                let both = (sum.reduce(Sum), most.reduce(Max));
                s.spawn(both, move |_, (sum, most)| {
                    sum[0] += at;
                    most[0] = most[0].max(at);
                });
            }
            Ok(())
        })
        .unwrap();
    // The two that put it together are codelets, too.
    assert_eq!(graph.codelets(), 22);
    let names = graph.inspect().codelets;
    assert_eq!(
        names.iter().filter(|one| one.name == "reduction").count(),
        2
    );
    rt.replay(&graph, 10).unwrap();
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 5 + 10 * 190);
    assert_eq!(rt.read(most, |most| most[0]).unwrap(), 19);
}

#[test]
fn members_run_side_by_side_and_readers_wait_for_the_sum_alone() {
    let rt = runtime(2);
    let sum = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            for _ in 0..2 {
                s.codelet("member")
                    .spawn(sum.reduce(Sum), |_, sum| sum[0] += 1);
            }
            for _ in 0..2 {
                s.codelet("reader").spawn(sum.read(), |_, _| ());
            }
            Ok(())
        })
        .unwrap();
    let inside = graph.inspect();
    let here = inside.dependences.iter().filter(|one| !one.from_last_round);
    let here: Vec<_> = here.map(|one| (one.before, one.after)).collect();
    assert_eq!(here, [(0, 2), (1, 2), (2, 3), (2, 4)]);
    assert_eq!(inside.codelets[2].name, "reduction");
}

#[test]
fn who_writes_all_of_it_needs_no_sum() {
    let rt = runtime(2);
    let sum = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(sum.reduce(Sum), |_, sum| sum[0] += 1);
            s.spawn(sum.write(), |_, sum| sum[0] = 100);
            s.spawn(sum.reduce(Sum), |_, sum| sum[0] += 1);
            Ok(())
        })
        .unwrap();
    assert_eq!(graph.codelets(), 4);
    rt.replay(&graph, 7).unwrap();
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 101);
}

#[test]
fn a_member_that_fails_poisons_the_sum_and_the_others_run() {
    let rt = runtime(2);
    let sum = rt.block::<u64>(1).unwrap();
    let ran = AtomicU64::new(0);
    let graph = rt
        .record(|s| {
            s.codelet("begins").spawn(sum.write(), |_, sum| sum[0] = 0);
            for at in 0..40 {
                let ran = &ran;
                s.codelet("member").spawn(sum.reduce(Sum), move |_, sum| {
                    let before = ran.fetch_add(1, Ordering::Relaxed);
                    sum[0] += 1;
                    match at == 3 && before < 40 {
                        true => Err(Error::msg("on purpose")),
                        false => Ok(()),
                    }
                });
            }
            s.codelet("reads").spawn(sum.read(), |_, _| ());
            Ok(())
        })
        .unwrap();
    let error = rt.replay(&graph, 1).unwrap_err();
    let failure = error.failure().unwrap();
    // The reader; what puts the lanes together is nobody's codelet.
    assert_eq!((failure.failed, failure.skipped), (1, 1));
    assert_eq!(ran.load(Ordering::Relaxed), 40);
    rt.read(sum, |_| ()).unwrap_err();
    // The next round begins anew.
    rt.replay(&graph, 1).unwrap();
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 40);
}

/// Panics where it is told to.
#[derive(Clone, Copy)]
struct Broken;

static BREAKS: AtomicU64 = AtomicU64::new(0);

impl ReduceOp<u64> for Broken {
    fn identity(&self) -> u64 {
        assert_ne!(BREAKS.load(Ordering::Relaxed), 1, "no identity");
        0
    }

    fn combine(&self, into: &mut [u64], from: &[u64]) {
        assert_ne!(BREAKS.load(Ordering::Relaxed), 2, "no sum");
        into[0] += from[0];
    }
}

#[test]
fn an_operator_that_panics_poisons_the_block() {
    let rt = runtime(2);
    let sum = rt.block::<u64>(1).unwrap();
    let graph = rt
        .record(|s| {
            s.spawn(sum.write(), |_, sum| sum[0] = 1);
            for _ in 0..3 {
                s.spawn(sum.reduce(Broken), |_, sum| sum[0] += 1);
            }
            Ok(())
        })
        .unwrap();
    for (breaks, text) in [(1, "no identity"), (2, "no sum"), (0, "")] {
        BREAKS.store(breaks, Ordering::Relaxed);
        let ended = rt.replay(&graph, 2);
        let sum = rt.read(sum, |sum| sum[0]).ok();
        match breaks {
            0 => assert_eq!((ended.is_ok(), sum), (true, Some(4))),
            _ => {
                let error = ended.unwrap_err();
                assert!(error.to_string().contains(text), "{error}");
                assert_eq!(sum, None);
            }
        }
    }
}

#[test]
fn a_reduction_and_another_access_to_the_block_clash() {
    let rt = runtime(1);
    let sum = rt.block::<u64>(1).unwrap();
    let recorded = rt.record(|s| {
        s.spawn((sum.reduce(Sum), sum.read()), |_, _| ());
        Ok(())
    });
    assert_eq!(recorded.unwrap_err().kind(), ErrorKind::Access);
}
