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

/// A small real run with two scopes, and a graph of which three rounds are played: its trace.
fn trace() -> PathBuf {
    let path = file("real.sprat");
    let builder = sprat::Runtime::builder().xes(2).oversubscribe(true);
    let rt = builder.ignore_environment().trace(&path).build().unwrap();
    let works = |cells: &mut [f64]| {
        let begin = std::time::Instant::now();
        while begin.elapsed().as_micros() < 150 {
            cells.iter_mut().for_each(|cell| *cell = *cell * 0.5 + 1.0);
        }
    };
    let blocks = rt.blocks::<f64>(4, 512).unwrap();
    for _ in 0..2 {
        rt.finish(|s| {
            for _ in 0..6 {
                for (at, &block) in blocks.iter().enumerate() {
                    let from = blocks[(at + 1) % 4];
                    s.codelet("jacobi")
                        .near(block)
                        .spawn((from.read(), block.read_write()), move |_, (_, cells)| {
                            works(cells)
                        });
                }
            }
            Ok(())
        })
        .unwrap();
    }
    let graph = rt.record(|s| {
        for &block in &blocks {
            s.codelet("step")
                .spawn(block.read_write(), move |_, cells| works(cells));
        }
        Ok(())
    });
    rt.replay(&graph.unwrap(), 3).unwrap();
    drop(rt);
    path
}

#[test]
fn a_real_run_is_simulated_from_its_trace() {
    let path = trace();
    let traced = sprat_sim::Traced::read("real", &std::fs::read(&path).unwrap()).unwrap();
    assert_eq!((traced.xes, traced.workload.codelets.len()), (2, 60));
    let mut notes = traced.notes.iter();
    assert!(notes.all(|note| note.contains("wake-ups")), "{notes:?}");
    let kinds: Vec<_> = traced
        .kinds()
        .into_iter()
        .map(|kind| (kind.0, kind.1))
        .collect();
    assert_eq!(kinds, [("jacobi", 48), ("step", 12)]);
    assert_eq!(traced.workload.scopes, [24, 48]);
    assert_eq!(traced.workload.sizes[..4], [4096; 4]);
    // On the same machine.
    let machine = traced.machine(None, None).unwrap().build(None).unwrap();
    let outcome = sprat_sim::simulate(&machine, &traced.workload_for(2, 1).0).unwrap();
    let error = outcome.makespan_ns as f64 / traced.measured_ns as f64 - 1.0;
    eprintln!(
        "measured {} ns, simulated {} ns: {error:+.3}; {:?}",
        traced.measured_ns, outcome.makespan_ns, traced.costs
    );
    assert!(error.abs() < 0.3, "{error:+.3}");
    // On another one, with the same codelets in the same order.
    let larger = traced
        .machine(Some(9), Some(4))
        .unwrap()
        .build(None)
        .unwrap();
    let outcome = sprat_sim::simulate(&larger, &traced.workload_for(9, 4).0).unwrap();
    assert_eq!((outcome.engines.len(), outcome.runs.len()), (9, 60));
    assert!(traced.machine(Some(2), Some(3)).is_err());
    let trace = path.to_str().unwrap();
    let run = prints(&[
        "run",
        "--machine",
        "traced",
        "--workload",
        &format!("trace:{trace}"),
    ]);
    assert!(run.contains("60 codelets"), "{run}");
    let inside = prints(&["what-if", trace, "--codelet", "jacobi", "--faster", "2"]);
    assert!(inside.contains("extrapolated (as traced: "), "{inside}");
    let same = prints(&["what-if", trace, "--xes", "2"]);
    assert!(
        same.contains(" as traced: ") && !same.contains("extrapolated"),
        "{same}"
    );
    let of = format!("trace:{trace}");
    let scaling = prints(&["scaling", "--over", "1,2", "--workload", &of]);
    assert!(
        scaling.contains("efficiency on      2 engines"),
        "{scaling}"
    );
    let sweep = sprat_sim(&["sweep", "--over", "edge=1,2", "--workload", &of]).stderr;
    let sweep = String::from_utf8(sweep).unwrap();
    assert!(sweep.contains("has no parameter `edge`"), "{sweep}");
    let outside = prints(&["what-if", trace, "--xes", "64", "--regions", "8"]);
    assert!(
        outside.contains("extrapolated") && outside.contains("64 XEs, 8 regions"),
        "{outside}"
    );
    let fed = prints(&["what-if", trace, "--bandwidth", "x2"]);
    assert!(
        fed.contains("extrapolated") && fed.contains(" to "),
        "{fed}"
    );
    let wrong = |arguments: &[&str]| String::from_utf8(sprat_sim(arguments).stderr).unwrap();
    let unknown = wrong(&["what-if", trace, "--codelet", "jacoby", "--faster", "2"]);
    assert!(unknown.contains("there are jacobi, step"), "{unknown}");
    assert!(wrong(&["what-if", trace]).contains("what is to be different"));
    assert!(wrong(&["what-if", trace, "--bandwidth", "x0"]).contains("above zero"));
    assert!(wrong(&["what-if", "Cargo.toml", "--xes", "4"]).contains("no trace of Sprat"));
    std::fs::remove_file(path).unwrap();
}

/// What a program of two engines in two regions leaves in its trace.
fn traced_run(name: &str, program: impl FnOnce(&sprat::Runtime)) -> PathBuf {
    let path = file(name);
    let topology = sprat::topology::Topology::synthetic("region:2 core:1").unwrap();
    let builder = sprat::Runtime::builder().topology(topology).xes(2);
    let builder = builder.pin(false).oversubscribe(true).ignore_environment();
    let rt = builder.trace(&path).build().unwrap();
    program(&rt);
    drop(rt);
    path
}

fn read(path: &PathBuf) -> sprat_sim::Traced {
    sprat_sim::Traced::read("real", &std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn rounds_of_a_graph_are_cut_where_scopes_lie_between() {
    let mut wall_ns = 0;
    let path = traced_run("rounds.sprat", |rt| {
        let works = |cells: &mut [f64]| {
            let begin = std::time::Instant::now();
            while begin.elapsed().as_micros() < 200 {
                cells.iter_mut().for_each(|cell| *cell += 1.0);
            }
        };
        let block = rt.block::<f64>(64).unwrap();
        let graph = rt.record(|s| {
            s.codelet("step")
                .spawn(block.read_write(), move |_, cells| works(cells));
            Ok(())
        });
        let graph = graph.unwrap();
        let begin = std::time::Instant::now();
        for _ in 0..4 {
            rt.replay(&graph, 2).unwrap();
            rt.finish(|s| {
                s.codelet("between")
                    .spawn(block.read_write(), move |_, cells| works(cells));
                Ok(())
            })
            .unwrap();
        }
        wall_ns = begin.elapsed().as_nanos() as u64;
    });
    let traced = read(&path);
    assert_eq!(traced.workload.scopes, [2, 3, 5, 6, 8, 9, 11]);
    let measured_ns = traced.measured_ns;
    assert!(
        measured_ns > 12 * 200_000 * 9 / 10 && measured_ns < wall_ns * 11 / 10,
        "{measured_ns} of {wall_ns}"
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn equal_parts_that_ran_side_by_side_are_no_whole_blocks() {
    let path = traced_run("parts.sprat", |rt| {
        let block = rt.block::<f64>(200).unwrap();
        let both = std::sync::Barrier::new(2);
        rt.finish(|s| {
            for at in [0, 1] {
                let (part, both) = (block.part(at * 100..at * 100 + 100), &both);
                s.codelet("half")
                    .on_xe(at)
                    .spawn(part.read_write(), move |_, _| {
                        both.wait();
                        std::thread::sleep(std::time::Duration::from_millis(1));
                        both.wait();
                    });
            }
            Ok(())
        })
        .unwrap();
        // Parts of which no other is as large: the next round of the smaller comes after its last one.
        let graph = rt.record(|s| {
            let part = block.part(0..50);
            s.codelet("small").spawn(part.read_write(), |_, _| ());
            Ok(())
        });
        rt.replay(&graph.unwrap(), 3).unwrap();
    });
    let traced = read(&path);
    let has = |text: &str| traced.notes.iter().any(|note| note.contains(text));
    assert!(has("change parts of blocks"), "{:?}", traced.notes);
    assert!(has("2 dependences come from events"), "{:?}", traced.notes);
    // Each once, however many machines it holds for.
    let of = format!("trace:{}", path.to_str().unwrap());
    for command in [
        ["scaling", "--over", "1,2"],
        ["sweep", "--over", "mode=shared,elastic"],
    ] {
        let text = prints(&[&command[..], &["--workload", &of]].concat());
        assert_eq!(text.matches("change parts of blocks").count(), 1, "{text}");
    }
    let (workload, _) = traced.workload_for(2, 2);
    let machine = traced.machine(None, None).unwrap().build(None).unwrap();
    let runs = sprat_sim::simulate(&machine, &workload)
        .unwrap()
        .by_codelet();
    assert!(runs[1].start_ns < runs[0].end_ns, "{runs:?}");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn wishes_for_regions_that_are_gone_are_left_out_with_a_note() {
    let path = traced_run("regions.sprat", |rt| {
        rt.finish(|s| {
            for at in 0..4 {
                s.codelet("there").on_region(at % 2).spawn((), |_, ()| ());
            }
            Ok(())
        })
        .unwrap();
    });
    let one = prints(&["what-if", path.to_str().unwrap(), "--regions", "1"]);
    assert!(
        one.contains("note: 2 wishes for a region are left out: there were 2 regions, and are 1"),
        "{one}"
    );
    std::fs::remove_file(path).unwrap();
}

/// A failure that skips all there is without anybody being given up, and one that comes after the end.
#[test]
fn failures_are_told_in_the_report() {
    let text = prints(&["run", "--show-machine", "hbm"]);
    let own = file("late.toml");
    let late = "[[failure]]\nengine = 3\nat = \"100 s\"\ndies = true\n";
    let text = text.replacen("\n[", &format!("\n{late}["), 1);
    std::fs::write(&own, text).unwrap();
    let own = own.to_str().unwrap();
    let text = prints(&["run", "--machine", own, "--workload", "flat:count=50"]);
    assert!(
        text.contains("1 failures were to come after the end"),
        "{text}"
    );
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
    let each = [
        "sweep",
        "--over",
        "xes-per-ce=4,16",
        "--each",
        "hierarchy=false,true",
    ];
    let text = prints(&[&each[..], &SMALL, &draw].concat());
    assert!(
        rows(&text, &["4, hierarchy=false", "16, hierarchy=true"]),
        "{text}"
    );
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.contains("hierarchy=false") && drawn.contains("hierarchy=true"));
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
    let each = wrong(&["sweep", "--over", "xes=1,2", "--each", "mode"]);
    assert!(
        each.contains("`mode` gives no values") && each.contains("--each"),
        "{each}"
    );
    assert!(
        wrong(&["sweep", "--over", "energy", "--each", "mode=shared"]).contains("leave --each out")
    );
    assert!(wrong(&["sweep", "--over", "hierarchy=maybe"]).contains("true or false"));
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
