//! Traces of programs in C, and of programs of the Open Community Runtime: `SPRAT_TRACE` has them written, and what is so in traces of
//! programs in Rust is so in these.

#![cfg(unix)]

#[path = "traced/look.rs"]
mod look;

use look::{file, looked_at};
use sprat_tools::analyse::Analysis;
use sprat_tools::run::{NONE, Run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A static library that Cargo builds for this test: the newest, where its name has a number that changes with what it is built from.
fn library(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let beside = std::fs::read_dir(here.parent().unwrap()).unwrap();
    let named = beside.filter_map(|entry| {
        let path = entry.ok()?.path();
        let own = path.file_name()?.to_str()?;
        let is = own.starts_with(name) && own.ends_with(".a");
        is.then_some((path.metadata().ok()?.modified().ok()?, path))
    });
    named.max().expect("Cargo builds it").1
}

/// Builds a program in C of the workspace, and runs it with a trace and so many engines.
fn traced(source: &str, library: &Path, arguments: &[&str], xes: &str) -> (Run, Analysis) {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = runtime.join(source);
    let name = source.file_stem().unwrap().to_string_lossy();
    let trace = file(&format!("{name}-{xes}"));
    let program = trace.with_extension("program");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built = Command::new(&compiler)
        .args(["-std=gnu11", "-O2", "-I"])
        .arg(runtime.join("capi/include"))
        .arg("-I")
        .arg(runtime.join("ocr/include"))
        .arg(&source)
        .arg(library)
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap_or_else(|e| panic!("{compiler}: {e}"));
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{name} does not build:\n{said}");
    let ran = Command::new(&program)
        .args(arguments)
        .env("SPRAT_TRACE", &trace)
        .env("SPRAT_XES", xes)
        .env("SPRAT_OVERSUBSCRIBE", "1")
        .output()
        .unwrap();
    std::fs::remove_file(&program).unwrap();
    assert!(ran.status.success(), "{name}: {ran:?}");
    looked_at(&trace)
}

#[test]
fn programs_in_c() {
    let library = library("libsprat_capi");
    for xes in ["1", "2"] {
        // One that spawns, and one that replays what it recorded.
        for (program, arguments) in [
            ("spawn", &["2000", "1", "2"][..]),
            ("jacobi", &["64", "40", "8"]),
        ] {
            let source = format!("capi/programs/c/{program}.c");
            let (run, analysis) = traced(&source, &library, arguments, xes);
            assert!(analysis.codelets > 0, "{program}");
            assert_eq!(run.xes.to_string(), xes);
            assert!(run.about["program"].contains(program), "{:?}", run.about);
        }
    }
}

#[test]
fn programs_of_ocr() {
    let library = library("libsprat_ocr");
    for xes in ["1", "2"] {
        for (program, arguments) in [
            ("fib", &["12"][..]),
            ("quicksort", &["5000"]),
            ("stencil1d", &["90", "9", "40", "sticky"]),
        ] {
            let source = format!("ocr/programs/{program}.c");
            let (run, analysis) = traced(&source, &library, arguments, xes);
            assert!(analysis.codelets > 0, "{program}");
            // Who made an EDT ready is known of those that waited.
            let caused = run.tasks.iter().filter(|task| task.cause != NONE);
            assert!(caused.count() > 0, "{program}");
        }
    }
}
