//! `sprat-bench metg` and the smaller subcommands, as a user calls them.

use sprat_benches::metg::pattern::PATTERNS;
use sprat_benches::metg::report::Row;
use sprat_benches::metg::systems::SYSTEMS;
use sprat_benches::report;
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

/// Small, and quickly where it is to be: the efficiency asked for is low.
const SMALL: [&str; 7] = [
    "metg",
    "--steps",
    "5",
    "--runs",
    "1",
    "--efficiency",
    "0.02,0.1",
];

fn rows(more: &[&str], folder: &Path) -> Vec<Row> {
    let file = folder.join("metg.json");
    let pictures = folder.join("pictures");
    let files = [
        "--json",
        file.to_str().unwrap(),
        "--svg",
        pictures.to_str().unwrap(),
    ];
    let output = bench(&[&SMALL, more, &files].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Not a terminal: no progress.
    assert_eq!(text(&output.stderr), "");
    let said = text(&output.stdout);
    assert!(
        said.contains("METG at 2% of the peak") && said.contains("METG at 10%"),
        "{said}"
    );
    // The shape of the file is checked here: unknown and missing keys are refused.
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn every_system_runs_every_pattern() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(&["--width", "3"], folder.path());
    assert_eq!(rows.len(), 2 * PATTERNS.len() * SYSTEMS.len());
    for (_, pattern, _) in PATTERNS {
        for system in SYSTEMS.iter() {
            let here = rows
                .iter()
                .filter(|row| row.system == system.name && row.pattern == pattern);
            assert_eq!(here.count(), 2, "{} {pattern}", system.name);
        }
        let picture = folder
            .path()
            .join(format!("pictures/metg-{pattern}-width3-workers2.svg"));
        let picture = std::fs::read_to_string(picture).unwrap();
        assert!(picture.contains("spmd") && picture.contains("share of the peak"));
    }
    for row in &rows {
        assert_eq!((row.workers, row.width), (2, 3));
        assert!(row.empty_mtasks_per_s > 0.0);
        if let Some(metg) = row.metg_us {
            assert!(0.0 < metg.min && metg.min <= metg.median && metg.median <= metg.max);
        }
    }
}

#[test]
fn other_kernels_modes_and_numbers_of_workers_work() {
    for more in [
        [
            "--kernel",
            "imbalanced",
            "--ce",
            "elastic",
            "--workers",
            "1,3",
        ],
        [
            "--kernel",
            "memory",
            "--ce",
            "dedicated",
            "--workers",
            "2,1",
        ],
    ] {
        let fixed = [
            "--systems",
            "sprat-dynamic,spmd",
            "--patterns",
            "tree,tree",
            "--width",
            "2",
        ];
        let folder = tempfile::tempdir().unwrap();
        // Two systems, two numbers of workers, two efficiencies.
        assert_eq!(rows(&[&fixed, &more[..]].concat(), folder.path()).len(), 8);
    }
}

#[test]
fn bad_options_are_refused_with_what_would_do() {
    for (arguments, hint) in [
        (["--patterns", "stencil"], "stencil_1d"),
        (["--systems", "sprat"], "sprat-dynamic"),
        (["--kernel", "gpu"], "imbalanced"),
        (["--width", "0"], "--width"),
        (["--steps", "0"], "--steps"),
        (["--efficiency", "1.5"], "between 0 and 1"),
        (["--efficiency", "half"], "such as 0.5"),
        (["--ce", "none"], "elastic"),
    ] {
        let output = bench(&[&SMALL[..5], &arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(hint), "{said}");
    }
}

#[test]
fn help_names_every_pattern_and_system() {
    let said = text(&bench(&["metg", "--help"]).stdout);
    assert!(
        PATTERNS.iter().all(|pattern| said.contains(pattern.1)),
        "{said}"
    );
    assert!(
        SYSTEMS.iter().all(|system| said.contains(system.name)),
        "{said}"
    );
}

/// The figures of a smaller subcommand.
fn figures(suite: &str, size: &str, systems: &str) -> Vec<report::Row> {
    let folder = tempfile::tempdir().unwrap();
    let (file, pictures) = (
        folder.path().join("figures.json"),
        folder.path().join("pictures"),
    );
    let output = bench(&[
        suite,
        "--runs",
        "1",
        "--size",
        size,
        "--systems",
        systems,
        "--json",
        file.to_str().unwrap(),
        "--svg",
        pictures.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<report::Row> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    for row in &rows {
        let picture = pictures.join(format!("{}-workers{}.svg", row.kernel, row.workers));
        assert!(
            std::fs::read_to_string(picture)
                .unwrap()
                .contains(&row.system)
        );
        assert!(row.min > 0.0 && row.min <= row.median && row.median <= row.max);
    }
    rows
}

#[test]
fn forkjoin_counts_regions_of_all_that_have_them() {
    // chili has none: who gets half of a join is its own business.
    let rows = figures("forkjoin", "20", "sprat,rayon,chili,spin-team,serial");
    let systems = |workers| rows.iter().filter(|row| row.workers == workers).count();
    assert_eq!((systems(1), systems(2)), (6, 5));
}

#[test]
fn stencil_gives_every_system_a_rate() {
    let systems = "sprat-replay,sprat-shared,rayon,chili,spin-team,serial";
    let rows = figures("stencil", "200", systems);
    let of = |kernel| rows.iter().filter(|row| row.kernel == kernel).count();
    // Copying is a bound, by hand.
    let counts = ["heat", "heat_in_time", "copy"].map(of);
    assert_eq!(counts, [11, 11, 2]);
    assert!(rows.iter().all(|row| row.unit == "Gcell/s"));
}

#[test]
fn contended_has_the_three_ways() {
    let rows = figures("contended", "100", "sprat-shared,rayon");
    let mut kernels: Vec<&str> = rows.iter().map(|row| row.kernel.as_str()).collect();
    kernels.dedup();
    assert_eq!(kernels.len(), 3);
    // Commutative accesses are Sprat's alone.
    assert_eq!(rows.len(), 2 * (1 + 2 + 2));
}

#[test]
fn graph_gives_every_system_both_times() {
    let rows = figures("graph", "9", "sprat-shared,rayon,chili,spin-team,serial");
    assert_eq!(rows.len(), 2 * 9);
    assert!(rows.iter().all(|row| row.unit == "ms"));
}

#[test]
fn cholesky_gives_every_system_a_rate_and_a_bound() {
    let rows = figures("cholesky", "100", "sprat-shared,rayon,deque,serial");
    // The bound once, and serial on one worker only.
    assert_eq!(rows.len(), 1 + 7);
    assert!(rows.iter().all(|row| row.unit == "GF/s"));
    let bound = rows.iter().find(|row| row.kernel == "dgemm").unwrap();
    assert_eq!((bound.system.as_str(), bound.workers), ("serial", 1));
}

/// Systems of tasks are there with the features that bring them only.
#[test]
fn cholesky_runs_on_all_systems_of_tasks() {
    for info in sprat_benches::tasks::ALL {
        let rows = figures("cholesky", "50", info.name);
        let workers: Vec<usize> = rows.iter().map(|row| row.workers).collect();
        assert_eq!(workers, [1, 2], "{}", info.name);
    }
}

#[cfg(feature = "comd")]
#[test]
fn the_mini_app_ends_in_the_same_state_on_both_systems() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("comd.json");
    let small = "comd --size 5 --steps 4 --group 2 --runs 1 --json";
    let words: Vec<&str> = small.split(' ').chain(file.to_str()).collect();
    let output = bench(&words);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let rows: Vec<report::Row> =
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(rows.len(), 2 * 3);
    assert!(rows.iter().all(|row| row.kernel == "comd" && row.min > 0.0));
    // One that cannot be run says why.
    let output = bench(&["comd-run", "sprat", "--size", "2"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("from 5 to 600"), "{said}");
}
