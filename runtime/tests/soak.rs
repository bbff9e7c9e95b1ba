//! A soak: seven kinds of work with known results, at random sizes, in turn on the same runtimes (each mode of the control
//! engines, 1, 2 and 3 execution engines), until so many codelets have run. All results are right, nothing hangs, and the
//! process does not grow from the second tour on.
//!
//! `SPRAT_SOAK_CODELETS` sets how many codelets run (by default few, so that the soak itself stays tested), and
//! `SPRAT_SOAK_SEED` the sizes, and `SPRAT_SOAK_PIECE` how many codelets a piece of work has at most (60,000). `.ci/soak` runs a thousand million.
//!
//! Checked itself: it fails if readers overtake writers, a reduction is not put together, skipped codelets are not counted, or
//! a cancelled scope loses its remainder. Small leaks it shows in long runs alone: a short one does not notice blocks of a
//! few hundred bytes whose memory is forgotten.

// Runs the runtime itself, which under loom works in models alone.
#![cfg(not(sprat_loom))]

#[path = "soak/work.rs"]
mod work;

use sprat::{CeMode, Runtime};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use work::{KINDS, Random};

/// Longer than this, and it hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a process may grow beyond what it had after the first tour: threads' stacks, allocators' slack.
const SLACK: u64 = 64 << 20;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    }
}

/// What runs now, since when.
static NOW: Mutex<Option<(Instant, String)>> = Mutex::new(None);

fn watch() {
    std::thread::spawn(|| {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            if let Some((since, what)) = &*NOW.lock().unwrap_or_else(|e| e.into_inner())
                && since.elapsed() > PATIENCE
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
        for xes in [1, 2, 3] {
            let builder = Runtime::builder().xes(xes).ce(mode).pin(xes == 2);
            let builder = builder.oversubscribe(true).ignore_environment();
            let rt = builder.build().expect("the runtime starts");
            all.push((format!("{mode}, {xes} XEs"), rt));
        }
    }
    all
}

fn ran(all: &[(String, Runtime)]) -> u64 {
    let counts = all.iter().flat_map(|(_, rt)| rt.xe_counts());
    counts.map(|xe| xe.ran).sum()
}

/// The process's resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib << 10)
}

#[test]
fn it_goes_on_and_on() {
    let piece = number("SPRAT_SOAK_PIECE", 60_000);
    // Two tours at least, or nothing could grow.
    let least = 2 * 9 * KINDS.len() as u64 * piece / 8;
    let codelets = number("SPRAT_SOAK_CODELETS", least);
    let seed = number("SPRAT_SOAK_SEED", 1);
    println!("SPRAT_SOAK_CODELETS={codelets} SPRAT_SOAK_SEED={seed} SPRAT_SOAK_PIECE={piece}");
    watch();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&work::ON_PURPOSE) {
            usual(info);
        }
    }));
    let (all, mut random) = (runtimes(), Random(seed));
    let (begin, shows) = (Instant::now(), std::io::stderr().is_terminal());
    let (mut tours, mut after_first) = (0u64, None);
    while tours < 2 || ran(&all) < codelets {
        for (kind, work) in KINDS {
            for (name, rt) in &all {
                // Small ones, too: a hang likes few codelets better than many.
                let size = (piece >> random.below(8)).max(2);
                let what = format!("{kind} of about {size} codelets on {name}, tour {tours}");
                *NOW.lock().unwrap_or_else(|e| e.into_inner()) =
                    Some((Instant::now(), what.clone()));
                work(rt, size, &mut random)
                    .unwrap_or_else(|why| panic!("SPRAT_SOAK_SEED={seed}: {what}: {why}"));
            }
        }
        tours += 1;
        if shows {
            let (done, seconds) = (ran(&all), begin.elapsed().as_secs());
            let _ = write!(
                std::io::stderr(),
                "\r{done} of {codelets} codelets, {tours} tours, {seconds} s "
            );
        }
        // The allocator and the pools have seen all sizes about then.
        let early = ran(&all) < codelets / 10;
        if tours == 1 || early {
            after_first = resident();
        }
    }
    *NOW.lock().unwrap_or_else(|e| e.into_inner()) = None;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} codelets in {tours} tours, {seconds:.1} s", ran(&all));
    if let (Some(before), Some(after)) = (after_first, resident()) {
        let (now, then) = (after >> 20, before >> 20);
        println!("{then} MiB resident early on, {now} MiB at the end");
        assert!(
            after < before + before / 2 + SLACK,
            "{then} MiB have become {now} MiB"
        );
    }
}
