//! The sequential oracle for parts of blocks: random programs over overlapping ranges, tiles and whole blocks give what
//! running their codelets in program order gives, element by element, in every mode of the control engines, at 1, 2, 3 and
//! 8 execution engines; with failures, refusals, nested children and both doors.
//!
//! `SPRAT_ORACLE_CASES` sets the number of programs, `SPRAT_ORACLE_SEED` replays a run. A failure is shrunk and printed as
//! a program; one that hangs is printed as it is, and ends the process.
//!
//! Checked itself: it fails if in the runtime overlap is looked for among the spans of ranges only, later accesses overtake
//! earlier ones that overlap them, a leaving holder frees those that it does not stand against, a failure poisons the whole
//! block or nothing, a write heals nothing or everything, children's pieces of poison are not handed on or are handed on
//! for all of the parent's part, or the bounds of a part are a row short.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

#[path = "parts_oracle/expect.rs"]
mod expect;
#[path = "parts_oracle/piece.rs"]
mod piece;
#[path = "parts_oracle/program.rs"]
mod program;
#[path = "parts_oracle/run.rs"]
mod run;

use expect::expect;
use program::Program;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use sprat::{CeMode, Runtime};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    }
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

/// Panics that belong to the programs are not printed.
fn be_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&run::ON_PURPOSE) {
            usual(info);
        }
    }));
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

#[test]
fn random_programs_over_parts_mean_what_their_sequential_run_means() {
    let cases = number("SPRAT_ORACLE_CASES", 400) as u32;
    let seed = number("SPRAT_ORACLE_SEED", 20_260_201);
    println!("SPRAT_ORACLE_SEED={seed} SPRAT_ORACLE_CASES={cases}");
    be_quiet();
    watch();
    let all = runtimes();
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
    let choices = (0..800usize).prop_flat_map(|most| vec(any::<u16>(), 0..=most));
    let coverage = RefCell::new(BTreeMap::<&str, u32>::new());
    let result = runner.run(&choices, |choices| {
        let program = Program::from_choices(&choices);
        let expected = expect(&program);
        for what in program.features().into_iter().chain(expected.features()) {
            *coverage.borrow_mut().entry(what).or_default() += 1;
        }
        for (name, rt) in &all {
            *NOW.lock().unwrap_or_else(|e| e.into_inner()) =
                Some((Instant::now(), format!("on {name}: {program}")));
            run::check(rt, &program, &expected)
                .map_err(|error| TestCaseError::fail(format!("on {name}: {error}")))?;
        }
        *NOW.lock().unwrap_or_else(|e| e.into_inner()) = None;
        Ok(())
    });
    match result {
        Ok(()) => {
            let coverage = coverage.borrow();
            println!("{coverage:#?}");
            for what in program::FEATURES.iter().chain(&expect::FEATURES) {
                let often = coverage.get(what).copied().unwrap_or(0);
                assert!(often >= cases / 20, "{what}: in {often} programs only");
            }
        }
        Err(TestError::Fail(why, choices)) => {
            let program = Program::from_choices(&choices);
            panic!("SPRAT_ORACLE_SEED={seed}: {why}\n{program}");
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
