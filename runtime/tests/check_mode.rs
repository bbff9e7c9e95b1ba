//! The checking mode finds what the type system cannot refuse, and replays it by its seed.

use sprat::{Block, CeMode, ErrorKind, Runtime};
use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

fn checking(seed: u64) -> Runtime {
    let builder = Runtime::builder().check(seed).pin(false);
    builder.ignore_environment().build().expect("it starts")
}

/// Bodies in the order in which they ran: codelets with children, in lists and free, and after an event.
fn schedule(rt: &Runtime) -> Vec<usize> {
    let order = Mutex::new(Vec::new());
    let (log, block) = (
        |n: usize| order.lock().unwrap().push(n),
        rt.block::<u64>(1).unwrap(),
    );
    rt.finish(|s| {
        let (event, trigger) = s.event("go");
        for n in 0..12 {
            s.spawn((), move |s, ()| {
                log(n);
                s.spawn((), move |_, ()| log(100 + n));
            });
        }
        for n in 12..16 {
            s.spawn(block.read(), move |_, _| log(n));
        }
        s.codelet("last")
            .after(&event)
            .spawn(block.write(), move |_, _| log(16));
        s.satisfy(trigger);
        Ok(())
    })
    .unwrap();
    order.into_inner().unwrap()
}

#[test]
fn the_same_seed_replays_the_same_schedule_and_others_give_others() {
    let all: Vec<_> = (0..20).map(|seed| schedule(&checking(seed))).collect();
    for (seed, first) in all.iter().enumerate() {
        assert_eq!(first.len(), 29);
        assert_eq!(&schedule(&checking(seed as u64)), first);
    }
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), 20);
    // A second run in one runtime goes on with the generator.
    let rt = checking(3);
    assert_ne!(schedule(&rt), schedule(&rt));
}

#[test]
fn every_order_that_is_allowed_comes_up() {
    let mut seen = BTreeSet::new();
    for seed in 0..300 {
        let (rt, order) = (checking(seed), Mutex::new(Vec::new()));
        let log = |n: u8| order.lock().unwrap().push(n);
        rt.finish(|s| {
            (0..4).for_each(|n| {
                s.spawn((), move |_, ()| log(n));
            });
            Ok(())
        })
        .unwrap();
        seen.insert(order.into_inner().unwrap());
    }
    assert_eq!(seen.len(), 24);
}

#[test]
fn a_host_that_is_held_back_runs_them_in_the_seeds_order_too() {
    let run = |seed| {
        let builder = Runtime::builder().check(seed).live_codelets(300).pin(false);
        let (rt, order) = (
            builder.ignore_environment().build().unwrap(),
            Mutex::new(Vec::new()),
        );
        let log = |n: usize| order.lock().unwrap().push(n);
        rt.finish(|s| {
            (0..2000).for_each(|n| {
                s.spawn((), move |_, ()| log(n));
            });
            assert!(!order.lock().unwrap().is_empty(), "it helped");
            Ok(())
        })
        .unwrap();
        let order = order.into_inner().unwrap();
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 2000);
        order
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn there_is_one_engine_whatever_is_asked_for_and_the_plan_says_so() {
    let builder = Runtime::builder().check(1).xes(2).ce(CeMode::Dedicated);
    let builder = builder.oversubscribe(true).ignore_environment();
    let rt = builder.build().unwrap();
    assert_eq!((rt.xes(), rt.check_seed()), (1, Some(1)));
    let reason = &rt.plan().reason;
    assert!(
        reason.contains("checking mode") && reason.contains("(2)"),
        "{reason}"
    );
    let usual = Runtime::builder()
        .xes(1)
        .ignore_environment()
        .build()
        .unwrap();
    assert_eq!(usual.check_seed(), None);
}

/// Writes where only reading is allowed, as wrong unsafe code does.
fn poke(data: &[u64], at: usize, word: u64) {
    let place = std::hint::black_box(data.as_ptr().cast_mut());
    // SAFETY: none. That is the mistake.
    unsafe { place.wrapping_add(at).write_volatile(word) };
}

#[test]
fn who_writes_to_what_it_only_reads_is_named_and_the_program_goes_on() {
    let rt = checking(5);
    let (block, sum) = (rt.block::<u64>(1000).unwrap(), rt.block::<u64>(1).unwrap());
    rt.write(block, |data| data.fill(3)).unwrap();
    let mut line = 0;
    let error = rt
        .finish(|s| {
            line = line!() + 2;
            s.codelet("pokes")
                .spawn(block.read(), |_, data| poke(data, 7, 99));
            s.spawn((block.read(), sum.write()), |_, (data, sum)| {
                sum[0] = data.iter().sum()
            });
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Check);
    let text = error.to_string();
    for part in [
        "`pokes`",
        &format!("check_mode.rs:{line}"),
        "block 0",
        "byte 56",
        "SPRAT_CHECK=seed=5",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    assert_eq!(text.lines().count(), 1);
    assert_eq!(rt.read(block, |data| data[7]).unwrap(), 3);
    assert_eq!(rt.read(sum, |sum| sum[0]).unwrap(), 3000);
}

#[test]
fn who_writes_beyond_a_blocks_end_is_named() {
    let rt = checking(5);
    let block = rt.block::<u64>(10).unwrap();
    let write = |data: &mut [u64]| {
        data.fill(1);
        poke(data, 9, 2);
    };
    // The last word of the block, and nothing else.
    rt.write(block, write).unwrap();
    let error = rt.write(block, |data| poke(data, 12, 2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Check);
    let text = error.to_string();
    assert!(
        text.contains("`write`") && text.contains("beyond the end of block 0"),
        "{text}"
    );
    assert!(text.contains("16 bytes behind"), "{text}");
    assert_eq!(rt.read(block, |data| data[9]).unwrap(), 2);
}

#[test]
fn what_else_went_wrong_is_told_besides() {
    let rt = checking(6);
    let block = rt.block::<u64>(1).unwrap();
    let error = rt
        .finish(|s| {
            s.codelet("pokes")
                .spawn(block.read(), |_, data| poke(data, 0, 1));
            s.codelet("fails")
                .spawn((), |_, ()| Err::<(), _>(sprat::Error::msg("no rows")));
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Check);
    assert!(
        error.to_string().contains("besides: codelet `fails`"),
        "{error}"
    );
    assert!(rt.finish(|_| Ok(())).is_ok());
}

#[test]
fn reductions_and_files_work_on_blocks_that_are_closed() {
    let rt = checking(3);
    let (sum, words) = (rt.block::<u64>(3).unwrap(), rt.block::<u64>(1000).unwrap());
    rt.write(sum, |data| data.fill(5)).unwrap();
    rt.finish(|s| {
        for n in 0..20 {
            s.spawn(sum.reduce(sprat::Sum), move |_, lane| lane[1] += n);
        }
        s.spawn(words.write(), |_, data| data.fill(7));
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(sum, |data| data.to_vec()).unwrap(), [5, 195, 5]);
    let path = std::env::temp_dir().join(format!("sprat-check-{}", std::process::id()));
    rt.finish(|s| {
        let written = s.write_file(words, &path)?;
        let back = s.codelet("back").after(&written.event());
        back.read_file_into(sum, &path, 16)?;
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(sum, |data| data.to_vec()).unwrap(), [7; 3]);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_a_write_finds_is_nothing_one_could_use() {
    let rt = checking(1);
    let (wide, narrow) = (rt.block::<f64>(9).unwrap(), rt.block::<f32>(9).unwrap());
    let whole = rt.block::<u32>(9).unwrap();
    rt.write(wide, |data| data.fill(1.0)).unwrap();
    rt.finish(|s| {
        s.spawn(wide.write(), |_, data| {
            assert!(data.iter().all(|x| x.is_nan()))
        });
        s.spawn(narrow.write(), |_, data| {
            assert!(data.iter().all(|x| x.is_nan()))
        });
        s.spawn(whole.write(), |_, data| {
            assert!(data.iter().all(|&x| x > 1 << 30))
        });
        Ok(())
    })
    .unwrap();
    // Other accesses find what is there: zeros in a new block.
    let fresh = rt.block::<u32>(5).unwrap();
    rt.write(fresh, |data| assert_eq!(data, [0; 5])).unwrap();
    rt.write(fresh, |data| data.fill(4)).unwrap();
    assert_eq!(rt.read(fresh, |data| data.to_vec()).unwrap(), [4; 5]);
}

#[test]
fn addresses_of_destroyed_blocks_do_not_come_again_soon() {
    let rt = checking(1);
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let block = rt.block::<u64>(10).unwrap();
        assert!(seen.insert(rt.write(block, |data| data.as_ptr().addr()).unwrap()));
        rt.destroy(block).unwrap();
    }
    // Later they do, or a program that makes blocks for ever would run out of addresses: these are 3 GiB.
    for _ in 0..12 {
        let block = rt.block::<u8>(1 << 28).unwrap();
        rt.write(block, |data| data[1 << 20] = 1).unwrap();
        rt.destroy(block).unwrap();
    }
    let mapped: usize = rt.memory().iter().map(|pool| pool.mapped_bytes).sum();
    assert!(mapped < 2 << 30, "{mapped} bytes");
}

#[test]
fn blocks_and_events_that_are_left_are_named() {
    let rt = checking(1);
    let kept = Mutex::new(None);
    let _of_the_host = rt.block::<u8>(1).unwrap();
    assert_eq!(rt.leftovers(), [""; 0]);
    rt.finish(|s| {
        s.codelet("maker").spawn((), |s, ()| {
            let (left, gone) = (s.block::<u8>(100).unwrap(), s.block::<u8>(1).unwrap());
            s.destroy(gone);
            *kept.lock().unwrap() = Some(left);
        });
        Ok(())
    })
    .unwrap();
    let (_event, trigger) = rt.event("waits for the world");
    let (_other, dropped) = rt.event("forgotten");
    drop(dropped);
    rt.finish(|s| {
        let (_, good) = s.event("good");
        s.satisfy(good);
        Ok(())
    })
    .unwrap();
    let left = rt.leftovers();
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(
        left[0].contains("100 bytes") && left[0].contains("`maker`"),
        "{}",
        left[0]
    );
    assert!(
        left[1].contains("`forgotten`") && left[1].contains("dropped"),
        "{}",
        left[1]
    );
    assert!(left[2].contains("`waits for the world`"), "{}", left[2]);
    trigger.satisfy();
    rt.destroy(kept.into_inner().unwrap().unwrap()).unwrap();
    assert_eq!(rt.leftovers().len(), 1);
}

/// What only a process of its own can show: this test, run again with a variable that says what to do.
const CHILD: &str = "SPRAT_TEST_CHILD";

fn child(what: &str, variables: &[(&str, &str)]) -> (Output, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_child", "--nocapture"]);
    command.env_remove("SPRAT_CHECK").env(CHILD, what);
    // Under AddressSanitizer a fault that is not ours would end in its report instead of the signal.
    command.env("ASAN_OPTIONS", "handle_segv=0");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, text)
}

static KEPT: AtomicUsize = AtomicUsize::new(0);

/// Looks where an address once was good.
fn peek(at: usize) -> u64 {
    // SAFETY: none. That is the mistake.
    unsafe { std::ptr::with_exposed_provenance::<u64>(at).read_volatile() }
}

fn keeps(rt: &Runtime, words: usize) -> Block<u64> {
    let block = rt.block::<u64>(words).unwrap();
    let keep = |data: &mut [u64]| KEPT.store((&raw mut data[2]).expose_provenance(), Relaxed);
    rt.write(block, keep).unwrap();
    block
}

fn thief(rt: &Runtime) {
    let stolen = |s: &sprat::Scope<'_>| {
        s.codelet("thief").spawn((), |_, ()| {
            peek(KEPT.load(Relaxed));
        });
        Ok(())
    };
    rt.finish(stolen).unwrap();
}

#[test]
fn the_child() {
    let Ok(what) = std::env::var(CHILD) else {
        return;
    };
    match what.as_str() {
        "undeclared" | "undeclared large" => {
            let rt = checking(9);
            let words = if what == "undeclared" { 10 } else { 3 << 20 };
            keeps(&rt, words);
            thief(&rt);
        }
        "destroyed" => {
            let rt = checking(9);
            let block = keeps(&rt, 10);
            rt.destroy(block).unwrap();
            thief(&rt);
        }
        "behind" => {
            let rt = checking(9);
            let block = rt.block::<u64>(10).unwrap();
            let behind = |data: &mut [u64]| peek((&raw mut data[0]).expose_provenance() + 5000);
            rt.write(block, behind).unwrap();
        }
        "host" => {
            let rt = checking(9);
            keeps(&rt, 10);
            peek(KEPT.load(Relaxed));
        }
        "elsewhere" => {
            let rt = checking(9);
            keeps(&rt, 10);
            peek(8);
        }
        "in order" => {
            let rt = Runtime::new().unwrap();
            let block = keeps(&rt, 10);
            rt.read(block, |_| peek(KEPT.load(Relaxed))).unwrap();
            eprintln!("seed {:?}, {:?}", rt.check_seed(), schedule(&rt));
        }
        "fails" => {
            let rt = Runtime::new().unwrap();
            for _ in 0..2 {
                let failed = rt.finish(|s| {
                    s.spawn((), |s, ()| {
                        s.block::<u8>(77).unwrap();
                        Err::<(), _>(sprat::Error::msg("no"))
                    });
                    Ok(())
                });
                assert_eq!(failed.unwrap_err().kind(), ErrorKind::Failed);
            }
        }
        other => panic!("{other}?"),
    }
}

fn ends_by_a_fault(what: &str) -> String {
    use std::os::unix::process::ExitStatusExt;
    let (output, text) = child(what, &[]);
    assert_eq!(output.status.signal(), Some(libc_sigsegv()), "{text}");
    text
}

fn libc_sigsegv() -> i32 {
    11
}

#[test]
fn who_touches_a_block_that_it_has_not_declared_is_named() {
    for what in ["undeclared", "undeclared large"] {
        let text = ends_by_a_fault(what);
        for part in [
            "sprat: codelet `thief`, spawned at ",
            "check_mode.rs:",
            "byte 16 of block 0",
            "has not declared",
            "SPRAT_CHECK=seed=9",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}

#[test]
fn who_touches_a_block_that_is_destroyed_is_named() {
    let text = ends_by_a_fault("destroyed");
    assert!(
        text.contains("codelet `thief`") && text.contains("which was destroyed"),
        "{text}"
    );
}

#[test]
fn who_touches_the_pages_behind_a_block_is_named() {
    let text = ends_by_a_fault("behind");
    assert!(
        text.contains("codelet `write`") && text.contains("byte 5000 of block 0"),
        "{text}"
    );
}

#[test]
fn very_many_blocks_can_be_guarded() {
    // The system allows a process some 65,000 ranges of pages.
    let rt = checking(2);
    let blocks = rt.blocks::<u64>(40_000, 1).unwrap();
    rt.finish(|s| {
        for &block in &blocks {
            s.spawn(block.read_write(), |_, data| data[0] += 1);
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(rt.read(blocks[39_999], |data| data[0]).unwrap(), 1);
}

#[test]
fn a_thread_that_runs_no_codelet_is_told_too() {
    let text = ends_by_a_fault("host");
    assert!(
        text.contains("a thread that runs no codelet touched byte 16 of block 0"),
        "{text}"
    );
}

#[test]
fn faults_of_other_kinds_are_as_before() {
    assert!(!ends_by_a_fault("elsewhere").contains("sprat:"));
}

#[test]
fn what_a_graph_writes_whole_is_overwritten_if_a_round_runs() {
    for bound in [false, true] {
        let rt = checking(1);
        let [all, halves] = [(); 2].map(|()| rt.block::<f64>(8).unwrap());
        let found = Mutex::new(Vec::new());
        let note = |x: &[f64]| found.lock().unwrap().push(x[1]);
        let graph = rt
            .record(|s| {
                let options = || match bound {
                    true => s.codelet("fills").on_xe(0),
                    false => s.codelet("fills"),
                };
                options().spawn(all.write(), |_, x| {
                    note(x);
                    x.fill(1.0);
                });
                options().spawn(halves.part(0..4).write(), |_, x| {
                    note(x);
                    x.fill(1.0);
                });
                options().spawn(halves.part(4..8).write(), |_, x| x.fill(1.0));
                Ok(())
            })
            .unwrap();
        for block in [all, halves] {
            rt.write(block, |x| x.fill(7.0)).unwrap();
        }
        for _ in 0..2 {
            let none = rt.replay_within(Duration::ZERO, &graph, 5).unwrap_err();
            assert_eq!(none.cancellation().unwrap().rounds, Some(0));
            for block in [all, halves] {
                rt.read(block, |x| assert_eq!(x, [7.0; 8])).unwrap();
            }
        }
        rt.replay(&graph, 1).unwrap();
        rt.read(all, |x| assert_eq!(x, [1.0; 8])).unwrap();
        let found = found.lock().unwrap();
        assert!(
            found.len() == 2 && found.iter().all(|x| x.is_nan()),
            "{found:?}"
        );
    }
}

#[test]
fn a_variable_turns_it_on_and_its_seed_replays() {
    let run = |seed| {
        let (output, text) = child("in order", &[("SPRAT_CHECK", seed)]);
        assert!(output.status.success(), "{text}");
        let line = |line: &&str| line.starts_with("seed ");
        text.lines().find(line).unwrap().to_owned()
    };
    assert!(run("0").starts_with("seed None"));
    assert_eq!(run("seed=4"), run("seed=4"));
    assert!(run("seed=4").starts_with("seed Some(4)"));
    let any: BTreeSet<_> = (0..4).map(|_| run("1")).collect();
    assert!(any.len() > 1 && any.iter().all(|line| line.starts_with("seed Some(")));
}

#[test]
fn a_failure_tells_the_seed_once_and_the_end_what_is_left() {
    let (output, text) = child("fails", &[("SPRAT_CHECK", "seed=4")]);
    assert!(output.status.success(), "{text}");
    let told = text.matches("a scope failed in the checking mode; SPRAT_CHECK=seed=4 replays");
    assert_eq!(told.count(), 1, "{text}");
    assert_eq!(
        text.matches("of 77 bytes, made by codelet `codelet`")
            .count(),
        2,
        "{text}"
    );
    let (_, silent) = child("fails", &[]);
    assert!(!silent.contains("sprat:"), "{silent}");
}
