//! The layers of the house: who may name whom. `docs/design/layers.md` says why.
//!
//! A new module gets its level in [`LEVELS`]. The checks read the sources' text, so that code under any `cfg` counts.

#[path = "layering/scan.rs"]
mod scan;

#[path = "layering/rules.rs"]
mod rules;

use rules::{File, check_length, check_runtime, check_sim};
use std::path::Path;

/// Modules by level, from the bottom. A file may name its own level and those below; arrows inside a level form no circle.
const LEVELS: &[&[&str]] = &[
    &[
        "error",
        "all_or_none",
        "id",
        "panics",
        "mutants",
        "sync",
        "spin_lock",
        "prefetch",
        "guard",
        "instead",
        "captures",
        "run_times",
        "energy_counters",
        "frequencies",
        "held_files",
        "small_files",
    ],
    &[
        "topology", "trace", "event", "counters", "counts", "isa", "page",
    ],
    &["memory_region"],
    &[
        "data_block",
        "extent",
        "access",
        "tile",
        "part",
        "codelet",
        "entry",
        "bounds",
        "arena",
        "affinity",
        "config",
    ],
    &[
        "decide",
        "decide::dependence",
        "decide::alternates",
        "decide::lanes",
        "decide::turns",
        "decide::ring",
        "decide::event_kinds",
        "decide::timers",
        "decide::polling",
        "decide::policy",
        "decide::power",
        "decide::words",
        "decide::narrowing",
        "decide::ceiling",
        "decide::regulation",
        "decide::priority",
        "decide::plan",
        "decide::placement",
        "decide::route",
        "decide::grain",
        "decide::brokerage",
        "decide::controller",
        "decide::hierarchy",
        "decide::run_share",
        "decide::health",
        "decide::throttle",
        "decide::shuffle",
        "decide::theft",
        "decide::deadline",
        "decide::traffic",
        "decide::locality",
        "decide::regrouping",
        "decide::migration",
        "decide::scores",
        "decide::graph",
    ],
    &[
        "queue",
        "idle",
        "gate",
        "start_thread",
        "cap",
        "power_watch",
        "seen_engine",
        "control",
        "alternates",
        "lone",
        "levels",
        "by_level",
        "inheritance",
        "group",
        "seat",
        "block_names",
        "moves",
        "loads",
        "homes",
        "hope",
        "block_table",
        "entrance",
        "failure",
        "check",
        "ledger",
        "adapting",
        "stop",
        "cancel",
        "lendings",
        "binding",
        "wide",
        "local",
        "shared",
        "live",
        "root",
        "block_memory",
        "engine",
        "completion",
        "among",
        "ending",
        "part_of_codelet",
        "commuting",
        "in_turn",
        "reducing",
        "release",
        "weak",
        "handing_up",
        "spawn",
        "out_of_reach",
        "declare",
        "declare_part",
        "plain",
        "open_entrance",
        "weighing",
        "post",
        "reader",
        "stuck",
        "sweep",
        "timers",
        "polls",
        "time_keeper",
        "poll_keeper",
        "io",
        "io_engine",
        "execution_engine",
        "stopping",
        "shut_seats",
        "health_watch",
        "control_engine",
        "throttle",
        "checking",
        "tracing",
        "marks",
        "marking",
        "top",
        "sampling",
        "waiting",
        "spans",
        "traced",
        "draining",
        "accounting",
        "recorded",
        "recorder",
    ],
    &[
        "trigger",
        "canceller",
        "adopted",
        "chunks",
        "for_each",
        "map_reduce",
        "latch",
        "poll_event",
        "channel",
        "files",
        "scope",
        "span",
        "outcome",
        "glue",
        "repeat",
        "record",
        "company",
        "options",
        "replay",
        "inspect",
        "graph",
        "replaying",
        "spawning",
        "static_codelet",
        "for_macros",
        "foreign",
        "whole",
        "open",
        "held",
        "help",
        "host",
        "runtime",
        "suspending",
        "energy_watch",
        "energy_report",
        "home",
        "migrate",
        "memory_report",
        "kept_memory",
        "about",
        "start",
        "builder",
        "models",
        "tests",
    ],
];

/// What only the door may name: loom stands in for these, or must.
const BEHIND_THE_DOOR: &[&str] = &[
    "std::sync::atomic",
    "std::sync::Mutex",
    "std::sync::MutexGuard",
    "std::sync::RwLock",
    "std::sync::Condvar",
    "std::sync::Barrier",
    "std::sync::Once",
    "std::sync::OnceLock",
    "std::sync::LazyLock",
    "std::sync::mpsc",
    "std::thread",
    "std::cell::UnsafeCell",
    "std::hint::spin_loop",
    "crossbeam_utils::atomic",
    "crossbeam_utils::sync",
    "crossbeam_utils::thread",
    "crossbeam_utils::Backoff",
    "loom",
];

/// The one door.
const DOOR: &str = "sync";

/// Files that may go around the door for one name, each with its reason. An entry that nothing needs fails.
const AROUND_THE_DOOR: &[(&str, &str, &str)] = &[(
    "mutants.rs",
    "std::sync::OnceLock",
    "a name that is read once a run, by models too, which must not see it change",
)];

/// What a decision may not name: it has its inputs, and nothing else.
const NOT_IN_DECIDE: &[&str] = &[
    "std::thread",
    "std::time",
    "std::sync",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "crate::sync",
    "libc",
];

/// Words that do not occur under `decide`, however one gets at them.
const WORDS_NOT_IN_DECIDE: &[&str] = &["unsafe", "atomic", "Instant", "SystemTime", "thread_local"];

/// What the simulator may name of the runtime.
const SIM_MAY: &[&str] = &[
    "sprat::decide",
    "sprat::topology",
    "sprat::trace",
    "sprat::error",
    "sprat::Error",
    "sprat::ErrorKind",
    "sprat::Result",
];

/// Lines of the longest file.
const LONGEST: usize = 500;

/// The sources under a folder, relative to it.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn add(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
        let entries =
            std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                add(root, &path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('\\', "/");
                files.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let (root, mut files) = (
        Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        Vec::new(),
    );
    add(&root, &root, &mut files);
    assert!(!files.is_empty(), "no sources under {}", root.display());
    files.sort();
    files
}

/// Checks the sources under a folder of this workspace.
fn check(folder: &str, judge: impl Fn(&[File<'_>]) -> Vec<String>) {
    let files = sources(folder);
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(file, text)| (file.as_str(), text.as_str()))
        .collect();
    let wrong = judge(&files);
    assert!(wrong.is_empty(), "in {folder}:\n{}", wrong.join("\n"));
}

#[test]
fn runtime_keeps_its_layers() {
    check("src", |files| check_runtime(files, AROUND_THE_DOOR));
}

#[test]
fn simulator_knows_decisions_only() {
    check("../sim/src", check_sim);
}

#[test]
fn no_file_is_too_long() {
    check("src", check_length);
}

/// Sources in which a planted fault must be found, with this message and no other.
#[track_caller]
fn caught(files: &[File<'_>], message: &str) {
    assert_eq!(check_runtime(files, &[]), [message]);
}

const DECIDE: File<'_> = (
    "decide/mod.rs",
    "#![forbid(unsafe_code)] pub mod policy; pub mod route; pub use policy::Policy;",
);

#[test]
fn lawful_sources_pass() {
    let files = [
        (
            "lib.rs",
            "pub mod topology; pub use runtime::Runtime; use std::thread;",
        ),
        (
            "sync.rs",
            "pub use std::sync::{Arc, Mutex, atomic}; pub use loom::thread;",
        ),
        (
            "topology/mod.rs",
            "mod sysfs; use crate::error::{Error, Result}; use std::sync::Arc;",
        ),
        (
            "topology/sysfs.rs",
            "use super::Topology; #[cfg(test)] mod tests { use super::*; use crate::id; }",
        ),
        DECIDE,
        (
            "decide/policy.rs",
            "use crate::{affinity::Near, topology}; // not crate::queue, std::thread nor unsafe",
        ),
        (
            "decide/route.rs",
            "use super::policy::Policy; const WHY: &str = \"crate::queue is not unsafe\";",
        ),
        (
            "queue.rs",
            "use crate::decide::Policy; use crate::sync::atomic::AtomicU32; use crate::idle;",
        ),
        ("idle.rs", "fn f() { crate::sync::thread::park() }"),
    ];
    assert_eq!(check_runtime(&files, &[]), [""; 0]);
}

#[test]
fn planted_upward_arrow() {
    caught(
        &[(
            "topology/sysfs.rs",
            "use crate::error::Error;\nuse super::super::queue::Local;",
        )],
        "topology/sysfs.rs:2: `topology` (L1) names `crate::queue::Local` (L5): \
         a file knows only its own level and those below",
    );
    caught(
        &[
            DECIDE,
            (
                "decide/policy.rs",
                "fn f() {\n    crate::execution_engine::run()\n}",
            ),
        ],
        "decide/policy.rs:2: `decide::policy` (L4) names `crate::execution_engine::run` (L5): \
         a file knows only its own level and those below",
    );
}

#[test]
fn planted_circle() {
    caught(
        &[
            ("queue.rs", "use crate::idle::Idle;"),
            ("idle.rs", "use crate::{seat::Seat};"),
            ("seat.rs", "use super::queue::Local;"),
        ],
        "a circle inside a level: idle -> seat -> queue -> idle (idle.rs:1, seat.rs:1, queue.rs:1)",
    );
    caught(
        &[DECIDE, ("decide/policy.rs", "use super::Choice;")],
        "a circle inside a level: decide -> decide::policy -> decide (decide/mod.rs:1, decide/policy.rs:1)",
    );
}

#[test]
fn planted_way_around_the_door() {
    caught(
        &[("queue.rs", "\nfn f() { std::thread::yield_now() }")],
        "queue.rs:2: `std::thread::yield_now`: `std::thread` is named in sync.rs alone; take it from crate::sync",
    );
    caught(
        &[(
            "idle.rs",
            "use core::{fmt, sync::{Arc, atomic::{AtomicU32}}};",
        )],
        "idle.rs:1: `std::sync::atomic::AtomicU32`: `std::sync::atomic` is named in sync.rs alone; take it from crate::sync",
    );
    caught(
        &[("idle.rs", "use std::sync;")],
        "idle.rs:1: `std::sync` as a whole would hide what is taken from it; name the items",
    );
    for around in [
        "loom::cell::UnsafeCell",
        "std::cell::UnsafeCell",
        "std::sync::Mutex",
        "std::sync::*",
    ] {
        let text = format!("use {around};");
        assert!(
            !check_runtime(&[("idle.rs", &text)], &[]).is_empty(),
            "{around}"
        );
    }
}

#[test]
fn tests_may_start_threads_if_they_are_tests() {
    let threads = "use std::thread;";
    let inline = "#[cfg(test)] mod tests { use std::thread; }";
    let files = [
        ("queue/tests/steal.rs", threads),
        ("idle.rs", inline),
        ("queue/mod.rs", "#[cfg(test)]\nmod tests;"),
        DECIDE,
        ("decide/tests/mod.rs", "use super::{Policy, route::next};"),
    ];
    assert_eq!(check_runtime(&files, &[]), [""; 0]);
    caught(
        &[("queue/mod.rs", "mod tests;")],
        "queue/mod.rs:1: `mod tests` without `#[cfg(test)]` right before it",
    );
}

#[test]
fn excuses_hold_for_one_file_and_end_with_their_use() {
    let excuse = [(
        "topology/process.rs",
        "std::thread",
        "asks for the count of CPUs only",
    )];
    let asks = "fn f() { std::thread::available_parallelism() }";
    assert_eq!(
        check_runtime(&[("topology/process.rs", asks)], &excuse),
        [""; 0]
    );
    assert_eq!(
        check_runtime(&[("topology/process.rs", asks), ("idle.rs", asks)], &excuse).len(),
        1
    );
    assert_eq!(
        check_runtime(&[("topology/process.rs", "")], &excuse),
        [
            "AROUND_THE_DOOR[0]: topology/process.rs does not need `std::thread` any more; take the entry out"
        ]
    );
}

#[test]
fn planted_impurity_in_decide() {
    caught(
        &[DECIDE, ("decide/route.rs", "use crate::sync::Arc;")],
        "decide/route.rs:1: `crate::sync::Arc`: a decision may not name `crate::sync`; let it be an input",
    );
    caught(
        &[DECIDE, ("decide/route.rs", "use std::time::Duration;")],
        "decide/route.rs:1: `std::time::Duration`: a decision may not name `std::time`; let it be an input",
    );
    caught(
        &[DECIDE, ("decide/route.rs", "fn f(busy: &AtomicU32) {}")],
        "decide/route.rs:1: a decision may not say `AtomicU32`; let it be an input",
    );
    caught(
        &[DECIDE, ("decide/route.rs", "fn f() {\n unsafe { g() } }")],
        "decide/route.rs:2: a decision may not say `unsafe`; let it be an input",
    );
    caught(
        &[
            ("decide/mod.rs", "mod policy;"),
            ("lib.rs", "#[allow(unsafe_code)] pub mod decide;"),
        ],
        "decide: `#![forbid(unsafe_code)]` is missing at its front",
    );
    let in_lib = [
        ("decide/mod.rs", ""),
        ("lib.rs", "#[forbid(unsafe_code)]\npub mod decide;"),
    ];
    assert_eq!(check_runtime(&in_lib, &[]), [""; 0]);
}

#[test]
fn planted_unknown_module() {
    caught(
        &[("gossip.rs", "")],
        "gossip.rs: module `gossip` has no level; add it to LEVELS in runtime/tests/layering.rs, \
         at the lowest level that holds all it names",
    );
    caught(
        &[DECIDE, ("decide/gossip.rs", "")],
        "decide/gossip.rs: module `decide::gossip` has no level; add it to LEVELS in runtime/tests/layering.rs, \
         at the lowest level that holds all it names",
    );
    caught(
        &[("queue.rs", "use crate::Error;")],
        "queue.rs:1: `crate::Error`: `Error` has no level; a new module goes into LEVELS in \
         runtime/tests/layering.rs, what lib.rs re-exports is named by the module it lives in",
    );
}

#[test]
fn planted_engine_in_the_simulator() {
    let lawful = "use sprat::{Result, decide::policy::Policy, topology::Topology};";
    assert_eq!(check_sim(&[("lib.rs", lawful)]), [""; 0]);
    let found = check_sim(&[(
        "lib.rs",
        "use sprat::decide;\nfn f() { sprat::queue::push() }",
    )]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(
        "lib.rs:2: the simulator names `sprat::queue::push`; it may name only sprat::decide"
    ));
    for whole in [
        "use sprat::*;",
        "use sprat as s;",
        "use sprat::{self as s};",
    ] {
        assert_eq!(check_sim(&[("lib.rs", whole)]).len(), 1, "{whole}");
    }
}

#[test]
fn planted_long_file() {
    let (fits, long) = ("\n".repeat(LONGEST), "\n".repeat(LONGEST + 1));
    assert_eq!(
        check_length(&[("queue.rs", &fits), ("idle.rs", &long)]),
        ["idle.rs has 501 lines, more than 500: one idea a file"]
    );
}
