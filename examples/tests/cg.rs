//! `cg` as users start it: what it solves, and what it refuses.

mod program;

use std::fs;
use std::path::Path;
use std::process::Output;

use program::{cores, run, text};
use tempfile::TempDir;

const CG: &str = env!("CARGO_BIN_EXE_cg");

fn cg(folder: &Path, args: &[&str]) -> Output {
    run(CG, folder, args)
}

fn solved(folder: &Path, args: &[&str]) -> String {
    let out = cg(folder, args);
    assert!(out.status.success(), "{args:?}: {}", text(&out.stderr));
    assert!(out.stderr.is_empty(), "no progress but on a terminal");
    text(&out.stdout)
}

/// A solution that was written, as numbers.
fn written(path: &Path) -> Vec<f64> {
    let text = fs::read_to_string(path).unwrap();
    let values = text.lines().skip(2);
    values.map(|line| line.parse().unwrap()).collect()
}

#[test]
fn agrees_with_the_serial_program_in_every_mode() {
    let folder = TempDir::new().unwrap();
    for ce in ["shared", "elastic", "dedicated"] {
        for xes in ["1", "2"].into_iter().take(cores()) {
            for grid in ["1", "24", "40x30", "12x10x7"] {
                for (more, how) in [(None, ", recorded"), (Some("--dynamic"), ", spawned anew")] {
                    let args = ["--verify", "--ce", ce, "--xes", xes, "--poisson", grid];
                    let args: Vec<&str> = args.into_iter().chain(more).collect();
                    let shown = solved(folder.path(), &args);
                    assert!(shown.contains("bit for bit"), "{args:?}: {shown}");
                    assert!(shown.contains(how), "{args:?}: {shown}");
                }
            }
        }
    }
}

#[test]
fn the_solution_is_written_and_is_one() {
    let folder = TempDir::new().unwrap();
    // Small numbers that are exact: -1, 4, -1 on a line of five, as half a matrix.
    let mut matrix = String::from("%%MatrixMarket matrix coordinate real symmetric\n5 5 9\n");
    for row in 1..=5 {
        matrix += &format!("{row} {row} 4\n");
        if row > 1 {
            matrix += &format!("{row} {} -1\n", row - 1);
        }
    }
    let expected = [1.0, -2.0, 3.0, 0.5, 0.25];
    let at = |row: i32| *expected.get(row as usize).unwrap_or(&0.0);
    let right: String = (0..5)
        .map(|row| format!("{}\n", 4.0 * at(row) - at(row - 1) - at(row + 1)))
        .collect();
    let banner = "%%MatrixMarket matrix array real general\n5 1\n";
    fs::write(folder.path().join("a.mtx"), matrix).unwrap();
    fs::write(folder.path().join("b.mtx"), format!("{banner}{right}")).unwrap();
    let args = [
        "a.mtx",
        "--rhs",
        "b.mtx",
        "--output",
        "x.mtx",
        "--tolerance",
        "1e-14",
        "--verify",
    ];
    solved(folder.path(), &args);
    let solution = written(&folder.path().join("x.mtx"));
    assert_eq!(solution.len(), 5);
    for (got, expected) in solution.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-13, "{solution:?}");
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "nothing else is left");
}

/// More parts than a reduction has lanes.
#[test]
fn many_parts_are_added_up_in_the_same_order() {
    let folder = TempDir::new().unwrap();
    let args = ["--poisson", "50x50x50", "--tolerance", "1e-2", "--verify"];
    let shown = solved(folder.path(), &args);
    assert!(shown.contains("27 of rows"), "{shown}");
    assert!(shown.contains("bit for bit"), "{shown}");
}

/// The same bits on one engine and on two.
#[test]
fn the_bits_do_not_depend_on_engines() {
    let folder = TempDir::new().unwrap();
    let solution = |xes: &str| {
        let args = ["--poisson", "70", "--xes", xes, "--output", "x.mtx"];
        solved(folder.path(), &args);
        fs::read(folder.path().join("x.mtx")).unwrap()
    };
    if cores() > 1 {
        assert_eq!(solution("1"), solution("2"));
    }
}

#[test]
fn nothing_on_the_right_needs_nothing() {
    let folder = TempDir::new().unwrap();
    let zeros = "%%MatrixMarket matrix array real general\n4 1\n0\n0\n0\n0\n";
    fs::write(folder.path().join("b.mtx"), zeros).unwrap();
    let args = ["--poisson", "2", "--rhs", "b.mtx", "--output", "x.mtx"];
    solved(folder.path(), &args);
    assert_eq!(written(&folder.path().join("x.mtx")), [0.0; 4]);
}

fn refused(args: &[&str], says: &[&str]) {
    let folder = TempDir::new().unwrap();
    let general = "%%MatrixMarket matrix coordinate real general\n";
    let vector = "%%MatrixMarket matrix array real general\n";
    let files: [(&str, String); 9] = [
        ("empty", String::new()),
        ("wide", format!("{general}2 3 1\n1 1 1\n")),
        ("cut", format!("{general}2 2 2\n1 1 1\n")),
        ("skew", format!("{general}2 2 3\n1 1 1\n2 2 1\n1 2 5\n")),
        // Its diagonal is positive, and it has a negative eigenvalue.
        (
            "saddle",
            format!("{general}2 2 4\n1 1 1\n2 2 1\n1 2 -5\n2 1 -5\n"),
        ),
        ("huge", format!("{general}4294967295 4294967295 1\n1 1 1\n")),
        ("large", format!("{general}1 1 1\n1 1 1e308\n")),
        (
            "pattern",
            "%%MatrixMarket matrix coordinate pattern general\n1 1 1\n1 1\n".to_owned(),
        ),
        ("short", format!("{vector}3 1\n1\n2\n3\n")),
    ];
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    fs::write(folder.path().join("strange"), b"\xff\xfe\n").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    program::refused(CG, folder.path(), args, says);
}

#[test]
fn bad_systems_are_refused() {
    refused(&["gone"], &["gone", "check the name"]);
    refused(&["empty"], &["empty", "the file is empty"]);
    refused(&["strange"], &["strange, line 1", "%%MatrixMarket"]);
    refused(&["wide"], &["wide", "2 rows and 3 columns"]);
    refused(&["cut"], &["cut", "ends after 1", "cut off"]);
    refused(&["skew"], &["skew", "not symmetric", "row 1, column 2"]);
    refused(&["saddle"], &["not positive definite", "iteration 1"]);
    refused(&["huge"], &["huge", "memory"]);
    refused(&["pattern"], &["pattern", "values"]);
    refused(&["short"], &["short, line 1", "dense"]);
    refused(
        &["--poisson", "2", "--rhs", "short"],
        &["short", "3 values", "4 rows"],
    );
    refused(
        &["--poisson", "2", "--rhs", "wide"],
        &["wide, line 1", "one column"],
    );
}

#[test]
fn bad_options_are_refused() {
    refused(&["--poisson", "0"], &["--poisson", "zero"]);
    refused(&["--poisson", "1x2x3x4"], &["--poisson", "two or three"]);
    refused(&["--poisson", "10000000"], &["memory", "--poisson"]);
    refused(
        &["--poisson", "18446744073709551615"],
        &["memory", "--poisson"],
    );
    refused(&["--poisson", "4", "wide"], &["cannot be used with"]);
    refused(&["--tolerance", "0"], &["--tolerance", "between 0 and 1"]);
    refused(&["--tolerance", "-1"], &["--tolerance", "between 0 and 1"]);
    refused(&["--max-iterations", "0"], &["--max-iterations"]);
    refused(
        &["--poisson", "30", "--max-iterations", "3"],
        &["not solved", "--max-iterations"],
    );
    refused(
        &["--poisson", "4", "--output", "folder"],
        &["folder", "--output"],
    );
    refused(
        &["--poisson", "4", "--xes", "0"],
        &["zero execution engines"],
    );
}
