//! Traces of programs in C, and of programs of the Open Community Runtime: `SPRAT_TRACE` has them written, and what is so in traces of
//! programs in Rust is so in these.

#![cfg(unix)]

#[path = "traced/look.rs"]
mod look;

use look::looked_at;
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

/// Builds a program in C of the workspace, and runs it with a trace at one engine and at two. It shall run for some hundredths of a second
/// or longer, of which what lies at the ends of scopes is little.
fn traced(source: &str, library: &Path, arguments: &[&str]) -> [(Run, Analysis); 2] {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let source = runtime.join(source);
    let name = source.file_stem().unwrap().to_string_lossy();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(format!("{name}.program"));
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
    ["1", "2"].map(|xes| {
        let trace = folder.path().join(format!("{name}-{xes}.sprat"));
        let ran = Command::new(&program)
            .args(arguments)
            .env("SPRAT_TRACE", &trace)
            .env("SPRAT_XES", xes)
            .env("SPRAT_OVERSUBSCRIBE", "1")
            .output()
            .unwrap();
        assert!(ran.status.success(), "{name}: {ran:?}");
        let (run, analysis) = looked_at(&trace);
        assert!(analysis.codelets > 0, "{name}");
        assert_eq!(run.xes.to_string(), xes);
        let said = &run.about["program"];
        assert!(said.contains(&*name), "{said}");
        (run, analysis)
    })
}

#[test]
fn programs_in_c() {
    let library = library("libsprat_capi");
    let spawns = traced("capi/programs/c/spawn.c", &library, &["20000", "1", "2"]);
    assert!(spawns.iter().all(|(_, analysis)| analysis.steps == 0));
    // What was recorded is replayed.
    let replays = traced("capi/programs/c/jacobi.c", &library, &["64", "400", "8"]);
    assert!(replays.iter().all(|(_, analysis)| analysis.steps > 0));
}

#[test]
fn programs_of_ocr() {
    let library = library("libsprat_ocr");
    for (program, arguments) in [
        ("fib", &["16"][..]),
        ("quicksort", &["50000"]),
        ("stencil1d", &["90", "9", "400", "sticky"]),
    ] {
        let source = format!("ocr/programs/{program}.c");
        for (run, _) in traced(&source, &library, arguments) {
            // Who made an EDT ready is known of those that waited.
            let caused = run.tasks.iter().filter(|task| task.cause != NONE);
            assert!(caused.count() > 0, "{program}");
        }
    }
}
