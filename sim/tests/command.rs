//! The command, as its users call it.

use std::path::PathBuf;
use std::process::{Command, Output};

fn sprat_sim(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sprat-sim"));
    command.args(arguments).output().unwrap()
}

#[track_caller]
fn prints(arguments: &[&str]) -> String {
    let output = sprat_sim(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert_eq!(error, "", "nothing but the answer where nobody watches");
    String::from_utf8(output.stdout).unwrap()
}

fn file(name: &str) -> PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("{}-{name}", std::process::id()))
}

const SMALL: [&str; 4] = [
    "--machine",
    "strawman-64",
    "--workload",
    "taskbench:width=96,steps=10",
];

#[test]
fn a_run_gives_a_table_a_report_and_a_picture() {
    let (json, svg) = (file("run.json"), file("run.svg"));
    let files = [
        "--json",
        json.to_str().unwrap(),
        "--svg",
        svg.to_str().unwrap(),
    ];
    let text = prints(&[&["run"][..], &SMALL, &files].concat());
    assert!(
        text.contains("64 in 8 domain(s), control engines dedicated")
            && text.contains("extrapolated"),
        "{text}"
    );
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["codelets"], 960);
    let energy = &report["energy"];
    let parts = [
        "compute", "movement", "idle", "asleep", "leakage", "control",
    ]
    .map(|part| energy[part].as_f64().unwrap());
    let total = energy["total"].as_f64().unwrap();
    assert!((parts.iter().sum::<f64>() / total - 1.0).abs() < 1e-9);
    let svg = std::fs::read_to_string(svg).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("polyline"));
    // The same again, to the byte.
    assert_eq!(text, prints(&[&["run"][..], &SMALL].concat()));
}

#[test]
fn sweeps_and_scaling_give_a_row_for_each_value() {
    let rows = |text: &str, names: &[&str]| {
        names
            .iter()
            .all(|name| text.lines().any(|line| line.trim_start().starts_with(name)))
    };
    let svg = file("sweep.svg");
    let draw = ["--svg", svg.to_str().unwrap()];
    for (over, names) in [
        ("xes-per-ce=4,16", ["4", "16"]),
        ("policy=performance,energy", ["performance", "energy"]),
        ("operations=1000,4000", ["1000", "4000"]),
        ("energy", ["memory.dram", "engine.xe.active"]),
    ] {
        let text = prints(&[&["sweep", "--over", over][..], &SMALL, &draw].concat());
        assert!(rows(&text, &names), "{over}: {text}");
        assert!(std::fs::read_to_string(&svg).unwrap().contains("<rect"));
    }
    let text = prints(&[&["scaling", "--over", "1,8,64"][..], &SMALL].concat());
    assert!(
        text.contains("efficiency on      1 engines (strong): 100.0 %"),
        "{text}"
    );
    let text = prints(&[
        "scaling",
        "--machine",
        "strawman-64",
        "--over",
        "1,8",
        "--workload",
        "taskbench:width=8,steps=10",
        "--weak",
        "width",
    ]);
    assert!(text.contains("width=64"), "{text}");
}

#[test]
fn machines_that_are_shown_can_be_used() {
    let text = prints(&["run", "--show-machine", "hbm"]);
    let own = file("own.toml");
    std::fs::write(&own, text.replace("14 core", "3 core")).unwrap();
    let text = prints(&[
        "run",
        "--machine",
        own.to_str().unwrap(),
        "--workload",
        "flat:count=50",
    ]);
    assert!(text.contains("12 in 4 domain(s)"), "{text}");
}

#[test]
fn nonsense_is_refused_with_the_mend() {
    let wrong = |arguments: &[&str]| {
        let output = sprat_sim(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        wrong(&["run", "--machine", "sever"])
            .contains("`sever` is no machine that I know (server, hbm")
    );
    assert!(wrong(&["run", "--workload", "cholesky:tile=3"]).contains("it has tiles, edge"));
    assert!(
        wrong(&["run", "--xes", "4000"])
            .contains("4000 execution engines on 128 usable hardware thread(s)")
    );
    assert!(
        wrong(&["run", "--cap", "40"])
            .contains("--cap: `40` has no unit; a power is written like \"1.5 W\"")
    );
    assert!(wrong(&["sweep", "--over", "policy"]).contains("gives no values"));
    assert!(
        wrong(&["sweep", "--over", "policy=fast"])
            .contains("use performance, energy or energy_delay")
    );
    assert!(wrong(&["scaling", "--weak", "size"]).contains("has no parameter `size`"));
}

#[test]
fn shells_and_man_know_the_command() {
    for shell in ["bash", "zsh", "fish"] {
        let text = prints(&["completions", shell]);
        for word in ["sweep", "scaling", "calibrate", "workload", "contention"] {
            assert!(text.contains(word), "{shell}: no {word}");
        }
    }
    assert!(prints(&["man"]).contains(".TH sprat-sim 1"));
    let folder = file("man");
    assert_eq!(prints(&["man", "-o", folder.to_str().unwrap()]), "");
    for name in ["sprat-sim", "sprat-sim-run", "sprat-sim-validate"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{name}: {text}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
