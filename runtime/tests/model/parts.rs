//! Parts of blocks: what is ordered with what, what is lent, what is refused, and what failures leave.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

use sprat::{Block, Error, ErrorKind, Result, Runtime, Scope};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

fn runtime(xes: usize) -> Runtime {
    Runtime::builder()
        .xes(xes)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

/// The message of a scope that failed.
fn message(result: Result<()>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn views_are_the_parts_elements() {
    let rt = runtime(2);
    let block = rt.block::<u32>(100).unwrap();
    rt.finish(|s| {
        s.spawn(block.write(), |_, all| {
            (0..).zip(all).for_each(|(i, x)| *x = i);
        });
        s.spawn(block.part(10..20).read(), |_, x| {
            assert_eq!((x[0], x.len()), (10, 10));
        });
        s.spawn(block.part(..=4).read(), |_, x| {
            assert_eq!(x, [0, 1, 2, 3, 4])
        });
        s.spawn(block.part(97..).read(), |_, x| assert_eq!(x, [97, 98, 99]));
        s.spawn(block.part(..).read(), |_, x| assert_eq!(x.len(), 100));
        s.spawn(block.part(100..).write(), |_, x| assert!(x.is_empty()));
        s.spawn(block.part(50..60).read_write(), |_, x| x[0] += x[9]);
        Ok(())
    })
    .unwrap();
    let want: Vec<u32> = (0..100).map(|i| if i == 50 { 109 } else { i }).collect();
    assert_eq!(rt.read(block, <[u32]>::to_vec).unwrap(), want);
}

#[test]
fn what_no_part_has_written_reads_as_zeros() {
    let rt = runtime(1);
    for _ in 0..3 {
        // The second and the third time with recycled memory.
        let block = rt.block::<u64>(5000).unwrap();
        rt.finish(|s| {
            s.spawn(block.part(100..200).write(), |_, x| x.fill(7));
            s.spawn(block.read(), |_, x| {
                assert_eq!(x.iter().sum::<u64>(), 700);
            });
            s.spawn(block.write(), |_, x| x.fill(u64::MAX));
            s.destroy(block);
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn parts_that_do_not_overlap_are_held_at_the_same_time() {
    let rt = runtime(3);
    let block = rt.block::<u8>(90).unwrap();
    let all_here = Barrier::new(3);
    let all_here = &all_here;
    rt.finish(|s| {
        for part in [0..30, 30..60, 60..90] {
            // Would hang if one waited for another.
            s.spawn(block.part(part).write(), |_, x| {
                all_here.wait();
                x.fill(1);
            });
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn overlapping_parts_and_the_whole_are_ordered_as_the_program_is() {
    const LEN: usize = 64;
    let rt = runtime(3);
    let block = rt.block::<u64>(LEN).unwrap();
    let mut model = vec![0u64; LEN];
    let mut random = 1u64;
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) as usize % below
    };
    rt.finish(|s| {
        for step in 0..3000u64 {
            let (a, b) = (next(LEN), next(LEN));
            let range = a.min(b)..a.max(b) + 1;
            match next(8) {
                0 => {
                    model.iter_mut().for_each(|x| *x = x.rotate_left(3) ^ step);
                    s.spawn(block.read_write(), move |_, x| {
                        x.iter_mut().for_each(|x| *x = x.rotate_left(3) ^ step);
                    });
                }
                1 => {
                    let sum = model.iter().fold(0u64, |sum, x| sum.wrapping_add(*x));
                    s.spawn(block.read(), move |_, x| {
                        assert_eq!(x.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)), sum);
                    });
                }
                2 | 3 => {
                    let want = model[range.clone()].to_vec();
                    s.spawn(block.part(range).read(), move |_, x| assert_eq!(x, want));
                }
                _ => {
                    for x in &mut model[range.clone()] {
                        *x = x.wrapping_mul(31).wrapping_add(step);
                    }
                    s.spawn(block.part(range).read_write(), move |_, x| {
                        for x in x {
                            *x = x.wrapping_mul(31).wrapping_add(step);
                        }
                    });
                }
            }
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, <[u64]>::to_vec).unwrap(), model);
}

#[test]
fn a_codelet_writes_several_parts_and_in_any_number() {
    let rt = runtime(2);
    for count in [0, 1, 7, 1000] {
        let block = rt.block::<u32>(3 * count.max(1)).unwrap();
        rt.finish(|s| {
            let parts = (0..count).map(|i| block.part(3 * i..3 * i + 2).write());
            s.spawn(parts.collect::<Vec<_>>(), move |_, views| {
                assert_eq!(views.len(), count);
                for (i, view) in views.into_iter().enumerate() {
                    view.copy_from_slice(&[i as u32, 1]);
                }
            });
            Ok(())
        })
        .unwrap();
        let want: Vec<u32> = (0..count as u32).flat_map(|i| [i, 1, 0]).collect();
        assert_eq!(rt.read(block, |x| x[..3 * count].to_vec()).unwrap(), want);
    }
}

#[test]
fn lists_of_accesses_in_all_numbers_wait_for_all_of_them() {
    let rt = runtime(2);
    for count in [0, 1, 55, 56, 57, 1000] {
        let blocks = rt.blocks::<u64>(count, 4).unwrap();
        rt.finish(|s| {
            for (i, block) in blocks.iter().enumerate() {
                s.spawn(block.write(), move |_, x| x.fill(i as u64));
            }
            let all: Vec<_> = blocks.iter().map(|block| block.read()).collect();
            let sum = s.spawn(all, |_, views| {
                Ok(views.iter().map(|view| view[3]).sum::<u64>())
            });
            s.spawn(sum.read(), move |_, sum| {
                assert_eq!(*sum, (0..count as u64).sum());
            });
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn a_list_of_parts_in_extension_records_waits_for_each_of_them() {
    let rt = runtime(3);
    let block = rt.block::<u64>(400).unwrap();
    rt.finish(|s| {
        for round in 0..3 {
            for i in 0..400 {
                s.spawn(block.part(i..=i).read_write(), move |_, x| x[0] += i as u64);
            }
            let all: Vec<_> = (0..400).map(|i| block.part(i..i + 1).read()).collect();
            s.codelet("all").spawn(all, move |_, views| {
                let right = |(i, view): (usize, &&[u64])| view[0] == (round + 1) * i as u64;
                assert!(views.iter().enumerate().all(right));
            });
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn parts_outside_of_their_block_are_refused() {
    let rt = runtime(1);
    let block = rt.block::<f64>(100).unwrap();
    rt.name(block, "u").unwrap();
    let try_part = |part| {
        message(rt.finish(|s| {
            s.spawn(part, |_, _| panic!("it runs"));
            Ok(())
        }))
    };
    let told = try_part(block.part(90..101).write());
    assert!(
        told.contains("block u (0) has 100 elements, and [90..101] reaches behind them"),
        "{told}"
    );
    let (start, end) = (7, 3);
    let told = try_part(block.part(start..end).write());
    assert!(told.contains("[7..3] ends before it starts"), "{told}");
    let told = try_part(block.part(101..).write());
    assert!(told.contains("[101..] ends before it starts"), "{told}");
    // The block is none the worse for it.
    assert_eq!(rt.read(block, |x| x[99]).unwrap(), 0.0);
}

#[test]
fn overlapping_parts_in_one_codelet_are_refused_with_both_named() {
    let rt = runtime(2);
    let block = rt.block::<f64>(100).unwrap();
    rt.name(block, "u").unwrap();
    let told = message(rt.finish(|s| {
        let accesses = (block.part(0..30).write(), block.part(29..40).read());
        s.spawn(accesses, |_, _| panic!("it runs"));
        Ok(())
    }));
    for part in [
        "block u (0)",
        "[0..30] (Write)",
        "[29..40] (Read)",
        "do not overlap",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // The part that was to be written is poisoned, the other one is not.
    rt.finish(|s| {
        s.spawn(block.part(30..).read(), |_, _| ());
        Ok(())
    })
    .unwrap();
    assert!(rt.read(block, |_| ()).is_err());
    rt.finish(|s| {
        s.spawn(block.part(..30).write(), |_, x| x.fill(1.0));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, |x| x[0]).unwrap(), 1.0);
    let told = message(rt.finish(|s| {
        let accesses = (block.read(), block.part(29..40).read_write());
        s.spawn(accesses, |_, _| panic!("it runs"));
        Ok(())
    }));
    for part in ["all of it (Read)", "[29..40] (ReadWrite)"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // Readers may overlap as they please; and so may what is empty.
    rt.finish(|s| {
        s.spawn(block.part(29..40).write(), |_, x| x.fill(2.0));
        let accesses = (
            block.read(),
            block.part(5..40).read(),
            block.part(20..30).read(),
            block.part(7..7).write(),
        );
        s.spawn(accesses, |_, (all, some, few, _)| {
            assert_eq!((all[29], some[24], few[9]), (2.0, 2.0, 2.0));
        });
        Ok(())
    })
    .unwrap();
}

/// Who has an empty part holds nothing: the block may be destroyed beside it, and its place be another block's when it ends.
#[test]
fn an_empty_part_is_not_in_the_way_of_what_comes_next() {
    let rt = runtime(2);
    for _ in 0..20 {
        let old = rt.block::<u64>(40).unwrap();
        rt.finish(|s| {
            let (go, trigger) = s.event("go");
            s.spawn(
                (old.part(7..7).write(), old.part(3..3).read()),
                move |s, (a, b)| {
                    assert!(a.is_empty() && b.is_empty());
                    s.codelet("child").after(&go).spawn((), |_, ()| ());
                },
            );
            let destroyed = s.destroy(old);
            // The next block takes the place of the old one, and is held when the child lets its parent end.
            let next = s
                .codelet("next")
                .after(&destroyed.event())
                .spawn_once((), move |s, ()| {
                    let new = s.block::<u64>(40)?;
                    s.codelet("writes").spawn_once(new.write(), move |s, x| {
                        s.satisfy(trigger);
                        x.fill(1);
                    });
                    s.spawn(new.read_write(), |_, x| x.iter_mut().for_each(|x| *x *= 3));
                    s.spawn(new.read(), |_, x| assert!(x.iter().all(|&x| x == 3)));
                    Ok(())
                });
            let _: sprat::Spawned<()> = next;
            Ok(())
        })
        .unwrap();
    }
}

fn fails(s: &Scope<'_>, block: Block<u64>, start: usize, end: usize) {
    s.codelet("fails")
        .spawn(block.part(start..end).write(), |_, x| {
            x.fill(13);
            Err::<(), _>(Error::msg("on purpose"))
        });
}

#[test]
fn a_failure_poisons_its_part_alone_and_writes_heal_what_they_cover() {
    let rt = runtime(2);
    let block = rt.block::<u64>(100).unwrap();
    let ran = AtomicUsize::new(0);
    let count = || {
        ran.fetch_add(1, Ordering::Relaxed);
    };
    let error = rt.finish(|s| {
        fails(s, block, 20, 40);
        s.spawn(block.part(0..20).read(), |_, _| count());
        s.spawn(block.part(40..).read_write(), |_, _| count());
        s.spawn(block.part(39..50).read(), |_, _| panic!("reads poison"));
        s.spawn(block.read(), |_, _| panic!("reads poison"));
        Ok(())
    });
    let failure = error.unwrap_err();
    let failure = failure.failure().unwrap();
    assert_eq!((failure.failed, failure.skipped), (1, 2));
    assert_eq!(
        (failure.codelet.as_str(), ran.load(Ordering::Relaxed)),
        ("fails", 2)
    );
    // Poison outlives the scope, and is healed piece by piece.
    rt.finish(|s| {
        s.spawn(block.part(10..30).write(), |_, x| x.fill(1));
        s.spawn(block.part(0..30).read(), |_, x| assert_eq!(x[29], 1));
        Ok(())
    })
    .unwrap();
    assert!(
        rt.read(block, |_| ())
            .unwrap_err()
            .failure()
            .unwrap()
            .skipped
            == 1
    );
    rt.finish(|s| {
        s.spawn(block.part(30..40).write(), |_, x| x.fill(2));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, |x| (x[29], x[30])).unwrap(), (1, 2));
    // A full write heals all of it at once.
    assert!(
        rt.finish(|s| {
            fails(s, block, 3, 5);
            Ok(())
        })
        .is_err()
    );
    rt.finish(|s| {
        s.spawn(block.write(), |_, x| x.fill(3));
        s.spawn(block.part(3..5).read(), |_, x| assert_eq!(x, [3, 3]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn children_use_parts_of_what_their_parent_declared() {
    let rt = runtime(3);
    let block = rt.block::<u64>(100).unwrap();
    rt.finish(|s| {
        // Of the whole.
        s.spawn(block.write(), move |s, x| {
            x.fill(1);
            for i in 0..10 {
                s.spawn(block.part(10 * i..10 * i + 10).read_write(), move |_, x| {
                    x.iter_mut().for_each(|x| *x += i as u64);
                });
            }
        });
        // Of parts, in two of them at once, and in an inner scope.
        let two = (
            block.part(0..50).read_write(),
            block.part(60..100).read_write(),
        );
        s.spawn(two, move |s, (x, y)| {
            (x[0], y[0]) = (100, 200);
            s.scope(|s| {
                let both = (
                    block.part(60..61).read_write(),
                    block.part(0..1).read_write(),
                );
                s.spawn(both, |_, (y, x)| std::mem::swap(&mut x[0], &mut y[0]));
                let both = (block.part(0..25).read_write(), block.part(60..61).read());
                s.spawn(both, |_, (x, y)| {
                    assert_eq!((x[0], y[0]), (200, 100));
                    x[0] = 7;
                });
            });
        });
        // It waits for all of that.
        s.spawn(block.read(), |_, x| {
            assert_eq!((x[0], x[1], x[55], x[60], x[99]), (7, 1, 6, 100, 10));
        });
        Ok(())
    })
    .unwrap();
}

#[test]
fn children_are_refused_what_their_parent_did_not_declare() {
    let rt = runtime(2);
    let block = rt.block::<u64>(100).unwrap();
    rt.name(block, "u").unwrap();
    let inside = |child: fn(&Scope<'_>, Block<u64>)| {
        message(rt.finish(|s| {
            let parent = (block.part(0..50).read(), block.part(50..80).write());
            s.spawn(parent, move |s, _| child(s, block));
            Ok(())
        }))
    };
    let told = inside(|s, u| _ = s.spawn(u.part(40..60).read(), |_, _| panic!("it runs")));
    let want = "block u (0) [40..60] cannot be used here: its parent declared other parts";
    assert!(told.contains(want), "{told}");
    let told = inside(|s, u| _ = s.spawn(u.part(40..50).write(), |_, _| panic!("it runs")));
    assert!(told.contains("declared it for reading only"), "{told}");
    let told = inside(|s, u| _ = s.spawn(u.read(), |_, _| panic!("it runs")));
    assert!(
        told.contains("block u (0) cannot be used here: its parent declared only parts"),
        "{told}"
    );
    let told = inside(|s, u| _ = s.destroy(u));
    assert!(told.contains("declared only parts"), "{told}");
    let told = message(rt.finish(|s| {
        s.spawn((), move |s, ()| {
            _ = s.spawn(block.part(0..1).read(), |_, _| ())
        });
        Ok(())
    }));
    assert!(told.contains("its parent did not declare it"), "{told}");
}

#[test]
fn a_childs_failure_poisons_what_the_child_was_to_write() {
    let rt = runtime(2);
    let block = rt.block::<u64>(100).unwrap();
    for whole in [true, false] {
        let spawned = rt.finish(|s| {
            if whole {
                s.spawn(block.write(), move |s, x| {
                    x.fill(1);
                    fails(s, block, 20, 40);
                    s.spawn(block.part(30..35).write(), |_, x| x.fill(2));
                });
            } else {
                s.spawn(block.part(10..90).write(), move |s, x| {
                    x.fill(1);
                    fails(s, block, 20, 40);
                    s.spawn(block.part(30..35).write(), |_, x| x.fill(2));
                });
            }
            s.spawn(block.part(40..).read(), |_, x| assert_eq!(x[0], 1));
            s.spawn(block.part(30..35).read(), |_, x| assert_eq!(x[0], 2));
            s.spawn(block.part(0..21).read(), |_, _| panic!("reads poison"));
            s.spawn(block.part(35..36).read(), |_, _| panic!("reads poison"));
            Ok(())
        });
        let error = spawned.unwrap_err();
        let failure = error.failure().unwrap();
        assert_eq!((failure.failed, failure.skipped), (1, 2));
    }
}

#[test]
fn destroying_waits_for_all_parts() {
    let rt = runtime(3);
    for _ in 0..50 {
        let block = rt.block::<u64>(300).unwrap();
        let ran = AtomicUsize::new(0);
        let ran = &ran;
        rt.finish(|s| {
            for i in 0..3 {
                s.spawn(block.part(100 * i..100 * i + 100).write(), move |_, x| {
                    x.fill(i as u64);
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            }
            let gone = s.destroy(block).event();
            s.codelet("after").after(&gone).spawn((), move |_, ()| {
                assert_eq!(ran.load(Ordering::Relaxed), 3);
            });
            Ok(())
        })
        .unwrap();
        let error = rt.finish(|s| {
            s.spawn(block.part(0..1).read(), |_, _| ());
            Ok(())
        });
        assert!(message(error).contains("was destroyed before"));
    }
}

#[test]
fn a_part_of_a_block_that_is_destroyed_at_ready_is_refused() {
    let rt = runtime(2);
    let block = rt.block::<u64>(300).unwrap();
    let told = message(rt.finish(|s| {
        let (event, trigger) = s.event("go");
        s.codelet("late").after(&event).at_ready().spawn(
            (block.part(0..1).read(), block.part(5..9).write()),
            |_, _| panic!("it runs"),
        );
        let gone = s.destroy(block).event();
        s.codelet("go")
            .after(&gone)
            .spawn_once((), move |s, ()| s.satisfy(trigger));
        Ok(())
    }));
    assert!(
        told.contains("`late`") && told.contains("was destroyed before"),
        "{told}"
    );
}

#[test]
fn parts_are_entered_at_ready_too() {
    let rt = runtime(2);
    let block = rt.block::<u64>(10).unwrap();
    rt.finish(|s| {
        let (event, trigger) = s.event("go");
        let both = (block.part(0..5).read_write(), block.part(6..10).read());
        // Enters last, though it is spawned first.
        s.codelet("late")
            .after(&event)
            .at_ready()
            .spawn(both, |_, (x, y)| {
                assert_eq!((x[4], y[0]), (3, 3));
                x[4] = 4;
            });
        let first = s.spawn(block.write(), |_, x| x.fill(3)).event();
        s.codelet("go")
            .after(&first)
            .spawn_once((), move |s, ()| s.satisfy(trigger));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, |x| x[4]).unwrap(), 4);
}

#[test]
fn stuck_reports_name_the_part() {
    let rt = runtime(1);
    let block = rt.block::<u64>(300).unwrap();
    rt.name(block, "u").unwrap();
    let error = rt.finish(|s| {
        let (event, trigger) = s.event("held");
        s.codelet("holds")
            .after(&event)
            .spawn(block.part(150..160).write(), |_, _| ());
        s.codelet("waits").spawn(
            (block.part(100..200).read(), block.part(0..9).read()),
            |_, _| (),
        );
        // Only who waits for it could satisfy it.
        let body = move |s: &Scope<'_>, _: &[u64]| s.satisfy(trigger);
        s.codelet("waits for all").spawn_once(block.read(), body);
        Ok(())
    });
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stuck, "{error}");
    let waiting = |name: &str| {
        let of = |w: &&sprat::error::Waiting| w.codelet == name;
        error.stuck().iter().find(of).unwrap().waits_for.clone()
    };
    // The whole waits for a writer of a part; the readers of parts do not stand in its way.
    assert_eq!(waiting("waits"), ["block u (0) [100..200], to read it"]);
    assert_eq!(waiting("waits for all"), ["block u (0), to read it"]);
    // All was skipped in order, and the queue is as it was.
    rt.finish(|s| {
        s.spawn(block.part(150..160).write(), |_, x| x.fill(1));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(block, |x| x[150]).unwrap(), 1);
}

#[test]
fn blocks_of_other_runtimes_are_refused() {
    let (rt, other) = (runtime(1), runtime(1));
    let block = other.block::<u64>(3).unwrap();
    assert_eq!(rt.name(block, "u").unwrap_err().kind(), ErrorKind::Foreign);
    let told = message(rt.finish(|s| {
        s.spawn(block.part(0..1).read(), |_, _| ());
        Ok(())
    }));
    assert!(told.contains("another runtime"), "{told}");
}

#[test]
fn names_show_also_when_the_block_is_gone_and_not_for_its_successor() {
    let rt = runtime(1);
    let block = rt.block::<u64>(3).unwrap();
    rt.name(block, "pressure").unwrap();
    rt.destroy(block).unwrap();
    let told = rt.read(block, |_| ()).unwrap_err().to_string();
    assert!(told.contains("block pressure (0) was destroyed"), "{told}");
    assert_eq!(rt.name(block, "u").unwrap_err().kind(), ErrorKind::Stale);
    let next = rt.block::<u64>(3).unwrap();
    rt.destroy(next).unwrap();
    let told = rt.read(next, |_| ()).unwrap_err().to_string();
    assert!(
        told.contains("was destroyed") && !told.contains("pressure"),
        "{told}"
    );
}

#[test]
fn in_the_checking_mode_parts_tiles_loops_and_adopted_slices_work_too() {
    let rt = Runtime::builder()
        .check(3)
        .ignore_environment()
        .build()
        .unwrap();
    let block = rt.block::<u64>(5_000).unwrap();
    let mut mine = vec![1u64; 500];
    rt.finish(|s| {
        let mine = s.adopt(&mut mine)?;
        s.spawn(block.part(0..500).write(), |_, x| x.fill(1));
        s.for_each(block.part(500..).write(), 100, |_, x| x.fill(2));
        let both = (
            block.tile(0..5, 0..10, 100).read(),
            mine.part(0..50).write(),
        );
        let more = (block.read(), block.part(3..4).read());
        s.spawn((both, more), |_, ((tile, mine), (all, one))| {
            assert_eq!((all.len(), one[0]), (5_000, 1));
            for (from, to) in tile.iter().zip(mine.chunks_mut(10)) {
                to.copy_from_slice(from);
            }
        });
        let map = |_, x: &[u64]| x.iter().sum::<u64>();
        let sum = s.map_reduce(block.read(), sprat::Grain::Auto, map, |a, b| a + b);
        s.spawn(sum.read(), |_, sum| assert_eq!(*sum, 500 + 9_000));
        Ok(())
    })
    .unwrap();
    assert_eq!(mine, [1; 500]);
    rt.destroy(block).unwrap();
}
