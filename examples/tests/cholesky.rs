//! `cholesky` as users start it.

mod program;

use std::path::Path;
use std::process::Output;

use program::{cores, text};

const CHOLESKY: &str = env!("CARGO_BIN_EXE_cholesky");

fn cholesky(args: &[&str]) -> Output {
    program::run(CHOLESKY, Path::new("."), args)
}

#[test]
fn agrees_with_the_plain_loop_in_every_mode() {
    let shapes = [
        ("200", "32"),
        ("97", "16"),
        ("33", "1000"),
        ("30", "1"),
        ("1", "1"),
    ];
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for (size, tile) in shapes {
                let args = [
                    "--verify", "--rounds", "2", "--ce", ce, "--xes", xes, "--size", size,
                    "--tile", tile, "--seed", "3",
                ];
                let out = cholesky(&args);
                assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
                assert!(
                    text(&out.stderr).is_empty(),
                    "no progress but on a terminal"
                );
                let shown = text(&out.stdout);
                assert!(shown.contains("bit for bit"), "{args:?}: {shown}");
                for word in ["GF/s", "share of bound", "speed-up", "residual"] {
                    assert!(shown.contains(word), "{shown}");
                }
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let refused =
        |args: &[&str], says: &[&str]| program::refused(CHOLESKY, Path::new("."), args, says);
    refused(&["--size", "0"], &["--size"]);
    refused(&["--tile", "0"], &["--tile"]);
    refused(&["--rounds", "x"], &["--rounds", "x"]);
    refused(
        &["--size", "4000000", "--tile", "65536"],
        &["memory", "--size"],
    );
    refused(&["--size", "4000", "--tile", "1"], &["codelets", "--tile"]);
    refused(&["--xes", "0"], &["zero execution engines"]);
}

#[test]
fn help_is_there() {
    let help = text(&cholesky(&["--help"]).stdout);
    for word in ["--size", "--tile", "--verify", "residual"] {
        assert!(help.contains(word), "{help}");
    }
}
