//! `refine` as users start it.

mod program;

use std::fs;
use std::path::Path;
use std::process::Output;

use program::{cores, text};
use sprat_examples::png_file::Picture;
use tempfile::TempDir;

const REFINE: &str = env!("CARGO_BIN_EXE_refine");

fn refine(folder: &Path, args: &[&str]) -> Output {
    program::run(REFINE, folder, args)
}

#[test]
fn agrees_with_plain_recursion_in_every_mode() {
    let folder = TempDir::new().unwrap();
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for (at, function) in ["ring", "needle", "disc", "waves"].into_iter().enumerate() {
                // All of both would take long.
                let cuts = [("0", "0"), ("6", "0"), ("7", "2"), ("5", "16")];
                for (deepest, grain) in [cuts[at], cuts[(at + 1) % 4]] {
                    let args = [
                        "--verify",
                        "--function",
                        function,
                        "--tolerance",
                        "1e-6",
                        "--deepest",
                        deepest,
                        "--grain",
                        grain,
                        "--ce",
                        ce,
                        "--xes",
                        xes,
                    ];
                    let out = refine(folder.path(), &args);
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
    let picture = Picture::read(&folder.path().join("refine.png")).unwrap();
    assert_eq!((picture.width, picture.height), (1024, 1024));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
}

/// The area of a disc is known, and told.
#[test]
fn the_area_of_a_disc() {
    let folder = TempDir::new().unwrap();
    let out = refine(folder.path(), &["--function", "disc", "--deepest", "9"]);
    let shown = text(&out.stdout);
    assert!(out.status.success(), "{}", text(&out.stderr));
    let at = shown.find("off by ").unwrap() + "off by ".len();
    let off: f64 = shown[at..]
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(off < 1e-3, "{shown}");
    assert!(shown.contains("more than asked for"), "{shown}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let refused =
        |args: &[&str], says: &[&str]| program::refused(REFINE, folder.path(), args, says);
    refused(&["--function", "cube"], &["--function", "cube", "ring"]);
    refused(&["--tolerance", "0"], &["--tolerance"]);
    refused(&["--tolerance", "nan"], &["--tolerance"]);
    refused(&["--deepest", "40"], &["--deepest"]);
    refused(&["--output", "folder"], &["folder", "--output"]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left"
    );
}
