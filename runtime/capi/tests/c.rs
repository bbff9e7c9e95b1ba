//! The tests in C, built with whatever C compiler is here: the one that Rust links with, so there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The static library, which Cargo builds beside this test.
fn library() -> PathBuf {
    let here = std::env::current_exe().expect("a program knows where it is");
    here.with_file_name("libsprat_capi.a")
}

/// Builds a test of `tests/c` and runs it; what it printed.
fn run(name: &str, flags: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built = Command::new(&compiler)
        .args([
            "-std=c11",
            "-D_POSIX_C_SOURCE=200809L",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-O1",
        ])
        .args(flags)
        .arg("-I")
        .arg(root.join("include"))
        .args(["-include", "sprat.h", "-include"])
        .arg(root.join("layout.h"))
        .arg(root.join(format!("tests/c/{name}.c")))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap_or_else(|e| panic!("{compiler}: {e}"));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{name}.c does not build:\n{said}");
    let ran = Command::new(&program).output().expect("it was built");
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{name}: {}\n{printed}\n{said}",
        ran.status
    );
    printed
}

/// How many passed, by the last line.
fn passed(printed: &str) -> usize {
    let last = printed.lines().last().expect("it says how it went");
    let (passed, _) = last.split_once(" passed, 0 failed").expect("none failed");
    passed.parse().expect("a number")
}

#[test]
fn what_is_used_well_works() {
    assert!(passed(&run("use", &[])) >= 24);
}

#[test]
fn what_heroes_use_works() {
    assert!(passed(&run("hero", &[])) >= 14);
}

#[test]
fn nonsense_is_refused() {
    assert!(passed(&run("misuse", &[])) >= 22);
}
