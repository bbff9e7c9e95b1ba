//! What traces and pages say about their run: program, machine, engines.

use crate::decide::plan::Plan;
use crate::topology::Topology;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lines `key: value` about a runtime.
pub(crate) fn about(topology: &Topology, plan: &Plan, pin: bool) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        let value = value.replace(['\n', '\r'], " ");
        // Writing to a string does not fail.
        let _ = writeln!(text, "{key}: {value}");
    };
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.file_name().unwrap_or_default().to_string_lossy();
    line("program", program.into_owned());
    let arguments = std::env::args_os().skip(1);
    let arguments: Vec<_> = arguments
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    line("arguments", arguments.join(" "));
    line("process", std::process::id().to_string());
    line("version", env!("CARGO_PKG_VERSION").to_owned());
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    line("started", now.map_or(0, |now| now.as_secs()).to_string());
    line("machine", machine(topology));
    line("ce mode", plan.mode.to_string());
    line("ce reason", plan.reason.clone());
    line("pinned", if pin { "yes" } else { "no" }.to_owned());
    line("xes", plan.xes.len().to_string());
    for (number, xe) in plan.xes.iter().enumerate() {
        let place = format!(
            "cpu {} core {} region {} domain {}",
            xe.cpu, xe.core, xe.region, xe.domain
        );
        line(&format!("xe {number}"), place);
    }
    text
}

fn machine(topology: &Topology) -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!(
        "{} {model}, {} cores usable, {} memory regions",
        host.trim(),
        topology.cores.len(),
        topology.regions.len()
    )
}
