//! `particles` as users start it.

mod program;

use std::path::Path;
use std::process::Output;

use program::{cores, text};

const PARTICLES: &str = env!("CARGO_BIN_EXE_particles");

fn particles(args: &[&str]) -> Output {
    program::run(PARTICLES, Path::new("."), args)
}

/// What stands behind a name, up to the blank after it.
fn number(shown: &str, before: &str) -> f64 {
    let at = shown.find(before).unwrap() + before.len();
    shown[at..]
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// Three cells in each direction, where each column is around each other one; and more.
#[test]
fn agrees_with_the_plain_loop_in_every_mode() {
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for (count, density, cutoff) in [("108", "0.8442", "1.6"), ("256", "0.25", "2.5")] {
                let args = [
                    "--verify",
                    "--steps",
                    "8",
                    "--particles",
                    count,
                    "--density",
                    density,
                    "--cutoff",
                    cutoff,
                    "--ce",
                    ce,
                    "--xes",
                    xes,
                    "--temperature",
                    "3",
                ];
                let out = particles(&args);
                assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
                assert!(
                    text(&out.stderr).is_empty(),
                    "no progress but on a terminal"
                );
                assert!(text(&out.stdout).contains("bit for bit"), "{args:?}");
            }
        }
    }
}

#[test]
fn steps_are_replayed_unless_told_otherwise() {
    let args = [
        "--verify",
        "--particles",
        "108",
        "--cutoff",
        "1.6",
        "--steps",
        "8",
    ];
    for (more, says) in [
        (&[][..], "6, recorded, and replayed"),
        (&["--dynamic"], "6, spawned anew each time"),
    ] {
        let out = particles(&[&args[..], more].concat());
        let shown = text(&out.stdout);
        assert!(shown.contains(says), "{shown} {}", text(&out.stderr));
        assert!(shown.contains("bit for bit"));
    }
}

/// Energy and momentum stay. With steps half as long, the energy stays four times better, as the method promises.
#[test]
fn what_is_conserved_is_conserved() {
    let drift = |dt: &str, steps: &str| {
        let out = particles(&[
            "--particles",
            "256",
            "--steps",
            steps,
            "--dt",
            dt,
            "--cutoff",
            "2.2",
        ]);
        let shown = text(&out.stdout);
        assert!(out.status.success(), "{}", text(&out.stderr));
        assert!(number(&shown, "momentum             ") < 1e-12, "{shown}");
        number(&shown, "a drift of ")
    };
    let (long, short) = (drift("0.004", "12"), drift("0.002", "24"));
    assert!(long < 1e-3, "{long}");
    assert!(short < long / 3.0, "{short} {long}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused =
        |args: &[&str], says: &[&str]| program::refused(PARTICLES, Path::new("."), args, says);
    refused(&["--particles", "10"], &["three are needed", "--particles"]);
    refused(&["--particles", "0"], &["--particles"]);
    refused(&["--particles", "100000000"], &["memory", "--particles"]);
    refused(
        &["--particles", "1000", "--density", "1e-9"],
        &["columns", "--density"],
    );
    refused(&["--dt", "0"], &["--dt"]);
    refused(&["--dt", "nan"], &["--dt"]);
    refused(&["--cutoff", "-1"], &["--cutoff"]);
    refused(&["--steps", "1"], &["--steps"]);
    // Particles that fly through half the box.
    refused(
        &["--particles", "4000", "--dt", "3", "--steps", "9"],
        &["the steps are too long", "--dt"],
    );
}
