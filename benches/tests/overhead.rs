//! `sprat-bench overhead`, as a user calls it: every kernel in every mode, the file, and bad input.

use sprat_benches::kernels::KERNELS;
use sprat_benches::report::Row;
use std::path::Path;
use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sprat-bench"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs all kernels on small input; the figures in the file.
fn figures(more: &[&str]) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.json");
    let name = file.to_str().unwrap();
    let fixed = ["overhead", "--runs", "2", "--size", "300", "--json", name];
    let output = bench(&[&fixed, more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Not a terminal: no progress.
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).contains("median (min–max) of 2 runs"));
    // The shape of the file is checked here: unknown and missing keys are refused.
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn all_kernels_in_mode(mode: &str) {
    let rows = figures(&["--ce", mode, "--systems", "sprat", "--workers", "1,2"]);
    let system = format!("sprat-{mode}");
    for row in &rows {
        assert_eq!(row.system, system);
        assert!(row.min >= 0.0 && row.min <= row.median && row.median <= row.max);
        assert!(row.max.is_finite() && !row.unit.is_empty() && !row.metric.is_empty());
    }
    for kernel in KERNELS {
        for workers in [1, 2] {
            let there = |row: &&Row| row.kernel == kernel.name && row.workers == workers;
            // Nobody else is there to be woken.
            let expected = usize::from(kernel.name != "wake_up" || workers > 1);
            assert_eq!(
                rows.iter().filter(there).count(),
                expected,
                "{}",
                kernel.name
            );
        }
    }
}

#[test]
fn all_kernels_with_a_shared_control_engine() {
    all_kernels_in_mode("shared");
}

#[test]
fn all_kernels_with_an_elastic_control_engine() {
    all_kernels_in_mode("elastic");
}

#[test]
fn all_kernels_with_a_dedicated_control_engine() {
    all_kernels_in_mode("dedicated");
}

#[test]
fn rivals_run_what_they_can_express() {
    let rows = figures(&["--systems", "rayon,deque,serial", "--workers", "2,1,2"]);
    let common = [
        "flat",
        "flat_1us",
        "chain",
        "tree",
        "fib",
        "random_dag",
        "two_blocks",
        "fan_in",
    ];
    for kernel in common {
        for (system, workers) in [
            ("rayon", 1),
            ("rayon", 2),
            ("deque", 1),
            ("deque", 2),
            ("serial", 1),
        ] {
            let there = |row: &&Row| {
                (row.kernel.as_str(), row.system.as_str(), row.workers) == (kernel, system, workers)
            };
            assert_eq!(
                rows.iter().filter(there).count(),
                1,
                "{kernel} {system} {workers}"
            );
        }
    }
}

#[test]
fn graphs_are_recorded_of_what_they_can_express() {
    let rows = figures(&["--systems", "sprat-replay", "--workers", "1,2"]);
    assert!(rows.iter().all(|row| row.system == "sprat-replay"));
    for kernel in KERNELS {
        let expected = match kernel.name {
            "flat" | "flat_1us" | "chain" | "chain_block" | "tree" | "fan_out" | "fan_in" => 2,
            "wavefront" | "random_dag" | "two_blocks" => 2,
            _ => 0,
        };
        let there = rows.iter().filter(|row| row.kernel == kernel.name);
        assert_eq!(there.count(), expected, "{}", kernel.name);
    }
}

#[test]
fn the_smallest_size_and_more_workers_than_processors_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("figures.json");
    let output = bench(&[
        "overhead",
        "--size",
        "1",
        "--runs",
        "1",
        "--workers",
        "5",
        "--json",
        file.to_str().unwrap(),
        "--kernels",
        "flat,chain,chain_block,tree,fib,fan_out,fan_in,wavefront,random_dag,two_blocks,block_life",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    if std::thread::available_parallelism().unwrap().get() < 5 {
        assert!(text(&output.stdout).contains("take turns"));
    }
}

/// What was said, and the exit code.
fn refused(arguments: &[&str]) -> (String, Option<i32>) {
    let output = bench(&[&["overhead", "--quick", "--kernels", "flat"], arguments].concat());
    assert_eq!(text(&output.stdout), "");
    (text(&output.stderr), output.status.code())
}

#[test]
fn bad_options_are_refused_with_what_would_do() {
    for (arguments, hint) in [
        (["--kernels", "flt"], "flat"),
        (["--systems", "sprat-shard"], "sprat-shared"),
        (["--ce", "none"], "elastic"),
        (["--workers", "0"], "1..="),
        (["--workers", "two"], "two"),
        (["--runs", "0"], "--runs"),
        (["--size", "0"], "--size"),
    ] {
        let (said, code) = refused(&arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(hint), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("absent/figures.json");
    for path in [inside.as_path(), folder.path(), Path::new("/dev/null")] {
        let (said, code) = refused(&["--json", path.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("cannot be written") && said.lines().count() == 1,
            "{said}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn help_names_every_kernel_and_system() {
    let output = bench(&["overhead", "--help"]);
    let said = text(&output.stdout);
    assert!(
        KERNELS.iter().all(|kernel| said.contains(kernel.name)),
        "{said}"
    );
    assert!(said.contains("sprat-dedicated") && said.contains("Examples:"));
}
