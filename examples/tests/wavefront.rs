//! `wavefront` as users start it.

mod program;

use std::fs;
use std::path::Path;
use std::process::Output;

use program::{cores, text};
use tempfile::TempDir;

const WAVEFRONT: &str = env!("CARGO_BIN_EXE_wavefront");

fn wavefront(folder: &Path, args: &[&str]) -> Output {
    program::run(WAVEFRONT, folder, args)
}

#[test]
fn agrees_with_the_plain_loop_in_every_mode() {
    let folder = TempDir::new().unwrap();
    let shapes = [
        ("300", "64", "1"),
        ("257", "100", "2"),
        ("50", "1000", "3"),
        ("20", "3", "4"),
        ("1", "1", "5"),
    ];
    for alphabet in ["dna", "protein"] {
        for ce in ["shared", "elastic", "dedicated"] {
            for xes in ["1", "2"].into_iter().take(cores()) {
                for (length, tile, seed) in shapes {
                    let args = [
                        "--verify",
                        "--ce",
                        ce,
                        "--xes",
                        xes,
                        "--random",
                        length,
                        "--tile",
                        tile,
                        "--seed",
                        seed,
                        "--alphabet",
                        alphabet,
                    ];
                    let out = wavefront(folder.path(), &args);
                    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
                    assert!(
                        text(&out.stderr).is_empty(),
                        "no progress but on a terminal"
                    );
                    assert!(
                        text(&out.stdout).contains("the best cell is the plain loop's"),
                        "{args:?}"
                    );
                }
            }
        }
    }
}

/// Two sequences whose best alignment can be found by hand, over tiles of any size.
#[test]
fn a_known_alignment_crosses_tiles() {
    let folder = TempDir::new().unwrap();
    let at = |name| folder.path().join(name);
    fs::write(at("a.fa"), ">one\nTTTT\nACGTACGTACGGGACGTACG\n>two\nA\n").unwrap();
    fs::write(at("b.fa"), ">other\r\nCCCCACGTACGTACGACGTACGCC\r\n").unwrap();
    for tile in ["1", "3", "7", "100"] {
        let args = [
            "a.fa",
            "b.fa",
            "--verify",
            "--tile",
            tile,
            "--match",
            "2",
            "--mismatch",
            "-3",
            "--gap-open",
            "2",
            "--gap-extend",
            "1",
            "--output",
            "out",
        ];
        let out = wavefront(folder.path(), &args);
        assert!(out.status.success(), "{}", text(&out.stderr));
        let shown = text(&out.stdout);
        // Eighteen letters the same, and a gap of two.
        assert!(shown.contains("score              32 "), "{shown}");
        assert!(shown.contains("letters 5 to 24 beside 5 to 22"), "{shown}");
        assert!(
            shown.contains("20 columns, 90.0 % the same, 1 gap(s)"),
            "{shown}"
        );
        assert!(shown.contains("the file has 1 more"), "{shown}");
        let alignment = fs::read_to_string(at("out")).unwrap();
        assert!(alignment.contains("ACGTACGTACGGGACGTACG\n"), "{alignment}");
        let rows: Vec<&str> = alignment.lines().collect();
        assert_eq!(rows[2].matches('-').count(), 2, "{alignment}");
    }
}

#[test]
fn nothing_alike_is_told() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.fa"), ">a\nAAAA\n").unwrap();
    fs::write(folder.path().join("b.fa"), ">b\nCCCCC\n").unwrap();
    let out = wavefront(folder.path(), &["a.fa", "b.fa", "--verify"]);
    assert!(out.status.success(), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains("no two letters match"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("good.fa", b">a\nACGT\n");
    write("bad.fa", b">a\nACGT\nAC-T\n");
    write("headless.fa", b"ACGT\n");
    write("empty.fa", b"");
    write("bytes.fa", &[0, 159, 146, 150]);
    fs::create_dir(folder.path().join("folder")).unwrap();
    let refused =
        |args: &[&str], says: &[&str]| program::refused(WAVEFRONT, folder.path(), args, says);
    refused(&["good.fa", "bad.fa"], &["bad.fa", "line 3", "letter 3"]);
    refused(
        &["headless.fa", "good.fa"],
        &["headless.fa", "line 1", "header"],
    );
    refused(&["empty.fa", "good.fa"], &["empty.fa", "no sequence"]);
    refused(&["good.fa", "bytes.fa"], &["bytes.fa"]);
    refused(&["good.fa", "gone.fa"], &["gone.fa", "check the name"]);
    refused(&["good.fa", "folder"], &["folder"]);
    refused(&["good.fa"], &["FASTA"]);
    refused(&["good.fa", "good.fa", "--random", "5"], &["--random"]);
    refused(&["--match", "0"], &["equal letters"]);
    refused(&["--match", "10000", "--random", "200000"], &["--match"]);
    refused(&["--gap-extend", "0"], &["a gap must cost"]);
    refused(&["--tile", "0"], &["--tile"]);
    refused(
        &["--random", "100000000", "--tile", "1"],
        &["memory", "--tile"],
    );
    refused(
        &["--random", "20", "--output", "no/such/place"],
        &["no/such/place"],
    );
}
