//! Loops and reductions over blocks.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{ErrorKind, Grain, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

const GRAINS: [Grain; 6] = [
    Grain::Auto,
    Grain::Elements(0),
    Grain::Elements(1),
    Grain::Elements(7),
    Grain::Elements(1000),
    Grain::Elements(usize::MAX),
];

#[test]
fn each_element_is_in_one_chunk_which_knows_where_it_starts() {
    for xes in [1, 2, 3] {
        let rt = runtime(xes);
        for len in [1, 2, 64, 1000, 50_001] {
            let block = rt.block::<u64>(len).unwrap();
            for grain in GRAINS
                .into_iter()
                .filter(|g| len < 2000 || *g != Grain::Elements(0))
            {
                let longest = AtomicUsize::new(0);
                let longest = &longest;
                rt.finish(|s| {
                    s.for_each(block.write(), grain, |_, x| x.fill(0));
                    s.for_each(block.read_write(), grain, move |start, x| {
                        assert!(!x.is_empty());
                        longest.fetch_max(x.len(), Ordering::Relaxed);
                        for (i, x) in (start..).zip(x) {
                            *x += 3 * i as u64 + 1;
                        }
                    });
                    s.spawn(block.read(), move |_, x| {
                        assert!(x.iter().enumerate().all(|(i, x)| *x == 3 * i as u64 + 1));
                    });
                    Ok(())
                })
                .unwrap();
                if let Grain::Elements(most) = grain {
                    assert_eq!(longest.load(Ordering::Relaxed), most.clamp(1, len));
                }
            }
            rt.destroy(block).unwrap();
        }
    }
}

#[test]
fn loops_have_their_place_in_program_order_and_work_on_parts_and_side_by_side() {
    let rt = runtime(3);
    let (x, y) = (
        rt.block::<u32>(10_000).unwrap(),
        rt.block::<u32>(5_000).unwrap(),
    );
    rt.finish(|s| {
        for round in 0..10 {
            let (low, high) = (x.part(..5_000), x.part(5_000..));
            s.for_each((y.read(), low.write()), 100, |_, (y, x)| {
                x.copy_from_slice(y)
            });
            s.for_each(
                (low.read(), high.write(), 0..5_000),
                99,
                |start, (from, to, range)| {
                    assert_eq!((start, from.len()), (range.start, range.len()));
                    for (from, to) in from.iter().zip(to) {
                        *to = from + 1;
                    }
                },
            );
            s.for_each((high.read(), y.write()), Grain::Auto, |_, (x, y)| {
                y.copy_from_slice(x)
            });
            s.spawn(y.read(), move |_, y| {
                assert!(y.iter().all(|y| *y == round + 1))
            });
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn codelets_loop_over_what_they_declared() {
    let rt = runtime(3);
    let x = rt.block::<u64>(3_000).unwrap();
    let seen = Mutex::new(Vec::new());
    let seen = &seen;
    rt.finish(|s| {
        s.spawn(x.write(), move |s, all| {
            all.fill(1);
            s.for_each(x.part(1_000..2_000).read_write(), 10, |start, x| {
                x.iter_mut().for_each(|x| *x += start as u64 / 10);
            });
            let sum = s.map_reduce(x.read(), 13, |_, x| x.iter().sum::<u64>(), |a, b| a + b);
            s.spawn(sum.read(), move |_, sum| seen.lock().unwrap().push(*sum));
        });
        s.for_each(0..3, 1, move |_, range| {
            seen.lock().unwrap().push(range.start as u64)
        });
        Ok(())
    })
    .unwrap();
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_unstable();
    let tens: u64 = (0..1000).map(|i| i / 10).sum();
    assert_eq!(seen, [0, 1, 2, 3_000 + tens]);
}

#[test]
fn a_reduction_has_the_same_bits_at_any_number_of_engines() {
    let mut bits = Vec::new();
    for xes in [1, 2, 3, 8] {
        let rt = runtime(xes);
        for grain in [
            Grain::Auto,
            Grain::Elements(1_000),
            Grain::Elements(1 << 40),
        ] {
            for len in [1, 255, 256, 257, 77_777] {
                let x = rt.block::<f64>(len).unwrap();
                let sum = rt.finish(|s| {
                    s.for_each(x.write(), Grain::Auto, |start, x| {
                        for (i, x) in (start..).zip(x) {
                            *x = 1.0 / (1.0 + i as f64);
                        }
                    });
                    let dawdle = |_, x: &[f64]| {
                        std::thread::yield_now();
                        x.iter().sum::<f64>()
                    };
                    Ok(s.map_reduce(x.read(), grain, dawdle, |a, b| a + b).value())
                });
                // The value is gone with the scope: once more, to get at it.
                let _ = sum.unwrap();
                let total = Mutex::new(0.0);
                let place = &total;
                rt.finish(|s| {
                    let map = |_, x: &[f64]| x.iter().sum::<f64>();
                    let sum = s.map_reduce(x.read(), grain, map, |a, b| a + b);
                    s.spawn(sum.read(), move |_, sum| *place.lock().unwrap() = *sum);
                    Ok(())
                })
                .unwrap();
                bits.push((
                    format!("{grain:?}, {len}"),
                    total.into_inner().unwrap().to_bits(),
                ));
                rt.destroy(x).unwrap();
            }
        }
    }
    let (first, others) = bits.split_at(15);
    assert!(others.chunks(15).all(|other| other == first), "{bits:#?}");
}

#[test]
fn results_are_combined_in_order() {
    for xes in [1, 3] {
        let rt = runtime(xes);
        for (len, grain) in [(1, 1), (10, 1), (100, 3), (1000, 1), (12, 12), (0, 4)] {
            rt.finish(|s| {
                let list = s.map_reduce(
                    0..len,
                    grain,
                    |start, range| {
                        assert_eq!(start, range.start);
                        vec![range]
                    },
                    |a, b| [a, b].concat(),
                );
                s.spawn(list.read(), move |_, list| {
                    assert_eq!(
                        list.iter().flat_map(Clone::clone).collect::<Vec<_>>(),
                        (0..len).collect::<Vec<_>>()
                    );
                    assert_eq!(list.len(), len.div_ceil(grain).max(1));
                });
                Ok(())
            })
            .unwrap();
        }
    }
}

#[test]
fn a_chunk_that_panics_fails_the_loop_once_and_poisons_what_it_writes() {
    for (xes, grain) in [
        (1, Grain::Elements(10)),
        (3, Grain::Elements(10)),
        (2, Grain::Auto),
    ] {
        let rt = runtime(xes);
        let x = rt.block::<u64>(1_000).unwrap();
        let error = rt.finish(|s| {
            s.codelet("smooth")
                .for_each(x.part(..500).write(), grain, |start, x| {
                    x.fill(1);
                    if (start..start + x.len()).contains(&300) || start == 450 {
                        panic!("in the chunk of 300");
                    }
                });
            s.spawn(x.part(499..).read(), |_, _| panic!("reads poison"));
            s.spawn(x.part(500..).read(), |_, x| assert_eq!(x[0], 0));
            let sum = s.codelet("sum").map_reduce(
                x.part(500..).read(),
                grain,
                |_, _| -> u64 { panic!("no sum") },
                |a, b| a + b,
            );
            s.spawn(sum.read(), |_, _| panic!("reads poison"));
            Ok(())
        });
        let error = error.unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (2, 2), "{error}");
        assert!(failure.panicked && ["smooth", "sum"].contains(&failure.codelet.as_str()));
        assert!(
            failure.spawned_at.file().ends_with("for_each.rs"),
            "{error}"
        );
        assert!(
            ["in the chunk of 300", "no sum"].contains(&failure.cause.as_str()),
            "{error}"
        );
        assert!(rt.read(x, |_| ()).is_err());
        // A loop that writes all of it heals it.
        rt.finish(|s| {
            s.for_each(x.part(..500).write(), 10, |_, x| x.fill(2));
            Ok(())
        })
        .unwrap();
        assert_eq!(rt.read(x, |x| (x[300], x[500])).unwrap(), (2, 0));
    }
}

#[test]
fn accesses_of_different_lengths_are_refused() {
    let rt = runtime(2);
    let (x, y) = (rt.block::<u64>(10).unwrap(), rt.block::<u64>(11).unwrap());
    let error = rt.finish(|s| {
        s.for_each((x.read(), y.write()), 1, |_, _| panic!("it runs"));
        Ok(())
    });
    let told = error.unwrap_err().to_string();
    assert!(
        told.contains("`for_each`") && told.contains("lengths [10, 11]"),
        "{told}"
    );
    rt.finish(|s| {
        let last = y.part(1..).write();
        s.for_each((x.read(), last), 1, |i, (_, y)| y[0] = i as u64);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_loops_capture_is_dropped_when_they_have_ended() {
    use std::sync::Arc;
    let rt = runtime(2);
    let captured = Arc::new(());
    rt.finish(|s| {
        for grain in GRAINS {
            let theirs = captured.clone();
            s.for_each(0..100, grain, move |_, _| _ = &theirs);
            let theirs = captured.clone();
            s.map_reduce(0..100, grain, move |_, _| theirs.clone(), |a, _| a);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
}

#[test]
fn accesses_that_are_chosen_at_run_time_are_cut_too() {
    use sprat::{AnyAccess, AnyChunks, ErrorKind, Mode};
    let rt = runtime(2);
    let (from, to) = (
        rt.block::<u8>(3 * 1001).unwrap(),
        rt.block::<u8>(1001).unwrap(),
    );
    rt.write(from, |x| {
        x.iter_mut().enumerate().for_each(|(i, x)| *x = i as u8)
    })
    .unwrap();
    let list = [
        AnyAccess::whole(from, Mode::Read),
        AnyAccess::whole(to, Mode::Write),
    ];
    for grain in GRAINS {
        let last_of_three = |_: usize, chunk: sprat::AnyChunk| {
            let [from, to] = [chunk.lent()[0], chunk.lent()[1]];
            assert_eq!(
                (from.bytes(), to.bytes()),
                (3 * chunk.elements(), chunk.elements())
            );
            for i in 0..chunk.elements() {
                // SAFETY: inside of what is lent to be read.
                let x = unsafe { from.start().wrapping_add(3 * i + 2).read() };
                // SAFETY: inside of what is lent to this chunk alone.
                unsafe { to.start().wrapping_add(i).write(x) };
            }
        };
        rt.finish(|s| {
            s.for_each(AnyChunks::new(&list, 1001)?, grain, last_of_three);
            Ok(())
        })
        .unwrap();
        let right = |x: &[u8]| x.iter().enumerate().all(|(i, x)| *x == (3 * i + 2) as u8);
        assert!(rt.read(to, right).unwrap(), "{grain:?}");
    }
    let refused = |list: &[AnyAccess]| AnyChunks::new(list, 10).unwrap_err().kind();
    assert_eq!(refused(&[list[0]; 9]), ErrorKind::Access);
    assert_eq!(
        refused(&[AnyAccess::whole(to, Mode::Commute)]),
        ErrorKind::Access
    );
    assert_eq!(refused(&[AnyAccess::scratch(10)]), ErrorKind::Access);
    let uneven = rt.finish(|s| {
        s.for_each(AnyChunks::new(&list, 1000)?, 1, |_, _| ());
        Ok(())
    });
    let said = uneven.unwrap_err().to_string();
    assert!(said.contains("access 0 has 3003 bytes"), "{said}");
    // A body that believes the number of elements would write outside.
    let empty = [
        list[0],
        AnyAccess::part(to, Mode::Write, std::num::NonZeroU32::MIN, 7..7),
    ];
    let empty = rt.finish(|s| {
        s.for_each(AnyChunks::new(&empty, 1001)?, 1, |_, _| ());
        Ok(())
    });
    let said = empty.unwrap_err().to_string();
    assert!(said.contains("access 1 has 0 bytes"), "{said}");
    // What a reduction makes of nothing.
    rt.finish(|s| {
        let bytes = |_: usize, chunk: sprat::AnyChunk| chunk.elements() + chunk.lent()[0].bytes();
        let sum = s.map_reduce(AnyChunks::new(&list[..1], 0)?, 1, bytes, |a, b| a + b);
        s.spawn(sum.read(), |_, sum| assert_eq!(*sum, 0));
        Ok(())
    })
    .unwrap();
}

#[test]
fn more_chunks_than_results_can_be_kept_of_are_refused() {
    let rt = runtime(2);
    let error = rt
        .finish(|s| {
            s.map_reduce(
                0..1 << 40,
                Grain::Elements(1),
                |_, range| range.len(),
                |a, b| a + b,
            );
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    let cause = error.failure().unwrap().kind;
    assert_eq!(cause, ErrorKind::Access, "{error}");
    assert!(error.to_string().contains("larger grain"), "{error}");
}
