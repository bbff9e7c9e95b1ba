//! The sequential oracle: random programs give what running their codelets in program order gives, in every mode of
//! the control engines, at 1, 2, 3 and 8 execution engines, on runtimes that are used again and again.
//!
//! `SPRAT_ORACLE_CASES` sets the number of programs, `SPRAT_ORACLE_CHECKED` that of those in the checking mode (a quarter
//! without it), `SPRAT_ORACLE_SEED` replays a run. A failure is shrunk and
//! printed as a program; one that hangs is printed as it is, and ends the process.
//!
//! Checked itself: it fails if the expectation takes a write for a read, or lets failures poison nothing; and if in the
//! runtime readers overtake writers, writers share, failures poison nothing, full writes heal nothing or are skipped,
//! copies outlive a write, children do not wait for their parent's body, a parent gives its own effect for its children's, blocks are not
//! handed up, values are not dropped, forwards forget failures, fresh blocks are not zero, `on_xe` is ignored, or a
//! pending count is one short.

#[path = "oracle/compare.rs"]
mod compare;
#[path = "oracle/coverage.rs"]
mod coverage;
#[path = "oracle/expect.rs"]
mod expect;
#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/modes.rs"]
mod modes;
#[path = "oracle/program.rs"]
mod program;
#[path = "oracle/queues.rs"]
mod queues;
#[path = "oracle/run.rs"]
mod run;
#[path = "oracle/show.rs"]
mod show;

use coverage::Coverage;
use expect::{Expected, expect};
use program::Program;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use run::{Run, Verdict};
use sprat::{CeMode, Runtime, Topology};
use std::cell::RefCell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CASES: u32 = 600;
const SEED: u64 = 20_260_101;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    }
}

/// Panics that belong to the programs are not printed.
fn be_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let ours = |text: &String| text.starts_with("oracle: ");
        if !info.payload().downcast_ref::<String>().is_some_and(ours) {
            usual(info);
        }
    }));
}

/// What runs now, since when: a program that hangs is told, and ends the process.
static NOW: Mutex<Option<(Instant, String)>> = Mutex::new(None);

fn watch() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if let Some((since, what)) = &*NOW.lock().unwrap_or_else(|e| e.into_inner())
                && since.elapsed() > Duration::from_secs(120)
            {
                // Not by `eprintln!`, which the test harness keeps to itself until the end.
                let _ = writeln!(std::io::stderr(), "it hangs: {what}");
                std::process::abort();
            }
        }
    });
}

fn runtimes() -> Vec<(String, Runtime)> {
    let mut all = Vec::new();
    for mode in [CeMode::Shared, CeMode::Elastic, CeMode::Dedicated] {
        for xes in [1, 2, 3, 8] {
            let rt = Runtime::builder()
                .xes(xes)
                .ce(mode)
                .oversubscribe(true)
                .pin(xes == 2)
                .ignore_environment()
                .build()
                .expect("the runtime starts");
            all.push((format!("{mode}, {xes} XEs"), rt));
        }
    }
    all
}

/// Runtimes in the checking mode, each with a seed of its own.
fn checking() -> Vec<(String, Runtime)> {
    let start = |seed| {
        let builder = Runtime::builder().check(seed).pin(false);
        let rt = builder.ignore_environment().build();
        (
            format!("SPRAT_CHECK=seed={seed}"),
            rt.expect("the runtime starts"),
        )
    };
    (0..4).map(start).collect()
}

fn on(rt: &Runtime, program: &Program, expected: &Expected, alone: bool) -> Verdict {
    let run = Run::new(rt, program);
    run.check(expected, alone)
}

/// The program on all runtimes, on one of them by two hosts at once.
fn everywhere(all: &[(String, Runtime)], program: &Program, twice: usize) -> Verdict {
    let expected = expect(program);
    for (at, (name, rt)) in all.iter().enumerate() {
        let twice = at == twice % all.len();
        let hosts = if twice { "2 hosts" } else { "1 host" };
        *NOW.lock().unwrap_or_else(|e| e.into_inner()) =
            Some((Instant::now(), format!("on {name}, {hosts}: {program}")));
        let verdict = if twice {
            let both = || on(rt, program, &expected, false);
            std::thread::scope(|threads| {
                let other = threads.spawn(both);
                both().and(other.join().expect("a host thread does not panic"))
            })
        } else {
            on(rt, program, &expected, true)
        };
        verdict.map_err(|error| format!("on {name}: {error}"))?;
    }
    *NOW.lock().unwrap_or_else(|e| e.into_inner()) = None;
    Ok(())
}

#[test]
fn random_programs_mean_what_their_sequential_run_means() {
    compare(runtimes(), number("SPRAT_ORACLE_CASES", u64::from(CASES))).assert();
}

#[test]
fn in_the_checking_mode_they_mean_the_same_in_every_order() {
    let cases = number("SPRAT_ORACLE_CASES", u64::from(CASES));
    compare(
        checking(),
        number("SPRAT_ORACLE_CHECKED", cases.div_ceil(4)),
    );
}

/// Runtimes with several memory regions, on paper, and on this machine if it has several.
fn with_regions() -> Vec<(String, Runtime)> {
    let start = |(regions, cores, mode)| {
        let topology = format!("region:{regions} core:{cores}");
        let rt = Runtime::builder()
            .topology(Topology::synthetic(&topology).expect("it makes sense"))
            .ce(mode)
            .ignore_environment()
            .build();
        let name = format!("{mode}, {topology}");
        (name, rt.expect("the runtime starts"))
    };
    let all = [(2, 1, CeMode::Shared), (4, 2, CeMode::Elastic)];
    let mut all: Vec<_> = all.map(start).into();
    let here = Topology::detect().expect("there is a machine");
    if here.regions.len() > 1 {
        let rt = Runtime::builder().ignore_environment().build();
        all.push(("this machine".to_owned(), rt.expect("the runtime starts")));
    }
    all
}

#[test]
fn with_moves_at_random_moments_they_mean_the_same() {
    let cases = number("SPRAT_ORACLE_CASES", u64::from(CASES)).div_ceil(4);
    let (all, done) = (with_regions(), AtomicBool::new(false));
    let rts: Vec<Runtime> = all.iter().map(|(_, rt)| rt.clone()).collect();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut seed = 0;
            while !done.load(Ordering::Relaxed) {
                rts.iter().for_each(|rt| rt.shuffle_homes(seed));
                seed += 1;
                // Not more often, or programs get nowhere where processors are few.
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        // A few programs on a slow machine may be over before anything has moved: then they run again.
        let enough = || rts.iter().all(|rt| has_moved(rt, cases));
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            for _ in 0..10 {
                compare(all.clone(), cases);
                if enough() {
                    break;
                }
            }
        }));
        done.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
    for rt in &rts {
        let counts = rt.move_counts();
        assert!(has_moved(rt, cases), "{counts:?}");
        assert_eq!(counts.refused, 0);
    }
}

#[test]
fn while_the_runtime_is_suspended_and_capped_at_random_moments_they_mean_the_same() {
    let cases = number("SPRAT_ORACLE_CASES", u64::from(CASES)).div_ceil(16);
    let (all, done) = (runtimes(), AtomicBool::new(false));
    let rts: Vec<Runtime> = all.iter().map(|(_, rt)| rt.clone()).collect();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut at = 1u64;
            while !done.load(Ordering::Relaxed) {
                for rt in &rts {
                    // Some cap or other, the lower ones more often.
                    at = at.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                    let cap = (at >> 33) as usize % rt.xes() + 1;
                    rt.set_xes(cap).expect("there are so many");
                    if at >> 63 == 0 {
                        continue;
                    }
                    rt.suspend().expect("no engine");
                    std::thread::yield_now();
                    rt.resume().expect("it is suspended");
                }
                // Not more often, or programs get nowhere where processors are few.
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let run = || _ = compare(all.clone(), cases);
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(run));
        done.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

/// Whether so many programs have had blocks moved and copied often enough to show something.
fn has_moved(rt: &Runtime, cases: u64) -> bool {
    let (counts, some) = (rt.move_counts(), (cases / 4).min(100));
    counts.moved >= some && counts.copied >= some
}

/// Compares so many programs on these runtimes; what they had in them.
fn compare(all: Vec<(String, Runtime)>, cases: u64) -> Coverage {
    /// One at a time: the watch knows of one, and a panic's hook is everybody's.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(|e| e.into_inner());
    let cases = cases as u32;
    let seed = number("SPRAT_ORACLE_SEED", SEED);
    println!("SPRAT_ORACLE_SEED={seed} SPRAT_ORACLE_CASES={cases}");
    be_quiet();
    watch();
    let coverage = RefCell::new(Coverage::default());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2000,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let choices = (0..1500usize).prop_flat_map(|most| vec(any::<u16>(), 0..=most));
    let begin = Instant::now();
    let result = runner.run(&choices, |choices| {
        let program = Program::from_choices(&choices);
        coverage.borrow_mut().program(&program, &expect(&program));
        everywhere(&all, &program, choices.len()).map_err(TestCaseError::fail)
    });
    println!("{:.1?}", begin.elapsed());
    match result {
        Ok(()) => coverage.into_inner(),
        Err(TestError::Fail(why, choices)) => {
            let program = Program::from_choices(&choices);
            panic!("SPRAT_ORACLE_SEED={seed}: {why}\n{program}");
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
